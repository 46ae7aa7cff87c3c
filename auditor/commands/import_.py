"""`auditor import`: a snapshot of JSON that az, Resource Manager or Resource Graph printed."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.commands.options.output import protect
from auditor.model import AuditorError
from auditor.snapshot import write_snapshot
from auditor.snapshot.importing import Imported, gather
from auditor.snapshot.importing.files import Input, inputs_of
from auditor.snapshot.importing.gather import timestamp
from auditor.snapshot.importing.templates import Target
from auditor.snapshot.text import printable


class _Moment(click.ParamType[str]):
    """A date or time, ISO 8601; without a zone it is UTC."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Bring it to UTC."""
        try:
            moment = datetime.fromisoformat(str(value))
            utc = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return timestamp(utc.astimezone(UTC))
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time such as 2026-11-22 or 2026-11-22T10:00:00Z", param, ctx)


@click.command("import")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("-o", "--output", metavar="FILE", required=True, help="The snapshot to write.")
@click.option(
    "--complete",
    is_flag=True,
    help="These files hold everything of the subscriptions they mention: what they do not show does not exist.",
)
@click.option(
    "--as-of",
    type=_Moment(),
    help="When the resources were read (ISO 8601, UTC). Default: the time of the newest file.",
)
@click.option(
    "--parameters",
    multiple=True,
    metavar="FILE",
    help="Of templates: a file of parameters (JSON, or .bicepparam). Given twice, the later wins.",
)
@click.option("--subscription", default="", metavar="ID", help="Of templates: the subscription to deploy to, a GUID.")
@click.option("--resource-group", default="", metavar="NAME", help="Of templates: the resource group to deploy to.")
@click.option("--location", default="", metavar="REGION", help="Of templates: the region of the resource group.")
@click.option("--management-group", default="", metavar="ID", help="Of templates: the management group to deploy to.")
@click.option("--tenant", default="", metavar="ID", help="Of templates: the tenant, a GUID.")
def import_(
    paths: tuple[str, ...],
    *,
    output: str,
    complete: bool,
    as_of: str | None,
    parameters: tuple[str, ...],
    subscription: str,
    resource_group: str,
    location: str,
    management_group: str,
    tenant: str,
) -> None:
    """Make a snapshot of JSON that az, Resource Manager or Resource Graph printed.

    PATH is a file, a folder of *.json, *.jsonl and *.ndjson files, or - for standard input. A file may hold a
    resource, a list, {"value": [...]}, a Resource Graph answer, {"documents": [...]}, a snapshot, the answer of
    what-if or `bicep snapshot`, several of these one after another, or one a line.

    A template (main.json, azuredeploy.json) is expanded here, without Azure: say with the options below where it is
    to be deployed, and give its parameters. A .bicep or .bicepparam file is compiled by the Bicep CLI that is
    installed. `terraform show -json` of a plan or a state is taken, too.

    What could carry a secret is removed. Unless --complete is given, an absence proves nothing: a requirement that
    rests on one comes out as unknown.
    """
    files = inputs_of(parameters) if parameters else []
    known = {each.name for each in files}
    inputs = [*(each for each in inputs_of(paths, leave_out=Path(output)) if each.name not in known), *files]
    target = Target(
        subscription, resource_group, location, management_group, tenant, tuple(each.name for each in files)
    )
    imported = gather(inputs, complete, as_of or "", _progress if sys.stderr.isatty() else None, target)
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
    _refuse_to_overwrite(inputs, output, imported)
    protect(Path(output), snapshot=True)
    write_snapshot(imported.snapshot, output)
    from auditor.text.sanitise import visible

    for warning in imported.warnings:
        click.echo(f"warning: {visible(warning)}", err=True)
    click.echo(_summary(imported, output), err=True)


def _progress(number: int, file: Input) -> None:
    click.echo(f"\r\x1b[Kreading file {number + 1}: {file.name}", nl=False, err=True)


def _refuse_to_overwrite(inputs: list[Input], output: str, imported: Imported) -> None:
    """An export may not be replaced by the snapshot made of it; a snapshot may be, by the sound one made of it."""
    out = os.path.realpath(output)
    if not imported.remade and any(file.path and os.path.realpath(file.path) == out for file in inputs):
        raise AuditorError(
            f"{printable(output)}: this is one of the files to import", "give the snapshot a name of its own"
        )


def _summary(imported: Imported, output: str) -> str:
    documents = len(imported.snapshot.documents)
    text = (
        f"imported {_counted(documents, 'document')} of {_counted(imported.types, 'type')}"
        f" from {_counted(imported.files, 'file')} into {printable(output)};"
        f" {_counted(imported.redacted, 'value')} redacted"
    )
    if imported.not_held:
        kinds = imported.not_held
        names = ", ".join(kinds if len(kinds) < 4 else (*kinds[:3], f"and {len(kinds) - 3} more"))
        text += (
            f"; Resource Graph shows no {names}, so these are unknown:"
            " `auditor permissions --format sh` prints the commands that read them"
        )
    if imported.whole:
        names = ", ".join(imported.whole)
        return f"{text}; whole: {names if len(imported.whole) < 4 else _counted(len(imported.whole), 'subscription')}"
    if imported.lists:
        listed = sorted({each.covers for each in imported.lists})
        text += f"; taken for whole lists: {', '.join(listed) if len(listed) < 4 else _counted(len(listed), 'type')}"
    if imported.remade or not imported.unproven:
        return text
    return f"{text}; {'other ' if imported.lists else ''}absences prove nothing without --complete"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
