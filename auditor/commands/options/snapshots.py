"""What a person should hear about a snapshot before it is used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from auditor.snapshot import Snapshot


def snapshot_of(path: Path) -> Snapshot:
    """Read a snapshot to judge it by. Raises `AuditorError` where it is none.

    A read that says it brought more documents than the file holds is taken for failed, since what is not there may
    have been; a warning on standard error says so.
    """
    from auditor.snapshot import read_snapshot
    from auditor.snapshot.counts import MISCOUNTED, counted
    from auditor.text.sanitise import visible

    found = read_snapshot(path)
    reads = counted(found)
    for read in reads:
        if read.error == MISCOUNTED:
            click.echo(f"warning: {visible(f'{path}: {read.path}: {read.message}')}", err=True)
    return replace(found, reads=reads)
