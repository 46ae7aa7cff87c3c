"""The stand-in itself: a TLS server on loopback for as long as a `with` block lasts."""

from __future__ import annotations

import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from auditor.model import ArmId
from auditor.snapshot import Snapshot
from auditor.standin.bucket import Buckets, Limit
from auditor.standin.certificates import make_certificates
from auditor.standin.replies import Reply, error, unauthorized, usual_headers
from auditor.standin.routes import Asked, Routes
from auditor.standin.tokens import CLIENT, SECRET, Authority
from auditor.standin.world import World

TENANT = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Request:
    """One request that came in. `path` is decoded and without its query; `at` is seconds since the start."""

    method: str
    path: str
    api_version: str
    at: float
    status: int
    page: int
    filter: str = ""

    @property
    def question(self) -> str:
        """The path, with the filter where there is one."""
        return f"{self.path}?$filter={self.filter}" if self.filter else self.path


class StandIn:
    """Serves a snapshot as Azure Resource Manager and Microsoft Entra ID would, on 127.0.0.1.

    `latency` is added to every answer, in seconds; `page_size` bounds every list; `unregistered` names providers
    that the subscription never registered; `retired` is the date before which api-versions are no longer answered;
    `token_lifetime` is when a token ends, in seconds, whatever the client is told; `limit` throttles reads as
    Resource Manager does.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        latency: float = 0.0,
        page_size: int = 100,
        *,
        unregistered: Sequence[str] = (),
        retired: str = "",
        token_lifetime: float = 3600.0,
        limit: Limit | None = None,
    ) -> None:
        self._world = World(snapshot.documents)
        self._latency = latency
        self._page_size = page_size
        self._unregistered = tuple(unregistered)
        self._retired = retired
        self.authority = Authority(snapshot.tenant or TENANT, token_lifetime)
        self.buckets = Buckets(limit)
        self.requests: list[Request] = []
        self.refused: list[Request] = []
        """Whatever was neither a GET nor a request for a token."""
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="auditor-standin-")
        self._files = make_certificates(Path(self._folder.name))
        self._server = _Server(self)
        self._server.listen_with(self._files.chain, self._files.key)
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"
        self.authority.at(self.url)
        self._routes = Routes(self._world, self.url, self._page_size, self._unregistered, self._retired)
        self._begun = time.monotonic()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.hang_up()
        self._folder.cleanup()

    @property
    def ca_file(self) -> str:
        """The PEM file of the authority that signed the server's certificate."""
        return str(self._files.authority)

    def environment(self) -> dict[str, str]:
        """The variables with which an unmodified azure-identity and SDK sign in here."""
        return {
            "AZURE_TENANT_ID": self.authority.tenant,
            "AZURE_CLIENT_ID": CLIENT,
            "AZURE_CLIENT_SECRET": SECRET,
            "AZURE_AUTHORITY_HOST": self.url,
            # Whatever else the machine could sign in with is left alone.
            "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
            "REQUESTS_CA_BUNDLE": self.ca_file,
            "SSL_CERT_FILE": self.ca_file,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    def reply(self, method: str, target: str, authorization: str, body: bytes) -> Reply:
        """What to answer to a request; what was asked is recorded."""
        asked = Asked.of(target)
        reply = self._answer(method, asked, authorization, body)
        at, page = time.monotonic() - self._begun, asked.skip
        with self._lock:
            request = Request(method, asked.path, asked.version, at, reply.status, page, asked.filter)
            self.requests.append(request)
            if reply.status == 405:
                self.refused.append(request)
        return reply

    def _answer(self, method: str, asked: Asked, authorization: str, body: bytes) -> Reply:
        if method == "POST":
            return self.authority.token(asked.path, body)
        if method != "GET":
            return error(405, "MethodNotAllowed", f"the stand-in serves reads; {method} was refused")
        signing_in = self.authority.metadata(asked.path)
        if signing_in is not None:
            return signing_in
        if self._latency:
            time.sleep(self._latency)
        if not self.authority.accepts(authorization):
            code = "ExpiredAuthenticationToken" if authorization else "AuthenticationFailed"
            return unauthorized(code, "The access token is missing, expired or invalid.", self.url)
        throttled, left = self.buckets.take(ArmId(asked.path).subscription)
        found = throttled or self.served(asked)
        return replace(found, headers={**left, **found.headers})

    def served(self, asked: Asked) -> Reply:
        """What Resource Manager answers to a caller that is signed in and not throttled."""
        return self._routes.answer(asked)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, standin: StandIn) -> None:
        self.standin = standin
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def listen_with(self, chain: Path, key: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(chain, key)
        # The handshake is left to the thread of the connection, so that a slow one holds nobody up.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Close the connections that clients keep open."""
        for connection in tuple(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that hang up are expected here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 120
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - the base class looks for these names

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        standin = self.server.standin
        reply = standin.reply(self.command, self.path, self.headers.get("Authorization", ""), body)
        content = b"" if self.command == "HEAD" else reply.encoded()
        self.send_response(reply.status)
        headers = {**usual_headers(), **reply.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        promised = reply.length(content)
        if promised != len(content):
            self.close_connection = True
        self.send_header("Content-Length", str(promised))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing on stderr."""
