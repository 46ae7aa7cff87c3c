"""The pool: bounded, most pressing first, away from services that want a rest."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from auditor.collect.calm import LOW, RETRIES, Calm, service_of, subscription_of
from auditor.collect.pool import PROBES, Pool
from auditor.collect.question import Answer, Question
from auditor.collect.reads import recipes


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


def test_nothing_is_held_back_while_enough_is_left() -> None:
    calm = Calm(1.0)
    assert calm.due("s") == 0
    calm.note("s", {"x-ms-ratelimit-remaining-subscription-reads": str(LOW)})
    assert calm.due("s") == 0


def test_requests_are_spread_over_the_refill_when_little_is_left() -> None:
    calm = Calm(1.0)
    calm.note("s", {"x-ms-ratelimit-remaining-subscription-reads": "3"})
    held = [calm.due("s") for _ in range(5)]
    assert held[0] == 0
    # 25 a second: each waits a twenty-fifth of a second longer than the one before.
    assert held[4] == pytest.approx(4 / 25, abs=0.01)
    assert calm.due("another") == 0


def test_an_answer_that_does_not_tell_changes_nothing() -> None:
    calm = Calm(1.0)
    calm.note("s", {})
    calm.note("s", {"x-ms-ratelimit-remaining-subscription-reads": "many"})
    assert calm.due("s") == 0


def test_a_question_records_its_failure_with_its_own_scope() -> None:
    asked = replace(network("x"), scope="/subscriptions/s")
    read = asked.failed(403, "AuthorizationFailed", "no", 0.12345, "a/read")
    assert (read.scope, read.status, read.seconds, read.permission) == ("/subscriptions/s", 403, 0.123, "a/read")
    assert not read.answered
