"""`auditor access`: who can do what on which scope, and why."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from auditor.commands.options.output import (
    output_option,
    page_width,
    write_json,
    write_page,
    write_text,
)
from auditor.model import ArmId, AuditorError, ExitCode, NotKnown

if TYPE_CHECKING:
    from auditor.access.blast_radius import BlastRadius
    from auditor.access.effective import Access
    from auditor.estate import Estate
    from auditor.model import Resource, Unknown
    from auditor.query.access_review import Row


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
@click.option(
    "--to", "to", metavar="ID|NAME", help="Every path to a resource: which principals reach it, and over which steps."
)
@click.option(
    "--only-allowed",
    "--nobody-but",
    "only_allowed",
    type=click.Path(path_type=Path),
    metavar="SETTINGS",
    help="Assert that only principals that these settings allow can do --action at --scope; exit code 1 if others can.",
)
@click.option(
    "--no-new-than",
    type=click.Path(path_type=Path),
    metavar="OLD",
    help="Assert that no principal can do more than in this older snapshot; exit code 1 if one can.",
)
@click.option("--all", "everything", is_flag=True, help="Leave nothing out of a page that is otherwise cut short.")
@click.option(
    "--format",
    type=click.Choice(["text", "json", "csv"]),
    default="text",
    show_default=True,
    help="CSV has a row for each path: principal, operation, scope and chain, for access reviews.",
)
@output_option
def access(snapshot: Path, *, format: str, output: Path | None, **options: Any) -> ExitCode:
    """Who can do what on which scope, and why: the assignment, the role, its permission set and the pattern in it.

    Counts what is inherited and what is given inside a place, access policies of vaults, Azure Lighthouse, groups as
    far as their members are in the snapshot, deny assignments, conditions as far as the snapshot decides them, and
    eligible assignments (which have to be activated).

    \b
    auditor access s.json                                     who reaches control, keys and data of the workload
    auditor access s.json --action Microsoft.KeyVault/vaults/secrets/getSecret/action --scope kv-aibase
    auditor access s.json --principal id-app-aibase           what an identity holds, anywhere
    auditor access s.json --principal id-app-aibase --action Microsoft.Storage/storageAccounts/listKeys/action
    auditor access s.json --principal id-app-aibase --blast-radius
    auditor access s.json --blast-radius                      of every part that the Internet talks to
    auditor access s.json --to kv-aibase                      every path to a place, over all steps
    auditor access s.json --only-allowed auditor.yaml --action Microsoft.KeyVault/vaults/write --scope kv-aibase
    auditor access new.json --no-new-than old.json            who can do more than before

    Exit codes: 0 answered, or the assertion holds; 1 the assertion is broken; 2 bad usage or bad input; 3 the
    question, or the assertion, cannot be decided by what was read.
    """
    given = _Options(**options)
    given.check()
    asked = _asked(snapshot, given)
    try:
        review = _review(asked, given, format)
        body, lines = _answer(asked) if review is None else review.told
    except NotKnown as gap:
        needs = f"the snapshot needs {gap.unknown.permission}" if gap.unknown.permission else ""
        raise AuditorError(f"this cannot be determined: {gap.unknown.because}", needs, ExitCode.INCOMPLETE) from gap
    _write(format, output, body, lines, review)
    return review.exit_code if review is not None and given.asserts else ExitCode.HOLDS


class _Options(NamedTuple):
    """What was asked for, as it was typed."""

    principal: str | None
    action: str | None
    scope: str | None
    plane: str | None
    blast_radius: bool
    to: str | None
    only_allowed: Path | None
    no_new_than: Path | None
    everything: bool

    @property
    def asserts(self) -> bool:
        """Whether it is an assertion, which an answer breaks."""
        return bool(self.only_allowed or self.no_new_than)

    def check(self) -> None:
        """Raise `AuditorError` where options of different questions are given together, or one lacks another."""
        named = {"--to": self.to, "--only-allowed": self.only_allowed, "--no-new-than": self.no_new_than}
        questions = [name for name, value in named.items() if value]
        if self.blast_radius and (self.action or self.scope):
            raise AuditorError("--blast-radius follows every operation everywhere", "leave --action and --scope out")
        if len(questions) > 1 or (questions and (self.principal or self.blast_radius)):
            raise AuditorError(f"{questions[0]} is a question of its own", "ask one question at a time")
        if questions and questions != ["--only-allowed"] and (self.action or self.scope):
            raise AuditorError(f"{questions[0]} counts every operation", "leave --action and --scope out")
        if self.only_allowed and not (self.action and self.scope):
            raise AuditorError("--only-allowed asserts who can do --action at --scope", "give --action and --scope too")
        if self.plane and not self.action:
            raise AuditorError("--plane says what kind of operation --action is", "give --action too")


class _Asked(NamedTuple):
    """A question with everything in it looked up: the access of which estate, of whom, what, and where."""

    estate: Estate
    book: Access
    principal: str | None
    action: str | None
    scope: ArmId | None
    data: bool | None
    blast_radius: bool
    everything: bool


def _asked(snapshot: Path, given: _Options) -> _Asked:
    """Read the snapshot and look up what was typed. Raises `AuditorError`."""
    from auditor.estate import build_estate
    from auditor.query.access import check_action, find_scope, open_access
    from auditor.snapshot import read_snapshot

    estate = build_estate(read_snapshot(snapshot))
    book = open_access(estate)
    data = None if given.plane is None else given.plane == "data"
    place = find_scope(estate, given.scope) if given.scope else None
    action = check_action(given.action, book, place, plane_is_given=given.plane is not None) if given.action else None
    return _Asked(estate, book, given.principal, action, place, data, given.blast_radius, given.everything)


def _review(asked: _Asked, given: _Options, format: str) -> _Review | None:
    """The rows of a question that has rows: an assertion, the ways to a place, or any as CSV; `None` for others."""
    from auditor.query.access import find_scope

    if given.to:
        return _to(asked.estate, find_scope(asked.estate, given.to))
    if given.only_allowed and asked.action and asked.scope:
        return _only_allowed(asked.book, given.only_allowed, asked.action, asked.scope, asked.data)
    if given.no_new_than:
        return _no_new_than(asked.estate, given.no_new_than)
    return _table(asked) if format == "csv" else None


def _write(form: str, output: Path | None, body: dict[str, Any], lines: list[str], review: _Review | None) -> None:
    from auditor.query.access_json import FORMAT
    from auditor.query.access_review import rows_csv
    from auditor.query.access_text import fitted

    if form == "csv" and review is not None:
        write_text(rows_csv(review.rows), output)
    elif form == "json":
        write_json({"format": FORMAT, **body}, output)
    else:
        write_page(fitted(lines, page_width(output)), output)


_Told = tuple[dict[str, Any], list[str]]


class _Review(NamedTuple):
    """Rows of an answer, what could hide more of them, and the title and the words for none of them."""

    rows: tuple[Row, ...]
    gaps: tuple[Unknown, ...]
    title: str
    none: str

    @property
    def exit_code(self) -> ExitCode:
        """Of an assertion: a row that is certain breaks it, and without one what is not known leaves it open."""
        if any(row.answer in ("yes", "eligible") for row in self.rows):
            return ExitCode.FAILS
        return ExitCode.INCOMPLETE if self.rows or self.gaps else ExitCode.HOLDS

    @property
    def told(self) -> _Told:
        from auditor.query.access_json import unknown_json
        from auditor.query.access_review import review_lines

        rows = [{**asdict(row), "chain": list(row.chain)} for row in self.rows]
        body = {"rows": rows, "gaps": [unknown_json(gap) for gap in self.gaps]}
        return body, list(review_lines(self.title, self.rows, self.none, self.gaps))


def _to(estate: Estate, place: ArmId) -> _Review:
    from auditor.access.paths_to import paths_to
    from auditor.access.scopes import kind_of
    from auditor.query.access_review import path_row

    paths, gaps = paths_to(estate, place)
    where = kind_of(place)
    return _Review(tuple(map(path_row, paths)), gaps, f"every path to {where}", f"no principal reaches {where}")


def _only_allowed(book: Access, settings: Path, action: str, place: ArmId, data: bool | None) -> _Review:
    from auditor.access.scopes import kind_of
    from auditor.query.access_review import allowed_roles, not_allowed

    rows, gaps = not_allowed(book, action, place, data, allowed_roles(settings))
    where = f"{action} on {kind_of(place)}"
    return _Review(rows, gaps, f"who can do {where} and is not allowed by {settings}", "no principal")


def _no_new_than(estate: Estate, old: Path) -> _Review:
    from auditor.drift.new_access import no_new_than
    from auditor.estate import build_estate
    from auditor.query.access_review import Row
    from auditor.snapshot import read_snapshot

    found = no_new_than(build_estate(read_snapshot(old)), estate)
    rows = []
    for answer, several in (("yes", found.gained), ("unknown", found.perhaps)):
        for each in several:
            who, change = each.change.principal, each.change.as_change()
            links = (link for grant in each.grants for link in grant.chain(each.change.scope)[1:])
            chain = (change.says, *links)
            scope = each.change.scope.text
            rows.append(Row(who.id, who.name, who.kind, answer, each.operation, each.gives, scope, chain))
    for other in found.outside:
        detail = other.detail
        answer = "unknown" if detail["unknown"] else "yes"
        rows.append(
            Row(
                detail["subject"],
                detail["issuer"],
                "subject",
                answer,
                "acts as it by a token",
                "identity",
                detail["identity"],
                (other.says,),
            )
        )
    return _Review(tuple(rows), found.gaps, f"what can be done now and could not be in {old}", "nothing new")


def _table(asked: _Asked) -> _Review:
    """The answers as rows: who can, whether one can, what one holds or leads to, or who reaches what."""
    estate, book = asked.estate, asked.book
    if asked.blast_radius:
        return _blast_rows(estate, book, asked.principal)
    if asked.principal and not asked.action:
        return _holding_rows(book, asked.principal, asked.scope)
    from auditor.access.escalation import who_reaches
    from auditor.query.access import find_principal, scopes_to_guard, who_can_anywhere
    from auditor.query.access_review import grant_row

    if asked.action:
        scope, action = asked.scope, asked.action
        answers = (
            [book.who_can(action, scope, asked.data)]
            if scope
            else [a for _, a in who_can_anywhere(book, action, asked.data)]
        )
        who = find_principal(book, asked.principal).id if asked.principal else ""
        rows = [
            grant_row(grant, action, "", answer.scope)
            for answer in answers
            for grant in answer.grants
            if not who or grant.principal.id == who
        ]
        return _Review(tuple(rows), tuple(gap for answer in answers for gap in answer.gaps), "", "")
    scopes, unread = ((asked.scope,), ()) if asked.scope else scopes_to_guard(estate)
    reaches, gaps = who_reaches(estate, scopes)
    found = (grant_row(r.grant, r.escalation.operation, r.escalation.gives, r.scope) for r in reaches)
    return _Review(tuple(found), (*gaps, *unread), "", "")


def _holding_rows(book: Access, principal: str, scope: ArmId | None) -> _Review:
    from auditor.query.access import find_principal
    from auditor.query.access_review import holding_row

    who = find_principal(book, principal)
    answer = book.what_can(who.id, scope)
    return _Review(tuple(holding_row(who, holding) for holding in answer.holdings), answer.gaps, "", "")


def _blast_rows(estate: Estate, book: Access, principal: str | None) -> _Review:
    from auditor.query.access_review import grant_row

    found, unseen = _radii(estate, book, principal)
    steps = (step for _, radius in found for step in radius.steps)
    rows = (grant_row(step.grant, step.escalation.operation, step.escalation.gives, step.target) for step in steps)
    gaps = (*unseen, *(gap for _, radius in found for gap in radius.gaps))
    return _Review(tuple(rows), tuple(dict.fromkeys(gaps)), "", "")


def _answer(asked: _Asked) -> _Told:
    estate, book = asked.estate, asked.book
    if asked.blast_radius:
        return _blast(estate, book, asked)
    if asked.action:
        return _who(book, asked.action, asked.scope, asked.principal, asked.data)
    if asked.principal:
        return _what(book, asked.principal, asked.scope, asked.everything)
    return _overview(estate, asked.scope, asked.everything)


def _who(book: Access, action: str, scope: ArmId | None, principal: str | None, data: bool | None) -> _Told:
    from auditor.access.narrowest import role_for
    from auditor.query import access_json as as_json
    from auditor.query.access import decide, find_principal, who_can_anywhere
    from auditor.query.access_text import decision_lines, who_lines

    answers = [book.who_can(action, scope, data)] if scope else [a for _, a in who_can_anywhere(book, action, data)]
    narrowest = role_for(action, answers[0].planes) if answers else None
    if principal is None:
        body = {"who_can": [as_json.who_json(answer) for answer in answers], **as_json.narrowest_json(narrowest)}
        return body, list(who_lines(action, answers, scope, narrowest))
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


def _what(book: Access, principal: str, scope: ArmId | None, everything: bool) -> _Told:
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
    return body, list(what_lines(answer, effective, outside, unread, everything=everything))


_Radii = list[tuple["Resource | None", "BlastRadius"]]


def _radii(estate: Estate, book: Access, principal: str | None) -> tuple[_Radii, tuple[Unknown, ...]]:
    """The blast radius of one principal, or of every part that the Internet talks to; and why there may be more."""
    from auditor.access.blast_radius import blast_radius
    from auditor.query.access import exposed, find_principal

    if principal:
        return [(None, blast_radius(estate, find_principal(book, principal).id))], ()
    parts, unseen = exposed(estate)
    if not parts:
        raise AuditorError(
            "no part of this snapshot that the Internet talks to runs as an identity", "name one: --principal ID|NAME"
        )
    return [(part, blast_radius(estate, id_)) for part, id_ in parts], unseen


def _blast(estate: Estate, book: Access, asked: _Asked) -> _Told:
    from auditor.query.access_json import blast_json, unknown_json
    from auditor.query.access_text import blast_lines, gap_lines

    found, unseen = _radii(estate, book, asked.principal)
    lines = [line for part, radius in found for line in (*blast_lines(part, radius, asked.everything), "")]
    body: dict[str, Any] = {"blast_radius": [blast_json(radius, part) for part, radius in found]}
    if unseen:
        body["gaps"] = [unknown_json(gap) for gap in unseen]
    return body, [*lines[:-1], *gap_lines(unseen)]


def _overview(estate: Estate, scope: ArmId | None, everything: bool) -> _Told:
    from auditor.access.escalation import who_reaches
    from auditor.query.access import outside_of, scopes_to_guard
    from auditor.query.access_json import federated_json, principal_json, reach_json, unknown_json
    from auditor.query.access_text import overview_lines

    scopes, unread = ((scope,), ()) if scope else scopes_to_guard(estate)
    if not scopes:
        raise AuditorError("this snapshot has no workload to guard", "ask of a place: --scope ID|NAME")
    reaches, gaps = who_reaches(estate, scopes)
    gaps = (*gaps, *unread)
    outside = outside_of(estate, reaches)
    body = {
        "scopes": [place.text for place in scopes],
        "reaches": [reach_json(reach) for reach in reaches],
        "gaps": [unknown_json(gap) for gap in gaps],
        "outside": [{"principal": principal_json(who), **federated_json(each)} for who, each in outside],
    }
    return body, list(overview_lines(scopes, reaches, gaps, everything, outside))
