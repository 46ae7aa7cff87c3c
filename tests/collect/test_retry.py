"""What stands between a question and the wire."""

import time
from email.utils import formatdate
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError
from azure.core.pipeline import Pipeline, PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy
from azure.core.rest import HttpRequest

from auditor.collect.connection.credential import Token, sign_in
from auditor.collect.pacing.retry import (
    Deadline,
    Interrupted,
    NotAReadError,
    OnlyReads,
    Pace,
    Patience,
    RenewingAuthentication,
)
from auditor.collect.pacing.throttle import Calm, service_of
from auditor.model import AuditorError

URL = "https://management.example/subscriptions/s/providers/Microsoft.Web/sites?api-version=1"


class Reply:
    """As much of an HTTP response as the policies look at."""

    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.status_code = status
        self.headers = headers or {}


class Wire(HTTPPolicy[Any, Any]):
    """The end of a pipeline that answers from a list and then keeps to its last reply."""

    def __init__(self, *replies: Reply | Exception) -> None:
        super().__init__()
        self.replies = list(replies)
        self.sent: list[str] = []

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        self.sent.append(request.http_request.method)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        reply.request = request.http_request  # type: ignore[union-attr]
        return PipelineResponse(request.http_request, reply, request.context)


def sent_through(policy: HTTPPolicy[Any, Any], wire: Wire, method: str = "GET") -> Any:
    class Transport:
        def __enter__(self) -> "Transport":
            return self

        def __exit__(self, *_: object) -> None:
            pass

    pipeline: Pipeline[Any, Any] = Pipeline(Transport(), [policy, wire])  # type: ignore[arg-type]
    return pipeline.run(HttpRequest(method, URL)).http_response


def patience(scale: float = 0.001, seconds: float | None = None, calm: Calm | None = None) -> Patience:
    return Patience(Deadline(seconds), calm or Calm(scale), scale)


def test_a_get_passes() -> None:
    wire = Wire(Reply(200))
    assert sent_through(OnlyReads(), wire).status_code == 200
    assert wire.sent == ["GET"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "get-it"])
def test_nothing_else_leaves(method: str) -> None:
    wire = Wire(Reply(200))
    with pytest.raises(NotAReadError, match="is not a read"):
        sent_through(OnlyReads(), wire, method)
    assert wire.sent == []


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    wire = Wire(Reply(status), Reply(status), Reply(200))
    assert sent_through(patience(), wire).status_code == 200
    assert len(wire.sent) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 501])
def test_what_will_not_change_is_not_tried_again(status: int) -> None:
    wire = Wire(Reply(status))
    assert sent_through(patience(), wire).status_code == status
    assert len(wire.sent) == 1


def test_patience_has_an_end() -> None:
    wire = Wire(Reply(429))
    assert sent_through(patience(), wire).status_code == 429
    assert len(wire.sent) == 9


def test_the_runs_budget_ends_patience_early() -> None:
    calm = Calm(0.001)
    while calm.spend():
        pass
    wire = Wire(Reply(503), Reply(200))
    assert sent_through(patience(calm=calm), wire).status_code == 503
    assert len(wire.sent) == 1


def test_a_wait_that_azure_asks_for_costs_nothing() -> None:
    calm = Calm(0.001)
    while calm.spend():
        pass
    wire = Wire(Reply(429, {"Retry-After": "0.01"}), Reply(200))
    assert sent_through(patience(calm=calm), wire).status_code == 200


def test_short_waits_that_azure_asks_for_have_an_end_too() -> None:
    wire = Wire(Reply(429, {"Retry-After": "0.001"}))
    assert sent_through(patience(), wire).status_code == 429
    assert len(wire.sent) == 1 + Patience.LONGEST / Patience.LEAST


def test_a_connection_that_fails_is_tried_again() -> None:
    wire = Wire(ServiceRequestError("refused"), Reply(200))
    assert sent_through(patience(), wire).status_code == 200


