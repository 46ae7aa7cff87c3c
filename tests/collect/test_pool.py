"""The pool: bounded, most pressing first, away from services that want a rest."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from auditor.collect.pacing.pool import MOST, PROBES, Pool
from auditor.collect.pacing.quota import RESERVE, left_in
from auditor.collect.pacing.throttle import (
    RETRIES,
    Calm,
    service_of,
    subscription_of,
)
from auditor.collect.reads.question import Answer, Question
from auditor.collect.reads.recipes import recipes


def question(path: str) -> Question:
    return Question(recipes()[0], path, "/", "s")


def network(name: str) -> Question:
    return question(f"/subscriptions/s/providers/Microsoft.Network/{name}")


def vault(name: str) -> Question:
    return question(f"/subscriptions/s/providers/Microsoft.KeyVault/{name}")


def answer(asked: Question) -> Answer:
    return Answer(asked, (), asked.answered(200, "2024-01-01", 0, 0.0))


def drained(pool: Pool, count: int) -> list[str]:
    names = []
    for _ in range(count):
        found = pool.next(5)
        assert found is not None
        names.append(found.question.path.rpartition("/")[2])
    return names


class Gate:
    """An asker that holds every question until it is let go."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.begun: list[str] = []

    def __call__(self, asked: Question) -> Answer:
        self.begun.append(asked.path.rpartition("/")[2])
        assert self.open.wait(5)
        return answer(asked)

    def wait_for(self, count: int) -> None:
        end = time.monotonic() + 5
        while len(self.begun) < count:
            assert time.monotonic() < end, self.begun
            time.sleep(0.005)


def settled(condition: Callable[[], bool], seconds: float = 0.1) -> bool:
    """Whether a condition still holds after a moment."""
    time.sleep(seconds)
    return condition()


def test_no_more_questions_are_under_way_than_there_are_workers() -> None:
    gate = Gate()
    pool = Pool(gate, 3, Calm(1.0))
    for n in range(10):
        pool.put(network(str(n)), 0)
    gate.wait_for(3)
    assert settled(lambda: len(gate.begun) == 3)
    gate.open.set()
    assert len(drained(pool, 10)) == 10
    pool.close()


def test_the_most_pressing_question_is_asked_first() -> None:
    gate = Gate()
    pool = Pool(gate, 1, Calm(1.0))
    pool.put(network("first"), 5)
    gate.wait_for(1)
    pool.put(network("late"), 1)
    pool.put(vault("later"), 1)
    pool.put(vault("now"), 0)
    gate.open.set()
    assert drained(pool, 4) == ["first", "now", "late", "later"]
    pool.close()


def test_a_service_that_wants_a_rest_does_not_hold_up_the_others() -> None:
    calm, gate = Calm(1.0), Gate()
    calm.close(service_of(network("x").path), 60)
    pool = Pool(gate, 4, calm)
    for n in range(6):
        pool.put(network(f"n{n}"), 0)
    for n in range(2):
        pool.put(vault(f"v{n}"), 1)
    gate.wait_for(4)
    assert sum(name.startswith("n") for name in gate.begun) == PROBES
    assert {"v0", "v1"} <= set(gate.begun)
    gate.open.set()
    drained(pool, 8)
    pool.close()


def test_workers_come_back_to_a_service_when_its_rest_is_over() -> None:
    calm, gate = Calm(1.0), Gate()
    calm.close(service_of(network("x").path), 0.15)
    pool = Pool(gate, 4, calm)
    for n in range(4):
        pool.put(network(f"n{n}"), 0)
    gate.wait_for(PROBES)
    assert len(gate.begun) == PROBES
    gate.wait_for(4)
    gate.open.set()
    pool.close()


def relieved(pool: Pool, gate: Gate, count: int) -> None:
    """Look for answers, as a run does all the time, until so many questions were begun."""
    end = time.monotonic() + 5
    while len(gate.begun) < count:
        assert time.monotonic() < end, gate.begun
        assert pool.next(0.05) is None


