"""Questions about access in a person's words: who is meant, which scope, which operation, and is no certain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeAlias

from auditor.access.effective import Access, access_of
from auditor.access.escalation import Reach
from auditor.access.federation import Federated, federated
from auditor.access.grants import (
    Answer,
    Grant,
    Refusal,
    WhoCan,
)
from auditor.access.known_operations import known_operations, nearest, planes_of
from auditor.access.principals import IDENTITY, Principal
from auditor.access.scopes import ROOT, group_of, is_management_group, kind_of
from auditor.estate import Estate
from auditor.estate.naming import find_resource
from auditor.facts import load
from auditor.model import ArmId, AuditorError, ExitCode, NotKnown, Resource, Unknown
from auditor.sets.operation_patterns import PatternError
from auditor.sets.operation_set import OperationSet
from auditor.workload.identities import identities_of
from auditor.workload.parts import Workload, workloads_of_any

_SHOWN = 5


def open_access(estate: Estate) -> Access:
    """The access of an estate. Raises `AuditorError` (incomplete) where its assignments could not be read."""
    try:
        return access_of(estate)
    except NotKnown as gap:
        needs = f"the snapshot needs {gap.unknown.permission}" if gap.unknown.permission else ""
        raise AuditorError(f"no access is known: {gap.unknown.because}", needs, ExitCode.INCOMPLETE) from gap


# --- what was typed ---------------------------------------------------------------------------------------------------


def find_principal(access: Access, text: str) -> Principal:
    """The principal of an object id, of its name, or of the id or name of what carries it.

    Raises `AuditorError` with the nearest names where there is none, with the candidates where there are several.
    """
    typed = text.strip().casefold()
    everybody = _everybody(access)
    by_id = everybody.get(typed)
    if by_id is not None:
        return by_id
    named = [p for p in everybody.values() if typed in _names(p)]
    if len(named) == 1:
        return named[0]
    if named:
        options = ", ".join(f"{p.label} ({p.id})" for p in named[:_SHOWN])
        raise AuditorError(f"{text!r} is the name of {len(named)} principals", f"give an object id: {options}")
    labels = {name: p.name or p.id for p in everybody.values() for name in (*_names(p), p.id)}
    near = list(dict.fromkeys(labels[name] for name in get_close_matches(typed, labels, n=_SHOWN, cutoff=0.5)))
    tip = f"did you mean {' or '.join(near[:3])}?" if near else "give an object id, or the name of an identity or group"
    raise AuditorError(f"no principal of this snapshot is called {text!r}", tip)


def _everybody(access: Access) -> dict[str, Principal]:
    found = {p.id: p for p in access.directory.known()}
    for assignment in access.assignments:
        found.setdefault(assignment.principal, access.principal_of(assignment))
    return found


def _names(principal: Principal) -> set[str]:
    """Every name and ARM id that somebody may mean by it, in lower case."""
    named = {principal.name.casefold()} if principal.name else set()
    for resource in filter(None, (principal.resource, *principal.carriers)):
        # What carries several identities names none of them.
        if resource == principal.resource or len(resource.get("identity", "userAssignedIdentities", default={})) == 1:
            named |= {resource.name.casefold(), resource.id.key}
    return named


def find_scope(estate: Estate, text: str) -> ArmId:
    """The scope of an ARM id or of a resource's name. Raises `AuditorError` with the nearest names."""
    typed = text.strip()
    id_ = ArmId(typed)
    if typed.startswith("/") and (id_ == ROOT or is_management_group(id_)):
        return id_
    if typed.startswith("/") and _lies_in_a_resource(estate, id_):
        # A container of a storage account that is in the snapshot need not be in it: what is inherited is known.
        return id_
    if typed.startswith("/") and any(resource.id.is_within(id_) for resource in estate.resources):
        return id_
    return find_resource(estate, typed).id


def _lies_in_a_resource(estate: Estate, id_: ArmId) -> bool:
    above = id_.parent
    while above is not None:
        if "/providers/" in above.key and estate.find(above) is not None:
            return True
        above = above.parent
    return False


