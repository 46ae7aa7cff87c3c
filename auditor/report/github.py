"""Annotations of a GitHub Actions run: one workflow command a finding.

GitHub shows ten errors, ten warnings and ten notices a step (docs.github.com "Workflow commands", actions/toolkit
issue 1186), so the worst come first and a last line counts the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from auditor.model import AuditResult, Finding, Outcome, WaiverUse
from auditor.report.context import (
    Context,
    Spot,
    is_problem,
    spot,
)
from auditor.report.digest import OPTIONAL, Digest, remarks_of
from auditor.text.sanitise import line, one_line, subject

SHOWN = 10
"""Annotations of one kind that GitHub shows for a step."""


def render(result: AuditResult, context: Context | None = None) -> str:
    """`::error`, `::warning` and `::notice` lines, then one line that sums up."""
    wanted = context or Context()
    digest = Digest(result, wanted.fail_on)
    said = [("notice", _command("notice", "auditor", digest.headline))] if result.missing else []
    said += [("warning", _about_waiver(use)) for use in result.waivers if use.problem]
    said += [_about(finding, result, wanted) for finding in digest.of(Outcome.FAIL, Outcome.ERROR)]
    # Before the unknowns, so that these do not take the places: what was allowed must be seen.
    said += [("notice", _command("notice", "note", line(note))) for note in remarks_of(result)]
    said += [_about(finding, result, wanted) for finding in digest.of(Outcome.UNKNOWN)]
    lines = list(_shown(said))
    left_out = len(said) - len(lines)
    rest = f" {left_out:,} more are not annotated: GitHub shows {SHOWN} of a kind." if left_out else ""
    return "\n".join([*lines, f"{digest.headline}{rest}"]) + "\n"


def _shown(said: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The first of each kind, as many as GitHub shows."""
    counts: Counter[str] = Counter()
    for kind, text in said:
        counts[kind] += 1
        if counts[kind] <= SHOWN:
            yield text


def _about(finding: Finding, result: AuditResult, context: Context) -> tuple[str, str]:
    kind = _kind(finding)
    title = f"{finding.requirement} ({finding.severity}): {subject(finding)}"
    return kind, _command(kind, title, _message(finding), spot(finding, result, context.repository))


def _about_waiver(use: WaiverUse) -> str:
    return _command("warning", f"{line(use.waiver.requirement, 80)}: waiver", line(use.says))


def _kind(finding: Finding) -> str:
    assert is_problem(finding)
    if finding.outcome is Outcome.UNKNOWN:
        return "notice"
    advice = finding.level in OPTIONAL or finding.severity == "low"
    return "warning" if finding.outcome is Outcome.FAIL and advice else "error"


def _message(finding: Finding) -> str:
    verdict = finding.verdict
    said = [line(verdict.message)]
    if verdict.unknown is not None and verdict.unknown.permission:
        said.append(f"Needs {line(verdict.unknown.permission, 200)}.")
    if verdict.remediation:
        said.append(f"Fix: {line(one_line(verdict.remediation))}")
    return "\n".join(said)


def _command(kind: str, title: str, message: str, at: Spot | None = None) -> str:
    """One workflow command; what it carries is escaped as actions/toolkit escapes it (core/src/command.ts)."""
    properties = {"file": at.path, "line": str(at.line), "col": str(at.column)} if at is not None and at.path else {}
    written = ",".join(f"{key}={_property(value)}" for key, value in {**properties, "title": title}.items())
    return f"::{kind} {written}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
