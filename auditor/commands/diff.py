"""`auditor diff`: what changed between two snapshots, by what it means."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

import click

from auditor.commands.options.audit import (
    AuditOptions,
    audit_options,
    audited,
    terms_of,
)
from auditor.commands.options.report import (
    Target,
    fitted,
    guard,
    write_report,
)
from auditor.drift.model import (
    Change,
    Diff,
    Effect,
    Topic,
)
from auditor.model import ExitCode

FORMATS = {"terminal": (".txt", "terminal"), "json": (".json", "json_"), "markdown": (".md", "markdown")}
"""Each format with the ending of its files and its module in `auditor.drift.report`."""
"""The forms of a comparison and the endings of their files."""

FAIL_ON = ("any", *(topic.value.replace("_", "-") for topic in Topic if topic not in (Topic.RESOURCES, Topic.READS)),
           "required-findings", "never")  # fmt: skip


@click.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@audit_options
@click.option(
    "--format",
    type=click.Choice(list(FORMATS)),
    help="Form of the comparison. Without it the ending of -o decides, else it is for the terminal.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to this file instead of standard output; it appears whole or not at all.",
)
@click.option(
    "--fail-on",
    multiple=True,
    type=click.Choice(FAIL_ON),
    default=("any",),
    show_default="any",
    help="What makes the exit code 1 where it is worse than before; may be repeated.",
)
@click.option("--strict", is_flag=True, help="Exit with 3 where a part could not be compared.")
@click.option("-v", "--verbose", is_flag=True, help="Show every change, with fixes and ids.")
def diff(
    old: Path,
    new: Path,
    asked: AuditOptions,
    *,
    format: str | None,
    output: Path | None,
    fail_on: Sequence[str],
    strict: bool,
    verbose: bool,
) -> ExitCode:
    """Compare two snapshots, OLD and NEW: not their text but what it means.

    Flows that get through now and did not (with the rules that decide and a packet as proof), permissions gained and
    lost, public endpoints opened, outbound rules added, content filters weakened, private endpoints cut off, findings
    opened and closed. What could be read before and cannot now is never reported as gone.

    \b
    auditor diff old.json new.json                          for you, at the terminal
    auditor diff old.json new.json -o drift.md              for a pull request
    auditor diff old.json new.json --fail-on flows --fail-on permissions --format json

    Exit codes: 0 nothing is worse, 1 something is worse (see --fail-on), 2 bad usage or bad input, 3 something could
    not be compared (with --strict), 4 the auditor itself failed.
    """
    from auditor.audit.audit import tagged, without_findings
    from auditor.drift.compare import diff as compare
    from auditor.snapshot import read_snapshot

    terms = terms_of(asked)
    target = Target(format or _by_ending(output) or "terminal", None if output == Path("-") else output)
    guard([target], (old, new, *terms.files))
    before, after = read_snapshot(old), read_snapshot(new)
    # Both are sealed files: what has the same digest is the same, and neither has to be audited.
    if before.sha256 == after.sha256:
        results = without_findings(before, terms.baseline), without_findings(after, terms.baseline)
    else:
        results = audited(before, terms), audited(after, terms)
    if terms.service_tags is not None:
        before, after = tagged(before, terms.service_tags), tagged(after, terms.service_tags)
    found = compare(before, after, *results)
    write_report(target, _rendered(found, target, verbose))
    return exit_code(found, fail_on, strict=strict)


def exit_code(found: Diff, fail_on: Sequence[str] = ("any",), *, strict: bool = False) -> ExitCode:
    """What the shell gets. A crash outweighs what is worse, and that outweighs what cannot be determined."""
    if found.crashed:
        return ExitCode.BROKEN
    if any(_counts(change, fail_on) for change in found.with_effect(Effect.WORSE)):
        return ExitCode.FAILS
    whole = found.old.complete and found.new.complete and not found.with_effect(Effect.UNKNOWN)
    return ExitCode.INCOMPLETE if strict and not whole else ExitCode.HOLDS


def _counts(change: Change, fail_on: Sequence[str]) -> bool:
    """Whether a change for the worse makes the command fail."""
    if "never" in fail_on:
        return False
    if "any" in fail_on or change.topic.value.replace("_", "-") in fail_on:
        return True
    return "required-findings" in fail_on and change.topic is Topic.FINDINGS and change.required


def _by_ending(output: Path | None) -> str | None:
    ending = output.suffix.casefold() if output is not None else ""
    return next((name for name, (end, _) in FORMATS.items() if end == ending), None)


def _rendered(found: Diff, target: Target, verbose: bool) -> str:
    from auditor.report.context import Context

    form = importlib.import_module(f"auditor.drift.report.{FORMATS[target.format][1]}")
    text: str = form.render(found, fitted(Context(verbose=verbose), target))
    return text
