"""The result as Markdown that fits a pull request comment, and in which no name can ping, link or format anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from auditor.model import AuditResult, Finding, Outcome, Read
from auditor.report.cause_text import closes, commands, proof_of, title
from auditor.report.chain_text import chain_title, cut_causes, cut_sentence, heading
from auditor.report.context import Context, is_problem
from auditor.report.controls.markdown import lines_of
from auditor.report.digest import OPTIONAL, Digest, Family, ended, moment_of
from auditor.text.sanitise import (
    OUTCOME_WORDS,
    accepted_by,
    counted,
    line,
    outcome_counts,
    subject,
    visible_lines,
)

MAX_BYTES = 65_000
"""GitHub refuses a comment of more than 65,536 characters; bytes are counted, to be safe with hosts that do."""

Weight = tuple[int, bool, int, int]
"""How bad a finding is, as `Digest.weight` tells it."""

# What means something within a line (GFM spec 6, and GitHub's math); no text of others ever begins a line.
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~$&])")
# Escapes do not keep hosts from making mentions, issue numbers and addresses of text; an empty character between does.
_REFERENCE = re.compile(r"(?<=[@#])(?=\w)|(?<=\w)(?=://)|(?<=\bwww)(?=\.)|(?<=\bGH)(?=-\d)", re.IGNORECASE)
_BREAK = "\u200b"


def render(result: AuditResult, context: Context | None = None) -> str:
    """Verdict, what to do first, the problems of each family in a table.

    Where not everything fits, the worst of all families is kept and the rest is counted.
    """
    wanted = context or Context()
    digest = Digest(result, wanted.fail_on)
    head = "\n".join((*_head(digest), *lines_of(result, wanted, escape)))
    tail = "\n".join(_tail(digest))
    room = MAX_BYTES - len(head.encode()) - len(tail.encode()) - 200
    body, left_out = _worst(_tables(digest, wanted), room)
    if left_out:
        body.append(f"\n_{counted(left_out, 'finding')} not shown here; the full report has them._\n")
    return "\n".join((head, *body, tail)).rstrip() + "\n"


def fit(rows: Iterator[tuple[str, int]], room: int) -> tuple[list[str], int]:
    """Rows as long as there is room, and how many findings were left out."""
    kept: list[str] = []
    left_out = 0
    for text, findings in rows:
        size = len(text.encode()) + 1
        if left_out or size > room:
            left_out += findings
            continue
        room -= size
        kept.append(text)
    return kept, left_out


def _head(digest: Digest) -> Iterator[str]:
    result = digest.result
    mark = OUTCOME_WORDS[digest.verdict]
    yield f"## {escape(result.baseline.name)}: {mark.lower() if result.missing else mark}\n"
    yield f"**{escape(digest.headline)}**\n"
    if result.missing:
        return
    yield from _chains(digest)
    yield from _do_first(digest)


def _chains(digest: Digest) -> Iterator[str]:
    """From the Internet or a weak identity to data or control, and what breaks that."""
    if not digest.result.chains:
        return
    yield f"### {heading(digest.result)}\n"
    for chain in digest.result.chains:
        assumed = f" (if {escape('; '.join(chain.assumes))})" if chain.assumes else ""
        yield f"- **{chain.severity}** {escape(chain_title(chain))}{assumed}"
    yield f"\n{escape(cut_sentence(digest))}\n"
    for cause in cut_causes(digest):
        yield f"- {escape(title(cause))}"
    yield ""


def _do_first(digest: Digest) -> Iterator[str]:
    """The first causes, each with all that it closes and its fix."""
    if not digest.first:
        return
    yield "### Do first\n"
    for number, cause in enumerate(digest.first, 1):
        worst = cause.worst
        what = f"{escape(title(cause))}: closes " if cause.changes else ""
        exposed = f", exposed: {cause.exposure.value}" if cause.exposure.value else ""
        head = f"**{closes(cause)}** ({cause.severity}{exposed}) on {code(subject(worst))}"
        yield f"{number}. {what}{head}: {_message(worst)}"
        proof = proof_of(cause, digest.result)
        for command in commands(cause)[:_COMMANDS]:
            yield f"   {_fix(command)}{f' ({escape(proof)})' if proof else ''}"
            proof = ""
        if (more := len(commands(cause)) - _COMMANDS) > 0:
            yield f"   and {counted(more, 'more command')}: `auditor fix` prints them"
    yield ""


_COMMANDS = 3
"""How many commands of one fix a comment shows."""


class _Table(NamedTuple):
    """A heading, and rows with what they weigh: the least is the worst."""

    head: str
    rows: list[tuple[Weight, str]]


def _tables(digest: Digest, context: Context) -> list[_Table]:
    tables = []
    for family in digest.families:
        shown = [f for f in family.rows if context.verbose or is_problem(f)]
        tables.append(_Table(_family_head(family), [(digest.weight(f), _row(f)) for f in shown]))
    waived = digest.of(Outcome.WAIVED)
    tables.append(_Table("\n### Waived\n", [(digest.weight(f), _waived(f)) for f in waived]))
    return tables


def _worst(tables: list[_Table], room: int) -> tuple[list[str], int]:
    """The lines for as many rows as there is room for, worst first of all tables; and how many rows are left out."""
    order = sorted((weight, t, r) for t, table in enumerate(tables) for r, (weight, _) in enumerate(table.rows))
    kept: dict[int, set[int]] = {}
    taken = 0
    for _, t, r in order:
        head = 0 if t in kept else len(tables[t].head.encode()) + 1
        room -= head + len(tables[t].rows[r][1].encode()) + 1
        if room < 0:
            break
        kept.setdefault(t, set()).add(r)
        taken += 1
    lines = [text for t in sorted(kept) for text in (tables[t].head, *(tables[t].rows[r][1] for r in sorted(kept[t])))]
    return lines, len(order) - taken


def _waived(finding: Finding) -> str:
    whose = f"{escape(accepted_by(finding))}; " if finding.waiver is not None else ""
    return f"- **{finding.requirement}** on {code(subject(finding))}: {whose}{_message(finding)}"


def _fix(remedy: str) -> str:
    """A command in a code span, to be copied as it is; a sentence as one."""
    return f"Fix: {code(line(remedy, 500)) if remedy.startswith('az ') else escape(line(remedy, 500))}"


def _message(finding: Finding) -> str:
    return escape(line(finding.verdict.message, 400))


def _family_head(family: Family) -> str:
    return (
        f"\n### {escape(family.title)}\n\n{outcome_counts(family.counts)}\n\n"
        "| Outcome | Severity | Requirement | Resource | Why |\n| --- | --- | --- | --- | --- |"
    )


def _row(finding: Finding) -> str:
    verdict = finding.verdict
    why = "_recommended:_ " if finding.outcome is Outcome.FAIL and finding.level in OPTIONAL else ""
    why += _message(finding)
    if verdict.unknown is not None and verdict.unknown.permission:
        why += f"; needs {code(line(verdict.unknown.permission, 120))}"
    cells = (OUTCOME_WORDS[finding.outcome], finding.severity, finding.requirement, code(subject(finding)), why)
    return f"| {' | '.join(cells)} |"


def _tail(digest: Digest) -> Iterator[str]:
    result = digest.result
    if result.missing:
        return
    checks = digest.of(Outcome.MANUAL)
    if checks:
        yield f"\n<details><summary>{counted(len(checks), 'manual check')}</summary>\n"
        yield from _first(50, [_check(finding, result) for finding in checks], "manual check")
        yield "\n</details>\n"
    yield from _first(20, [f"note: {escape(line(note, 300))}" for note in result.notes], "note")
    told = [f"retirement: {escape(line(says, 300))} ({escape(line(', '.join(n), 200))})" for says, n in ended(result)]
    yield from _first(20, told, "retirement")
    if result.not_implemented:
        yield f"\n{counted(len(result.not_implemented), 'requirement')} without a rule yet: not checked.\n"
    yield from _first(10, [_failed(read) for read in result.snapshot.failed_reads], "failed read")
    yield f"\n_{_about(result)}_"


def _first(most: int, rows: Sequence[str], what: str) -> Iterator[str]:
    """The first rows, and how many are left out."""
    yield from (f"- {row}" for row in rows[:most])
    if len(rows) > most:
        yield f"- {counted(len(rows) - most, f'more {what}')}: see the JSON report"


def _check(finding: Finding, result: AuditResult) -> str:
    statement = escape(line(result.requirements[finding.requirement].statement, 300))
    return f"**{finding.requirement}** {statement}: {escape(line(finding.verdict.message, 300))}"


def _failed(read: Read) -> str:
    needs = f", needs {code(line(read.permission, 120))}" if read.permission else ""
    return f"could not be read: {code(line(read.path, 200))} ({escape(line(read.error, 100))}{needs})"


def _about(result: AuditResult) -> str:
    snapshot = result.snapshot
    said = moment_of(result, line(snapshot.collected_at, 40))
    taken = f" {escape(said)}" if said else ""
    seen = counted(snapshot.documents, "document")
    name = f"{escape(line(result.baseline.name, 80))} {escape(line(result.baseline.version, 40))}"
    return f"{name} on a snapshot{taken} with {seen}: {outcome_counts(result.summary)}"


def escape(text: str) -> str:
    """Text that stands as it is, wherever in Markdown it stands; what it holds is made visible first."""
    shown = _REFERENCE.sub(_BREAK, visible_lines(text).replace("\n", " "))
    return _SPECIAL.sub(r"\\\1", shown)


def code(text: str) -> str:
    """A code span, which also takes the meaning from mentions and links; safe inside a table's cell."""
    shown = visible_lines(text).replace("\n", " ").replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}" if shown.strip() else "` `"
