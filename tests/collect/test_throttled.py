"""Resource Manager's own throttling, by buckets of reads: collection keeps to it, loses nothing and no time."""

import pytest

from auditor.collect.pacing.quota import REFILL
from auditor.snapshot import Snapshot
from auditor.standin import Limit, StandIn
from tests.collecting import TWIN, by_id, estate_of_two, failed, reference, serving, taken

TENTH = 0.1
"""Of Azure's times: a bucket that refills ten times as fast, and a client that knows."""


def limit(size: int) -> Limit:
    return Limit(size, REFILL / TENTH)


@pytest.fixture(scope="module")
def whole() -> Snapshot:
    with serving() as standin:
        return taken(standin)


def ideal(standin: StandIn, size: int) -> float:
    """Seconds until the bucket has given as many tokens as were asked for, without a pause."""
    return (len(standin.requests) - size) * TENTH / REFILL


@pytest.mark.parametrize("size", [250, 25])
def test_a_bucket_is_kept_to_and_used_up(size: int, whole: Snapshot) -> None:
    with serving(limit=limit(size)) as standin:
        found = taken(standin, patience=TENTH)
        assert standin.buckets.throttled == 0
        took = max(request.at for request in standin.requests) - min(request.at for request in standin.requests)
        wanted = ideal(standin, size)
    assert failed(found) == []
    assert by_id(found) == by_id(whole)
    # How near it comes is measured in benchmarks/collect.py, on a machine that has nothing else to do.
    assert wanted * 0.9 < took < 20


def test_a_client_that_comes_too_fast_is_throttled_and_obeys(whole: Snapshot) -> None:
    """The bucket refills slower than the client takes for granted: it hears 429 and waits."""
    with serving(limit=Limit(30, 25.0)) as standin:
        found = taken(standin, patience=0.01)
        refusals = [request.at for request in standin.requests if request.status == 429]
    assert refusals
    assert failed(found) == []
    assert by_id(found) == by_id(whole)


def test_a_subscription_without_reads_does_not_hold_up_another() -> None:
    """One subscription was read by somebody else until nothing was left; the other is read meanwhile."""
    first = reference().subscriptions[0]
    with serving(estate_of_two(), limit=limit(100)) as standin:
        while standin.buckets.take(first)[0] is None:
            pass
        found = taken(standin, all_subscriptions=True, patience=TENTH, concurrency=4)
        others = [r.at for r in standin.requests if TWIN in r.path and r.status == 200]
        own = [r.at for r in standin.requests if first in r.path and r.status == 200]
    assert failed(found) == []
    assert sum(at < min(own) for at in others) > 5
