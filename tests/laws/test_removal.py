"""The law of removal, over whole worlds: a seeded sample here, everything in `make fuzz`."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import pytest

from tests.laws.removal import WORLDS, Removal, defined, flips, removals

pytestmark = pytest.mark.slow

_LISTED = (Path(__file__).parent / "not-yet.txt").read_text(encoding="utf-8").splitlines()
NOT_YET = frozenset(line for line in _LISTED if line and not line.startswith("#"))
SAMPLE = 15
"""Removals of documents and lists that are tried of each world in every run."""


@cache
def whole_documents(world: str) -> tuple[Removal, ...]:
    return tuple(removal for removal in removals(world) if not removal.pointer)


@cache
def properties(world: str) -> tuple[Removal, ...]:
    """One removal for each kind of property of which Azure does not say what its absence means."""
    kinds = {removal.kind: removal for removal in removals(world) if removal.pointer}
    return tuple(removal for removal in kinds.values() if not defined(removal))


@pytest.mark.parametrize("world", WORLDS)
def test_a_document_or_a_list_that_is_gone_makes_unknown_and_never_the_other_certainty(world: str) -> None:
    chosen = random.Random(20261201).sample(whole_documents(world), SAMPLE)
    found = [str(flip) for removal in chosen for flip in flips(removal)]
    assert not found, "\n".join(found)


@pytest.mark.fuzz
@pytest.mark.parametrize("world", WORLDS)
def test_every_document_and_every_list(world: str) -> None:
    found = [str(flip) for removal in whole_documents(world) for flip in flips(removal)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("world", WORLDS)
def test_a_property_that_is_gone_turns_no_answer_but_those_that_are_listed(world: str) -> None:
    chosen = random.Random(20261202).sample(properties(world), SAMPLE)
    found = {removal.kind: str(flip) for removal in chosen for flip in flips(removal) if removal.kind not in NOT_YET}
    assert not found, "\n".join(found.values())


@pytest.mark.fuzz
def test_every_property_and_the_list_is_true() -> None:
    tried = [removal for world in WORLDS for removal in properties(world)]
    turned = {removal.kind for removal in tried if any(True for _ in flips(removal))}
    assert turned == NOT_YET, "what turns answers is listed, and nothing that does not"
