"""All ways to a place: who reaches it, and who can act as one that does, step by step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.access.blast_radius import becomes_by
from auditor.access.effective import Access, access_of
from auditor.access.escalation import Escalation, Reach, escalations, who_reaches
from auditor.access.grants import Answer, Grant
from auditor.access.principals import Principal
from auditor.estate import Estate
from auditor.model import ArmId, Unknown


@dataclass(frozen=True)
class PathTo:
    """One way to a place: each step says who does what where; all but the last end in acting as the next one's holder.

    The last step reaches the place itself.
    """

    steps: tuple[Reach, ...]

    @property
    def start(self) -> Principal:
        """Who goes it."""
        return self.steps[0].grant.principal

    @property
    def answer(self) -> Answer:
        """How certain it is: as certain as its least certain step."""
        order = (Answer.UNKNOWN, Answer.ELIGIBLE, Answer.CONDITIONAL, Answer.YES)
        return min((step.grant.answer for step in self.steps), key=order.index)


def paths_to(estate: Estate, place: ArmId) -> tuple[tuple[PathTo, ...], tuple[Unknown, ...]]:
    """Every way to a place, shortest first: one for each thing that somebody can do there, or in a chain to it.

    A principal that comes by several takeovers goes the shortest of them. The second part is what is not known, and may
    hide further ways. Raises `NotKnown` where the assignments could not be read.
    """
    access = access_of(estate)
    reaches, unread = who_reaches(estate, [place])
    # What works on any scope says nothing of this place, unless it gives control of it.
    direct = [r for r in reaches if r.escalation.on != "*" or r.escalation.gives == "control"]
    gaps = dict.fromkeys(unread)
    found = [PathTo((reach,)) for reach in direct]
    shortest: dict[str, PathTo] = {}
    for path in found:
        if path.answer is not Answer.ELIGIBLE:
            shortest.setdefault(path.start.id, path)
    takeovers = _takeovers(estate)
    front = list(shortest)
    while front:
        following: dict[str, PathTo] = {}
        for current in front:
            for row, target in takeovers.get(current, ()):
                answer = access.who_can(row.operation, target, row.data, below=True)
                gaps |= dict.fromkeys(answer.gaps)
                for grant in answer.grants:
                    if grant.principal.id == current or not _can_use(access, row, grant):
                        continue
                    path = PathTo((Reach(row, target, grant), *shortest[current].steps))
                    if any(step.grant.principal.id == grant.principal.id for step in path.steps[1:]):
                        continue
                    found.append(path)
                    if grant.answer is not Answer.ELIGIBLE:
                        following.setdefault(grant.principal.id, path)
        fresh = {id_: path for id_, path in following.items() if id_ not in shortest}
        shortest |= fresh
        front = sorted(fresh)
    order = sorted(
        found, key=lambda p: (len(p.steps), p.start.label.casefold(), p.start.id, p.steps[0].escalation.rank)
    )
    return tuple(order), tuple(gaps)


def _can_use(access: Access, row: Escalation, grant: Grant) -> bool:
    """Whether what a row says is worth something to its holder: putting an identity on what it may not make is not."""
    return row.is_of_use(access.holdings_of(grant.principal.id) if row.needs else ())


def _takeovers(estate: Estate) -> Mapping[str, list[tuple[Escalation, ArmId]]]:
    """By principal: what has to be done, and on what, to act as it."""
    found: dict[str, list[tuple[Escalation, ArmId]]] = defaultdict(list)
    for row, target, principal in _all_takeovers(estate):
        found[principal].append((row, target))
    return found


def _all_takeovers(estate: Estate) -> Iterator[tuple[Escalation, ArmId, str]]:
    for row in escalations():
        for target in estate.seen(row.on) if row.through else ():
            if row.works_on(target):
                yield from ((row, target.id, who.id) for who in becomes_by(estate, row, target.id))
