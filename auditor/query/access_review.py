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
from auditor.access.grants import Grant
from auditor.access.new_access import NewAccess
from auditor.access.paths_to import PathTo
from auditor.access.scopes import kind_of
from auditor.model import ArmId, Unknown
from auditor.settings.read import read_settings
from auditor.text.sanitise import line


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
        writer.writerow([f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell for cell in cells])
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


def new_row(found: NewAccess) -> Row:
    """New access as a row."""
    who = found.principal
    chain = (who.label, f"holds {found.holding.says}", f"and so may, as it could not before: {found.rights.show(4)}")
    scope = found.holding.assignment.scope.text
    hold = found.holding.assignment.hold
    answer = "eligible" if hold is Hold.ELIGIBLE else "conditional" if found.holding.conditional else "yes"
    return Row(who.id, who.name, who.kind, answer, found.worst or "", "", scope, chain)


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

    The second part is what could hide others.
    """
    answer = access.who_can(action, scope, data, below=True)
    rows = []
    for grant in answer.grants:
        if grant.assignment.hold is Hold.ELIGIBLE:
            continue
        if allowance(allowed, access, grant.assignment, grant.principal) is None:
            rows.append(grant_row(grant, action, "", scope))
    approved = {
        grant.principal.id
        for grant in answer.grants
        if allowance(allowed, access, grant.assignment, grant.principal) is not None
    }
    # Who is in a group that settings allow is settled by allowing the group.
    settled = {gap for group in approved for gap in access.directory.unknown_members(group)}
    return tuple(rows), tuple(gap for gap in answer.gaps if gap not in settled)


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
