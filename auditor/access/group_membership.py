"""Which groups an identity is in, as far as Azure's answers about that identity tell.

Such an answer lists what is assigned to the identity and to every group that it is in (facts/assigned-to.json). So an
assignment of a group that is in it proves that the identity is in the group, directly or through others; and one that
is not in it, though the answer reaches its scope, proves that it is not. The second is believed only of an answer
that shows what the identity holds itself: an empty one proves nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from auditor.access.assignments import Assignment, shown
from auditor.access.scopes import Hierarchy
from auditor.estate import Estate
from auditor.estate.coverage import unknown_of
from auditor.facts import load
from auditor.model import ArmId, Read, Unknown


class Membership:
    """What the answers about identities say of groups. `right` is what else would tell where they do not."""

    def __init__(self, estate: Estate, right: str) -> None:
        self._estate = estate
        self._right = right
        self._about: dict[str, list[Read]] = defaultdict(list)
        self._gaps: dict[tuple[str, int], Unknown | None] = {}
        self._reached: dict[tuple[str, str], bool] = {}
        for read in estate.snapshot.reads:
            if read.about:
                self._about[read.about.casefold()].append(read)

    @cached_property
    def _scopes(self) -> Hierarchy:
        return Hierarchy(self._estate)

    @cached_property
    def _assigned(self) -> Mapping[str, list[Assignment]]:
        found: dict[str, list[Assignment]] = defaultdict(list)
        for assignment in shown(self._estate) if self._about else ():
            found[assignment.principal].append(assignment)
        return found

    @cached_property
    def members(self) -> Mapping[str, frozenset[str]]:
        """By group: the identities that are proved to be in it."""
        found: dict[str, set[str]] = defaultdict(set)
        for principal, reads in self._about.items():
            for read in reads:
                holders = {a.principal for a in self._shown(read)} - {principal}
                for group in holders if read.answered and not self._of_another(read) else ():
                    found[group].add(principal)
        return {group: frozenset(inside) for group, inside in found.items()}

    @cached_property
    def _by_id(self) -> Mapping[ArmId, Assignment]:
        return {a.resource.id: a for held in self._assigned.values() for a in held}

    def _shown(self, read: Read) -> Iterator[Assignment]:
        """The assignments that an answer lists."""
        yield from (self._by_id[id_] for id_ in map(ArmId, read.shows) if id_ in self._by_id)

    def _of_another(self, read: Read) -> Assignment | None:
        """What an answer lists of somebody else who is no group: it is not the answer that it is said to be."""
        others = (a for a in self._shown(read) if a.principal != read.about.casefold())
        return next((a for a in others if not may_have_members(a)), None)

    def is_in(self, principal: str, label: str, group: str) -> bool | Unknown | None:
        """Whether an identity is in a group; `None` where it was not asked. `label` is what a sentence calls it."""
        if principal in self.members.get(group, ()):
            return True
        told: Unknown | None = None
        for number, read in enumerate(self._about.get(principal, ())):
            if self._reaches(read.scope, group):
                if (principal, number) not in self._gaps:
                    self._gaps[principal, number] = self._why_not_whole(read, label)
                gap = self._gaps[principal, number]
                if gap is None:
                    return False
                told = gap if told is None else told
        return told

    def tells_of(self, group: str) -> bool:
        """Whether some answer says of a group whether an identity is in it."""
        answered = (read for reads in self._about.values() for read in reads if read.answered)
        return any(self._reaches(read.scope, group) for read in answered)

    def _why_not_whole(self, read: Read, label: str) -> Unknown | None:
        """Why an answer does not prove that its identity is in no other groups; `None` where it does."""
        if not read.answered:
            failure = unknown_of(read)
            why = failure.because.partition(": ")[2]
            return replace(failure, because=f"Azure did not answer what {label} holds through groups: {why}")
        answer = f"Azure's answer to what {label} holds through groups"
        if not read.shows:
            return Unknown(f"{answer} is empty, which proves nothing", permission=self._right)
        other = self._of_another(read)
        if other is not None:
            lists = f"{answer} lists what {other.principal_kind} {other.principal} holds, so it is another list"
            return Unknown(lists, permission=self._right)
        listed = {ArmId(text) for text in read.shows}
        for own in self._assigned.get(read.about.casefold(), ()):
            if own.resource.id not in listed and self._shows(read.scope, own):
                lacks = f"{answer} lacks what it holds at {own.scope.name or 'the root'}, so it is not whole"
                return Unknown(lacks, permission=self._right)
        return None

    def _reaches(self, place: str, group: str) -> bool:
        """Whether the list of a scope would show something that a group holds."""
        if (place, group) not in self._reached:
            self._reached[place, group] = any(self._shows(place, held) for held in self._assigned.get(group, ()))
        return self._reached[place, group]

    def _shows(self, place: str, assignment: Assignment) -> bool:
        """Whether the list of a scope shows an assignment: it is at, above or below the scope."""
        scope = ArmId(place)
        return assignment.scope.is_within(scope) or self._scopes.covers(assignment.scope, scope) is True


def may_have_members(assignment: Assignment) -> bool:
    """Whether the holder of an assignment is a group, or of a kind that is not stated."""
    kind = assignment.principal_kind.casefold()
    return not kind or kind in load("assigned-to")["groups"]
