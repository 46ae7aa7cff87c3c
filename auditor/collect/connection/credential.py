"""Signing in: the default chain of azure-identity, asked once for all threads."""

from __future__ import annotations

import base64
import json
import os
import re
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError

from auditor.collect.connection.target import CLOUDS, Cloud
from auditor.model import AuditorError

_MARGIN = 300.0
"""Seconds before its end at which a token is no longer used; azure-core keeps the same margin."""


class Token:
    """One access token for all clients and threads.

    A credential that several cold clients share asks for a token for each of them; this asks once. `make` builds the
    credential anew, which is the only way to a token that no cache holds.
    """

    def __init__(self, make: Callable[[], TokenCredential]) -> None:
        self._make = make
        self._credential: TokenCredential | None = None
        self._lock = threading.Lock()
        self._cached: AccessToken | None = None

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """A token that is good for some minutes more. Raises what the credential raises."""
        with self._lock:
            cached = self._cached
            if cached and not options.get("claims") and cached.expires_on - time.time() > _MARGIN:
                return cached
            if self._credential is None:
                self._credential = self._make()
            self._cached = self._credential.get_token(*scopes, **options)
            return self._cached

    @property
    def current(self) -> str:
        """The token in use, empty where there is none."""
        with self._lock:
            return self._cached.token if self._cached else ""

    def renew(self, refused: str, scope: str) -> AccessToken:
        """A token other than the refused one; the same one for all threads that were refused together."""
        with self._lock:
            if self._cached is None or self._cached.token == refused:
                self._credential = self._make()
                self._cached = self._credential.get_token(scope)
            return self._cached


def bearer(token: Token) -> dict[str, str]:
    """Who asks, as the token in use says: `tenant`, `principal` and `application`, each empty where it does not.

    Only ids are taken, and of the token nothing else: it is not verified here, since who refuses a forged one is Azure.
    """
    try:
        payload = token.current.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, RecursionError):
        claims = None
    said = claims if isinstance(claims, dict) else {}
    names = {"tenant": ("tid",), "principal": ("oid",), "application": ("appid", "azp")}
    stated = {key: next((str(said[c]) for c in of if c in said), "") for key, of in names.items()}
    return {key: text if _ID.fullmatch(text) else "" for key, text in stated.items()}


_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def default_credential(cloud: Cloud, certificates: str) -> Callable[[], TokenCredential]:
    """How to make the default chain for a cloud: environment, workload and managed identity, then developer tools.

    `AZURE_AUTHORITY_HOST` and the other variables of azure-identity hold. An authority that is not one of Microsoft's
    is not looked up at login.microsoftonline.com first, as msal would: nobody there could know it.
    """

    def make() -> TokenCredential:
        from azure.identity import DefaultAzureCredential

        stated = os.environ.get("AZURE_AUTHORITY_HOST", "")
        host = urlsplit(stated if "//" in stated else f"//{stated}").hostname or cloud.authority
        known = {each.authority for each in CLOUDS.values()}
        options: dict[str, Any] = {} if stated else {"authority": cloud.authority}
        return DefaultAzureCredential(
            connection_verify=certificates,
            disable_instance_discovery=host not in known,
            process_timeout=20,
            retry_backoff_factor=0.2,
            **options,
        )

    return make


_LOGIN = (
    "run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET of a service principal that has"
    " the role Reader"
)
_CONNECTION = "check the network, AZURE_AUTHORITY_HOST, and the CA file (SSL_CERT_FILE or REQUESTS_CA_BUNDLE)"


def sign_in(token: Token, scope: str) -> None:
    """Fetch the first token. Raises `AuditorError` that says in a sentence what was tried and why it failed."""
    try:
        token.get_token(scope)
    except ClientAuthenticationError as problem:
        raise AuditorError(
            f"no Azure credential worked: {_tried(str(problem.message))}",
            tip=_CONNECTION if "CERTIFICATE_VERIFY_FAILED" in str(problem) else _LOGIN,
        ) from problem
    except (AzureError, ValueError) as problem:
        raise AuditorError(f"signing in failed: {_first_line(str(problem))}", tip=_CONNECTION) from problem


def _tried(message: str) -> str:
    """The chain's report of many lines, as one: each credential with the first sentence of its reason."""
    attempts = [line.strip() for line in message.splitlines() if line.startswith("\t") and ": " in line]
    named = [attempt.split(": ", 1) for attempt in attempts]
    told = [f"{name} ({_reason(name, text)})" for name, text in named]
    return "tried " + ", ".join(told) if told else _first_line(message)


def _reason(name: str, text: str) -> str:
    """The first sentence that says more than that the credential is unavailable."""
    sentences = [sentence.strip().rstrip(".") for sentence in text.split(". ")]
    telling = (s for s in sentences if s and not s.casefold().endswith(("authentication unavailable", "unavailable")))
    return next(telling, sentences[0]).removeprefix(f"{name} ")


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "no reason was given")
