"""One pool of connections with one TLS context for all clients and threads."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import ssl
import threading
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
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import DecodeError, ProtocolError, ReadTimeoutError, SSLError

from auditor.collect.connection.bounds import LARGE, Bounds
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


LARGEST_ANSWER = 16 * 1024 * 1024
"""Bytes of one answer, unpacked. The longest page of Azure's that is read has a third of it: all service tags."""

_EVERY = 0.5
"""Seconds between two looks at the clock while somebody waits."""

SLOWEST_ANSWER = 90.0
"""Seconds from the first byte of an answer's body to its last, and from a request to the last byte of the headers."""


class BoundlessError(Exception):
    """An answer that is too large, or takes too long; the message says which. Another try would not better it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def connections(
    certificates: str, size: int, over: Callable[[], bool] = lambda: False, bounds: Bounds | None = None
) -> requests.Session:
    """A session that keeps as many connections as there are workers, and trusts these certificates.

    `over` says whether the run has ended, so that nobody waits for the rest of an answer. A request raises
    `BoundlessError` for an answer without bounds. Whoever asks ends the turn of `bounds` when the answer is dealt with.
    """
    session = _Direct(over, bounds or Bounds())
    # requests would keep ten connections and throw the others away.
    session.mount("https://", _OneContext(_context(certificates), size))
    return session


class _Direct(requests.Session):
    """Hands a request to its connection as it is.

    What requests does before (merging settings and cookies, and for every request again the environment's proxies)
    costs more than half of what a request costs at all. It would also look for the host in ~/.netrc, and put what it
    finds there in the place of the token.
    """

    def __init__(self, over: Callable[[], bool], bounds: Bounds) -> None:
        super().__init__()
        self._over = over
        self._bounds = bounds
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
        found._content = _bounded(found, self._over, self._bounds)
        found._content_consumed = True  # type: ignore[attr-defined]
        return found

    def _proxies_for(self, url: str) -> Mapping[str, str]:
        """What the environment says of a host."""
        host = urlsplit(url).netloc
        if host not in self._proxies:
            self._proxies[host] = get_environ_proxies(url)
        return self._proxies[host]


def _bounded(response: requests.Response, over: Callable[[], bool], bounds: Bounds) -> bytes:
    """The whole body, read as it comes: a read of a fixed size would wait for as long as a slow sender likes."""
    end = time.monotonic() + SLOWEST_ANSWER
    # One buffer that grows: many small pieces would be kept by the allocator of each thread.
    whole = io.BytesIO()
    size = 0
    try:
        while piece := response.raw.read1(_PIECE, decode_content=True):
            whole.write(piece)
            size += len(piece)
            if size > LARGE:
                end += _turn(bounds, over)
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
    return whole.getvalue()


_PIECE = 1 << 16


def _turn(bounds: Bounds, over: Callable[[], bool]) -> float:
    """Wait until this thread may hold a large answer, or the run is over; the seconds that it took."""
    begun = time.monotonic()
    while not bounds.begin_large(_EVERY) and not over():
        pass
    return time.monotonic() - begun


class _Watch:
    """Hangs up on whoever takes too long for the headers of an answer: each byte of them would begin a wait anew."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[int, tuple[float, socket.socket]] = {}
        self._thread: threading.Thread | None = None

    def begin(self, connection: socket.socket) -> int:
        """Watch a connection from now on; answers a number for `end`."""
        with self._lock:
            number = id(connection)
            self._until[number] = (time.monotonic() + SLOWEST_ANSWER, connection)
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, daemon=True)
                self._thread.start()
        return number

    def end(self, number: int) -> bool:
        """Watch it no longer; whether it was in time."""
        with self._lock:
            return self._until.pop(number, None) is not None

    def _look(self) -> None:
        while True:
            time.sleep(_EVERY)
            now = time.monotonic()
            with self._lock:
                late = [number for number, (until, _) in self._until.items() if now > until]
                gone = [self._until.pop(number)[1] for number in late]
            for connection in gone:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


_WATCH = _Watch()


class _Watched(HTTPSConnection):
    """A connection whose answers begin within their time, or not at all."""

    def getresponse(self) -> Any:
        """As the base class. Raises `BoundlessError` where the headers take too long."""
        assert self.sock is not None
        number = _WATCH.begin(self.sock)
        try:
            found = super().getresponse()
        except Exception:
            if _WATCH.end(number):
                raise
            raise _late() from None
        if _WATCH.end(number):
            return found
        raise _late()  # a line that was cut off passes for the last one


def _late() -> BoundlessError:
    return BoundlessError("AnswerTooSlow", f"the answer did not begin within {SLOWEST_ANSWER:.0f} seconds")


class _WatchedPool(HTTPSConnectionPool):
    ConnectionCls = _Watched


class _OneContext(HTTPAdapter):
    """Loads the certificates once; requests would for every connection, which costs more than the handshake."""

    def __init__(self, context: ssl.SSLContext, size: int) -> None:
        self._context = context
        super().__init__(pool_connections=4, pool_maxsize=size)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **options)
        self.poolmanager.pool_classes_by_scheme = {"https": _WatchedPool}

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        found = super().proxy_manager_for(proxy, ssl_context=self._context, **options)
        found.pool_classes_by_scheme = {**found.pool_classes_by_scheme, "https": _WatchedPool}
        return found

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
