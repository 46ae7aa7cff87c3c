"""Signing in at the stand-in: metadata, instance discovery, tokens by client secret."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from auditor.standin.replies import Reply, error, ok

SECRET = "stand-in-only"  # noqa: S105 - opens nothing but this
CLIENT = "00000000-0000-4000-8000-00000000a0d1"


class Authority:
    """Microsoft Entra ID as far as a service principal with a secret needs it."""

    def __init__(self, tenant: str, lifetime: float) -> None:
        self.tenant = tenant
        self._lifetime = lifetime
        self._base = ""
        self._valid: dict[str, float] = {}
        self._lock = threading.Lock()
        self.issued = 0

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
        return None

    def token(self, path: str, body: bytes) -> Reply:
        """The answer to a POST; only a token by client secret is given."""
        if not path.casefold().endswith("/oauth2/v2.0/token"):
            return error(405, "MethodNotAllowed", "the stand-in takes POSTs for tokens only")
        form: Mapping[str, list[str]] = parse_qs(body.decode("utf-8", "replace"))
        if form.get("client_secret") != [SECRET] or form.get("client_id") != [CLIENT]:
            text = "AADSTS7000215: Invalid client secret provided."
            return Reply(401, {"error": "invalid_client", "error_description": text, "error_codes": [7000215]})
        with self._lock:
            self.issued += 1
            token = secrets.token_urlsafe(24)
            self._valid[token] = time.monotonic() + self._lifetime
        # Whatever the lifetime here, a client is told the usual hour: an expiry then comes as a surprise.
        return ok({"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token})

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
