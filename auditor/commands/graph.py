"""`auditor graph`: the picture of an estate, or the whole of it as a graph."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.commands.options.audit import AuditOptions, audit_options
from auditor.commands.options.report import Target, guard, write_report
from auditor.model import ExitCode
from auditor.snapshot import Snapshot

ENDINGS = {".svg": "svg", ".graphml": "graphml", ".mmd": "mermaid", ".mermaid": "mermaid"}
"""What a file's ending asks for."""


@click.command()
@click.argument("snapshot", type=click.Path(path_type=Path))
@click.option(
    "--format",
    type=click.Choice(["svg", "graphml", "mermaid"]),
    help="Form of the graph. Without it the ending of -o decides (.svg, .graphml, .mmd), else it is svg.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file instead of standard output; it appears whole or not at all.",
)
@audit_options
def graph(snapshot: Path, format: str | None, output: Path | None, asked: AuditOptions) -> ExitCode:
    """Draw the workloads of a SNAPSHOT: networks, what sits in them, what leads where, and what was found.

    svg and mermaid show the picture of the HTML report, with the findings of a check. graphml holds every resource and
    every reference of the snapshot for other programs, and checks nothing.

    \b
    auditor graph s.json -o estate.svg          for a browser, a wiki, a slide
    auditor graph s.json -o estate.mmd          for a README: GitHub, GitLab and Azure DevOps draw it
    auditor graph s.json -o estate.graphml      for Gephi, yEd, Cytoscape, networkx
    """
    from auditor.snapshot import read_snapshot

    target = Target(format or ENDINGS.get(output.suffix.casefold() if output else "", "svg"), _file(output))
    guard([target], (snapshot,))
    found = read_snapshot(snapshot)
    if target.format == "graphml":
        write_report(target, _whole(found))
    else:
        write_report(target, _drawn(found, asked, target))
    return ExitCode.HOLDS


def _file(output: Path | None) -> Path | None:
    return None if output == Path("-") else output


def _whole(found: Snapshot) -> str:
    from auditor.estate import build_estate
    from auditor.estate.graphml import graphml

    return graphml(build_estate(found))


def _drawn(found: Snapshot, asked: AuditOptions, target: Target) -> str:
    from auditor.commands.options.audit import audited, pictured, terms_of

    terms = terms_of(asked)
    guard([target], terms.files)
    picture = pictured(found, audited(found, terms), terms)
    if target.format == "mermaid":
        from auditor.picture.draw.mermaid import mermaid

        return mermaid(picture)
    from auditor.picture.draw.svg import svg_of

    return svg_of(picture)
