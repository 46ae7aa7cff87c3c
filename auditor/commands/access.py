"""`auditor access`: who can do what on which scope, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from auditor.commands.options.output import (
    page_options,
    page_width,
    write_json,
    write_page,
)
from auditor.model import ArmId, AuditorError, ExitCode, NotKnown

if TYPE_CHECKING:
    from auditor.access.effective import Access
    from auditor.estate import Estate


@click.command()
@click.argument("snapshot", type=click.Path(path_type=Path))
@click.option("--principal", metavar="ID|NAME", help="An object id, an identity, a group, or what runs as an identity.")
@click.option("--action", metavar="OPERATION", help="An operation of a provider; wildcards ask for any that fits.")
@click.option("--scope", metavar="ID|NAME", help="A resource, a group, a subscription, a management group, or /.")
@click.option(
    "--plane",
    type=click.Choice(["control", "data"]),
    help="Whether the operation is a data action; looked up if not given.",
)
@click.option("--blast-radius", is_flag=True, help="What whoever takes over the identity can do next, step by step.")
@page_options
def access(
    snapshot: Path,
    *,
    principal: str | None,
    action: str | None,
    scope: str | None,
    plane: str | None,
    blast_radius: bool,
    format: str,
    output: Path | None,
) -> None:
    """Who can do what on which scope, and why: the assignment, the role, its permission set and the pattern in it.

    Counts what is inherited, groups as far as their members are in the snapshot, deny assignments, conditions (which
    are not evaluated) and eligible assignments (which have to be activated).

    \b
    auditor access s.json                                     who reaches control, keys and data of the workload
    auditor access s.json --action Microsoft.KeyVault/vaults/secrets/getSecret/action --scope kv-aibase
    auditor access s.json --principal id-app-aibase           what an identity holds, anywhere
    auditor access s.json --principal id-app-aibase --action Microsoft.Storage/storageAccounts/listKeys/action
    auditor access s.json --principal id-app-aibase --blast-radius
    auditor access s.json --blast-radius                      of every part that the Internet talks to
    """
    from auditor.estate import build_estate
    from auditor.query.access import check_action, find_scope, open_access
    from auditor.snapshot import read_snapshot

    if blast_radius and (action or scope):
        raise AuditorError("--blast-radius follows every operation everywhere", "leave --action and --scope out")
    if plane and not action:
        raise AuditorError("--plane says what kind of operation --action is", "give --action too")
    estate = build_estate(read_snapshot(snapshot))
    book = open_access(estate)
    data = None if plane is None else plane == "data"
    place = find_scope(estate, scope) if scope else None
    asked = _Asked(principal, check_action(action) if action else None, place, data, blast_radius)
    try:
        body, lines = _answer(estate, book, asked)
    except NotKnown as gap:
        needs = f"the snapshot needs {gap.unknown.permission}" if gap.unknown.permission else ""
        raise AuditorError(f"this cannot be told: {gap.unknown.because}", needs, ExitCode.INCOMPLETE) from gap
    if format == "json":
        from auditor.query.access_json import FORMAT

        write_json({"format": FORMAT, **body}, output)
    else:
        from auditor.query.access_text import fitted

        write_page(fitted(lines, page_width(output)), output)


_Told = tuple[dict[str, Any], list[str]]


class _Asked(NamedTuple):
    principal: str | None
    action: str | None
    scope: ArmId | None
    data: bool | None
    blast_radius: bool


def _answer(estate: Estate, book: Access, asked: _Asked) -> _Told:
    if asked.blast_radius:
        return _blast(estate, book, asked.principal)
    if asked.action:
        return _who(book, asked.action, asked.scope, asked.principal, asked.data)
    if asked.principal:
        return _what(book, asked.principal, asked.scope)
    return _overview(estate, asked.scope)


def _who(book: Access, action: str, scope: ArmId | None, principal: str | None, data: bool | None) -> _Told:
    from auditor.query import access_json as as_json
    from auditor.query.access import decide, find_principal, who_can_anywhere
    from auditor.query.access_text import decision_lines, who_lines

    answers = [book.who_can(action, scope, data)] if scope else [a for _, a in who_can_anywhere(book, action, data)]
    if principal is None:
        return {"who_can": [as_json.who_json(answer) for answer in answers]}, list(who_lines(action, answers, scope))
    who = find_principal(book, principal)
    decision = decide(book, who.id, answers)
    body = {
        "principal": as_json.principal_json(who),
        "action": action,
        "scope": scope.text if scope else None,
        "answer": decision.answer,
        "grants": [as_json.grant_json(grant, where) for where, grant in decision.grants],
        "denied": [as_json.refusal_json(refusal, where) for where, refusal in decision.refused],
        "doubts": [as_json.unknown_json(doubt) for doubt in decision.doubts],
    }
    return body, list(decision_lines(who, action, scope, decision))


def _what(book: Access, principal: str, scope: ArmId | None) -> _Told:
    from auditor.access.federation import federated, unread_federation
    from auditor.access.principals import IDENTITY
    from auditor.query.access import find_principal
    from auditor.query.access_json import what_json
    from auditor.query.access_text import what_lines

    who = find_principal(book, principal)
    answer = book.what_can(who.id, scope)
    effective = book.effective(who.id, scope) if scope else None
    own = who.resource.id if who.resource is not None and who.resource.type == IDENTITY else None
    outside = federated(book.estate, own) if own is not None else ()
    unread = unread_federation(book.estate, own) if own is not None else None
    body = what_json(answer, effective, outside, unread)
    return body, list(what_lines(answer, effective, outside, unread))


def _blast(estate: Estate, book: Access, principal: str | None) -> _Told:
    from auditor.access.blast_radius import blast_radius
    from auditor.query.access import exposed, find_principal
    from auditor.query.access_json import blast_json
    from auditor.query.access_text import blast_lines

    starts = [(None, find_principal(book, principal).id)] if principal else list(exposed(estate))
    if not starts:
        raise AuditorError(
            "no part of this snapshot that the Internet talks to runs as an identity", "name one: --principal ID|NAME"
        )
    found = [(part, blast_radius(estate, id_)) for part, id_ in starts]
    lines = [line for part, radius in found for line in (*blast_lines(part, radius), "")]
    return {"blast_radius": [blast_json(radius, part) for part, radius in found]}, lines[:-1]


def _overview(estate: Estate, scope: ArmId | None) -> _Told:
    from auditor.access.escalation import who_reaches
    from auditor.query.access import scopes_to_guard
    from auditor.query.access_json import reach_json, unknown_json
    from auditor.query.access_text import overview_lines

    scopes = (scope,) if scope else scopes_to_guard(estate)
    if not scopes:
        raise AuditorError("this snapshot has no workload to guard", "ask of a place: --scope ID|NAME")
    reaches, gaps = who_reaches(estate, scopes)
    body = {
        "scopes": [place.text for place in scopes],
        "reaches": [reach_json(reach) for reach in reaches],
        "gaps": [unknown_json(gap) for gap in gaps],
    }
    return body, list(overview_lines(scopes, reaches, gaps))
