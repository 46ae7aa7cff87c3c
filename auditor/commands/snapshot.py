"""`auditor snapshot`: read a deployment into a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.commands.options.audit import settings_option
from auditor.commands.options.collection import (
    collected,
    collected_apart,
    collection_options,
    quiet_option,
    target_of,
    tell,
)
from auditor.commands.options.output import is_snapshot, protect
from auditor.model import AuditorError, ExitCode

if TYPE_CHECKING:
    from auditor.collect import Target
    from auditor.snapshot import Snapshot

_SCOPE = {
    "subscriptions": "--subscription",
    "all_subscriptions": "--all-subscriptions",
    "management_groups": "--management-group",
    "resource_groups": "--resource-group",
    "settings": "--settings",
}


@click.command()
@collection_options
@settings_option
@click.option(
    "--resume",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Continue this snapshot: keep what was answered, ask for the rest. Its scopes hold.",
)
@click.option(
    "--each",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="A snapshot for each subscription, in this folder, instead of one of all.",
)
@quiet_option
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to write the snapshot. [default: with --resume, the resumed file]",
)
def snapshot(output: Path | None, resume: Path | None, each: Path | None, quiet: bool, **arguments: Any) -> int:
    """Read a deployment into a snapshot file, as Azure answers for it and with what could be a secret left out.

    Signs in with the first credential of the usual chain that works: environment variables (AZURE_TENANT_ID, ...),
    workload or managed identity, `az login` and its like. The role Reader is enough. Only reads are ever sent.

    \b
    auditor snapshot -o s.json                                   the only subscription that you see
    auditor snapshot --subscription ID --resource-group RG -o s.json
    auditor snapshot --management-group ID --each snapshots      every subscription below, a file each
    auditor snapshot --resume s.json                             what was refused, cut off or down the last time

    Ends with 0 when everything was read, with 3 when something was not: the file is written all the same, says what is
    missing, and `auditor check` answers "unknown" to what rests on that. Ctrl-C, SIGTERM and --timeout end it so. Every
    minute what there is goes to FILE.part, which --resume takes where a run was killed.
    """
    if resume is not None:
        return _resumed(resume, output or resume, each, quiet, arguments)
    if each is not None:
        return _apart(each, output, quiet, arguments)
    if output is None:
        raise click.MissingParameter(param_hint="'-o' / '--output'", param_type="option")
    return _collected(output, _target(arguments), quiet)


def _target(arguments: dict[str, Any]) -> Target:
    from auditor.settings.read import read_settings

    settings = arguments.pop("settings")
    return target_of(arguments, None if settings is None else read_settings(settings))


def _collected(output: Path, target: Target, quiet: bool, earlier: Snapshot | None = None) -> ExitCode:
    """Collect into a file. While it lasts, what there is stands beside it: a run that is killed can be resumed."""
    from auditor.snapshot import write_snapshot

    protect(output, snapshot=True)
    part = output.with_name(f"{output.name}.part")
    _check_part(part)
    found = collected(target, quiet, earlier, lambda so_far: write_snapshot(so_far, part))
    code = _kept(found, output)
    part.unlink(missing_ok=True)
    return code


def _check_part(part: Path) -> None:
    """Refuse to keep what there is in the place of something else, or of what a link leads to."""
    if part.is_symlink() or (part.exists() and not is_snapshot(part)):
        raise AuditorError(f"{part}: already exists: what was read so far is kept there", "move it, or name another -o")


def _kept(found: Snapshot, path: Path) -> ExitCode:
    from auditor.snapshot import write_snapshot

    write_snapshot(found, path)
    return tell(found, str(path), resumable=True)


def _resumed(resume: Path, output: Path, each: Path | None, quiet: bool, arguments: dict[str, Any]) -> ExitCode:
    from auditor.collect import CLOUDS
    from auditor.snapshot import read_snapshot

    said = [option for name, option in _SCOPE.items() if arguments[name]] + (["--each"] if each is not None else [])
    if said:
        raise click.UsageError(f"{said[0]} has no place beside --resume: what is read is as the snapshot says")
    earlier = read_snapshot(resume)
    known = {cloud.name: name for name, cloud in CLOUDS.items()}
    arguments["cloud"] = arguments["cloud"] or known.get(earlier.cloud, "")
    return _collected(output, _target(arguments), quiet, earlier)


def _apart(folder: Path, output: Path | None, quiet: bool, arguments: dict[str, Any]) -> ExitCode:
    if output is not None:
        raise click.UsageError("-o names one file and --each a folder of several: take one of the two")
    _make(folder)
    found = collected_apart(_target(arguments), quiet)
    codes = [_kept(part, folder / f"{part.subscriptions[0]}.json") for part in found]
    return max(codes, default=ExitCode.HOLDS)


def _make(folder: Path) -> None:
    """Make the folder before anything is read: a run of minutes should not end for want of one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise AuditorError(f"{folder}: the folder cannot be made: {problem.strerror}", "name another") from problem