def test_threads_that_wait_for_a_throttled_service_are_relieved() -> None:
    calm, gate = Calm(1.0), Gate()
    pool = Pool(gate, 3, calm)
    for n in range(5):
        pool.put(network(f"n{n}"), 0)
    gate.wait_for(3)
    calm.close(service_of(network("x").path), 60)
    for n in range(5):
        pool.put(vault(f"v{n}"), 1)
    relieved(pool, gate, 6)
    assert settled(lambda: len(gate.begun) == 6)
    assert gate.begun[3:] == ["v0", "v1", "v2"]
    gate.open.set()
    drained(pool, 8)
    pool.close()


def test_threads_that_wait_for_a_slow_service_are_relieved_and_leave_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.collect.pacing.pool.SLOW", 0.1)
    gate = Gate()
    pool = Pool(gate, 4, Calm(1.0))
    for n in range(9):
        pool.put(network(f"n{n}"), 0)
    gate.wait_for(4)
    for n in range(2):
        pool.put(vault(f"v{n}"), 1)
    relieved(pool, gate, 6)
    assert gate.begun[4:] == ["v0", "v1"], "half of the threads may wait for a slow service, and no more"
    gate.open.set()
    drained(pool, 11)
    assert settled(lambda: pool._threads == 4, 0.2)
    pool.close()


def test_there_is_an_end_to_relief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.collect.pacing.pool.SLOW", 0.01)
    gate = Gate()
    pool = Pool(gate, 2, Calm(1.0))
    for n in range(40):
        pool.put(question(f"/subscriptions/s{n}/providers/Microsoft.Network/x/{n}"), 0)
    relieved(pool, gate, 2 * MOST)
    assert pool.next(0.1) is None
    assert settled(lambda: len(gate.begun) == 2 * MOST)
    gate.open.set()
    drained(pool, 40)
    pool.close()


def test_a_bug_in_a_worker_reaches_the_thread_that_waits() -> None:
    def broken(asked: Question) -> Answer:
        raise ZeroDivisionError(asked.path)

    pool = Pool(broken, 2, Calm(1.0))
    pool.put(network("x"), 0)
    with pytest.raises(ZeroDivisionError):
        pool.next(5)
    pool.close()


def test_nothing_comes_of_nothing() -> None:
    pool = Pool(answer, 1, Calm(1.0))
    assert pool.next(0.01) is None
    pool.close()


def test_a_closed_pool_begins_nothing_more() -> None:
    gate = Gate()
    pool = Pool(gate, 1, Calm(1.0))
    pool.put(network("a"), 0)
    gate.wait_for(1)
    pool.put(network("b"), 0)
    pool.close()
    gate.open.set()
    assert drained(pool, 1) == ["a"]
    assert pool.next(0.05) is None
    assert gate.begun == ["a"]


# --- calm ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "service", "why"),
    [
        ("/subscriptions/S/providers/Microsoft.Web/sites", "s/microsoft.web", "the provider of the list"),
        ("/subscriptions/S/resourceGroups/g", "s/", "Resource Manager itself"),
        ("/providers/Microsoft.Management/managementGroups", "/microsoft.management", "without a subscription"),
        (
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/x/providers/Microsoft.Insights/y",
            "s/microsoft.insights",
            "an extension is answered by its own provider",
        ),
        ("https://management.azure.com/subscriptions/s/providers/Microsoft.Web/x?a=b", "s/microsoft.web", "a URL"),
    ],
)
def test_whose_limits_a_request_falls_under(path: str, service: str, why: str) -> None:
    assert service_of(path) == service, why


def test_the_subscription_of_a_path() -> None:
    assert subscription_of("/subscriptions/ABC/resourcegroups") == "abc"
    assert subscription_of("/subscriptions") == ""
    assert subscription_of("/providers/x") == ""


def test_a_rest_ends() -> None:
    calm = Calm(1.0)
    calm.close("a", 0.05)
    assert calm.opens_in("a") > 0
    assert calm.opens_in("b") == 0
    time.sleep(0.06)
    assert calm.opens_in("a") == 0


def test_a_shorter_rest_does_not_cut_a_longer_one() -> None:
    calm = Calm(1.0)
    calm.close("a", 10)
    calm.close("a", 1)
    assert calm.opens_in("a") > 5


