"""One pool of connections with one TLS context for all clients and threads."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.hooks import default_hooks
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH, default_headers, get_environ_proxies, requote_uri

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
    session = _Direct()
    # requests would keep ten connections and throw the others away.
    session.mount("https://", _OneContext(_context(certificates), size))
    return session


class _Direct(requests.Session):
    """Hands a request to its connection as it is.

    What requests does before (merging settings and cookies, and for every request again the environment's proxies)
    costs more than half of what a request costs at all. It would also look for the host in ~/.netrc, and put what it
    finds there in the place of the token.
    """

    def __init__(self) -> None:
        super().__init__()
        self._usual = default_headers()
        self._proxies: dict[str, Mapping[str, str]] = {}

    def request(self, method: str | bytes, url: str | bytes, *_: Any, **options: Any) -> requests.Response:
        """Send, and follow nothing. `options` are those of azure-core: headers and a timeout matter."""
        address, asked = str(url), requests.PreparedRequest()
        asked.method, asked.url, asked.hooks = str(method), requote_uri(address), default_hooks()
        asked.headers = CaseInsensitiveDict({**self._usual, **(options.get("headers") or {})})
        return self.get_adapter(address).send(
            asked, stream=True, timeout=options.get("timeout"), verify=True, proxies=self._proxies_for(address)
        )

    def _proxies_for(self, url: str) -> Mapping[str, str]:
        """What the environment says of a host."""
        host = urlsplit(url).netloc
        if host not in self._proxies:
            self._proxies[host] = get_environ_proxies(url)
        return self._proxies[host]


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
