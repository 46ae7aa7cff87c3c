"""`auditor flow`: would this packet get through, and which rule decides?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
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
from auditor.model import AuditorError, ExitCode

if TYPE_CHECKING:
    from auditor.query.flow import Answer, FlowBook, Question

_DIRECTIONS = {"in": "inbound", "out": "outbound", "inbound": "inbound", "outbound": "outbound"}
_FIELDS = ("at", "direction", "protocol", "local_ip", "local_port", "remote_ip", "remote_port")


@click.command()
@click.argument("snapshot", type=click.Path(path_type=Path))
@click.option("--at", metavar="ID|NAME", help="A subnet, a network interface, a machine or a private endpoint.")
@click.option("--direction", type=click.Choice(["in", "out"], case_sensitive=False), help="To the place or from it.")
@click.option("--protocol", metavar="P", help="Tcp, Udp, Icmp, Esp or Ah.")
@click.option("--local", metavar="IP:PORT", help="The end at the place. IPv6 as [2001:db8::1]:443.")
@click.option("--remote", metavar="IP|TAG:PORT", help="The far end, or a service tag: Internet:443.")
@click.option("--batch", metavar="FILE", help="Questions as JSON lines; `-` is standard input.")
@click.option("--service-tags", type=click.Path(path_type=Path), metavar="FILE", help="Prefixes of service tags.")
@click.option("--strict", is_flag=True, help="Answer Unknown where an answer rests on what was not read; exit 3.")
@page_options
def flow(  # noqa: PLR0917 - click passes each by name
    snapshot: Path,
    batch: str | None,
    service_tags: Path | None,
    strict: bool,
    format: str,
    output: Path | None,
    **asked: str | None,
) -> ExitCode | None:
    """Would this packet get through, and which rule decides? Network Watcher's IP flow verify, without Azure.

    Asks the security groups of the subnet and of the network interface, security admin rules and the rules of reserved
    subnets. Routes are not asked: `auditor reach` follows them. Where something was not read that most networks do not
    have, the answer is the one without it, and says what would change it ("unless"); --strict takes that for Unknown.

    \b
    auditor flow s.json --at snet-jumpbox --direction in --protocol Tcp --local 10.0.2.132:3389 --remote Internet:50000
    auditor flow s.json --batch questions.jsonl > answers.jsonl

    A line of a batch is {"at", "direction", "protocol", "local_ip", "local_port", "remote_ip", "remote_port"}, where
    remote_ip may be a service tag; its answer is the same with "access" (Allow, Deny or Unknown), "rule", "nsg" and
    "trace". A line that makes no sense is answered with "error", and the exit code is then 2.
    """
    single = {f"--{name}": value for name, value in asked.items() if value is not None}
    if batch is not None:
        if single:
            raise AuditorError(f"--batch brings its own questions; {', '.join(single)} cannot stand beside it")
        return _batch(_book(snapshot, service_tags, strict), batch, output)
    missing = [f"--{name}" for name, value in asked.items() if value is None]
    if missing:
        raise AuditorError(f"{', '.join(missing)} missing", "name a place, a direction, a protocol and both ends")
    book = _book(snapshot, service_tags, strict)
    ends = _ends(single["--local"], single["--remote"])
    question = _question(book, single["--at"], single["--direction"], single["--protocol"], ends)
    answer = book.answer(question)
    if format == "json":
        write_json(_single_json(question, answer), output)
    else:
        write_page(_page(question, answer, page_width(output)), output)
    return ExitCode.INCOMPLETE if strict and answer.access == "Unknown" else None


def _book(path: Path, tags: Path | None, strict: bool) -> FlowBook:
    from auditor.commands.options.network_arguments import read_tags
    from auditor.estate import build_estate
    from auditor.query.flow import FlowBook
    from auditor.snapshot import read_snapshot

    return FlowBook(build_estate(read_snapshot(path)), read_tags(tags), likely=not strict)


def _ends(local: str, remote: str) -> dict[str, Any]:
    from auditor.commands.options.network_arguments import read_end

    here, there = read_end(local, "--local"), read_end(remote, "--remote")
    return {
        "local_ip": here.host,
        "local_port": here.port,
        "remote_ip": there.host,
        "remote_port": there.port,
    }


def _question(book: FlowBook, at: str, direction: str, protocol: str, ends: Mapping[str, Any]) -> Question:
    from auditor.commands.options.network_arguments import read_address, read_port, read_protocol
    from auditor.estate.naming import find_resource
    from auditor.query.flow import End, Question, has_place, machine_interface

    way = _DIRECTIONS.get(direction.strip().casefold())
    if way is None:
        raise AuditorError(f"{direction!r} is not a direction", "give in or out")
    local = End(read_address(str(ends["local_ip"]), "the local end"), read_port(ends["local_port"], "local port"))
    far = str(ends["remote_ip"]).strip()
    if not far:
        raise AuditorError("the remote end names no address and no tag")
    far = read_address(far, "the remote end") if far[0].isdigit() or ":" in far else far
    remote = End(far, read_port(ends["remote_port"], "remote port"))
    try:
        resource = find_resource(book.estate, at, lambda found: has_place(book.estate, found))
    except AuditorError:
        found = machine_interface(book.estate, at)
        if found is None:
            raise
        resource = found
    return Question(resource, way, read_protocol(protocol), local, remote)


# --- one question -----------------------------------------------------------------------------------------------------


def _single_json(question: Question, answer: Answer) -> dict[str, Any]:
    return {
        "at": question.at.id.text,
        "direction": "in" if question.direction == "inbound" else "out",
        "protocol": question.protocol.label,
        "local_ip": question.local.host,
        "local_port": question.local.port,
        "remote_ip": question.remote.host,
        "remote_port": question.remote.port,
        **answer.as_json(),
    }


def _page(question: Question, answer: Answer, width: int) -> Iterator[str]:
    from auditor.estate.naming import short
    from auditor.query.conditions import missing_permission
    from auditor.text.sanitise import line

    colour = {"Allow": "green", "Deny": "red"}.get(answer.access, "yellow")
    rule = f" by {line(answer.rule.azure_name)}" if answer.rule else ""
    where = f" of {line(short(answer.nsg))}" if answer.nsg else ""
    yield click.style(answer.access, fg=colour, bold=True) + rule + where
    if answer.unknown is not None:
        yield from wrapped(line(answer.unknown.because), width, "  ")
        permission = missing_permission(answer.unknown)
        if permission:
            yield f"  needs {line(permission)}"
    yield from condition_lines(answer.unless, width)
    yield ""
    if answer.witness is not None:
        yield f"{answer.witness} at {line(short(question.at.id))}, {question.direction}"
    for number, step in enumerate(answer.as_json()["trace"], 1):
        yield from _step(number, step, width)
    if not answer.trace:
        yield "  nothing filters here: there is no security group on the subnet and none on the network interface"
    for note in answer.notes:
        yield from wrapped(f"note: {line(note)}", width, "  ")


def _step(number: int, step: Mapping[str, Any], width: int) -> Iterator[str]:
    from auditor.estate.naming import short
    from auditor.model import ArmId
    from auditor.text.sanitise import line

    where = f" {line(short(ArmId(step['nsg'])))}" if step["nsg"] else ""
    rule = f" by {line(step['rule'])} (priority {step['priority']})" if step["rule"] else ""
    yield f"  {number}. {step['layer'] or 'filter'}{where}: {step['access']}{rule}"
    if step["because"]:
        yield from wrapped(line(step["because"]), width, "     ")


# --- many questions ---------------------------------------------------------------------------------------------------


def _batch(book: FlowBook, file: str, output: Path | None) -> ExitCode | None:
    """Answer each line as it comes, so that a pipe can talk back and forth; mistakes keep their line."""
    from auditor.report.json_ import json_text
    from auditor.snapshot.text import printable
    from auditor.text.sanitise import line

    mistakes = 0
    try:
        with click.open_file(file, encoding="utf-8") as lines, _sink(output) as sink:
            for number, text in enumerate(lines, 1):
                if not text.strip():
                    continue
                answered = _line(book, text)
                if "error" in answered:
                    mistakes += 1
                    click.echo(f"{printable(file)}:{number}: {line(answered['error'])}", err=True)
                click.echo(json_text(answered), file=sink)
    except (OSError, UnicodeDecodeError) as problem:
        if isinstance(problem, BrokenPipeError):
            raise
        tip = "name a file of JSON lines, or - for standard input"
        raise AuditorError(f"{printable(file)}: {problem}", tip) from None
    return ExitCode.USAGE if mistakes else None


def _sink(output: Path | None) -> Any:
    if output is None:
        return click.open_file("-", "w", encoding="utf-8")
    return click.open_file(str(output), "w", encoding="utf-8", atomic=True)


def _line(book: FlowBook, text: str) -> dict[str, Any]:
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError) as problem:
        return {"error": f"not JSON: {problem}"}
    if not isinstance(asked, dict):
        return {"error": "a question is a JSON object"}
    missing = [name for name in _FIELDS[:4] + _FIELDS[5:6] if not isinstance(asked.get(name), str)]
    if missing:
        return {**asked, "error": f"{', '.join(missing)} must be text"}
    try:
        ends = {name: asked.get(name) for name in _FIELDS[3:]}
        question = _question(book, asked["at"], asked["direction"], asked["protocol"], ends)
        return {**asked, **book.answer(question).as_json()}
    except AuditorError as problem:
        return {**asked, "error": f"{problem.message}; {problem.tip}" if problem.tip else problem.message}
