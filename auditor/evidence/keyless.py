"""Keyless signatures of Sigstore: an identity that an issuer vouched for, with the time of a transparency log.

Needs the extra `signing`. What is verified is a bundle as `cosign attest-blob --bundle` and `sigstore attest` write it;
nothing of it is asked of the network, the roots of trust come with the package.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from auditor.evidence.envelope import read_small, statement_of
from auditor.model import AuditorError

_TIP = "pip install 'azure-chat-auditor[signing]'"


class Keyless:
    """An identity, such as a workflow's, as one issuer knows it."""

    def __init__(self, identity: str, issuer: str) -> None:
        """`issuer` is the URL of the issuer of its tokens. Raises `AuditorError` where Sigstore is not installed."""
        try:
            from sigstore.verify import Verifier, policy
        except ImportError as problem:
            raise AuditorError(
                "signatures of an identity are verified by sigstore, which is not here", _TIP
            ) from problem
        self._identity = identity
        self._policy = policy.Identity(identity=identity, issuer=issuer)
        self._verifier = Verifier.production(offline=True)

    def opened(self, path: Path) -> dict[str, Any]:
        """The statement of a bundle that this identity signed. Raises `AuditorError` for every other."""
        from sigstore.errors import Error
        from sigstore.models import Bundle

        try:
            bundle = Bundle.from_json(read_small(path))
            kind, payload = self._verifier.verify_dsse(bundle, self._policy)
        except (Error, ValueError, TypeError, KeyError) as problem:
            said = " ".join(str(problem).split())[:300]
            raise AuditorError(
                f"{path}: {self._identity} did not sign this: {said}", "ask whoever signed it"
            ) from problem
        return statement_of(payload, kind, path)
