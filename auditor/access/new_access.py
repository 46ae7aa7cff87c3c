"""What a snapshot lets somebody do that an older one did not: each with the chain that allows it."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.access.assignments import Hold
from auditor.access.effective import Access
from auditor.access.escalation import worst_operation
from auditor.access.grants import Holding
from auditor.access.principals import Principal
from auditor.model import Unknown
from auditor.sets.operation_set import Rights


@dataclass(frozen=True)
class NewAccess:
    """What a principal may do at the scope of one holding that it could not do there before. `worst` is named first."""

    principal: Principal
    holding: Holding
    rights: Rights
    worst: str | None


def new_access(old: Access, new: Access) -> tuple[tuple[NewAccess, ...], tuple[Unknown, ...]]:
    """All that somebody may do now and could not do before, eligible roles among eligible ones.

    The second part is what could hide more: roles and lists that are not known now, and what was not known before,
    of which nothing is called new.
    """
    found: list[NewAccess] = []
    gaps: dict[Unknown, None] = {}
    for id_ in sorted({p.id for p in new.directory.known()} | {a.principal for a in new.assignments}):
        before = {_key(old, holding) for holding in old.holdings_of(id_)}
        for holding in new.holdings_of(id_):
            if isinstance(holding.role, Unknown):
                gaps[holding.role] = None
            elif _key(new, holding) not in before:
                made, doubts = _beyond(old, new, id_, holding)
                gaps |= dict.fromkeys(doubts)
                found += [made] if made is not None else []
    return tuple(found), tuple(gaps)


def _key(access: Access, holding: Holding) -> tuple[object, ...]:
    """What makes two holdings give the same; a role counts by what it allows."""
    a = holding.assignment
    rights = (a.role,) if isinstance(holding.role, Unknown) else (holding.role.unconditional, holding.role.conditional)
    texts = tuple(str(each) for each in rights)
    void = access.voids.at(a.scope)
    return a.scope.key, a.hold, a.condition, texts, void is None


def _beyond(old: Access, new: Access, principal: str, holding: Holding) -> tuple[NewAccess | None, tuple[Unknown, ...]]:
    scope = holding.assignment.scope
    now = new.effective(principal, scope)
    then = old.effective(principal, scope)
    certain, narrowed = new.split(holding, scope)
    had = then.certain | then.conditional
    if holding.assignment.hold is Hold.ELIGIBLE:
        given, had = (certain | narrowed) & now.eligible, had | then.eligible
    else:
        given = (certain | narrowed) & (now.certain | now.conditional)
    beyond = given - had
    if beyond.is_empty:
        return None, then.gaps
    return NewAccess(new.principal(principal), holding, beyond, worst_operation(beyond)), then.gaps
