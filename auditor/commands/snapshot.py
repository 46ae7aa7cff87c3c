"""`auditor snapshot`: read a deployment into a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from auditor.commands.auditing import settings_option
from auditor.commands.collecting import collected, collection_options, quiet_option, target_of, tell


@click.command()
@collection_options
@settings_option
@quiet_option
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, metavar="FILE")
def snapshot(output: Path, settings: Path | None, quiet: bool, **arguments: Any) -> int:
    """Read a deployment into a snapshot file, as Azure answers for it and with what could be a secret left out.

    Signs in with the first credential of the usual chain that works: environment variables (AZURE_TENANT_ID, ...),
    workload or managed identity, `az login` and its like. The role Reader is enough. Only reads are ever sent.

    Ends with 0 when everything was read, with 3 when something was not: the file is written all the same, says what is
    missing, and `auditor check` answers "unknown" to what rests on that.
    """
    from auditor.baseline.settings import read_settings
    from auditor.snapshot import write_snapshot

    wanted = None if settings is None else read_settings(settings)
    found = collected(target_of(arguments, wanted), quiet)
    write_snapshot(found, output)
    return tell(found, str(output))
