"""Signing in at the stand-in: metadata, instance discovery, tokens by client secret."""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from auditor.standin.replies import Reply, error, ok

SECRET = "stand-in-only"  # noqa: S105 - opens nothing but this
CLIENT = "00000000-0000-4000-8000-00000000a0d1"
PRINCIPAL = "00000000-0000-4000-8000-00000000a0d2"
"""The object id of its service principal."""
ASSERTION = "stand-in.federated.token"
"""What a workload that runs elsewhere (a pipeline, a pod) shows in the place of a secret."""
MANAGED_IDENTITY = "/msi/token"
"""Where a managed identity of an App Service would fetch its token."""
_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Authority:
    """Microsoft Entra ID as far as a service principal with a secret or an assertion needs it."""

    def __init__(self, tenant: str, lifetime: float) -> None:
        self.tenant = tenant
        self._lifetime = lifetime
        self._base = ""
        self._valid: dict[str, float] = {}
        self._lock = threading.Lock()
        self.issued = 0
        self.scopes: list[str] = []
        """What tokens were asked for."""

    def at(self, base: str) -> None:
        """Say under which URL this authority is reached."""
        self._base = base

    def metadata(self, path: str) -> Reply | None:
        """The answer to a GET of the sign-in, `None` for paths that are not its own."""
        lowered = path.casefold()
        if lowered == "/common/discovery/instance":
            found = f"{self._base}/{self.tenant}/v2.0/.well-known/openid-configuration"
            return ok({"tenant_discovery_endpoint": found, "api-version": "1.1", "metadata": []})
        if lowered.endswith("/.well-known/openid-configuration"):
            return ok(self._openid(path.split("/")[1]))
        if lowered == MANAGED_IDENTITY:
            told = {"access_token": self.grant(), "expires_on": str(int(time.time()) + 3599)}
            return ok({**told, "resource": self._base, "token_type": "Bearer", "client_id": CLIENT})
        return None

    def token(self, path: str, body: bytes) -> Reply:
        """The answer to a POST; only a token by client secret is given."""
        if not path.casefold().endswith("/oauth2/v2.0/token"):
            return error(405, "MethodNotAllowed", "the stand-in takes POSTs for tokens only")
        form: Mapping[str, list[str]] = parse_qs(body.decode("utf-8", "replace"))
        self.scopes += form.get("scope", [])
        shown = form.get("client_assertion", [""])[0] if form.get("client_assertion_type") == [_JWT_BEARER] else ""
        known = form.get("client_secret") == [SECRET] or shown == ASSERTION or self._signed(shown)
        if form.get("client_id") != [CLIENT] or not known:
            text = "AADSTS7000215: Invalid client secret provided."
            return Reply(401, {"error": "invalid_client", "error_description": text, "error_codes": [7000215]})
        # Whatever the lifetime here, a client is told the usual hour: an expiry then comes as a surprise.
        return ok({"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": self.grant()})

    def _signed(self, assertion: str) -> bool:
        """Whether this is what a client with a certificate says of itself; nobody here knows its key."""
        try:
            payload = assertion.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        except (IndexError, ValueError):
            return False
        return claims.get("sub") == CLIENT and str(claims.get("aud")).startswith(self._base)

    def grant(self) -> str:
        """A token that is good from now on, as a signed-in tool of a developer would hand it out."""
        with self._lock:
            self.issued += 1
            # Shaped as a real one: what it says of its bearer is what a snapshot keeps of who asked.
            said = json.dumps({"tid": self.tenant, "oid": PRINCIPAL, "appid": CLIENT}).encode()
            payload = base64.urlsafe_b64encode(said).decode().rstrip("=")
            token = f"{secrets.token_urlsafe(24)}.{payload}.{secrets.token_urlsafe(8)}"
            self._valid[token] = time.monotonic() + self._lifetime
        return token

    def accepts(self, header: str) -> bool:
        """Whether an Authorization header carries a token that is still good."""
        with self._lock:
            end = self._valid.get(header.removeprefix("Bearer "))
        return end is not None and time.monotonic() < end

    def revoke(self) -> None:
        """Let every token so far be refused from now on."""
        with self._lock:
            self._valid.clear()

    def _openid(self, tenant: str) -> dict[str, Any]:
        root = f"{self._base}/{tenant}"
        return {
            "issuer": f"{root}/v2.0",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "response_types_supported": ["code", "id_token", "code id_token", "token id_token"],
            "subject_types_supported": ["pairwise"],
        }
