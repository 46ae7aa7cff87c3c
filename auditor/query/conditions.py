"""What an answer rests on that a snapshot does not show: each condition says what would have to be so for another one.

The likeliest answer is that of the same estate where nothing is missing that most networks do not have
(`Estate.as_likely`): what was not listed is not there, service tags are those of Microsoft's last known release.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from auditor.facts import load
from auditor.model import Unknown
from auditor.network.topology.service_tags import LIST_TAGS, release


def conditions_of(doubts: Iterable[Unknown], left: Iterable[Unknown] = ()) -> tuple[Unknown, ...]:
    """What an answer rests on, each once: why it is not certain, without what stays unknown in the likeliest case."""
    open_still = set(_parts(left))
    found = [why for why in dict.fromkeys(_parts(doubts)) if why not in open_still]
    # What the snapshot does not hold is what the likeliest case assumes; what nobody can know decides nothing there.
    assumed = [why for why in found if why.unless or why.absent or why.permission]
    return tuple(map(_condition, assumed or found))


def _parts(whys: Iterable[Unknown]) -> Iterator[Unknown]:
    for why in whys:
        yield from why.parts or (why,)


def _condition(why: Unknown) -> Unknown:
    if why.unless:
        return why
    if why.permission == LIST_TAGS:
        return replace(why, unless=f"the prefixes are others today than in Microsoft's {release().says}")
    return replace(why, unless="something that was not listed changes it" if why.absent else "what was not read does")


def missing_permission(unknown: Unknown) -> str | None:
    """The permission that is missing; `None` where nothing was refused and the snapshot just does not hold it."""
    return None if unknown.absent else unknown.permission


def settling_command(why: Unknown) -> str | None:
    """The az command whose output would settle a condition; `None` where none would, or a right is missing."""
    if why.permission is None or not (why.absent or why.permission == LIST_TAGS):
        return None
    found: str | None = load("az-lists")["commands"].get(why.permission.casefold().removesuffix("/read"))
    return found


def condition_json(why: Unknown) -> dict[str, str | None]:
    """A condition of an answer as reports write it."""
    return {
        "if": why.unless,
        "because": why.because,
        "permission": missing_permission(why),
        "settled_by": settling_command(why),
    }