def test_a_connection_that_never_works_is_told() -> None:
    wire = Wire(ServiceRequestError("refused"))
    with pytest.raises(ServiceRequestError):
        sent_through(patience(), wire)
    assert len(wire.sent) == 6


@pytest.mark.parametrize(
    ("header", "least", "why"),
    [
        ("1", 0.9, "seconds"),
        ("0.3", 0.28, "parts of a second"),
        (formatdate(time.time() + 4000, usegmt=True), None, "a date too far off is not waited for"),
        ("4000", None, "nor so many seconds"),
    ],
    ids=["seconds", "parts of a second", "a date too far off", "too many seconds"],
)
def test_retry_after_is_obeyed(header: str, least: float | None, why: str) -> None:
    wire = Wire(Reply(429, {"Retry-After": header}), Reply(200))
    begun = time.monotonic()
    status = sent_through(patience(), wire).status_code
    waited = time.monotonic() - begun
    if least is None:
        assert (status, waited < 0.5) == (429, True), why
    else:
        assert (status, waited >= least) == (200, True), why


def test_retry_after_as_a_date_is_obeyed() -> None:
    wire = Wire(Reply(429, {"Retry-After": formatdate(time.time() + 2, usegmt=True)}), Reply(200))
    begun = time.monotonic()
    assert sent_through(patience(), wire).status_code == 200
    assert time.monotonic() - begun > 0.5


def test_a_throttled_service_is_left_alone_by_all() -> None:
    calm = Calm(1.0)
    wire = Wire(Reply(429, {"Retry-After": "0.2"}), Reply(200))
    sent_through(patience(calm=calm), wire)
    other = service_of("/subscriptions/s/providers/Microsoft.Network/x")
    assert calm.opens_in(other) == 0
    assert calm._closed == {service_of(URL): pytest.approx(time.monotonic(), abs=0.5)}


def test_the_backoff_grows_and_is_spread() -> None:
    policy = patience(scale=1.0)
    tries = [{"history": [object()] * n, "max_backoff": 30} for n in range(1, 10)]
    waits = [[policy.get_backoff_time(settings) for _ in range(50)] for settings in tries]
    assert all(0.2 <= wait <= 0.4 for wait in waits[0])
    assert len(set(waits[0])) > 10
    assert max(waits[2]) > max(waits[0]) * 3
    assert max(waits[8]) <= 30


def test_the_end_of_the_run_ends_a_wait() -> None:
    wire = Wire(Reply(429, {"Retry-After": "60"}))
    begun = time.monotonic()
    with pytest.raises(Interrupted):
        sent_through(patience(seconds=0.1), wire)
    assert time.monotonic() - begun < 2


def test_a_stopped_run_waits_for_nothing() -> None:
    deadline = Deadline(None)
    deadline.stop()
    assert deadline.over
    assert deadline.left is None
    with pytest.raises(Interrupted):
        deadline.wait(60)


def test_the_pace_slackens_when_little_is_left() -> None:
    calm = Calm(1.0)
    pace, wire = Pace(Deadline(None), calm), Wire(Reply(200, {"x-ms-ratelimit-remaining-subscription-reads": "1"}))
    begun = time.monotonic()
    for _ in range(4):
        sent_through(pace, wire)
    assert 0.07 < time.monotonic() - begun < 1


# --- the token -------------------------------------------------------------------------------------------------------


CHALLENGE = 'Bearer authorization_uri="https://x", error="invalid_token"'
CLAIMS = 'Bearer authorization_uri="https://x", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ"'


def authorized(token: Token, wire: Wire) -> int:
    return int(sent_through(RenewingAuthentication(token, "scope"), wire).status_code)


def test_a_token_that_is_refused_without_a_reason_is_renewed() -> None:
    made: list[Purse] = []

    def make() -> Purse:
        made.append(Purse(len(made)))
        return made[-1]

    wire = Wire(Reply(401, {"WWW-Authenticate": CHALLENGE}), Reply(200))
    assert authorized(Token(make), wire) == 200
    assert len(made) == 2


