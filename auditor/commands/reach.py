"""`auditor reach`: what can be reached from where, hop by hop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.commands.options.conditions import condition_lines
from auditor.commands.options.output import (
    output_option,
    page_width,
    wrapped,
    write_json,
    write_page,
)
from auditor.model import AuditorError, ExitCode, NotKnown, Unknown

if TYPE_CHECKING:
    from auditor.reach.path import Mark
    from auditor.reach.reachability import Reach
    from auditor.sets.packet_set import Packet

_GROUPS = (("reached", "green"), ("not known", "yellow"), ("not reached", "red"))
_MARKS = {"reached": "ok", "not known": "??", "not reached": "no"}


@click.command()
@click.argument("snapshot", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "source",
    metavar="Internet|ID|CIDR",
    help="Internet, an address or prefix, a service tag, a network, a subnet, or something that sits in one.",
)
@click.option(
    "--to",
    "target",
    metavar="ID|Internet|CIDR",
    help="One target, the Internet, an address or prefix; without it everything is asked about.",
)
@click.option("--port", metavar="N/PROTO", help="Only these packets: 443, 443/tcp, 8080-8090/tcp, 53/udp, icmp.")
@click.option("--service-tags", type=click.Path(path_type=Path), metavar="FILE", help="Prefixes of service tags.")
@click.option("--strict", is_flag=True, help="Take what rests on a condition for not known; exit code 3 for that.")
@click.option("--matrix", is_flag=True, help="Every pair of subnets at once: which reach which.")
@click.option("--format", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
@output_option
def reach(  # noqa: PLR0917 - the options of the command
    snapshot: Path,
    source: str | None,
    service_tags: Path | None,
    strict: bool,
    matrix: bool,
    format: str,
    output: Path | None,
    **asked: str | None,
) -> ExitCode | None:
    """What can be reached from where: over security groups, admin rules, routes, peerings, public addresses,
    gateways, load balancers, private endpoints with their approval and private DNS, and the services' own firewalls.

    What is reached comes with the hops, the rules that decide and a packet as proof; what is not, with what stops it.
    Where something was not read that most networks do not have, the answer is the one without it, and says what would
    change it ("unless"); --strict takes that for not known.

    \b
    auditor reach s.json --from Internet
    auditor reach s.json --from nic-jmp-aibase --to kv-aibase --port 443
    auditor reach s.json --from 192.168.0.0/16 --format json -o reach.json
    auditor reach s.json --matrix
    auditor reach s.json --matrix --format csv -o matrix.csv
    """
    from auditor.commands.options.network_arguments import read_tags
    from auditor.estate import build_estate
    from auditor.query.reach import reach as follow
    from auditor.snapshot import read_snapshot

    if matrix is (source is not None) or (matrix and (asked["target"] or asked["port"])):
        raise click.UsageError("give --from, with --to and --port if you like, or --matrix")
    if format == "csv" and not matrix:
        raise click.UsageError("--format csv is for --matrix")
    estate = build_estate(read_snapshot(snapshot))
    if source is None:
        from auditor.commands.reach_matrix import write_matrix

        return write_matrix(estate, read_tags(service_tags), format, output, strict)
    try:
        tags = read_tags(service_tags)
        found = follow(estate, source, asked["target"], asked["port"], tags, likely=not strict)
    except NotKnown as gap:
        tip = f"it needs {gap.unknown.permission}" if gap.unknown.permission else ""
        raise AuditorError(f"where {source} sends from is not known: {gap.unknown.because}", tip) from None
    if format == "json":
        write_json(as_json(source, asked["port"], found), output)
    elif asked["target"] is not None and len(found) == 1:
        write_page(_one(found[0], page_width(output)), output)
    else:
        write_page(_all(source, found, page_width(output)), output)
    return ExitCode.INCOMPLETE if strict and any(group_of(answer) == "not known" for answer in found) else None


def group_of(answer: Reach) -> str:
    """`reached`, `not known` or `not reached`."""
    return _word(answer.reaches)


def _word(holds: bool | Unknown) -> str:
    return "not known" if isinstance(holds, Unknown) else "reached" if holds else "not reached"


# --- for people -------------------------------------------------------------------------------------------------------


def _all(source: str, found: tuple[Reach, ...], width: int) -> Iterator[str]:
    from auditor.text.sanitise import counted, line

    groups = {name: [answer for answer in found if group_of(answer) == name] for name, _ in _GROUPS}
    reached, open_ = len(groups["reached"]), len(groups["not known"])
    places = counted(len(found), "place")
    likely = sum(bool(answer.unless) for answer in found)
    under = f", {likely} under conditions" if likely else ""
    parts = [f"{open_} not known"] if open_ else []
    if reached or not (open_ or likely):
        headline = ", ".join([f"{line(source)} reaches {reached} of {places}", *parts]) + under
    else:
        # "reaches 0" would be read as an answer for those of which it is not known, or known under conditions only.
        parts += [f"{len(found) - open_} not reached"] if len(found) > open_ else []
        headline = f"{line(source)}: of {places} {', '.join(parts)}{under}"
    yield click.style(headline, bold=True)
    for name, colour in _GROUPS:
        if not groups[name]:
            continue
        yield ""
        yield click.style(f"{name[0].upper()}{name[1:]}:", fg=colour, bold=True)
        for answer in groups[name]:
            yield f"  {line(answer.target.name)} ({line(answer.target.type.rpartition('/')[2])})"
            yield from _why(answer, width)


def _why(answer: Reach, width: int) -> Iterator[str]:
    from auditor.text.sanitise import line

    if answer.reaches is not False:
        yield from wrapped(line(chain_of(answer)), width, "    ")
        if answer.witness is not None:
            yield f"    {line(str(answer.witness))}"
    if answer.deciding and answer.reaches is True:
        yield from wrapped(f"by {line(', '.join(answer.deciding))}", width, "    ")
    if answer.needs:
        yield f"    needs {line(', '.join(answer.needs))}"
    if answer.unknown is not None:
        yield from wrapped(f"not known: {line(answer.unknown.because)}", width, "    ")
    if answer.stopped is not None:
        for says in (answer.stopped.says, *answer.also):
            yield from wrapped(line(says), width, "    ")
    yield from condition_lines(answer.unless, width, "    ")


def chain_of(answer: Reach) -> str:
    """The hops in one line: `Internet -> pip-a (20.1.2.3) -> agw-a (listener 443)`."""
    return " -> ".join(f"{hop.name} ({hop.note})" if hop.note else hop.name for hop in answer.hops)


def _one(answer: Reach, width: int) -> Iterator[str]:
    from auditor.text.sanitise import line

    name = group_of(answer)
    colour = dict(_GROUPS)[name]
    yield click.style(f"{line(answer.target.name)} is {name} from {line(answer.source)}", fg=colour, bold=True)
    if answer.needs:
        yield f"needs {line(', '.join(answer.needs))}"
    yield from condition_lines(answer.unless, width)
    for number, hop in enumerate(answer.hops):
        yield from _hop(number, hop, width)
    if answer.also:
        yield ""
        yield "other paths:"
        for says in answer.also:
            yield from wrapped(line(says), width, "   no   ")
    if answer.unknown is not None and answer.unknown.permission:
        yield ""
        yield f"needs {line(answer.unknown.permission)}"


def _hop(number: int, hop: Mark, width: int) -> Iterator[str]:
    from auditor.text.sanitise import line

    yield ""
    yield f"{number}. {line(hop.name)}" + (f" ({line(hop.note)})" if hop.note else "")
    for step in hop.steps:
        first, *rest = wrapped(line(step.says), width - 8) or [""]
        yield f"   {_MARKS[_word(step.holds)]}   {first}"
        yield from (f"        {row}" for row in rest)
    if hop.packet is not None:
        yield f"   packet: {line(str(hop.packet))}"


# --- for programs -----------------------------------------------------------------------------------------------------


def as_json(source: str, port: str | None, found: tuple[Reach, ...]) -> dict[str, Any]:
    """The answers as JSON, version 1: fields may be added, never changed."""
    return {
        "format": "auditor-reach/1",
        "from": source,
        "port": port,
        "summary": {name: sum(group_of(answer) == name for answer in found) for name, _ in _GROUPS},
        "results": [_answer_json(answer) for answer in found],
    }


def _answer_json(answer: Reach) -> dict[str, Any]:
    from auditor.query.conditions import condition_json
    from auditor.query.flow import unknown_json

    return {
        "from": answer.source,
        "target": answer.target.id.text,
        "type": answer.target.type,
        "reaches": None if isinstance(answer.reaches, Unknown) else answer.reaches,
        "chain": chain_of(answer),
        "hops": [_hop_json(hop) for hop in answer.hops],
        "stopped_by": None if answer.stopped is None else answer.stopped.says,
        "also_stopped_by": list(answer.also),
        "rules": list(answer.deciding),
        "witness": packet_json(answer.witness),
        "needs": list(answer.needs),
        "unknown": unknown_json(answer.unknown),
        **({"unless": [condition_json(each) for each in answer.unless]} if answer.unless else {}),
    }


def _hop_json(hop: Mark) -> dict[str, Any]:
    return {
        "name": hop.name,
        "id": hop.id.text if hop.id else None,
        "note": hop.note,
        "steps": [
            {
                "step": step.name,
                "holds": None if isinstance(step.holds, Unknown) else step.holds,
                "says": step.says,
                "evidence": [
                    {"resource": e.place.document.text, "pointer": e.place.pointer, "value": e.value}
                    for e in step.evidence
                ],
            }
            for step in hop.steps
        ],
        "packet": packet_json(hop.packet),
    }


def packet_json(packet: Packet | None) -> dict[str, Any] | None:
    """A packet as JSON; `None` where there is none."""
    if packet is None:
        return None
    return {
        "protocol": packet.protocol.label,
        "source": packet.source,
        "source_port": packet.source_port,
        "destination": packet.destination,
        "destination_port": packet.destination_port,
        "given": list(packet.given),
    }
