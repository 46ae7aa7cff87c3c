"""The result as a workbook: an action plan to be filled in, every finding, what is unknown, frameworks and controls.

Every cell is text, a number or a date: nothing in it can become a formula or a link.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.frameworks.rollup import WORDS, FrameworkView, Status, framework_views
from auditor.model import AuditorError, AuditResult, Outcome
from auditor.report.context import Context
from auditor.report.csv_ import COLUMNS, row_of
from auditor.report.digest import OPTIONAL, Digest, Step
from auditor.text.sanitise import OUTCOME_WORDS, clip, joined, line, one_line, subject, visible_lines

if TYPE_CHECKING:
    from xlsxwriter import Workbook

_MAX_CELL = 32_000
"""Excel holds 32,767 characters a cell."""

_STATES = ("open", "in work", "done", "accepted")
_OLDEST = datetime(1980, 1, 1)  # noqa: DTZ001 - a workbook's times have no zone
_COLOURS = {
    "FAIL": "#F6C9C5", "ERROR": "#E7CDEB", "UNKNOWN": "#FBE7B2", "WAIVED": "#D3E5F7", "PASS": "#D5EBD8",
    "not satisfied": "#F6C9C5", "not determined": "#FBE7B2", "satisfied": "#D5EBD8", "not covered": "#E5E8EC",
}  # fmt: skip


class _Sheet(NamedTuple):
    """A table: its name, its columns with their widths, its rows. `colour` is the column that says how it came out."""

    name: str
    columns: tuple[tuple[str, int], ...]
    rows: Sequence[Sequence[str | int]]
    colour: int = -1
    choice: int = -1
    """The column that a person fills in with one of `_STATES`."""


def render(result: AuditResult, context: Context | None = None) -> bytes:
    """The workbook. Raises `AuditorError` where XlsxWriter is not installed."""
    try:
        from xlsxwriter import Workbook
    except ImportError as problem:
        raise AuditorError("XlsxWriter is not installed", "pip install 'azure-chat-auditor[xlsx]'") from problem
    wanted = context or Context()
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(out, options) as book:
        book.set_properties({"title": f"auditor: {line(result.baseline.name, 80)}", "created": _made(result)})
        book.set_size(2400, 1400)
        _front(book, Digest(result, wanted.fail_on), wanted)
        for sheet in _sheets(result, wanted):
            _table(book, sheet)
    return out.getvalue()


def _made(result: AuditResult) -> datetime:
    """When the snapshot was taken, so that the same result gives the same bytes."""
    try:
        found = datetime.fromisoformat(result.snapshot.collected_at)
    except ValueError:
        return _OLDEST
    return max((found.astimezone(UTC) if found.tzinfo else found).replace(tzinfo=None), _OLDEST)


def _front(book: Workbook, digest: Digest, context: Context) -> None:
    """The first sheet: the verdict, what it was made from, and what it does not say."""
    page = book.add_worksheet("Summary")
    bold, wrap = book.add_format({"bold": True, "valign": "top"}), book.add_format({"text_wrap": True, "valign": "top"})
    page.set_column(0, 0, 26)
    page.set_column(1, 1, 110)
    for number, (label, text) in enumerate(_summary(digest, context)):
        page.write_string(number, 0, _cell(label), bold)
        page.write_string(number, 1, _cell(text), wrap)


def _summary(digest: Digest, context: Context) -> Iterator[tuple[str, str]]:
    result = digest.result
    yield "Verdict", OUTCOME_WORDS[digest.verdict]
    yield "In one sentence", digest.headline
    yield "Baseline", f"{result.baseline.name} {result.baseline.version}: {result.baseline.source}"
    yield "Snapshot", f"{result.snapshot.path or result.snapshot.source}, taken {result.snapshot.collected_at or '-'}"
    yield "SHA-256 of the snapshot", result.snapshot.sha256 or "(not sealed)"
    yield "Subscriptions", joined(list(result.snapshot.subscriptions)) or "none named"
    yield from (
        (f"Findings: {word.lower()}", f"{result.summary[outcome]:,}") for outcome, word in OUTCOME_WORDS.items()
    )
    yield "Unknown", "could not be determined: a read was refused or failed, or a setting is not understood. No pass."
    if context.controls.frameworks:
        yield "Frameworks", "A requirement that holds supports a control; it does not show that the control is met."
    if not result.snapshot.complete:
        yield "Incomplete", "The collection of the snapshot was interrupted: what is not in it may still exist."
    yield from (("Note", note) for note in result.notes)


def _sheets(result: AuditResult, context: Context) -> Iterator[_Sheet]:
    digest = Digest(result, context.fail_on)
    yield _plan(digest, context)
    ids = tuple(context.controls.frameworks)
    columns = (*((name, _width(name)) for name in COLUMNS), *((line(id_, 60), 18) for id_ in ids))
    rows = [row_of(finding, result, context.controls) for finding in result.findings]
    yield _Sheet("Findings", columns, rows, colour=COLUMNS.index("outcome"))
    yield _gaps(digest)
    views = framework_views(result, context.controls) if not result.missing else ()
    if views:
        yield _frameworks(views)
        yield _controls(views)


def _width(column: str) -> int:
    return {"statement": 50, "message": 70, "resource": 60, "evidence": 50, "remediation": 60}.get(column, 16)


def _plan(digest: Digest, context: Context) -> _Sheet:
    """A row for each requirement that fails, what to do first at the top; who, when and how far is left to fill in."""
    columns = (
        ("no", 5), ("requirement", 14), ("severity", 10), ("demand", 14), ("what is asked", 50), ("where", 40),
        ("findings", 9), ("what is wrong", 70), ("fix", 70), ("controls", 40), ("owner", 18), ("due", 12),
        ("state", 10), ("remark", 30),
    )  # fmt: skip
    rows = [_step(number, step, context) for number, step in enumerate(digest.steps, 1)]
    return _Sheet("Action plan", columns, rows, choice=12)


def _step(number: int, step: Step, context: Context) -> tuple[str | int, ...]:
    worst = step.findings[0]
    where = list(dict.fromkeys(subject(finding) for finding in step.findings))
    supported = context.controls.of(step.requirement.id).controls
    return (
        number,
        step.requirement.id,
        worst.severity,
        "recommended" if worst.level in OPTIONAL else "required",
        step.requirement.statement,
        ", ".join(where),
        len(step.findings),
        worst.verdict.message,
        one_line(worst.verdict.remediation),
        "; ".join(f"{framework}: {', '.join(ids)}" for framework, ids in supported.items()),
        "",
        "",
        _STATES[0],
        "",
    )


def _gaps(digest: Digest) -> _Sheet:
    columns = (("permission", 60), ("because", 80), ("findings", 9), ("requirements", 60))
    rows = [
        (
            gap.permission,
            gap.because,
            len(gap.findings),
            ", ".join(dict.fromkeys(finding.requirement for finding in gap.findings)),
        )
        for gap in digest.gaps
    ]
    return _Sheet("Unknown", columns, rows)


def _frameworks(views: Iterable[FrameworkView]) -> _Sheet:
    columns = (
        ("framework", 22),
        ("name", 50),
        *((WORDS[status], 15) for status in Status),
        ("share", 90),
        ("mapping", 60),
    )
    rows = [
        (
            view.framework.id,
            view.framework.name,
            *(
                view.counts[status]
                if status is not Status.NOT_COVERED or view.framework.size is not None
                else "not known"
                for status in Status
            ),
            view.share,
            view.framework.quality,
        )
        for view in views
    ]
    return _Sheet("Frameworks", columns, rows)


def _controls(views: Iterable[FrameworkView]) -> _Sheet:
    columns = (
        ("framework", 22), ("control", 14), ("title", 50), ("status", 15), ("not met", 40), ("not determined", 40),
        ("requirements", 60),
    )  # fmt: skip
    rows = []
    for view in views:
        for control in view.controls:
            broken = [f.requirement for f in control.findings if f.outcome in (Outcome.FAIL, Outcome.WAIVED)]
            unsettled = [
                f.requirement for f in control.findings if f.outcome in (Outcome.UNKNOWN, Outcome.ERROR, Outcome.MANUAL)
            ]
            rows.append(
                (
                    view.framework.id,
                    control.id,
                    control.title,
                    WORDS[control.status],
                    ", ".join(dict.fromkeys(broken)),
                    ", ".join(dict.fromkeys((*unsettled, *control.undecided))),
                    ", ".join(control.requirements),
                )
            )
    return _Sheet("Controls", columns, rows, colour=3)


def _table(book: Workbook, sheet: _Sheet) -> None:
    page = book.add_worksheet(sheet.name)
    head = book.add_format({"bold": True, "bg_color": "#DDE3EA", "valign": "top"})
    body = book.add_format({"text_wrap": True, "valign": "top"})
    for number, (title, width) in enumerate(sheet.columns):
        page.set_column(number, number, width)
        page.write_string(0, number, _cell(title), head)
    for row, values in enumerate(sheet.rows, 1):
        for column, value in enumerate(values):
            _write(page, row, column, value, body)
    last, width = max(len(sheet.rows), 1), len(sheet.columns) - 1
    page.freeze_panes(1, 2)
    page.autofilter(0, 0, last, width)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    if sheet.choice >= 0:
        page.data_validation(1, sheet.choice, last, sheet.choice, {"validate": "list", "source": list(_STATES)})
    if sheet.colour >= 0:
        _coloured(book, page, sheet.colour, last)


def _write(page: Any, row: int, column: int, value: str | int, form: Any) -> None:
    if isinstance(value, int):
        page.write_number(row, column, value, form)
    elif value:
        page.write_string(row, column, _cell(value), form)
    else:
        page.write_blank(row, column, None, form)


def _coloured(book: Workbook, page: Any, column: int, last: int) -> None:
    """What came out badly is seen at a glance; the word stands there all the same."""
    for word, colour in _COLOURS.items():
        rule = {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": book.add_format({"bg_color": colour})}
        page.conditional_format(1, column, last, column, rule)


def _cell(text: str) -> str:
    return visible_lines(clip(text, _MAX_CELL))
