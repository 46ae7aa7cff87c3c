"""What changed as Markdown that fits a pull request comment, and in which no name can ping, link or format anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.drift.model import Diff
from auditor.drift.report.wording import (
    WORDS,
    about,
    headline,
    sections,
    witness_text,
)
from auditor.report.context import Context
from auditor.report.markdown import (
    MAX_BYTES,
    code,
    escape,
    fit,
)
from auditor.text.sanitise import counted, line


def render(diff: Diff, context: Context | None = None) -> str:
    """The verdict, then topic by topic; what does not fit is counted."""
    head = f"## What changed\n\n**{escape(headline(diff))}**\n"
    tail = "\n".join(_tail(diff))
    room = MAX_BYTES - len(head.encode()) - len(tail.encode()) - 200
    body, left_out = fit(_rows(diff), room)
    if left_out:
        body.append(f"\n_{counted(left_out, 'change')} not shown here; the JSON has them all._\n")
    return "\n".join((head, *body, tail)).rstrip() + "\n"


def _rows(diff: Diff) -> Iterator[tuple[str, int]]:
    for section in sections(diff):
        yield f"\n### {escape(section.title)}\n\n{section.said}\n", 0
        for change in section.changes:
            text = f"- **{WORDS[change.effect]}** {escape(line(change.says, 800))}"
            witness = change.detail.get("witness")
            if isinstance(witness, Mapping):
                text += f"; for instance {code(line(witness_text(witness), 300))}"
            yield text, 1


def _tail(diff: Diff) -> Iterator[str]:
    for note in diff.notes:
        yield f"\n- note: {escape(line(note, 400))}"
    baseline = f"{escape(line(diff.baseline.name, 80))} {escape(line(diff.baseline.version, 40))}"
    yield f"\n_{baseline}: {escape(about(diff.old))} against {escape(about(diff.new))}_"
