"""One pool of connections with one TLS context for all clients and threads."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.hooks import default_hooks
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH, default_headers, get_environ_proxies, requote_uri
from urllib3.exceptions import DecodeError, ProtocolError, ReadTimeoutError, SSLError

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


LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes of one answer, unpacked. The longest page of Azure's that is read has a sixth of it: all service tags."""

SLOWEST_ANSWER = 90.0
"""Seconds from the first byte of an answer to its last."""


class BoundlessError(Exception):
    """An answer that is too large, or takes too long; the message says which. Another try would not better it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def connections(certificates: str, size: int, over: Callable[[], bool] = lambda: False) -> requests.Session:
    """A session that keeps as many connections as there are workers, and trusts these certificates.

    `over` says whether the run has ended, so that nobody waits for the rest of an answer. A request raises
    `BoundlessError` for an answer without bounds.
    """
    session = _Direct(over)
    # requests would keep ten connections and throw the others away.
    session.mount("https://", _OneContext(_context(certificates), size))
    return session


class _Direct(requests.Session):
    """Hands a request to its connection as it is.

    What requests does before (merging settings and cookies, and for every request again the environment's proxies)
    costs more than half of what a request costs at all. It would also look for the host in ~/.netrc, and put what it
    finds there in the place of the token.
    """

    def __init__(self, over: Callable[[], bool]) -> None:
        super().__init__()
        self._over = over
        self._usual = default_headers()
        self._proxies: dict[str, Mapping[str, str]] = {}

    def request(self, method: str | bytes, url: str | bytes, *_: Any, **options: Any) -> requests.Response:
        """Send, and follow nothing. `options` are those of azure-core: headers and a timeout matter."""
        address, asked = str(url), requests.PreparedRequest()
        asked.method, asked.url, asked.hooks = str(method), requote_uri(address), default_hooks()
        asked.headers = CaseInsensitiveDict({**self._usual, **(options.get("headers") or {})})
        found = self.get_adapter(address).send(
            asked, stream=True, timeout=options.get("timeout"), verify=True, proxies=self._proxies_for(address)
        )
        found.raw.enforce_content_length = True
        found._content = _bounded(found, self._over)
        found._content_consumed = True  # type: ignore[attr-defined]
        return found

    def _proxies_for(self, url: str) -> Mapping[str, str]:
        """What the environment says of a host."""
        host = urlsplit(url).netloc
        if host not in self._proxies:
            self._proxies[host] = get_environ_proxies(url)
        return self._proxies[host]


def _bounded(response: requests.Response, over: Callable[[], bool]) -> bytes:
    """The whole body, read as it comes: a read of a fixed size would wait for as long as a slow sender likes."""
    end = time.monotonic() + SLOWEST_ANSWER
    pieces: list[bytes] = []
    size = 0
    try:
        while piece := response.raw.read1(_PIECE, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST_ANSWER:
                response.close()
                raise BoundlessError("AnswerTooLarge", f"the answer is larger than {LARGEST_ANSWER >> 20} MiB")
            if time.monotonic() > end or over():
                response.close()
                raise BoundlessError("AnswerTooSlow", f"the answer was not whole after {SLOWEST_ANSWER:.0f} seconds")
    except (ProtocolError, DecodeError) as problem:
        raise requests.exceptions.ChunkedEncodingError(problem) from problem
    except (ReadTimeoutError, SSLError) as problem:
        raise requests.exceptions.ConnectionError(problem) from problem
    response.raw.release_conn()
    return b"".join(pieces)


_PIECE = 1 << 16


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
