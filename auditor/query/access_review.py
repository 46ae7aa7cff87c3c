"""Access as assertions and as tables: who may although settings do not allow it, what is new, and all paths to a place.

Each question gives rows of plain words, which a page, JSON and CSV show alike.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from auditor.access.approved import AllowedRole, allowance
from auditor.access.assignments import Hold
from auditor.access.effective import Access
from auditor.access.grants import Grant, Holding
from auditor.access.other_grants import unread_delegations
from auditor.access.paths_to import PathTo
from auditor.access.principals import Principal
from auditor.access.scopes import kind_of
from auditor.model import ArmId, Unknown
from auditor.settings.read import read_settings
from auditor.text.sanitise import cell, line


@dataclass(frozen=True)
class Row:
    """Who may do what where, how certain that is, and the chain that allows it."""

    principal: str
    name: str
    kind: str
    answer: str
    operation: str
    gives: str
    scope: str
    chain: tuple[str, ...]

    @property
    def says(self) -> tuple[str, ...]:
        """For a page: who, what, and the chain below it."""
        who = f"{self.kind or 'principal'} {self.name or self.principal}"
        return f"{self.answer:<12}{line(who)}: {line(self.operation)}", *(f"{'':12}{line(link)}" for link in self.chain)


COLUMNS = ("principal", "name", "kind", "answer", "operation", "gives", "scope", "chain")


def rows_csv(rows: Iterable[Row]) -> str:
    """The rows for a spreadsheet. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        cells = (*(getattr(row, name) for name in COLUMNS[:-1]), "; ".join(row.chain))
        writer.writerow([cell(each) for each in cells])
    return text.getvalue()


def grant_row(grant: Grant, operation: str, gives: str, scope: ArmId) -> Row:
    """One grant as a row."""
    who = grant.principal
    chain = grant.chain(scope)
    return Row(who.id, who.name, who.kind, grant.answer.value, operation, gives, scope.text, chain)


def path_row(path: PathTo) -> Row:
    """One way to a place as a row: its chain has the chains of all steps."""
    who = path.start
    links: list[str] = []
    for step in path.steps:
        chain = step.grant.chain(step.scope)
        links += [f"{chain[0]} at {kind_of(step.scope)} {step.escalation.why}: {step.escalation.operation}", *chain[1:]]
    first = path.steps[0].escalation
    last = path.steps[-1]
    return Row(
        who.id,
        who.name,
        who.kind,
        path.answer.value,
        first.operation,
        last.escalation.gives,
        last.scope.text,
        tuple(links),
    )


def holding_row(who: Principal, holding: Holding) -> Row:
    """A role that somebody holds as a row: the operation is all that it allows."""
    role = holding.role
    allows = "" if isinstance(role, Unknown) else str(role.rights)
    chain = (who.label, f"holds {holding.says}", *([role.because] if isinstance(role, Unknown) else []))
    answer = "unknown" if isinstance(role, Unknown) else _answer_of(holding)
    return Row(who.id, who.name, who.kind, answer, allows, "", holding.assignment.scope.text, chain)


def _answer_of(holding: Holding) -> str:
    if holding.assignment.hold is Hold.ELIGIBLE:
        return "eligible"
    return "conditional" if holding.conditional else "yes"


def allowed_roles(settings: Path) -> tuple[AllowedRole, ...]:
    """The role assignments that a settings file allows. Raises `AuditorError` with every mistake in it."""
    found: dict[AllowedRole, None] = {}
    for terms in read_settings(settings).baseline.terms.values():
        found |= dict.fromkeys(getattr(terms, "besides", ()))
    return tuple(found)


def not_allowed(
    access: Access, action: str, scope: ArmId, data: bool | None, allowed: tuple[AllowedRole, ...]
) -> tuple[tuple[Row, ...], tuple[Unknown, ...]]:
    """Who may do something at a place or inside it, standing or activated, whom settings do not allow.

    A row that says `conditional` or `unknown` is no proof. The second part is what could hide others.
    """
    answer = access.who_can(action, scope, data, below=True)
    rows = []
    approved: set[str] = set()
    for grant in answer.grants:
        if allowance(allowed, access, grant.assignment, grant.principal) is not None:
            approved.add(grant.principal.id)
        elif grant.assignment.hold is not Hold.ELIGIBLE:
            rows.append(grant_row(grant, action, "", scope))
    # Who is in a group that settings allow is settled by allowing the group.
    settled = {gap for group in approved for gap in access.directory.unknown_members(group)}
    gaps = dict.fromkeys(gap for gap in answer.gaps if gap not in settled)
    unread = unread_delegations(access.estate)
    return tuple(rows), (*gaps, *([unread] if unread is not None else []))


def review_lines(title: str, rows: Iterable[Row], none: str, gaps: Iterable[Unknown]) -> Iterator[str]:
    """The rows of a question on a page; `none` is what there is to say where it has none."""
    yield click.style(title, bold=True)
    found = tuple(rows)
    for row in found:
        yield ""
        yield from row.says
    unread = tuple(gaps)
    if not found:
        yield ""
        yield none if not unread else f"{none}, as far as this snapshot shows"
    if unread:
        yield ""
        yield click.style("not known:", fg="magenta")
    for gap in unread:
        yield f"  {line(gap.because)}" + (f"; needs {line(gap.permission)}" if gap.permission else "")
