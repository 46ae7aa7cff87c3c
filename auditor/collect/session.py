"""One connection pool, one token and one pipeline for all clients."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from azure.core.credentials import TokenCredential
from azure.core.pipeline.policies import RequestIdPolicy, SensitiveHeaderCleanupPolicy, UserAgentPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse
from requests.adapters import HTTPAdapter

from auditor import __version__
from auditor.collect.calm import Calm
from auditor.collect.credential import Token, default_credential, sign_in
from auditor.collect.policies import Deadline, OnlyReads, Pace, Patience, RenewingAuthentication
from auditor.collect.target import Target
from auditor.model import AuditorError

Send = Callable[[HttpRequest], HttpResponse]
"""A client's own way to send a request through its pipeline."""

CONNECT_SECONDS = 15
READ_SECONDS = 60


class Session:
    """What all clients of a run share. Close it when done."""

    def __init__(self, target: Target, deadline: Deadline, credential: TokenCredential | None = None) -> None:
        # Without a handler, Python prints the SDK's warnings on stderr among the progress.
        for name in ("azure", "msal", "urllib3"):
            logging.getLogger(name).addHandler(logging.NullHandler())
        self.cloud = target.where()
        self.deadline = deadline
        self.patience = target.patience
        self.calm = Calm(target.patience)
        self._verify = _trusted(target)
        make = default_credential(self.cloud, self._verify) if credential is None else lambda: credential
        self.token = Token(make)
        self._http = requests.Session()
        # Otherwise requests looks for the host in ~/.netrc and puts what it finds in the place of the token.
        self._http.auth = _as_it_is
        # One connection a worker; requests would keep ten and throw the others away.
        self._http.mount("https://", HTTPAdapter(pool_connections=4, pool_maxsize=max(10, target.concurrency)))

    def sign_in(self) -> None:
        """Fetch the token that all clients will use. Raises `AuditorError` where no credential works."""
        sign_in(self.token, self.cloud.scope)

    def options(self) -> dict[str, Any]:
        """The keyword arguments that make an official client use this session."""
        return {
            "base_url": self.cloud.endpoint,
            "credential_scopes": [self.cloud.scope],
            "policies": self._policies(),
            "transport": RequestsTransport(
                session=self._http,
                session_owner=False,
                connection_verify=self._verify,
                connection_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
            ),
        }

    def trusts(self, url: str) -> bool:
        """Whether the token may be sent to this URL: https, and the endpoint's host or one below it."""
        asked, own = urlsplit(url), urlsplit(self.cloud.endpoint)
        same = asked.hostname == own.hostname or str(asked.hostname).endswith(f".{own.hostname}")
        return asked.scheme == "https" and same and (asked.port or 443) == (own.port or 443)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _policies(self) -> list[Any]:
        # A pipeline links its policies to each other, so every client gets its own.
        return [
            RequestIdPolicy(),
            UserAgentPolicy(base_user_agent=f"auditor/{__version__}"),
            Patience(self.deadline, self.calm, self.patience),
            Pace(self.deadline, self.calm),
            OnlyReads(),
            RenewingAuthentication(self.token, self.cloud.scope),
            SensitiveHeaderCleanupPolicy(),
        ]


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _trusted(target: Target) -> str | bool:
    """Which certificates to trust: the file given, else the environment's. Raises `AuditorError` if it is not there."""
    named = {"--ca-file": target.ca_file, **{name: os.environ.get(name, "") for name in _CA_VARIABLES}}
    for name, path in named.items():
        if path:
            if not Path(path).exists():
                raise AuditorError(
                    f"{name} names {path}, which does not exist", tip="give a file of certificates (PEM)"
                )
            return path
    return True


_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
