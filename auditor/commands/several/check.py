"""`auditor check` of several snapshots: one report, one exit code, and on demand a result each."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import click

from auditor.commands.options.audit import AuditOptions, settled, terms_of
from auditor.commands.options.bounds import hold_to_days
from auditor.commands.options.output import page_width, write_json, write_page
from auditor.commands.options.report import ReportOptions, Target, guard, write_report
from auditor.commands.several.inputs import snapshots_in
from auditor.commands.several.joined import Joined, as_json, page, sarif_of
from auditor.commands.several.judge import Asked, result_names
from auditor.commands.several.run import Progress, cores, executor_of, in_order
from auditor.model import AuditorError, ExitCode

_FORMATS = ("terminal", "json", "sarif")


@dataclass(frozen=True)
class Several:
    """What `check` takes beside the options of one snapshot. `refused` are options that concern one snapshot only."""

    jobs: int | None = None
    results: Path | None = None
    max_waiver_days: int | None = None
    max_age: int | None = None
    refused: tuple[str, ...] = ()


def check_several(arguments: Sequence[Path], asked: AuditOptions, report: ReportOptions, several: Several) -> ExitCode:
    """Judge every snapshot that the arguments mean, and write the joined report.

    A file that cannot be judged is named when all others were. Raises `AuditorError` where the options themselves are
    wrong, before anything is read.
    """
    _check_options(report, several)
    terms = terms_of(asked)
    hold_to_days(terms, several.max_waiver_days)
    report = settled(report, terms)
    files = snapshots_in(arguments)
    guard(report.targets, (*files, *terms.files))
    formats = {target.format for target in report.targets}
    wanted = Asked(
        audit=asked,
        fail_on=report.fail_on,
        strict=report.strict,
        until_deployed=report.until_deployed,
        sarif_include=report.sarif_include,
        anchor=report.anchor,
        max_age=several.max_age,
        sarif="sarif" in formats,
        results=_folder(several.results, files),
    )
    jobs = min(several.jobs or cores(), len(files))
    joined = Joined()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as runs, executor_of(jobs) as executor:
        for one in in_order(files, wanted, executor, jobs, _progress(report.quiet)):
            joined.add(one)
            if one.run:
                runs.write(one.run + "\n")
        _write(joined, report, runs)
    return joined.code


def _check_options(report: ReportOptions, several: Several) -> None:
    for target in report.targets:
        if target.format not in _FORMATS:
            raise AuditorError(
                f"several snapshots are reported as {', '.join(_FORMATS)}, not as {target.format}",
                "--results FOLDER writes the result of each; `auditor check` of one snapshot writes every format",
            )
    if several.refused:
        raise AuditorError(f"{several.refused[0]} is for one snapshot, and several are named", "check each by itself")


def _folder(results: Path | None, files: tuple[Path, ...]) -> Path | None:
    """The folder of results. Raises `AuditorError` where a result would take the place of something that is none."""
    if results is None:
        return None
    guard([Target("json", results / name) for name in result_names(files)], files)
    try:
        results.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise AuditorError(f"{results}: is no folder to write to: {problem.strerror}", "choose another") from problem
    return results.absolute()


def _write(joined: Joined, report: ReportOptions, runs: IO[str]) -> None:
    for target in report.targets:
        if target.format == "json":
            write_json(as_json(joined), target.path)
        elif target.format == "sarif":
            _write_sarif(target, runs)
        else:
            write_page(page(joined, _width(target.path), report.quiet and target.path is None), target.path)
    if not report.quiet and all(target.path is not None for target in report.targets):
        click.echo(joined.headline, err=True)
    for one in joined.unusable if all(target.format != "terminal" for target in report.targets) else ():
        click.echo(f"error: {one.problem}", err=True)


def _width(path: Path | None) -> int:
    """A table of names wants more room than text: what a pipe or a file gets is as wide as a report of one."""
    return 120 if path is not None or not sys.stdout.isatty() else page_width(path)


def _write_sarif(target: Target, runs: IO[str]) -> None:
    from auditor.report.sarif.render import SCHEMA
    from auditor.snapshot.atomic import replace_file

    runs.seek(0)
    pieces = sarif_of(_lines(runs), SCHEMA)
    if target.path is not None:
        replace_file(target.path, pieces)
    else:
        write_report(target, b"".join(pieces))


def _lines(stream: Iterable[str]) -> Iterator[str]:
    return (text.rstrip("\n") for text in stream)


def _progress(quiet: bool) -> Progress:
    if quiet or not sys.stderr.isatty():
        return lambda done, of: None

    def show(done: int, of: int) -> None:
        end = "\r" if done < of else "\r\x1b[K"
        click.echo(f"checked {done:,} of {of:,}{end}", nl=False, err=True)

    return show