def check_action(text: str, access: Access, scope: ArmId | None = None, *, plane_is_given: bool = False) -> str:
    """The operation that was typed, wildcards and all.

    Raises `AuditorError` where it is none; where neither Azure nor a role is known to have it, unless its plane is
    given (the list of Azure's operations is not complete); and where it means nothing at the scope.
    """
    typed = _written(text)
    if "*" in typed:
        return typed
    if not (plane_is_given or planes_of(typed) or any(True for _ in access.roles.planes_naming(typed))):
        near = nearest(typed)
        tip = f"did you mean {' or '.join(near)}?" if near else "look it up among the provider's operations"
        newer = "if it is newer than this program, say what it is by --plane control or --plane data"
        raise AuditorError(f"{text!r} is no operation of Azure that is known here", f"{tip} {newer}")
    if scope is not None and not means_something_at(typed, scope):
        near = tuple(_of_the_kind(typed, scope))
        tip = f"did you mean {' or '.join(near[:3])}?" if near else "ask of a scope that has it, or of its group"
        raise AuditorError(f"{typed} means nothing at {kind_of(scope)}, which is a {scope.type}", tip)
    return typed


def _written(text: str) -> str:
    """What was typed, as an operation or a pattern of operations. Raises `AuditorError`."""
    typed = text.strip()
    try:
        if OperationSet.of([typed]).is_empty or ("/" not in typed and typed != "*"):
            raise AuditorError(
                f"{text!r} is no operation", "write it as Microsoft.Storage/storageAccounts/listKeys/action"
            )
    except PatternError as problem:
        raise AuditorError(str(problem)) from problem
    return typed


def means_something_at(action: str, scope: ArmId) -> bool:
    """Whether a scope can have an operation: it is a resource of that kind, may have such in it, or any kind may."""
    segments = action.casefold().split("/")
    if "/providers/" not in scope.key or is_management_group(scope) or segments[0] in load("escalation")["any_scope"]:
        return True
    return segments[:2] == scope.type.split("/")[:2]


def _of_the_kind(action: str, scope: ArmId) -> Iterator[str]:
    """Operations of the scope's own kind that end alike, and then those that look alike."""
    own = "/".join(scope.type.split("/")[:2])
    names = {n.casefold(): n for n in (o.name for o in known_operations()) if n.casefold().startswith(f"{own}/")}
    ending = "/".join(action.casefold().split("/")[-2:])
    alike = [name for lowered, name in names.items() if lowered.endswith(f"/{ending}")]
    ours = "/".join([own, *action.casefold().split("/")[2:]])
    yield from dict.fromkeys((*alike, *(names[near] for near in get_close_matches(ours, names, 3, cutoff=0.6))))


# --- questions that need more than one look --------------------------------------------------------------------------


def who_can_anywhere(access: Access, action: str, data: bool | None) -> tuple[tuple[ArmId, WhoCan], ...]:
    """Who can do something at any scope that something is assigned at; each grant once, at its own scope."""
    found = []
    for scope in sorted({a.scope for a in access.assignments}):
        answer = access.who_can(action, scope, data)
        own = tuple(g for g in answer.grants if g.assignment.scope == scope)
        refused = tuple(r for r in answer.refused if r.grant.assignment.scope == scope)
        if own or refused or answer.gaps:
            found.append((scope, WhoCan(action, scope, answer.planes, own, refused, answer.gaps, answer.notes)))
    return tuple(found)


@dataclass(frozen=True)
class Decision:
    """Whether one principal can: `yes`, `conditional`, `eligible`, `unknown` or `no`, by what, and what is in doubt."""

    answer: str
    grants: tuple[tuple[ArmId, Grant], ...] = ()
    refused: tuple[tuple[ArmId, Refusal], ...] = ()
    doubts: tuple[Unknown, ...] = ()


