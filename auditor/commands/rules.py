"""`auditor rules`: every requirement and what decides it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from auditor.baseline import DEFAULT, Baseline, read_baseline
from auditor.commands.options.catalogue import Entry, entries
from auditor.commands.options.output import (
    LEVEL_COLOURS,
    page_options,
    page_width,
    wrapped,
    write_json,
    write_page,
)
from auditor.model import AuditorError
from auditor.text.sanitise import counted, line, visible
from auditor.yaml_tree.mistakes import meant, one_of

_INDENT = " " * 16


@click.command()
@click.option("--family", metavar="PREFIX", help="Only this family, such as NSG or RBAC.")
@click.option("--baseline", default=DEFAULT, show_default=True, metavar="NAME|FILE", help="Whose requirements.")
@page_options
def rules(family: str | None, baseline: str, format: str, output: Path | None) -> None:
    """List every requirement, how much it is wanted, how bad a breach is, and the rule that decides it.

    A requirement that no rule decides yet says "not implemented", one that a person must check says "manual".
    `auditor explain ID` tells more of one.
    """
    read = read_baseline(baseline)
    found = _of_family(read, family)
    if format == "json":
        about = {"name": read.info.name, "version": read.info.version, "source": read.info.source}
        write_json(
            {"format": "auditor-rules/1", "baseline": about, "rules": [entry.as_json() for entry in found]}, output
        )
    else:
        write_page(_page(read, found, page_width(output)), output)


def _of_family(baseline: Baseline, family: str | None) -> tuple[Entry, ...]:
    found = entries(baseline)
    if family is None:
        return found
    families = baseline.info.families
    prefix = family.upper().rstrip("-")
    if prefix not in families:
        raise AuditorError(
            f"there is no family `{family}`{meant(prefix, families) or f'; there is {one_of(families)}'}"
        )
    return tuple(entry for entry in found if entry.requirement.family == prefix)


def _page(baseline: Baseline, found: tuple[Entry, ...], width: int) -> Iterator[str]:
    family = None
    for entry in found:
        r = entry.requirement
        if r.family != family:
            if family is not None:
                yield ""
            family = r.family
            yield click.style(f"{family}  {line(baseline.info.families[family])}", bold=True)
        severity = click.style(f"{r.severity:8}", fg=LEVEL_COLOURS.get(r.severity))
        yield f"  {r.id:13} {r.level:11}  {severity}  {entry.decided}"
        yield from wrapped(visible(r.statement), width, _INDENT)
    yield ""
    yield from wrapped(_count(found), width)


def _count(found: tuple[Entry, ...]) -> str:
    decided = [entry.decided for entry in found]
    manual, missing = decided.count("manual"), decided.count("not implemented")
    by_rule = len(found) - manual - missing
    said = f"{counted(len(found), 'requirement')}: {by_rule} decided by a rule, {manual} by a person"
    return f"{said}, {missing} not implemented." if missing else f"{said}."
