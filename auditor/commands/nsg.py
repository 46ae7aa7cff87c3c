"""`auditor nsg`: what each subnet's security group lets through, and which of its rules do nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.commands.options.conditions import condition_lines
from auditor.commands.options.output import (
    page_options,
    page_width,
    wrapped,
    write_json,
    write_page,
)
from auditor.model import AuditorError

if TYPE_CHECKING:
    from auditor.model import Unknown
    from auditor.network.nsg.redundant_rules import UselessRule
    from auditor.query.nsg import Guarded
    from auditor.workload.nsg_table import Part

_LETS = {"inbound": "lets in", "outbound": "lets out"}


@click.command()
@click.argument("snapshot", type=click.Path(path_type=Path))
@click.option("--subnet", metavar="ID|NAME", help="One subnet; without it every subnet of the snapshot.")
@click.option("--service-tags", type=click.Path(path_type=Path), metavar="FILE", help="Prefixes of service tags.")
@click.option("--strict", is_flag=True, help="Take what rests on a condition for not known.")
@page_options
def nsg(  # noqa: PLR0917 - the options of the command
    snapshot: Path, subnet: str | None, service_tags: Path | None, strict: bool, format: str, output: Path | None
) -> None:
    """What do the security groups of subnets let through, and which of their rules do nothing?

    Each rule is shown with the packets that it decides at this subnet, after the rules before it and the admin rules,
    and with one packet as proof. A rule is redundant where no packet can match it, where earlier rules decide
    everything that it names, or where removing it changes the verdict of no packet. Where something was not read that
    most networks do not have, the answer is the one without it, and says what would change it ("unless").

    \b
    auditor nsg s.json
    auditor nsg s.json --subnet snet-jumpbox
    auditor nsg s.json --format json -o nsg.json
    """
    from auditor.commands.options.network_arguments import read_tags
    from auditor.estate import build_estate
    from auditor.query.nsg import guarded
    from auditor.snapshot import read_snapshot

    found = guarded(build_estate(read_snapshot(snapshot)), subnet, read_tags(service_tags), likely=not strict)
    if not found:
        raise AuditorError(f"{snapshot}: shows no subnet", "look at its failed reads: `auditor check` lists them")
    if format == "json":
        write_json({"format": "auditor-nsg/1", "results": [_as_json(each) for each in found]}, output)
    else:
        write_page(_page(found, page_width(output)), output)


# --- for people -------------------------------------------------------------------------------------------------------


def _page(found: tuple[Guarded, ...], width: int) -> Iterator[str]:
    from auditor.estate.naming import short
    from auditor.text.sanitise import line

    for number, (subnet, ways) in enumerate(groupby(found, key=lambda each: each.subnet)):
        both = tuple(ways)
        group = next((each.group for each in both if each.group is not None), None)
        if number:
            yield ""
        by = f", guarded by {line(group.name)}" if group is not None else ""
        yield click.style(f"{line(short(subnet.id))}{by}", bold=True)
        for each in both:
            yield from _way(each, width)


def _way(found: Guarded, width: int) -> Iterator[str]:
    from auditor.text.sanitise import line

    yield f"  {found.direction}"
    for part in found.lets:
        rule = f"{part.rule.name} ({part.rule.priority})"
        yield from wrapped(f"{line(rule)} {_LETS[found.direction]} {line(part.text, 2000)}", width, "    ")
        yield f"      such as {line(str(part.witness))}"
        if part.unknown is not None:
            yield from wrapped(f"not known: {line(part.unknown.because)}", width, "      ")
    for useless in found.useless:
        for row in wrapped(f"redundant here: {line(str(useless))}", width, "    "):
            yield click.style(row, fg="yellow")
    yield from condition_lines(found.unless, width, "    ")
    for unknown in found.unknowns:
        yield from wrapped(f"not known: {line(unknown.because)}", width, "    ")
    if not (found.lets or found.unknowns):
        yield "    everything: no security group" if found.group is None else "    nothing"


# --- for programs -----------------------------------------------------------------------------------------------------


def _as_json(found: Guarded) -> dict[str, Any]:
    return {
        "subnet": found.subnet.id.text,
        "direction": found.direction,
        "nsg": found.group.id.text if found.group is not None else None,
        "lets": [_part_json(part) for part in found.lets],
        "useless": [_useless_json(each) for each in found.useless],
        "unknown": [_unknown_json(each) for each in found.unknowns],
        **({"unless": [_condition_json(each) for each in found.unless]} if found.unless else {}),
    }


def _condition_json(condition: Unknown) -> dict[str, str | None]:
    from auditor.query.conditions import condition_json

    return condition_json(condition)


def _part_json(part: Part) -> dict[str, Any]:
    from auditor.commands.reach import packet_json

    return {
        "rule": part.rule.azure_name,
        "priority": part.rule.priority,
        "flows": part.text,
        "witness": packet_json(part.witness),
        "unknown": _unknown_json(part.unknown),
    }


def _useless_json(useless: UselessRule) -> dict[str, Any]:
    return {
        "rule": useless.rule.azure_name,
        "priority": useless.rule.priority,
        "why": useless.kind.value,
        "by": [rule.azure_name for rule in useless.by],
    }


def _unknown_json(unknown: Unknown | None) -> dict[str, str | None] | None:
    from auditor.query.flow import unknown_json

    return unknown_json(unknown)
