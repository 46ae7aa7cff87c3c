"""`auditor compare-architectures`: what a deployment of one architecture lacks for another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.commands.options.output import page_options, page_width, wrapped, write_json, write_page
from auditor.model import AuditorError, ExitCode
from auditor.text.sanitise import counted, line

if TYPE_CHECKING:
    from auditor.audit.migration import Migration, PartCompared


@click.command("compare-architectures")
@click.argument("snapshot", type=click.Path(path_type=Path))
@click.option("--from", "own", default="openai-chat", show_default=True, help="The architecture that is deployed.")
@click.option("--to", "other", default="foundry-chat", show_default=True, help="The architecture to come to.")
@page_options
def compare_architectures(snapshot: Path, own: str, other: str, format: str, output: Path | None) -> ExitCode:
    """Say what the deployments of one architecture in a SNAPSHOT have and lack for another, part by part.

    \b
    auditor compare-architectures s.json                    from prompt flow to the Foundry Agent Service
    auditor compare-architectures s.json --format json      for a program

    Prompt flow becomes read-only on 20 April 2027. What stands already is judged by `auditor check --baseline NAME`.
    """
    from auditor.audit.migration import compared
    from auditor.baseline import read_baseline
    from auditor.commands.options.snapshots import snapshot_of
    from auditor.estate import build_estate

    asked, wanted = read_baseline(own), read_baseline(other)
    found = compared(build_estate(snapshot_of(snapshot)), asked.architecture, wanted)
    if not found:
        raise AuditorError(f"{snapshot}: nothing in it is a deployment of {own}", "name another with --from")
    if format == "json":
        body = {"format": "auditor-migration/1", "from": own, "to": other, "workloads": [_entry(m) for m in found]}
        write_json(body, output)
    else:
        write_page(_page(found, own, other, page_width(output)), output)
    return ExitCode.HOLDS


def _entry(made: Migration) -> dict[str, Any]:
    return {
        "name": made.workload,
        "anchor": made.anchor.text,
        "parts": [
            {
                "part": each.part,
                "label": each.label,
                "candidates": [id_.text for id_ in each.candidates],
                "unknown": each.unknown or None,
                "requirements": list(each.requirements),
            }
            for each in made.parts
        ],
    }


def _page(found: Sequence[Migration], own: str, other: str, width: int) -> Iterator[str]:
    for made in found:
        yield click.style(f"{line(made.workload)}: from {line(own)} to {line(other)}", bold=True)
        lacking = [each for each in made.parts if each.lacking]
        yield from _block("Lacking", lacking, width)
        yield from _block("Not known", [each for each in made.parts if each.unknown], width)
        yield from _block("There, and judged by the requirements named", [p for p in made.parts if p.candidates], width)
        yield f"To be built: {len(lacking)} of {counted(len(made.parts), 'part')}."
        yield ""


def _block(title: str, parts: Sequence[PartCompared], width: int) -> Iterator[str]:
    if not parts:
        return
    yield ""
    yield f"{title}:"
    for each in parts:
        names = ", ".join(line(id_.name) for id_ in each.candidates) or line(each.unknown)
        ids = f" ({', '.join(each.requirements)})" if each.requirements else ""
        yield from wrapped(f"{line(each.label)}{f': {names}' if names else ''}{ids}", width, "  ")
