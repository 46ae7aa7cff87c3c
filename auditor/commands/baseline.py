"""`auditor baseline`: look at a baseline, or have one of your own checked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
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
from auditor.model import ExitCode, Level, NotKnown, Resource
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
@click.argument("snapshot", type=click.Path(path_type=Path))
@click.option("--name", default="ours", show_default=True, help="What the baseline is called.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file instead of standard output; it appears whole or not at all.",
)
def new(snapshot: Path, name: str, output: Path | None) -> ExitCode:
    """Write a commented start of a baseline: what a SNAPSHOT holds, as parts, and two requirements.

    \b
    auditor baseline new s.json -o ours.yaml
    auditor baseline validate ours.yaml --against s.json
    auditor check s.json --baseline ours.yaml
    """
    from auditor.baseline.start import started
    from auditor.commands.options.snapshots import snapshot_of
    from auditor.estate import build_estate

    if not _NAME.fullmatch(name):
        raise click.BadParameter("a name is of small letters, digits and hyphens", param_hint="--name")
    write_page(started(build_estate(snapshot_of(snapshot)), name).splitlines(), output)
    return ExitCode.HOLDS


_NAME = re.compile(r"[a-z][a-z0-9-]*")


@baseline.command()
@click.argument("file", metavar="FILE")
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="SNAPSHOT",
    help="Say which of its parts a snapshot shows, and what plays each.",
)
@page_options
def validate(file: str, against: Path | None, format: str, output: Path | None) -> ExitCode:
    """Check a baseline FILE and everything that it extends; name every mistake with its line and column."""
    try:
        read = read_baseline(file)
    except BaselineError as problem:
        if format == "text":
            raise
        write_json({"format": "auditor-baseline-check/1", "valid": False, "mistakes": problem.mistakes}, output)
        return ExitCode.USAGE
    found = None if against is None else _parts_found(read, against)
    if format == "json":
        body: dict[str, Any] = {"format": "auditor-baseline-check/1", "valid": True, "mistakes": []}
        write_json(body if found is None else {**body, "workloads": found}, output)
    else:
        width = page_width(output)
        said = [*wrapped(f"{line(read.info.path)}: no mistakes; {_summary(read)}.", width)]
        write_page([*said, *_found_page(read, found or (), width)], output)
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


def _parts_found(read: Baseline, against: Path) -> list[dict[str, Any]]:
    """By workload: what plays each part and each subnet, or why that cannot be determined."""
    from auditor.commands.options.snapshots import snapshot_of
    from auditor.estate import build_estate
    from auditor.workload.parts import workloads

    estate = build_estate(snapshot_of(against))
    found = []
    for w in workloads(estate, None, read.architecture):
        parts = {name: _playing(partial(w.part, name)) for name in read.architecture.parts}
        subnets = {name: _playing(partial(w.subnet, name)) for name in read.architecture.subnets}
        anchor = w.anchor.id.text if w.anchor is not None else None
        found.append({"name": w.name, "anchor": anchor, "parts": parts, "subnets": subnets})
    return found


def _playing(ask: Callable[[], tuple[Resource, ...]]) -> list[str] | str:
    try:
        return [resource.id.text for resource in ask()]
    except NotKnown as gap:
        return gap.unknown.because


def _found_page(read: Baseline, found: Iterable[Mapping[str, Any]], width: int) -> Iterator[str]:
    for workload in found:
        called = read.architecture.parts[read.architecture.anchor].label
        yield ""
        head = f"{called} {line(workload['name'])}" if workload["anchor"] else f"no {called} here"
        yield click.style(head, bold=True)
        for kind in ("parts", "subnets"):
            for name, ids in workload[kind].items():
                if isinstance(ids, str):
                    said = f"not known: {line(ids)}"
                else:
                    said = ", ".join(line(id_.rpartition("/")[2]) for id_ in ids) or "nothing"
                head = name if kind == "parts" else f"subnet:{name}"
                first, *rest = wrapped(said, width - 28)
                yield f"  {head:25} {first}"
                yield from (f"{'':28}{row}" for row in rest)


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
        yield from wrapped(f"also shipped: {joined(others)}", width)


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
