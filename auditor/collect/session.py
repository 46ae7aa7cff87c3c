"""One connection pool, one token and one pipeline for all clients."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import TokenCredential
from azure.core.pipeline.policies import RequestIdPolicy, SensitiveHeaderCleanupPolicy, UserAgentPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse

from auditor import __version__
from auditor.collect.connection.bounds import Bounds
from auditor.collect.connection.credential import Token, default_credential, sign_in
from auditor.collect.connection.target import Target
from auditor.collect.connection.transport import connections, trusted
from auditor.collect.pacing.pool import MOST
from auditor.collect.pacing.retry import (
    Deadline,
    OnlyReads,
    Pace,
    Patience,
    RenewingAuthentication,
)
from auditor.collect.pacing.throttle import Calm
from auditor.model import AuditorError

Send = Callable[[HttpRequest], HttpResponse]
"""A client's own way to send a request through its pipeline."""

CONNECT_SECONDS = 15
READ_SECONDS = 60
SIGN_IN_SECONDS = 180.0
"""Seconds for all credentials of the chain together; one that has to ask a metadata service or `az` takes some 20."""


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
        certificates = trusted(target.ca_file)
        make = default_credential(self.cloud, certificates) if credential is None else lambda: credential
        self.token = Token(make)
        self.bounds = Bounds()
        self._http = connections(certificates, target.concurrency * MOST, lambda: deadline.over, self.bounds)

    def sign_in(self) -> None:
        """Fetch the token that all clients will use.

        Raises `AuditorError` where no credential works, or none in time: the libraries that sign in wait for a host
        that never answers for as long as it likes.
        """
        raised: list[BaseException] = []

        def work() -> None:
            try:
                sign_in(self.token, self.cloud.scope)
            except BaseException as problem:  # handed to the thread that waits
                raised.append(problem)

        left = self.deadline.left
        most = SIGN_IN_SECONDS if left is None else min(SIGN_IN_SECONDS, left)
        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        end = time.monotonic() + most
        while worker.is_alive() and time.monotonic() < end:
            worker.join(0.2)  # in short steps, so that Ctrl-C is heard
        if raised:
            raise raised[0]
        if worker.is_alive():
            raise AuditorError(
                f"signing in took longer than {most:.0f} seconds",
                tip="check the network, the proxy and AZURE_AUTHORITY_HOST, or give it more time: --timeout",
            )

    def options(self) -> dict[str, Any]:
        """The keyword arguments that make an official client use this session."""
        return {
            "base_url": self.cloud.endpoint,
            "credential_scopes": [self.cloud.scope],
            "policies": self._policies(),
            "transport": RequestsTransport(
                session=self._http,
                session_owner=False,
                connection_timeout=CONNECT_SECONDS,
                read_timeout=self._patience_left(),
            ),
        }

    def _patience_left(self) -> float:
        """Seconds to wait for an answer: not for longer than the run may last."""
        left = self.deadline.left
        return READ_SECONDS if left is None else min(READ_SECONDS, max(1.0, left))

    def trusts(self, url: str) -> bool:
        """Whether the token may be sent to this URL: https, and the endpoint's host or one below it."""
        own = urlsplit(self.cloud.endpoint)
        try:
            asked = urlsplit(url)
            port = asked.port or 443
        except ValueError:
            return False
        same = asked.hostname == own.hostname or str(asked.hostname).endswith(f".{own.hostname}")
        return asked.scheme == "https" and same and port == (own.port or 443)

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
