"""`auditor fix`: the changes that close findings, each proven on the estate in memory before it is shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.commands.options.audit import AuditOptions, audit_options, audited, terms_of
from auditor.commands.options.output import output_option, page_width, wrapped, write_json, write_page
from auditor.model import ExitCode, Severity
from auditor.text.sanitise import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.fix.plan import Fix, Plan
    from auditor.model import AuditResult, Finding

LANGUAGES = ("az", "bicep", "terraform", "json-patch")


@click.command()
@click.argument("snapshot", type=click.Path(path_type=Path))
@click.option("--only", metavar="ID", multiple=True, help="Close findings of these requirements: NSG-JMP-IN, PUB-*.")
@click.option(
    "--severity",
    type=click.Choice([s.value for s in Severity]),
    default=Severity.LOW.value,
    show_default=True,
    help="Close findings of this severity and worse.",
)
@click.option("--as", "language", type=click.Choice(LANGUAGES), default="az", show_default=True, help="Language.")
@click.option("--format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@output_option
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@audit_options
def fix(  # noqa: PLR0917 - click passes options by name
    snapshot: Path,
    only: tuple[str, ...],
    severity: str,
    language: str,
    format: str,
    output: Path | None,
    quiet: bool,
    asked: AuditOptions,
) -> ExitCode:
    """An ordered plan that closes the findings of a SNAPSHOT. Nothing is sent to Azure.

    Every step is applied to the estate in memory and audited again before it is printed: it closes the findings that it
    names, and no other requirement fails after it. What does not pass that proof stands under "No fix proven", with
    what it would break.

    \b
    auditor fix s.json                                 the whole plan, as commands of the Azure CLI
    auditor fix s.json --only 'NSG-*' --as bicep       security groups alone, as Bicep
    auditor fix s.json --severity high --format json   for a program

    Exit codes: 0 a plan was made, 2 bad usage or bad input.
    """
    from auditor.fix.plan import Planner
    from auditor.snapshot import read_snapshot

    terms = terms_of(asked)
    found = read_snapshot(snapshot)
    before = audited(found, terms)
    worst = Severity(severity).rank

    def wanted(finding: Finding) -> bool:
        named = not only or any(fnmatchcase(finding.requirement, pattern.upper()) for pattern in only)
        return named and Severity(finding.severity).rank <= worst

    planner = Planner(
        audit=lambda state: audited(state, terms),
        build=terms.estate,
        wanted=wanted,
        progress=_progress(quiet),
    )
    made = planner.plan(found, before)
    if format == "json":
        write_json(as_json(made, before, language), output)
    else:
        write_page(_page(made, before, language, page_width(output)), output)
    return ExitCode.HOLDS


def _progress(quiet: bool) -> Callable[[int, int], None]:
    if quiet or not sys.stderr.isatty():
        return lambda done, of: None

    def show(done: int, of: int) -> None:
        end = "\r" if done < of else "\r\x1b[K"
        click.echo(f"proving fixes: {done} of {of}{end}", nl=False, err=True)

    return show


def _page(made: Plan, before: AuditResult, language: str, width: int) -> Iterator[str]:
    for number, step in enumerate(made.steps, 1):
        yield from _step(number, step, before, language, width)
    if made.unproven:
        yield click.style("No fix proven", bold=True)
        for each in made.unproven:
            yield from wrapped(f"{_ids(each.wanted)}: {_why(each)}", width, "  ")
        yield ""
    yield from wrapped(_last_line(made), width)


def _step(number: int, step: Fix, before: AuditResult, language: str, width: int) -> Iterator[str]:
    from auditor.causes.render import rendered
    from auditor.text.sanitise import line

    severities = [Severity(f.severity) for f in step.proof.closes] or [Severity.LOW]
    worst = min(severities, key=lambda s: s.rank).value
    yield click.style(f"Step {number}: closes {_ids(step.proof.closes)} ({worst})", bold=True)
    for finding in step.wanted[:3]:
        yield from wrapped(finding.verdict.message, width, "  ")
    for warning in step.warnings:
        yield from wrapped(f"Warning: {warning}", width, "  ")
    for question in step.questions:
        yield from wrapped(f"Decide: {question}", width, "  ")
    yield ""
    for text in rendered(step.changes, language).splitlines():
        yield f"    {line(text) if language == 'az' else text}"
    yield ""


def _ids(findings: tuple[Finding, ...]) -> str:
    counts: dict[str, int] = {}
    for finding in findings:
        counts[finding.requirement] = counts.get(finding.requirement, 0) + 1
    return ", ".join(id_ if n == 1 else f"{id_} ({n})" for id_, n in counts.items()) or "nothing"


def _why(each: Fix) -> str:
    from auditor.fix.prove import Standing

    match each.proof.standing:
        case Standing.OPENS:
            return f"the change would break {_ids(each.proof.opens)}: {each.proof.because}"
        case Standing.UNKNOWN:
            return f"after the change it could not be determined: {each.proof.because}"
        case Standing.NOT_APPLICABLE:
            return f"the change does not fit this snapshot: {each.proof.because}"
        case _:
            return f"after the change it still fails: {each.proof.because}"


def _last_line(made: Plan) -> str:
    closed = sum(len(step.proof.closes) for step in made.steps)
    steps = f"{counted(len(made.steps), 'step')}, {counted(closed, 'finding')} closed"
    if not made.remaining:
        return f"{steps}, nothing remains."
    open_ = f"{len(made.remaining)} remain: {_ids(made.remaining)}"
    designed = (
        f" For {len(made.without_change)} of them a person has to decide what to build." if made.without_change else ""
    )
    return f"{steps}; {open_}.{designed}"


def as_json(made: Plan, before: AuditResult, language: str) -> dict[str, Any]:
    """The plan for programs, format `auditor-fix/1`."""
    return {
        "format": "auditor-fix/1",
        "baseline": {"name": before.baseline.name, "version": before.baseline.version},
        "snapshot": {"sha256": before.snapshot.sha256},
        "language": language,
        "steps": [fix_entry(step, language) for step in made.steps],
        "unproven": [fix_entry(each, language) for each in made.unproven],
        "remaining": [_finding(f) for f in made.remaining],
        "without_change": [_finding(f) for f in made.without_change],
    }


def fix_entry(each: Fix, language: str) -> dict[str, Any]:
    """One fix for programs, with its proof."""
    from auditor.causes.cause import cause_id
    from auditor.causes.render import rendered
    from auditor.causes.render.json_patch import entry
    from auditor.causes.titles import title_of

    return {
        "id": cause_id(each.changes),
        "title": title_of(each.changes),
        "cause": each.cause,
        "proof": each.proof.standing.value,
        "because": each.proof.because,
        "closes": [_finding(f) for f in each.proof.closes],
        "opens": [_finding(f) for f in each.proof.opens],
        "changes": [entry(change) for change in each.changes],
        "warnings": list(each.warnings),
        "questions": list(each.questions),
        "text": rendered(each.changes, language),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    resource = finding.verdict.resource
    return {
        "requirement": finding.requirement,
        "resource": resource.text if resource is not None else None,
        "aspect": finding.verdict.aspect,
        "message": finding.verdict.message,
        "fingerprint": finding.fingerprint,
    }
