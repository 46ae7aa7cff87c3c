"""Two worlds to what changed between them, with what was worked out before kept."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.drift.compare import diff
from auditor.drift.documents import Pair
from auditor.drift.model import (
    Change,
    Diff,
    Effect,
    Topic,
)
from auditor.estate import build_estate
from auditor.model import AuditResult, Read
from auditor.snapshot import Snapshot
from tests import worlds
from tests.cases.change import World
from tests.mutations.every import WORLD, Mutation, every_mutation

BASELINE = read_baseline("openai-chat")
Side = tuple[Snapshot, AuditResult]


def side(
    documents: Iterable[Mapping[str, Any]] | None = None, reads: Iterable[Read] | None = None, name: str = WORLD
) -> Side:
    """A snapshot of a world with what the baseline says of it."""
    snapshot = worlds.snapshot(documents, reads, name)
    return snapshot, audit(snapshot, BASELINE)


@cache
def untouched(name: str = WORLD) -> Side:
    return side(name=name)


def changed(*changes: tuple[Any, ...], name: str = WORLD) -> World:
    """A world with some changes: `("set", address, value)`, `("drop", name)`, `("refuse", type)`, ..."""
    world = World(name)
    for verb, *arguments in changes:
        getattr(world, verb)(*arguments)
    return world


def side_of(world: World) -> Side:
    """What has become of a world, with the reads that were refused in it."""
    return side(world.documents, (*worlds.whole(world.scope), *world.refused), world.name)


@cache
def mutated(name: str) -> Side:
    return side_of(mutation(name).world())


@cache
def _mutations() -> Mapping[str, Mutation]:
    return {each.name: each for each in every_mutation()}


def mutation(name: str) -> Mutation:
    return _mutations()[name]


def between(old: Side, new: Side) -> Diff:
    return diff(old[0], new[0], old[1], new[1])


def pair_of(old: Side, new: Side) -> Pair:
    return Pair(build_estate(old[0]), build_estate(new[0]))


def after(*changes: tuple[Any, ...]) -> Diff:
    """What changed from the compliant world to the one with these changes."""
    return between(untouched(), side_of(changed(*changes)))


def told(found: Diff, topic: Topic, *effects: Effect) -> list[str]:
    """The sentences of a topic."""
    return [change.says for change in found.of(topic) if not effects or change.effect in effects]


def only(found: Diff, topic: Topic) -> Change:
    """The one change of a topic."""
    (change,) = found.of(topic)
    return change


def shuffled(value: Any, dice: random.Random) -> Any:
    """A value with every list in another order."""
    if isinstance(value, dict):
        return {key: shuffled(item, dice) for key, item in value.items()}
    if isinstance(value, list):
        items = [shuffled(item, dice) for item in value]
        dice.shuffle(items)
        return items
    return value