def test_a_challenge_with_claims_is_answered_the_sdks_way() -> None:
    purse = Purse(1)
    wire = Wire(Reply(401, {"WWW-Authenticate": CLAIMS}), Reply(200))
    assert authorized(Token(lambda: purse), wire) == 200
    assert purse.asked[-1][1]["claims"] == '{"access_token":{}}'


def test_a_refusal_stands_where_no_new_token_can_be_had() -> None:
    purses = iter([Purse(1)])

    class Empty:
        def get_token(self, *scopes: str, **options: Any) -> AccessToken:
            raise ClientAuthenticationError("the account is disabled")

    wire = Wire(Reply(401, {"WWW-Authenticate": CHALLENGE}))
    assert authorized(Token(lambda: next(purses, Empty())), wire) == 401


class Purse:
    """A credential that hands out numbered tokens."""

    def __init__(self, number: int, lifetime: float = 3600.0) -> None:
        self.number = number
        self.lifetime = lifetime
        self.asked: list[tuple[tuple[str, ...], dict[str, Any]]] = []

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.asked.append((scopes, options))
        return AccessToken(f"token-{self.number}-{len(self.asked)}", int(time.time() + self.lifetime))


def test_all_threads_share_one_token() -> None:
    purse = Purse(1)
    token = Token(lambda: purse)
    assert {token.get_token("scope").token for _ in range(5)} == {"token-1-1"}
    assert len(purse.asked) == 1


def test_a_token_near_its_end_is_replaced() -> None:
    purse = Purse(1, lifetime=100)
    token = Token(lambda: purse)
    assert token.get_token("scope").token != token.get_token("scope").token


def test_a_challenge_with_claims_is_answered_with_a_new_token() -> None:
    purse = Purse(1)
    token = Token(lambda: purse)
    first = token.get_token("scope")
    assert token.get_token("scope", claims="{}").token != first.token
    assert purse.asked[-1] == (("scope",), {"claims": "{}"})


def test_a_refused_token_is_renewed_once_for_all_that_were_refused() -> None:
    made: list[Purse] = []

    def make() -> Purse:
        made.append(Purse(len(made)))
        return made[-1]

    token = Token(make)
    first = token.get_token("scope").token
    second = token.renew(first, "scope").token
    assert second != first
    assert token.renew(first, "scope").token == second
    assert len(made) == 2


def test_a_chain_that_fails_is_told_in_one_sentence() -> None:
    class Chain:
        def get_token(self, *scopes: str, **options: Any) -> AccessToken:
            raise ClientAuthenticationError(
                "DefaultAzureCredential failed to retrieve a token from the included credentials.\n"
                "Attempted credentials:\n"
                "\tEnvironmentCredential: EnvironmentCredential authentication unavailable. Environment variables are"
                " not fully configured.\n"
                "Visit https://aka.ms/x to troubleshoot this issue.\n"
                "\tAzureCliCredential: Azure CLI not found on path\n"
                "\tLoneCredential: authentication unavailable"
            )

    with pytest.raises(AuditorError) as told:
        sign_in(Token(Chain), "scope")
    assert told.value.message == (
        "no Azure credential worked: tried EnvironmentCredential (Environment variables are not fully configured),"
        " AzureCliCredential (Azure CLI not found on path), LoneCredential (authentication unavailable)"
    )
    assert "az login" in told.value.tip


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (
            ClientAuthenticationError("AADSTS700016: no such application\nTrace ID: 1"),
            "AADSTS700016: no such application",
        ),
        (ServiceRequestError("name resolution failed"), "name resolution failed"),
        (ValueError("Unable to get authority configuration"), "Unable to get authority configuration"),
        (ServiceRequestError(""), "no reason was given"),
    ],
)
def test_other_ways_to_fail_are_told_too(problem: Exception, words: str) -> None:
    class Broken:
        def get_token(self, *scopes: str, **options: Any) -> AccessToken:
            raise problem

    with pytest.raises(AuditorError, match=words) as told:
        sign_in(Token(Broken), "scope")
    assert "\n" not in told.value.message
