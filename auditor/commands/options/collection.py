"""What `snapshot`, `scan` and `demo` share: the options of a collection, its progress, what it could not read."""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

import click

from auditor.model import ExitCode, Read

if TYPE_CHECKING:
    from auditor.collect import Progress, Target
    from auditor.settings.read import Settings
    from auditor.snapshot import Snapshot

_CLOUDS = ("public", "usgovernment", "china")
_EVERY = 0.1
"""Seconds between two lines of progress; a terminal shows no more and a slow one is held up by more."""

LONGEST_RUN = 7_200.0
"""Seconds that a collection may last where nobody says otherwise. One of 10,000 resources takes some minutes."""


class Seconds(click.FloatRange):
    """A number of seconds above 0; one without end, or that is none, is no limit."""

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it."""
        found = float(super().convert(value, param, ctx))
        if not math.isfinite(found):
            self.fail(f"{value} is no number of seconds", param, ctx)
        return found


_OPTIONS = (
    click.option(
        "--subscription", "subscriptions", multiple=True, metavar="ID", help="Read this one; may be repeated."
    ),
    click.option("--all-subscriptions", is_flag=True, help="Read every subscription that the credential sees."),
    click.option(
        "--management-group",
        "management_groups",
        multiple=True,
        metavar="ID",
        help="Read every subscription below this group; may be repeated.",
    ),
    click.option("--resource-group", "resource_groups", multiple=True, metavar="NAME", help="Read only this group."),
    click.option(
        "--cloud",
        type=click.Choice(_CLOUDS, case_sensitive=False),
        help="Azure cloud [default: public]. With --arm-endpoint: the cloud that it stands for.",
    ),
    click.option("--arm-endpoint", default="", metavar="URL", help="Resource Manager of a cloud of your own (https)."),
    click.option("--arm-audience", default="", metavar="URL", help="Whom tokens are for, if not the endpoint itself."),
    click.option(
        "--ca-file", default="", metavar="FILE", help="Certificates to trust instead of the usual ones (PEM)."
    ),
    click.option("--concurrency", type=click.IntRange(1, 64), default=16, show_default=True, metavar="N"),
    click.option(
        "--timeout",
        type=Seconds(),
        default=LONGEST_RUN,
        show_default=True,
        metavar="SECONDS",
        help="Stop after this many seconds and write what was read; --resume reads the rest.",
    ),
)

quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress.")
"""Apart from the others: `scan` has it from reporting."""


def collection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a collection, in the order above."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def target_of(arguments: dict[str, Any], settings: Settings | None = None) -> Target:
    """The target that the options describe; takes them out of the arguments.

    What is read is as the settings say where no option says it.
    """
    from auditor.collect import Target

    subscriptions, groups = tuple(arguments.pop("subscriptions")), tuple(arguments.pop("resource_groups"))
    everything, above = arguments.pop("all_subscriptions"), tuple(arguments.pop("management_groups"))
    if everything and (subscriptions or above):
        raise click.UsageError("--all-subscriptions leaves nothing to choose: take it alone")
    if settings is not None and not (subscriptions or groups or everything or above):
        subscriptions, groups = settings.subscriptions, settings.resource_groups
    return Target(
        subscriptions=subscriptions,
        management_groups=above,
        all_subscriptions=everything,
        resource_groups=groups,
        cloud=arguments.pop("cloud") or "",
        arm_endpoint=arguments.pop("arm_endpoint"),
        audience=arguments.pop("arm_audience"),
        ca_file=arguments.pop("ca_file"),
        concurrency=arguments.pop("concurrency"),
        timeout=arguments.pop("timeout"),
    )


def collected(
    target: Target, quiet: bool, earlier: Snapshot | None = None, keep: Callable[[Snapshot], object] | None = None
) -> Snapshot:
    """Collect, with progress on stderr while it is a terminal; or read what an earlier snapshot lacks.

    `keep` is given what there is every minute.

    Raises `AuditorError` where nothing can be read.
    """
    from auditor.collect import collect

    with progress_on(sys.stderr, quiet) as watch:
        return collect(target, watch, earlier=earlier, keep=keep)


def collected_apart(target: Target, quiet: bool) -> tuple[Snapshot, ...]:
    """As `collected`, with a snapshot for each subscription."""
    from auditor.collect import collect_apart

    with progress_on(sys.stderr, quiet) as watch:
        return collect_apart(target, watch)


def tell(snapshot: Snapshot, where: str, resumable: bool = False) -> ExitCode:
    """Say on stderr what was read and what was not; answer the exit code that this deserves.

    `resumable` says that `where` is a file which a later run can continue.
    """
    answered = sum(read.answered for read in snapshot.reads)
    click.echo(f"{where}: {len(snapshot.documents)} documents from {answered} reads", err=True)
    failed = [read for read in snapshot.reads if not read.answered]
    if not failed and snapshot.complete:
        return ExitCode.HOLDS
    for line in _account(failed):
        click.echo(line, err=True)
    if not snapshot.complete:
        click.echo("the run ended early: the snapshot is marked incomplete", err=True)
    if resumable:
        click.echo(f"`auditor snapshot --resume {where}` reads what is missing, and only that", err=True)
    return ExitCode.INCOMPLETE


def _account(failed: list[Read]) -> Iterator[str]:
    """The failed reads by what would mend them, one line each, the paths below."""
    causes: dict[str, list[Read]] = defaultdict(list)
    for read in failed:
        causes[_cure(read)].append(read)
    noun = "read" if len(failed) == 1 else "reads"
    yield f"{len(failed)} {noun} failed:"
    for cure, reads in sorted(causes.items()):
        yield f"  {cure}"
        yield from (f"    {read.path}" for read in reads[:_SHOWN])
        if len(reads) > _SHOWN:
            yield f"    and {len(reads) - _SHOWN} more of the kind"
    if any(read.permission for read in failed):
        yield "`auditor permissions` prints a role that has all of these."


_SHOWN = 5


def _cure(read: Read) -> str:
    if read.permission:
        return f"needs {read.permission}"
    status = f" (HTTP {read.status})" if read.status else ""
    return f"{read.error}{status}: {read.message}" if read.message else f"{read.error}{status}"


@contextmanager
def progress_on(stream: TextIO, quiet: bool) -> Iterator[Callable[[Progress], None] | None]:
    """A watcher that keeps one line of a terminal up to date; `None` where nobody would see it."""
    if quiet or not stream.isatty():
        yield None
        return
    line = _Line(stream)
    try:
        yield line.show
    finally:
        line.clear()


class _Line:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last = 0.0

    def show(self, state: Progress) -> None:
        """Say how far the run is."""
        now = time.monotonic()
        if now - self._last < _EVERY:
            return
        self._last = now
        failed = f", {state.failed} failed" if state.failed else ""
        text = f"{state.done}/{state.known} reads, {state.documents} documents{failed}: {state.reading}"
        width = shutil.get_terminal_size().columns - 1
        self._stream.write(f"\r\x1b[K{text[:width]}")
        self._stream.flush()

    def clear(self) -> None:
        """Leave the terminal as it was."""
        self._stream.write("\r\x1b[K")
        self._stream.flush()
