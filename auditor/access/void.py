"""Where role assignments have no effect, whatever they grant: vaults that go by access policies, and the like."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.documents.defaults import setting
from auditor.estate import Estate
from auditor.facts import load
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.sets.operation_set import OperationSet, Rights


@dataclass(frozen=True)
class Void:
    """What role assignments do not give at a place, because of a setting; with the doubt, where it is not known."""

    resource: Resource
    rights: Rights
    doubt: Unknown | None = None


@dataclass(frozen=True)
class VoidBelow:
    """What role assignments give nowhere below a place: for certain, and perhaps, with the reason why not known."""

    rights: Rights
    perhaps: Rights
    doubt: Unknown | None


class Voids:
    """The places of an estate where a setting takes the effect from role assignments (facts/void-roles.json)."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._by_place: dict[ArmId, Void] = {}
        for row in load("void-roles")["void"]:
            rights = Rights(OperationSet.of(row["control"]), OperationSet.of(row["data"]))
            for resource in estate.seen(row["on"]):
                doubt: Unknown | None = None
                try:
                    always = "property" not in row
                    if not always and not setting(resource, "properties", row["property"]).is_one_of(str(row["value"])):
                        continue
                except NotKnown as gap:
                    doubt = gap.unknown
                self._by_place[resource.id] = Void(resource, rights, doubt)

    @property
    def places(self) -> tuple[ArmId, ...]:
        """The resources whose settings take the effect from roles, or may."""
        return tuple(self._by_place)

    def below(self, scope: ArmId) -> VoidBelow:
        """What role assignments at a scope give nowhere below it, since every place that they could open is shut."""
        certain: list[Rights] = []
        perhaps: list[Rights] = []
        why: Unknown | None = None
        for row in load("void-roles")["void"]:
            there = [r.id for r in self._estate.seen(row["on"]) if r.id.is_within(scope)]
            found = [self._by_place.get(place) for place in there]
            shut = [void for void in found if void is not None]
            if not shut or len(shut) < len(found):
                continue
            doubts = [void.doubt for void in shut if void.doubt is not None]
            (perhaps if doubts else certain).append(shut[0].rights)
            why = next(iter(doubts), None) if why is None else why
        return VoidBelow(Rights.union(certain), Rights.union(perhaps), why)

    def at(self, scope: ArmId) -> Void | None:
        """What is void at a scope: it is such a resource, or lies in one."""
        place: ArmId | None = scope
        while place is not None:
            found = self._by_place.get(place)
            if found is not None:
                return found
            place = place.parent
        return None
