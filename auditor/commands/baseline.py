"""`auditor baseline`: look at a baseline, or have one of your own checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from auditor.baseline import DEFAULT, Baseline, BaselineError, baseline_names, read_baseline
from auditor.commands.options.catalogue import entries
from auditor.commands.options.frameworks import controls_for
from auditor.commands.options.output import (
    page_options,
    page_width,
    wrapped,
    write_json,
    write_page,
)
from auditor.model import ExitCode, Level
from auditor.report.oscal.parts import NIST
from auditor.text.sanitise import counted, joined, line


@click.group()
def baseline() -> None:
    """Show a baseline, or check one of your own before it is used."""


@baseline.command()
@click.argument("name", default=DEFAULT, metavar="[NAME|FILE]")
@page_options
def show(name: str, format: str, output: Path | None) -> None:
    """Show what a baseline is made of: its source, its families, and what it changes of the one that it extends."""
    read = read_baseline(name)
    if format == "json":
        write_json(_as_json(read), output)
    else:
        write_page(_page(read, page_width(output)), output)


@baseline.command()
@click.argument("file", metavar="FILE")
@page_options
def validate(file: str, format: str, output: Path | None) -> ExitCode:
    """Check a baseline FILE and everything that it extends; name every mistake with its line and column."""
    try:
        read = read_baseline(file)
    except BaselineError as problem:
        if format == "text":
            raise
        write_json({"format": "auditor-baseline-check/1", "valid": False, "mistakes": problem.mistakes}, output)
        return ExitCode.USAGE
    if format == "json":
        write_json({"format": "auditor-baseline-check/1", "valid": True, "mistakes": []}, output)
    else:
        write_page(wrapped(f"{line(read.info.path)}: no mistakes; {_summary(read)}.", page_width(output)), output)
    return ExitCode.HOLDS


@baseline.command()
@click.argument("name", default=DEFAULT, metavar="[NAME|FILE]")
@click.option(
    "--framework", default=NIST, show_default=True, metavar="NAME|FILE", help="Whose controls the requirements support."
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write to: component-definition.json, profile.json, and catalog.json where OSCAL has none.",
)
def oscal(name: str, framework: str, output: Path) -> None:
    """Write a baseline as OSCAL: a component definition, and a profile of the controls that it supports."""
    from auditor.report.oscal.definition import documents
    from auditor.snapshot.atomic import replace_file

    read = read_baseline(name)
    controls = controls_for(read, [framework])
    made = documents(read.info, read.requirements, controls, next(iter(controls.frameworks)))
    output.mkdir(parents=True, exist_ok=True)
    for file, text in made.items():
        replace_file(output / file, (text.encode("utf-8"),))
        click.echo(f"wrote {output / file}", err=True)


def _summary(read: Baseline) -> str:
    said = [counted(len(read.requirements), "requirement")]
    if read.extends:
        said.append(f"extends {read.extends}")
        said.append(f"overrides {len(read.overridden)}")
        said.append(f"disables {len(read.disabled)}")
    return joined(said)


def _page(read: Baseline, width: int) -> Iterator[str]:
    yield f"{click.style(line(read.info.name), bold=True)}  version {line(read.info.version)}"
    yield from wrapped(line(read.info.source), width)
    if read.extends:
        yield f"extends {line(read.extends)}"
    yield ""
    levels = list(Level)
    yield click.style(f"{'':40}" + "".join(f"{level:>7}" for level in ("must", "should", "cond.", "manual")), bold=True)
    counts = Counter((r.family, r.level) for r in read.requirements.values())
    for prefix, title in read.info.families.items():
        yield f"{prefix:6}{line(title, 33):34}" + "".join(f"{counts[prefix, level] or '·':>7}" for level in levels)
    totals = Counter(r.level for r in read.requirements.values())
    yield f"{'':6}{counted(len(read.requirements), 'requirement'):34}" + "".join(f"{totals[lv]:>7}" for lv in levels)
    yield from _changes(read, width)
    others = [name for name in baseline_names() if name != read.info.name]
    if others:
        yield ""
        yield f"also shipped: {joined(others)}"


def _changes(read: Baseline, width: int) -> Iterator[str]:
    if read.overridden:
        yield ""
        yield click.style("Overridden:", bold=True)
        for id_, names in read.overridden.items():
            yield f"  {id_:13} {joined(list(names))}"
    if read.disabled:
        yield ""
        yield click.style("Disabled:", bold=True)
        for id_, reason in read.disabled.items():
            first, *rest = wrapped(line(reason), width - 16)
            yield f"  {id_:13} {first}"
            yield from (f"{'':16}{row}" for row in rest)


def _as_json(read: Baseline) -> dict[str, Any]:
    return {
        "format": "auditor-baseline/1",
        "name": read.info.name,
        "version": read.info.version,
        "source": read.info.source,
        "extends": read.extends or None,
        "families": read.info.families,
        "requirements": [{**entry.as_json(), "terms": entry.terms} for entry in entries(read)],
        "overridden": read.overridden,
        "disabled": read.disabled,
    }