def decide(access: Access, principal: str, answers: Iterable[WhoCan]) -> Decision:
    """What the answers say of one principal: the firmest grant counts, and a no is only said where it is certain."""
    answers = tuple(answers)
    own = [(a.scope, g) for a in answers for g in a.grants if g.principal.id == principal]
    refused = tuple((a.scope, r) for a in answers for r in a.refused if r.grant.principal.id == principal)
    for kind in (Answer.YES, Answer.CONDITIONAL, Answer.ELIGIBLE, Answer.UNKNOWN):
        fitting = tuple(pair for pair in own if pair[1].answer is kind)
        if fitting:
            return Decision(kind.value, fitting, refused)
    doubts = dict.fromkeys(_doubts(access, principal, answers))
    return Decision("unknown" if doubts else "no", (), refused, tuple(doubts))


def _doubts(access: Access, principal: str, answers: tuple[WhoCan, ...]) -> Iterator[Unknown]:
    """What could still make it a yes: a group that can, an unread role, unread eligibility."""
    for answer in answers:
        for grant in answer.grants:
            if grant.principal.kind == "group":
                inside = access.directory.is_member(principal, grant.principal.id)
                if isinstance(inside, Unknown):
                    yield inside
        for holding in access.what_can(principal, answer.scope).holdings:
            if isinstance(holding.role, Unknown):
                yield holding.role
    if isinstance(access.eligible, Unknown):
        yield access.eligible


_Part: TypeAlias = Callable[[Workload], Iterable[Resource]]
_TALKED_TO: tuple[_Part, ...] = (lambda w: w.gateways, lambda w: w.chat_uis)
_GUARDED: tuple[_Part, ...] = (
    lambda w: (*w.storages, *w.other_storages),
    lambda w: w.vaults,
    lambda w: w.registries,
    lambda w: w.workspaces,
    lambda w: w.openai,
    lambda w: w.searches,
    lambda w: w.sites,
    lambda w: w.online_endpoints,
    lambda w: w.jump_boxes,
)


def _seen(workload: Workload, parts: Iterable[_Part], gaps: dict[Unknown, None]) -> Iterator[Resource]:
    """What plays these parts; as far as it is seen, where a list was not read: that hides none of the others."""
    for part in parts:
        found: tuple[Resource, ...] = ()
        try:
            found = tuple(part(workload))
        except NotKnown as gap:
            gaps[gap.unknown] = None
            with suppress(NotKnown):
                found = tuple(part(workload.as_seen))
        yield from found


def exposed(estate: Estate) -> tuple[tuple[tuple[Resource, str], ...], tuple[Unknown, ...]]:
    """The parts that the Internet talks to, each with the object ids that it runs as: gateways and chat UIs.

    The second part says why there may be more.
    """
    found: dict[tuple[Resource, str], None] = {}
    gaps: dict[Unknown, None] = {}
    for workload in workloads_of_any(estate):
        for carrier in _seen(workload, _TALKED_TO, gaps):
            try:
                found |= {(carrier, identity.principal): None for identity in identities_of(estate, carrier)}
            except NotKnown as gap:
                gaps[gap.unknown] = None
    return tuple(found), tuple(gaps)


def outside_of(estate: Estate, reaches: Iterable[Reach]) -> tuple[tuple[Principal, Federated], ...]:
    """Who outside of Azure can act as one of the identities that reach something, by federated credentials."""
    found: dict[tuple[str, ArmId], tuple[Principal, Federated]] = {}
    for who in (reach.grant.principal for reach in reaches):
        own = who.resource
        for each in federated(estate, own.id) if own is not None and own.type == IDENTITY else ():
            found.setdefault((who.id, each.resource.id), (who, each))
    return tuple(found.values())


def scopes_to_guard(estate: Estate) -> tuple[tuple[ArmId, ...], tuple[Unknown, ...]]:
    """Where control of the workload is decided: the groups that its parts are in, and the parts themselves.

    The second part says which parts could not be determined.
    """
    found: set[ArmId] = set()
    gaps: dict[Unknown, None] = {}
    for workload in workloads_of_any(estate):
        for resource in _seen(workload, _GUARDED, gaps):
            found |= {resource.id, group_of(resource.id)}
    return tuple(sorted(found)), tuple(gaps)
