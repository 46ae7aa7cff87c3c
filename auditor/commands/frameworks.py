"""`auditor frameworks`: which frameworks there are, and which requirements support each control of one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from auditor.baseline import DEFAULT, read_baseline
from auditor.commands.options.frameworks import controls_for
from auditor.commands.options.output import page_options, page_width, wrapped, write_json, write_page
from auditor.frameworks.model import Controls, Framework
from auditor.text.sanitise import counted, line


@click.command()
@click.argument("name", required=False, metavar="[NAME|FILE]")
@click.option("--baseline", default=DEFAULT, show_default=True, metavar="NAME|FILE", help="Whose requirements.")
@page_options
def frameworks(name: str | None, baseline: str, format: str, output: Path | None) -> None:
    """List the frameworks that findings can be reported in, or every control of one with the requirements behind it.

    A FILE is a framework of your own; mistakes in it are named with line and column. `auditor check s.json --framework
    NAME` says how the controls come out.
    """
    controls = controls_for(read_baseline(baseline), [name] if name else [])
    if format == "json":
        rows = [_as_json(framework, controls, whole=bool(name)) for framework in controls.frameworks.values()]
        write_json({"format": "auditor-frameworks/1", "baseline": baseline, "frameworks": rows}, output)
    elif name:
        write_page(_page(next(iter(controls.frameworks.values())), controls, page_width(output)), output)
    else:
        write_page(_list(controls, page_width(output)), output)


def _list(controls: Controls, width: int) -> Iterator[str]:
    for framework in controls.frameworks.values():
        number = sum(bool(ids) for ids in controls.by_control[framework.id].values())
        of = f" of {framework.size:,}" if framework.size is not None else ""
        yield from _row(framework.id, f"{line(framework.name, 120)}: {number}{of} controls", width)
    yield ""
    yield from wrapped(_PROMISE, width)


_PROMISE = (
    "Numbers are controls that some requirement of the baseline supports. A requirement that holds supports a control;"
    " it does not show that the control is met."
)


def _page(framework: Framework, controls: Controls, width: int) -> Iterator[str]:
    yield click.style(line(framework.name, 120), bold=True)
    yield from wrapped(f"source: {line(framework.source, 400)}", width)
    yield from wrapped(f"mapping: {line(framework.quality, 400)}", width)
    yield ""
    for control, ids in controls.by_control[framework.id].items():
        yield from _row(line(control, 60), line(framework.controls[control], 200), width)
        said = ", ".join(ids) or framework.reasons.get(control, "no requirement of this baseline supports it")
        yield from wrapped(line(said, 4000), width, " " * 20)
    if framework.others:
        yield ""
        others = f"{counted(len(framework.others), 'control')} that nothing here speaks about: "
        yield from wrapped(others + ", ".join(framework.others), width)


def _row(id_: str, said: str, width: int) -> Iterator[str]:
    first, *rest = wrapped(said, width - 20) or [""]
    yield f"{id_:19} {first}"
    yield from (f"{'':20}{row}" for row in rest)


def _as_json(framework: Framework, controls: Controls, *, whole: bool) -> dict[str, Any]:
    by_control = controls.by_control[framework.id]
    return {
        "id": framework.id,
        "title": framework.title,
        "version": framework.version,
        "source": framework.source,
        "date": framework.date,
        "quality": framework.quality,
        "size": framework.size,
        "size_source": framework.size_source,
        "covered": sum(bool(ids) for ids in by_control.values()),
        "controls": [
            {
                "id": control,
                "title": framework.controls[control],
                "requirements": [{"id": id_, "by": controls.basis(id_, framework.id, control)} for id_ in ids],
                "why": framework.reasons.get(control),
            }
            for control, ids in by_control.items()
        ]
        if whole
        else None,
        "not_covered": [*(c for c, ids in by_control.items() if not ids), *framework.others] if whole else None,
    }
