"""What somebody may do now and could not before, with the chain that lets it: an assertion for a pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.access.effective import Access, access_of
from auditor.access.grants import Grant
from auditor.access.known_operations import names
from auditor.drift.access_points import Accesses
from auditor.drift.documents import Pair
from auditor.drift.model import Change
from auditor.drift.topics.outside_tokens import changes as outside_changes
from auditor.drift.topics.permissions import RightsChange, rights_changes, unread_parts
from auditor.estate import Estate
from auditor.model import Unknown


@dataclass(frozen=True)
class NewAccess:
    """Something gained. `operation` is the worst of it, and `grants` are what lets the principal do that now."""

    change: RightsChange
    operation: str
    data: bool
    grants: tuple[Grant, ...]

    @property
    def gives(self) -> str:
        """What the worst of it gives, as the table of escalations calls it; empty where it has no row there."""
        row = self.change.worst
        return row.gives if row is not None else ""


@dataclass(frozen=True)
class NoNew:
    """What somebody may do now and could not before: for certain, and perhaps; and why there may be more.

    `outside` are changes of who outside of Azure can act as an identity.
    """

    gained: tuple[NewAccess, ...]
    perhaps: tuple[NewAccess, ...]
    outside: tuple[Change, ...]
    gaps: tuple[Unknown, ...]


def no_new_than(old: Estate, new: Estate) -> NoNew:
    """What of the new estate nobody could do in the old one. Raises `NotKnown` where either cannot be read."""
    accesses = Accesses(access_of(old), access_of(new))
    gained: list[NewAccess] = []
    perhaps: list[NewAccess] = []
    pair = Pair(old, new)
    for change in rights_changes(pair, accesses):
        if change.granted:
            (gained if change.unknown is None else perhaps).append(_proved(accesses, change))
    unread = (Unknown(change.says) for change in unread_parts(accesses))
    gaps = dict.fromkeys((*unread, *_not_known_now(accesses.new)))
    outside = tuple(change for change in outside_changes(pair) if change.kind == "outside_granted")
    return NoNew(tuple(sorted(gained, key=_rank)), tuple(sorted(perhaps, key=_rank)), outside, tuple(gaps))


def _not_known_now(access: Access) -> Iterator[Unknown]:
    """What somebody holds now of which it is not known what it allows: it may be more than before."""
    yield from (role for a in access.assignments if isinstance(role := access.role_of(a), Unknown))
    if isinstance(access.eligible, Unknown):
        yield access.eligible


def _rank(found: NewAccess) -> int:
    return found.change.as_change().rank


def _proved(accesses: Accesses, change: RightsChange) -> NewAccess:
    """A change with the grants of its worst operation, else of any that is known."""
    row = change.worst
    operation, data = (row.operation, row.data) if row is not None else next(_some(change), ("", False))
    answer = accesses.new.who_can(operation, change.scope, data) if operation else None
    grants = answer.grants if answer is not None else ()
    return NewAccess(change, operation, data, tuple(g for g in grants if g.principal.id == change.principal.id))


def _some(change: RightsChange) -> Iterator[tuple[str, bool]]:
    for data, plane in ((False, change.rights.control), (True, change.rights.data)):
        witness = plane.witness(names(data))
        if witness is not None:
            yield witness, data
