"""The command line: options, exit codes, how errors are shown; nothing else."""

from __future__ import annotations

import errno
import gc
import os
import sys
from pathlib import Path

import click

from auditor import __version__
from auditor.model import AuditorError, ExitCode

_LONGEST_LINE = 1_500
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What the system says of a place that takes no more."""


class _LateCommands(click.Group):
    """Loads a subcommand's module only when it is asked for, so that `--help` and `check` stay quick."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep what was given: --version asks for an option that may stand behind it."""
        ctx.meta[_ARGUMENTS] = tuple(args)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every subcommand, in the order of a first day's work."""
        from auditor.commands import COMMANDS

        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module that holds the subcommand."""
        from auditor.commands import load

        return load(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands from the table, without importing a single one of them."""
        from auditor.commands import COMMANDS

        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


def _version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    """Say the version; with --verbose, wherever it stands, what this installation is made of."""
    if not value or context.resilient_parsing:
        return
    if {"-v", "--verbose"} & set(context.meta.get(_ARGUMENTS, ())):
        from auditor.made_of import lines

        click.echo("\n".join(lines()))
    else:
        click.echo(f"auditor, version {__version__}")
    context.exit()


_ARGUMENTS = "auditor.arguments"


@click.group(cls=_LateCommands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("-v", "--verbose", is_flag=True, is_eager=True, expose_value=False, help="With --version: of what.")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version and exit."
)
def auditor() -> None:
    """Is this Azure OpenAI chat deployment locked down as the reference architecture says, and can you prove it?

    Exit codes: 0 everything required holds, 1 something required fails, 2 bad usage or bad input, 3 incomplete
    (an unknown under --strict, or a snapshot that could not be collected whole), 4 the auditor itself failed.
    """


def main(argv: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    # Objects are many and cycles few: by default (700) the collector takes a sixth of the time of a check.
    gc.set_threshold(200_000, 50, 100)
    _open_what_is_closed()
    code = run(sys.argv[1:] if argv is None else argv)
    try:
        sys.stdout.flush()
    except OSError as problem:
        # What could not be written is dropped: Python would try again when it ends, and end with a code of its own.
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
        if not isinstance(problem, BrokenPipeError):
            _tell(_unwritable(problem))
            code = ExitCode.USAGE
    sys.exit(code)


def _open_what_is_closed() -> None:
    """Daemons and cron may start a program without standard output or error: what is said there goes nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115


def _unwritable(problem: OSError) -> AuditorError:
    said = f"standard output cannot be written: {problem.strerror}"
    return AuditorError(said, "make room where it goes, or write to a file: -o FILE")


def run(argv: list[str]) -> int:
    """Run the command line; answer its exit code. What the user can change ends in one sentence, never a traceback."""
    try:
        answer = auditor.main(args=argv, prog_name="auditor", standalone_mode=False)
    except click.ClickException as problem:
        problem.show()
        return problem.exit_code
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        return ExitCode.INCOMPLETE
    except AuditorError as problem:
        _tell(problem)
        return problem.exit_code
    except BrokenPipeError:
        # The reader of stdout went away (`auditor rules | head`); what it wanted it has.
        sys.stderr.close()
        return ExitCode.HOLDS
    except MemoryError:
        _tell(AuditorError("there is not enough memory", "give it 512 MiB, or import and check fewer subscriptions"))
        return ExitCode.USAGE
    except Exception as problem:
        if isinstance(problem, OSError) and problem.errno in _FULL and problem.filename is None:
            _tell(_unwritable(problem))
            return ExitCode.USAGE
        if isinstance(problem, OSError) and problem.errno == errno.ENAMETOOLONG:
            _tell(AuditorError(f"{problem.filename} cannot be a file: its name is too long"))
            return ExitCode.USAGE
        click.echo("fatal: the auditor itself failed; this is a bug, please report it with what follows", err=True)
        import traceback

        traceback.print_exc()
        return ExitCode.BROKEN
    return int(answer) if isinstance(answer, int) else ExitCode.HOLDS


def _tell(problem: AuditorError) -> None:
    """Say what is wrong. A message quotes what files hold, which may be escape codes, or very long."""
    click.echo(f"error: {_safe(problem.message)}", err=True)
    if problem.tip:
        click.echo(f"  tip: {_safe(problem.tip)}", err=True)


def _safe(text: str) -> str:
    from auditor.text.sanitise import clip, visible_lines

    return "\n".join(visible_lines(clip(line, _LONGEST_LINE)) for line in text.split("\n"))