def test_a_run_has_only_so_many_retries_and_earns_some_back() -> None:
    calm = Calm(1.0)
    assert [calm.spend() for _ in range(RETRIES + 2)] == [True] * RETRIES + [False] * 2
    for _ in range(4):
        calm.earn()
    assert not calm.spend()
    calm.earn()
    calm.earn()
    assert calm.spend()
    assert not calm.spend()


def test_a_run_never_has_more_than_its_budget() -> None:
    calm = Calm(1.0)
    for _ in range(1000):
        calm.earn()
    assert sum(calm.spend() for _ in range(RETRIES + 10)) == RETRIES


LEFT = "x-ms-ratelimit-remaining-subscription-reads"


def told(left: str, under_way: int = 0) -> Calm:
    """What is known after an answer that said what is left, while other requests were under way."""
    calm = Calm(1.0)
    for _ in range(under_way + 1):
        assert calm.due("s") == 0
    calm.landed("s", {LEFT: left})
    return calm


def test_nothing_is_held_back_while_enough_is_left() -> None:
    calm = told(str(RESERVE + 20))
    assert [calm.due("s") for _ in range(20)] == [0] * 20
    assert calm.due("s") > 0


def test_requests_are_spread_over_the_refill_when_nothing_is_left() -> None:
    calm = told(str(RESERVE))
    held = [calm.due("s") for _ in range(5)]
    # 25 a second: each waits a twenty-fifth of a second longer than the one before.
    assert held == pytest.approx([n / 25 for n in (1, 2, 3, 4, 5)], abs=0.02)
    assert calm.due("another") == 0


def test_what_is_under_way_was_not_yet_counted() -> None:
    calm = told(str(RESERVE + 3), under_way=2)
    assert [calm.due("s") > 0 for _ in range(2)] == [False, True]


def test_a_request_that_gets_no_answer_is_no_longer_under_way() -> None:
    calm = told(str(RESERVE + 3), under_way=2)
    calm.landed("s")
    calm.landed("s", {LEFT: str(RESERVE + 3)})
    assert [calm.due("s") > 0 for _ in range(4)] == [False, False, False, True]


def test_no_worker_is_kept_waiting_for_a_subscription_without_reads() -> None:
    calm = told("0")
    assert calm.refills_in("s/microsoft.web") == pytest.approx((1 + RESERVE) / 25, abs=0.02)
    assert calm.refills_in("other/microsoft.web") == 0


def test_a_subscription_that_is_used_up_rests_whole() -> None:
    calm = Calm(1.0)
    calm.close("s/microsoft.web", 10, {LEFT: "0"})
    assert calm.refills_in("s/microsoft.network") > 5
    assert calm.refills_in("t/microsoft.web") == 0
    assert calm.due("s") > 5


@pytest.mark.parametrize(
    ("headers", "left", "why"),
    [
        ({}, None, "an answer that does not tell"),
        ({LEFT: "many"}, None, "not a number"),
        ({LEFT: "7"}, 7, "the principal's"),
        ({LEFT.title(): "7"}, 7, "in any letter case"),
        ({LEFT: "7", LEFT.replace("-reads", "-global-reads"): "3"}, 3, "that of all principals is nearer"),
        ({LEFT.replace("subscription", "tenant"): "9"}, 9, "the tenant's"),
        ({LEFT.replace("reads", "writes"): "1"}, None, "nothing is ever written"),
    ],
)
def test_what_an_answer_says_is_left(headers: dict[str, str], left: int | None, why: str) -> None:
    assert left_in(headers) == left, why


def test_an_answer_that_does_not_tell_changes_nothing() -> None:
    assert told("many").due("s") == 0


def test_a_question_records_its_failure_with_its_own_scope() -> None:
    asked = replace(network("x"), scope="/subscriptions/s")
    read = asked.failed(403, "AuthorizationFailed", "no", 0.12345, "a/read")
    assert (read.scope, read.status, read.seconds, read.permission) == ("/subscriptions/s", 403, 0.123, "a/read")
    assert not read.answered
