"""What a fault makes of an answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from auditor.model import ArmId
from auditor.standin.replies import (
    CALLER,
    Reply,
    error,
    not_registered,
    resource_not_found,
    unauthorized,
)
from auditor.standin.routes import Asked
from tests.faulty.faults import Fault, Kind


@dataclass(frozen=True)
class Damaged(Reply):
    """An answer that ends in the middle of its body."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)

    def length(self, content: bytes) -> int:
        """Twice what comes."""
        return len(content) * 2


def authorization_failed(action: str, scope: str) -> Reply:
    """What a caller without the right gets: the message names the action and the scope."""
    return error(
        403,
        "AuthorizationFailed",
        f"The client '{CALLER}' with object id '{CALLER}' does not have authorization to perform action '{action}'"
        f" over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your"
        " credentials.",
    )


def damaged(fault: Fault, asked: Asked, base: str, right: Callable[[], Reply]) -> Reply | Damaged:
    """The answer to a request that meets a fault; `right` gives the one it would have had."""
    return _MADE[fault.kind](fault, asked, base, right)


_Maker = Callable[[Fault, Asked, str, Callable[[], Reply]], "Reply | Damaged"]


def _forbidden(fault: Fault, asked: Asked, base: str, right: Callable[[], Reply]) -> Reply:
    return authorization_failed(fault.detail or "*/read", asked.path)


def _unauthorized(fault: Fault, asked: Asked, base: str, right: Callable[[], Reply]) -> Reply:
    return unauthorized("ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than now.", base)


def _gone(fault: Fault, asked: Asked, base: str, right: Callable[[], Reply]) -> Reply:
    return resource_not_found(asked.path)


def _unregistered(fault: Fault, asked: Asked, base: str, right: Callable[[], Reply]) -> Reply:
    namespace = asked.path.rpartition("/providers/")[2].split("/")[0]
    return not_registered(namespace, ArmId(asked.path).subscription)


def _throttled(fault: Fault, asked: Asked, base: str, right: Callable[[], Reply]) -> Reply:
    headers = {"Retry-After": fault.detail} if fault.detail else {}
    message = "Number of requests for the subscription exceeded the limit. Please try again later."
    return error(429, "SubscriptionRequestsThrottled", message, headers)


def _broken(fault: Fault, asked: Asked, base: str, right: Callable[[], Reply]) -> Reply:
    return error(int(fault.detail or 500), "InternalServerError", "Encountered an internal server error.")


def _reset(fault: Fault, asked: Asked, base: str, right: Callable[[], Reply]) -> Damaged:
    whole = right()
    content = whole.encoded()
    return Damaged(whole.status, content[: len(content) // 2], {})


def _slow(fault: Fault, asked: Asked, base: str, right: Callable[[], Reply]) -> Reply:
    time.sleep(fault.seconds)
    return right()


def _not_json(fault: Fault, asked: Asked, base: str, right: Callable[[], Reply]) -> Reply:
    content = right().encoded()
    return Reply(200, content[: len(content) // 2])


def _linked(link: str, right: Callable[[], Reply]) -> Reply:
    whole = right()
    return replace(whole, body={**whole.body, "nextLink": link})


def _looping(fault: Fault, asked: Asked, base: str, right: Callable[[], Reply]) -> Reply:
    return _linked(f"{base}{asked.path}?api-version={asked.version}&$skiptoken=0", right)


def _lost_page(fault: Fault, asked: Asked, base: str, right: Callable[[], Reply]) -> Reply:
    return _linked(f"{base}/subscriptions/{ArmId(asked.path).subscription}/lost?api-version=2021-04-01", right)


def _foreign_page(fault: Fault, asked: Asked, base: str, right: Callable[[], Reply]) -> Reply:
    return _linked(fault.detail or "https://example.org/next", right)


def _status(fault: Fault, asked: Asked, base: str, right: Callable[[], Reply]) -> Reply:
    status, code, message = fault.detail.split(" ", 2)
    return error(int(status), code, message)


_MADE: dict[Kind, _Maker] = {
    Kind.FORBIDDEN: _forbidden,
    Kind.UNAUTHORIZED: _unauthorized,
    Kind.GONE: _gone,
    Kind.UNREGISTERED: _unregistered,
    Kind.THROTTLED: _throttled,
    Kind.BROKEN: _broken,
    Kind.RESET: _reset,
    Kind.SLOW: _slow,
    Kind.NOT_JSON: _not_json,
    Kind.LOOPING: _looping,
    Kind.LOST_PAGE: _lost_page,
    Kind.FOREIGN_PAGE: _foreign_page,
    Kind.STATUS: _status,
}
