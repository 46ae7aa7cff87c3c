"""Deny assignments: what they take away, from whom, and where that cannot be determined."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from auditor.access.assignments import EVERYONE, Denial, denials
from auditor.access.conditions import attributes_of, split
from auditor.access.principals import Directory
from auditor.estate import Estate
from auditor.model import ArmId, NotKnown, Unknown
from auditor.sets.operation_set import OperationSet, Rights


@dataclass(frozen=True)
class Taken:
    """What a denial takes at a place: for certain, and perhaps, where it hangs on a condition that is not decided."""

    certain: Rights
    perhaps: Rights


def _taken(denial: Denial, scope: ArmId) -> Taken:
    """A condition narrows what is denied: where it is false, nothing is (learn.microsoft.com/rest/api/authorization/
    deny-assignments).

    Nothing is taken where it is not known what a denial denies: ask its `sets` for the reason.
    """
    certain: list[Rights] = []
    perhaps: list[Rights] = []
    for part in () if isinstance(denial.sets, Unknown) else denial.sets:
        met, left = split(part.rights, (denial.condition, part.condition), attributes_of(scope))
        certain.append(met)
        perhaps.append(left)
    return Taken(Rights.union(certain), Rights.union(perhaps))


def condition_of(denial: Denial) -> Unknown:
    """That a denial hangs on a condition of which it is not known whether it is met."""
    return Unknown(f"deny assignment {denial.name} has a condition, and whether it is met is not known")


class Denying:
    """The deny assignments of an estate, asked per principal and scope."""

    def __init__(self, estate: Estate, directory: Directory) -> None:
        self._estate = estate
        self._directory = directory
        self._taken: dict[tuple[ArmId, ArmId], Taken] = {}

    @cached_property
    def all(self) -> tuple[Denial, ...] | Unknown:
        """Every deny assignment, or why they are not known."""
        try:
            return denials(self._estate)
        except NotKnown as gap:
            return gap.unknown

    def at(self, scope: ArmId) -> tuple[Denial, ...] | Unknown:
        """Those that hold at a scope."""
        if isinstance(self.all, Unknown):
            return self.all
        return tuple(denial for denial in self.all if denial.reaches(scope))

    def taken_at(self, denial: Denial, scope: ArmId) -> Taken:
        """What a denial takes at a scope from those that it is for; made once for each place."""
        if (denial.resource.id, scope) not in self._taken:
            self._taken[denial.resource.id, scope] = _taken(denial, scope)
        return self._taken[denial.resource.id, scope]

    def stops(
        self, principal: str, asked: OperationSet, data: bool, scope: ArmId, inside: bool = False
    ) -> tuple[tuple[Denial, ...], tuple[Unknown, ...]]:
        """The denials that take some of these operations from a principal for certain, and why others might.

        With `inside`, what lies in the scope counts: what is denied at the scope alone is not denied there.
        """
        here = self.at(scope)
        if isinstance(here, Unknown):
            return (), (here,)
        certain: list[Denial] = []
        doubts: list[Unknown] = []
        for denial in here:
            if inside and denial.here_only:
                continue
            taken = self.taken_at(denial, scope)
            sure = taken.certain.plane(data).overlaps(asked)
            perhaps = taken.perhaps.plane(data).overlaps(asked)
            concerns = sure or perhaps or isinstance(denial.sets, Unknown)
            meant = self.meant(denial, principal) if concerns else False
            if isinstance(meant, Unknown):
                doubts.append(meant)
            elif meant and isinstance(denial.sets, Unknown):
                doubts.append(denial.sets)
            elif meant:
                certain += [denial] if sure else []
                doubts += [condition_of(denial)] if perhaps else []
        return tuple(certain), tuple(doubts)

    def taken(self, principal: str, scope: ArmId) -> tuple[Rights, tuple[Unknown, ...]]:
        """All that is taken from a principal at a scope for certain, and why more might be."""
        if not isinstance(self.all, Unknown) and not any(denial.reaches(scope) for denial in self.all):
            return Rights(), ()
        everything = OperationSet.of(["*"])
        found = [self.stops(principal, everything, data, scope) for data in (False, True)]
        taken = [Rights.union(self.taken_at(denial, scope).certain for denial in certain) for certain, _ in found]
        doubts = dict.fromkeys(doubt for _, several in found for doubt in several)
        return Rights(taken[0].control, taken[1].data), tuple(doubts)

    def meant(self, denial: Denial, principal: str) -> bool | Unknown:
        """Whether a denial is for a principal, whatever its condition says."""
        named = self._among(denial.principals, principal)
        spared = self._among(denial.excluded, principal)
        if named is False or spared is True:
            return False
        return next((answer for answer in (named, spared) if isinstance(answer, Unknown)), True)

    def _among(self, people: Iterable[tuple[str, str]], principal: str) -> bool | Unknown:
        doubt: Unknown | None = None
        for id_, kind in people:
            if id_ in (principal, EVERYONE):
                return True
            if kind == "group" or self._directory.get(id_).kind == "group":
                inside = self._directory.is_member(principal, id_)
                if inside is True:
                    return True
                if isinstance(inside, Unknown) and doubt is None:
                    doubt = inside
        return False if doubt is None else doubt
