"""One pool of connections with one TLS context for all clients and threads."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from auditor.model import AuditorError

_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


def trusted(ca_file: str, environment: Mapping[str, str] = os.environ) -> str:
    """The certificates to trust: the file or folder given, else the environment's, else those that requests trusts.

    Raises `AuditorError` where what is named does not exist.
    """
    named = {"--ca-file": ca_file, **{name: environment.get(name, "") for name in _CA_VARIABLES}}
    for name, path in named.items():
        if path:
            if not Path(path).exists():
                raise AuditorError(f"{name} names {path}, which does not exist", "give a file of certificates (PEM)")
            return path
    return DEFAULT_CA_BUNDLE_PATH


def connections(certificates: str, size: int) -> requests.Session:
    """A session that keeps as many connections as there are workers, and trusts these certificates."""
    session = requests.Session()
    # requests would keep ten connections and throw the others away.
    session.mount("https://", _OneContext(_context(certificates), size))
    # Otherwise requests looks for the host in ~/.netrc and puts what it finds in the place of the token.
    session.auth = _as_it_is
    return session


class _OneContext(HTTPAdapter):
    """Loads the certificates once; requests would for every connection, which costs more than the handshake."""

    def __init__(self, context: ssl.SSLContext, size: int) -> None:
        self._context = context
        super().__init__(pool_connections=4, pool_maxsize=size)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self._context, **options)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Whatever the environment says of verifying: the context verifies."""
        conn.cert_reqs = "CERT_REQUIRED"

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, _ = super().build_connection_pool_key_attributes(request, True, cert)
        return host, {"cert_reqs": "CERT_REQUIRED"}


def _context(certificates: str) -> ssl.SSLContext:
    folder = Path(certificates).is_dir()
    try:
        return ssl.create_default_context(
            cafile=None if folder else certificates, capath=certificates if folder else None
        )
    except ssl.SSLError as problem:
        raise AuditorError(f"{certificates} holds no certificate", "give a file of certificates (PEM)") from problem


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
