"""A package of evidence: files, a manifest with their hashes and a page that says how to verify, as one ZIP.

The same files give the same bytes: names are sorted, times are those of 1980, nothing of the machine is in it.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping

from auditor import __version__
from auditor.evidence.statement import sha256

_EPOCH = (1980, 1, 1, 0, 0, 0)
MANIFEST = "MANIFEST.json"
PAGE = "VERIFY.md"


def packed(files: Mapping[str, bytes]) -> bytes:
    """The bytes of a ZIP of these files (by their names in it), with a manifest and a page beside them."""
    manifest = {
        "format": "auditor-package/1",
        "auditor": __version__,
        "files": {name: {"sha256": sha256(files[name]), "bytes": len(files[name])} for name in sorted(files)},
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=True) + "\n"
    whole = {**files, MANIFEST: text.encode("ascii"), PAGE: _page(files).encode("utf-8")}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(whole):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, whole[name])
    return target.getvalue()


def _page(files: Mapping[str, bytes]) -> str:
    signed = [name.removesuffix(".sig.json") for name in sorted(files) if name.endswith(".sig.json")]
    lines = [
        "# How to verify this package",
        "",
        "1. `MANIFEST.json` has the SHA-256 of every other file; `sha256sum FILE` prints what a file has.",
        f"2. The result was made by auditor {__version__}. With that version installed, and with no network:",
        "",
        "       auditor check snapshot.json --format json -o again.json",
        "",
        "   with the options that `inputs/` calls for (`--baseline`, `--settings`, `--waivers`, `--as-of`). The same",
        "   input gives the same result, byte for byte.",
    ]
    if signed:
        lines += [
            "3. Signatures. Get the public key from whoever signed, by another channel than this package:",
            "",
            "       auditor verify snapshot.json --key public.pem",
            "",
            f"   Signed here: {', '.join(signed)}.",
        ]
    else:
        lines += ["3. Nothing here is signed: the hashes prove that the package is whole, and not who made it."]
    return "\n".join(lines) + "\n"
