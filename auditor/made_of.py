"""What this installation is made of: its version, a digest of its files, and the packages that it stands on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from auditor import __version__

_PACKAGE = Path(__file__).parent
_KINDS = frozenset({".py", ".json", ".gz", ".yaml", ".html", ".css", ".js", ".svg"})
_STANDS_ON = (
    *("azure-core", "azure-identity", "azure-mgmt-authorization", "azure-mgmt-cognitiveservices", "azure-mgmt-core"),
    *("azure-mgmt-machinelearningservices", "azure-mgmt-network", "azure-mgmt-resource", "azure-mgmt-search", "click"),
    *("cryptography", "jinja2", "msal", "msgspec", "networkx", "pyyaml", "requests", "rich", "sigstore", "urllib3"),
)


@cache
def digest() -> str:
    """SHA-256, in hexadecimal, over the files of the package: names and contents, in the order of their names.

    Two installations of one release have the same; one in which a rule was changed has another.
    """
    total = hashlib.sha256()
    for path in sorted(p for p in _PACKAGE.rglob("*") if p.suffix in _KINDS and "_shipped" not in p.parts):
        total.update(path.relative_to(_PACKAGE).as_posix().encode())
        total.update(b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def lines() -> Iterator[str]:
    """Version, digest, Python and packages, a line each."""
    # A check needs the digest at most: 40 ms of imports that only `--version` has to pay.
    import platform
    from importlib import metadata

    yield f"auditor {__version__}"
    yield f"digest sha256:{digest()}"
    yield f"Python {platform.python_version()} ({platform.system()} {platform.machine()})"
    for name in _STANDS_ON:
        try:
            yield f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            continue
