"""`auditor rules`: every requirement and what decides it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime
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
from auditor.facts import KEPT_FOR_DAYS, Dated, dated
from auditor.model import AuditorError
from auditor.text.sanitise import counted, line, visible
from auditor.yaml_tree.mistakes import meant, one_of

_INDENT = " " * 16


@click.command()
@click.option("--family", metavar="PREFIX", help="Only this family, such as NSG or RBAC.")
@click.option("--baseline", default=DEFAULT, show_default=True, metavar="NAME|FILE", help="Whose requirements.")
@click.option("--facts", is_flag=True, help="List instead the facts about Azure that were read more than a year ago.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="With --facts: instead of today.")
@page_options
def rules(
    *, family: str | None, baseline: str, facts: bool, as_of: datetime | None, format: str, output: Path | None
) -> None:
    """List every requirement, how much it is wanted, how bad a breach is, and the rule that decides it.

    A requirement that no rule decides yet says "not implemented", one that a person must check says "manual".
    `auditor explain ID` shows more of one.
    """
    if facts:
        _facts(as_of.date() if as_of is not None else datetime.now(UTC).date(), format, output)
        return
    if as_of is not None:
        raise click.UsageError("--as-of goes with --facts")
    read = read_baseline(baseline)
    found = _of_family(read, family)
    if format == "json":
        about = {"name": read.info.name, "version": read.info.version, "source": read.info.source}
        write_json(
            {"format": "auditor-rules/1", "baseline": about, "rules": [entry.as_json() for entry in found]}, output
        )
    else:
        write_page(_page(read, found, page_width(output)), output)


def _facts(today: date, format: str, output: Path | None) -> None:
    """The facts that should be read again, with their sources."""
    found = dated()
    old = [one for one in found if (today - date.fromisoformat(one.date)).days > KEPT_FOR_DAYS]
    if format == "json":
        rows = [asdict(one) for one in old]
        write_json({"format": "auditor-facts/1", "as_of": today.isoformat(), "facts": rows, "read": len(found)}, output)
    else:
        write_page(_facts_page(old, len(found), today, page_width(output)), output)


def _facts_page(old: list[Dated], total: int, today: date, width: int) -> Iterator[str]:
    for one in old:
        where = f"{one.file} {one.part}" if one.part else one.file
        yield f"  {one.date}  {line(where)}"
        yield from wrapped(visible(one.source), width, " " * 14)
    counted_ = f"{len(old)} of {counted(total, 'dated fact')}"
    yield from wrapped(f"{counted_} older than a year on {today.isoformat()}.", width)


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
