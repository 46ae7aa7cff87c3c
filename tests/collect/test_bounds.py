"""What answers may cost: time, size and memory, whatever a server sends."""

from __future__ import annotations

import json
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from auditor.collect import Target
from auditor.collect.connection.bounds import BASE_VALUES, VALUES_EACH, Bounds, values_in
from auditor.collect.pacing.retry import Deadline
from auditor.collect.session import Session
from auditor.model import AuditorError, Read
from auditor.standin import StandIn, server
from tests import collecting
from tests.collecting import failed, small

Twist = Callable[[Any], None]
STORAGE = "/Microsoft.Storage/storageAccounts?"


@contextmanager
def twisted(twist: Twist) -> Iterator[StandIn]:
    """A stand-in whose list of storage accounts is answered by hand."""

    class Handler(server._Handler):
        def _serve(self) -> None:
            if STORAGE not in self.path:
                super()._serve()
                return
            self.close_connection = True
            with suppress(OSError):  # the collector hangs up, as it should
                twist(self)

    with collecting.serving(small()) as standin:
        standin._server.RequestHandlerClass = Handler
        yield standin


def the_failed_read(twist: Twist, **target: Any) -> Read:
    with twisted(twist) as standin:
        found = collecting.taken(standin, **target)
    assert len(found.documents) > 20
    (read,) = failed(found)
    return read


def begun(handler: Any, *headers: tuple[str, str]) -> None:
    handler.send_response(200)
    for name, value in headers:
        handler.send_header(name, value)
    handler.end_headers()


def drip_headers(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    drip(handler, b"a")


def go_on_and_on(handler: Any) -> None:
    drip(handler, b"HTTP/1.1 100 Continue\r\n\r\n")


def drip_body(handler: Any) -> None:
    begun(handler, ("Content-Length", "100000"))
    drip(handler, b" ")


def drip(handler: Any, drop: bytes) -> None:
    while True:
        handler.wfile.write(drop)
        handler.wfile.flush()
        time.sleep(0.05)


@pytest.mark.parametrize("twist", [drip_headers, go_on_and_on, drip_body])
def test_an_answer_that_drips_fails_its_read(twist: Twist, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.collect.connection.transport.SLOWEST_ANSWER", 1.0)
    begun_at = time.monotonic()
    assert the_failed_read(twist).error == "AnswerTooSlow"
    assert time.monotonic() - begun_at < 20


def endless(handler: Any) -> None:
    begun(handler, ("Transfer-Encoding", "chunked"))
    while True:
        handler.wfile.write(b"10000\r\n" + b" " * 65536 + b"\r\n")


def packed(handler: Any) -> None:
    press = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(press.compress(b" " * (1 << 20)) for _ in range(64)) + press.flush()
    begun(handler, ("Content-Encoding", "gzip"), ("Content-Length", str(len(body))))
    handler.wfile.write(body)


def many_values(handler: Any) -> None:
    body = b'{"value":[' + b"{}," * 1_000_000 + b"{}]}"
    begun(handler, ("Content-Length", str(len(body))))
    handler.wfile.write(body)


@pytest.mark.parametrize("twist", [endless, packed, many_values])
def test_an_answer_that_is_too_large_fails_its_read(twist: Twist) -> None:
    assert the_failed_read(twist).error == "AnswerTooLarge"


def test_one_large_answer_is_held_at_a_time() -> None:
    bounds = Bounds()
    assert bounds.begin_large(0.0)
    assert bounds.begin_large(0.0), "a thread keeps its turn"
    had: list[bool] = []
    other = threading.Thread(target=lambda: had.append(bounds.begin_large(0.01)))
    other.start()
    other.join()
    assert had == [False]
    bounds.end_large()
    bounds.end_large()
    assert bounds.begin_large(0.0)


def test_a_run_keeps_as_many_values_as_its_documents_may_have() -> None:
    bounds = Bounds()
    assert bounds.spend(BASE_VALUES, 0)
    assert not bounds.spend(1, 0)
    assert bounds.spend(VALUES_EACH, 1)


@pytest.mark.parametrize("text", [b"null", b"[]", b"[1,2,3]", b'{"a":[{},{}],"b":1}', b'"a,b"'])
def test_values_are_never_counted_too_few(text: bytes) -> None:
    def count(value: Any) -> int:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return 1 + sum(map(count, inner))

    assert values_in(text) >= count(json.loads(text))


def test_signing_in_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr("auditor.collect.session.sign_in", lambda token, scope: released.wait(30))
    session = Session(Target(timeout=0.3), Deadline(0.3))
    with pytest.raises(AuditorError, match="signing in took longer"):
        session.sign_in()
    released.set()
    session.close()
