"""An estate made like another one is the estate that would have been made without it."""

from __future__ import annotations

import copy
import random
from dataclasses import replace

import pytest

from auditor.estate import Estate, build_estate
from auditor.snapshot import Snapshot
from tests import worlds


def told(estate: Estate) -> object:
    """All that an estate was made of, in a form that can be compared."""
    return (
        [(r.id.text, r.body, r.document.text, r.pointer, type(r).__name__) for r in estate.resources],
        estate._out,
        estate._unreadable,
        estate._unlisted,
        estate.contradictions,
    )


@pytest.mark.parametrize("name", ["reference-implementation", "compliant", "foundry-reference-implementation"])
def test_an_estate_like_another_is_the_same_as_one_by_itself(name: str) -> None:
    snapshot = worlds.snapshot(name=name)
    before = build_estate(snapshot)
    draw = random.Random(name)
    for _ in range(6):
        changed = changed_somewhere(snapshot, draw)
        assert told(build_estate(changed, before)) == told(build_estate(changed))
        assert told(build_estate(snapshot, before)) == told(before)


def changed_somewhere(snapshot: Snapshot, draw: random.Random) -> Snapshot:
    """The snapshot without one document, and with another one changed."""
    documents = list(snapshot.documents)
    del documents[draw.randrange(len(documents))]
    at = draw.randrange(len(documents))
    body = copy.deepcopy(documents[at])
    properties = body.get("properties")
    if isinstance(properties, dict) and properties:
        properties.pop(draw.choice(sorted(properties)))
    documents[at] = body
    return replace(snapshot, documents=tuple(documents))


def test_what_both_share_is_read_once() -> None:
    snapshot = worlds.snapshot()
    before = build_estate(snapshot)
    shared = sum(after is before.find(after.id) for after in build_estate(snapshot, before).resources)
    assert shared > 0.9 * len(list(before.resources))
