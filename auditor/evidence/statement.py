"""in-toto statements: which file, and what is stated of it (github.com/in-toto/attestation, spec v1)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from auditor import __version__
from auditor.made_of import digest
from auditor.snapshot import Snapshot

TYPE = "https://in-toto.io/Statement/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
COLLECTED = "urn:auditor:snapshot:v1"
"""The predicate of a snapshot: who read it, with what and when."""
SUMMARY = "https://slsa.dev/verification_summary/v1"
"""The predicate of a result (slsa.dev/spec/v1.0/verification_summary): which policy, and whether it holds."""


def sha256(data: bytes) -> str:
    """The hash of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def about_snapshot(snapshot: Snapshot, name: str, file_sha256: str) -> dict[str, Any]:
    """That these bytes are the snapshot which says so and so of itself."""
    told = snapshot.provenance
    predicate = {
        "collected_at": snapshot.collected_at,
        "source": snapshot.source,
        "complete": snapshot.complete,
        "subscriptions": list(snapshot.subscriptions),
        "content_sha256": snapshot.sha256,
        "collector": {"tenant": told.tenant, "principal": told.principal, "application": told.application}
        if told is not None
        else None,
        "auditor": _auditor(),
    }
    return _statement(name, file_sha256, COLLECTED, predicate)


def about_result(
    result: Mapping[str, Any], *, passed: bool, name: str, file_sha256: str, policy_sha256: str, verified_at: str
) -> dict[str, Any]:
    """That a snapshot of these bytes was held against a baseline, and whether it passed.

    `result` is the document of `auditor check --format json`; `verified_at` is a time, UTC, ISO 8601.
    """
    baseline = result["baseline"]
    predicate = {
        "verifier": {"id": "urn:auditor", "version": {"auditor": __version__, "digest": f"sha256:{digest()}"}},
        "timeVerified": verified_at,
        "resourceUri": "urn:azure:" + ",".join(result["snapshot"]["subscriptions"]),
        "policy": {
            "uri": f"urn:auditor:baseline:{baseline['name']}:{baseline['version']}",
            "digest": {"sha256": policy_sha256},
        },
        "inputAttestations": [],
        "verificationResult": "PASSED" if passed else "FAILED",
        "verifiedLevels": [],
        "summary": dict(result["summary"]),
        "collectedAt": result["snapshot"]["collected_at"],
    }
    return _statement(name, file_sha256, SUMMARY, predicate)


def _auditor() -> dict[str, str]:
    return {"version": __version__, "digest": f"sha256:{digest()}"}


def _statement(name: str, file_sha256: str, kind: str, predicate: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "_type": TYPE,
        "subject": [{"name": name, "digest": {"sha256": file_sha256}}],
        "predicateType": kind,
        "predicate": dict(predicate),
    }


def encoded(statement: Mapping[str, Any]) -> bytes:
    """A statement as the bytes that are signed: one line, keys sorted."""
    return json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")
