"""What the reads of a snapshot are complete for, and what is unknown because a read failed or was never made."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence

from auditor.estate.children import PARENT_OF
from auditor.estate.planned import filled_elsewhere
from auditor.model import ArmId, Read, Unknown
from auditor.snapshot.model import FORETOLD, NOT_PREDICTED

EVERYTHING = "*"
"""`covers` of a read that is complete for every type below its scope, such as an imported world."""


_INVENTORY = "microsoft.resources/resources"
"""The list of everything that a subscription holds, which leads to the types that are not listed one by one."""


class Coverage:
    """Answers whether an absence can be believed."""

    def __init__(self, reads: Sequence[Read], planned: bool = False) -> None:
        self._planned = planned
        self._by_type: dict[str, list[tuple[ArmId, Read]]] = defaultdict(list)
        self._places: dict[str, list[tuple[str, int]]] = {}
        foretold = []
        for read in reads:
            scope = ArmId(read.scope)
            if read.path == FORETOLD and read.covers not in ("", EVERYTHING) and read.covers == scope.type:
                foretold.append(scope)
            else:
                self._by_type[read.covers.casefold()].append((scope, read))
        self.foretold = frozenset(foretold)
        """The resources whose documents are a plan's."""

    def taken_for_whole(self) -> Coverage:
        """The same coverage, with every list taken for whole; what a single resource's own read said stays."""
        found = object.__new__(_Whole)
        found.__dict__.update(self.__dict__)
        return found

    def gap(self, type_: str, under: ArmId | None = None) -> Unknown | None:
        """Why a list of this type (below `under`, or anywhere) would not be whole; `None` where it is.

        A child type is only known where the list of its parents is.
        """
        wanted = PARENT_OF.get(type_, type_)
        relevant = self._about(wanted, under)
        lost = self.lost(type_, under) if wanted != type_ else None
        if lost is not None:
            return lost
        failed = [read for _, read in relevant if not read.answered] or self._left_out(under)
        if failed:
            return unknown_of(failed[0])
        elsewhere = filled_elsewhere(type_) if self._planned else ""
        if elsewhere and not self._was_read(wanted, under):
            return Unknown(f"the list of {type_} is no part of a plan: {elsewhere}", absent=True)
        if self._covers_everything(under):
            return None
        # A read of one resource by its id says nothing of its siblings.
        lists = [scope for scope, _ in relevant if scope.type != wanted or scope == under]
        if any(under is None or under.is_within(scope) for scope in lists):
            return self._parent_gap(wanted, under)
        parent = wanted.rpartition("/")[0]
        if "/" in parent and not relevant and under is None:
            # A child list is asked once per parent: with no parent there was nothing to ask.
            return self.gap(parent)
        # What hangs under something that could not be read was not asked for.
        above = self.failure(under) if under is not None else None
        if above is not None:
            return above
        where = f" of {under.name}" if under else ""
        because = f"the list of {type_}{where} is not in this snapshot"
        if not self._planned:
            return Unknown(because, permission_for(wanted), absent=True)
        # What a plan says nothing of does not wait for its deployment, unless it hangs under what the plan makes.
        return Unknown(because, absent=under is not None and self._is_foretold(under))

    def unlisted(self, type_: str) -> Unknown | None:
        """Why resources of a type may be there that the snapshot does not show, for a type that is not always listed.

        An inventory of the subscription that shows none is enough; a list of the type that failed is not.
        """
        found = self.gap(type_)
        return None if found is None or (found.absent and self.gap(_INVENTORY) is None) else found

    def lost(self, type_: str, under: ArmId | None) -> Unknown | None:
        """Why resources of this very type may lack although what shows them was read; `None` where none may."""
        return next((unknown_of(read) for _, read in self._about(type_, under) if not read.answered), None)

    def _about(self, type_: str, under: ArmId | None) -> list[tuple[ArmId, Read]]:
        """The reads of a type at, above or below a place, in their order.

        Where a list was read for each parent there are thousands, and a rule asks for each: so they are looked up.
        """
        reads = self._by_type.get(type_, [])
        if under is None or not reads:
            return reads
        if type_ not in self._places:
            self._places[type_] = sorted((scope.key, n) for n, (scope, _) in enumerate(reads))
        places, key = self._places[type_], under.key
        above = [key[:end] for end, letter in enumerate(key) if letter == "/"]
        chosen = places[bisect_left(places, (f"{key}/",)) : bisect_left(places, (f"{key}0",))]
        for place in (*above, key):
            chosen += places[bisect_left(places, (place,)) : bisect_right(places, (place, len(reads)))]
        return [reads[n] for n in sorted({n for _, n in chosen})]

    def failure(self, resource: ArmId) -> Unknown | None:
        """Why the resource of this id could not be read, where its own read was tried and failed."""
        for scope, read in self._by_type.get(resource.type, []):
            if not read.answered and (scope == resource or resource.is_within(scope)):
                return unknown_of(read)
        return None

    def why_no_child(self, id_: ArmId) -> Unknown | None:
        """Why the child of this id could not be read, or is not known not to exist; `None` where it is."""
        failure = self.failure(id_)
        return self.gap(id_.type, id_) if failure is None else failure

    def reaches(self, scope: ArmId) -> bool:
        """Whether any read went into this subscription at all."""
        return any(
            read_scope.subscription == scope.subscription for reads in self._by_type.values() for read_scope, _ in reads
        )

    def _was_read(self, type_: str, under: ArmId | None) -> bool:
        """Whether a list is known from what is deployed, and not from a plan that nobody has deployed yet."""
        if under is not None and self._is_foretold(under):
            return False
        reads = (*self._by_type.get(type_, []), *self._by_type.get(EVERYTHING, []))
        return any(
            read.answered and read.path != FORETOLD and (under is None or under.is_within(scope))
            for scope, read in reads
        )

    def _is_foretold(self, id_: ArmId) -> bool:
        return any(id_.is_within(planned) for planned in self.foretold)

    def _left_out(self, under: ArmId | None) -> list[Read]:
        """Parts of a plan that nobody was told of: they may hold any type."""
        return [
            read
            for scope, read in self._by_type.get(EVERYTHING, [])
            if not read.answered and (under is None or under.is_within(scope) or scope.is_within(under))
        ]

    def _covers_everything(self, under: ArmId | None) -> bool:
        return any(
            read.answered and (under is None or under.is_within(scope))
            for scope, read in self._by_type.get(EVERYTHING, [])
        )

    def _parent_gap(self, type_: str, under: ArmId | None) -> Unknown | None:
        parent = type_.rpartition("/")[0]
        return self.gap(parent) if "/" in parent and under is None and parent in self._by_type else None


class _Whole(Coverage):
    """A coverage by assumption: see `Coverage.taken_for_whole`."""

    def gap(self, type_: str, under: ArmId | None = None) -> Unknown | None:
        return None

    def lost(self, type_: str, under: ArmId | None) -> Unknown | None:
        return None


def permission_for(type_: str) -> str:
    """The operation that reading a type needs: ARM names it after the type (docs/azure/access.md, section 7)."""
    return f"{type_}/read"


def unknown_of(read: Read) -> Unknown:
    """The unknown that a failed read leaves behind, in a sentence."""
    reason = {401: "the credential was refused", 403: "permission was refused", 0: "no answer came"}
    why = reason.get(read.status, f"Azure answered {read.status}")
    detail = f" ({read.error})" if read.error else ""
    permission = read.permission or (permission_for(read.covers) if read.status in (401, 403) else None)
    if read.error == NOT_PREDICTED:
        what = "what is nested in" if read.covers == EVERYTHING else "what becomes of"
        return Unknown(f"the plan does not state {what} {read.path}: {read.message}", read=read.path, absent=True)
    return Unknown(f"{read.covers} could not be read: {why}{detail}", permission=permission, read=read.path)
