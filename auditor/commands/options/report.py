"""From a finished result to reports and an exit code: what `check`, `scan` and `demo` have in common."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import click

from auditor.commands.options.output import protect
from auditor.commands.options.repository import azure_build, repository_of
from auditor.frameworks.model import Controls
from auditor.history.model import Trend
from auditor.model import AuditorError, AuditResult, ExitCode, Outcome, Severity
from auditor.picture.model import Picture
from auditor.report import (
    FORMATS,
    SARIF_EXTRAS,
    Context,
    format_of,
    renderer,
)
from auditor.report.gate import counts
from auditor.report.narrow import Narrow, check

FAIL_ON = ("must", "should", *(severity.value for severity in Severity), "never")
_FLAGS = ("fail_on", "strict", "until_deployed", "verbose", "every", "quiet", "anchor")
_FILE_WIDTH = 120


class Target(NamedTuple):
    """A report that is wanted: its format, and the file it goes to; no file is standard output."""

    format: str
    path: Path | None


@dataclass(frozen=True)
class ReportOptions:
    """How a result is to be reported, and what makes the command fail."""

    targets: tuple[Target, ...] = (Target("terminal", None),)
    fail_on: str = "must"
    strict: bool = False
    until_deployed: bool = False
    verbose: bool = False
    every: bool = False
    quiet: bool = False
    narrow: Narrow = field(default_factory=Narrow)
    sarif_include: frozenset[str] = frozenset()
    anchor: Path | None = None
    controls: Callable[[AuditResult], Controls] | None = None
    by_control: bool = False


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of reporting; it receives them as one argument, `report: ReportOptions`."""

    @functools.wraps(command)
    def gathered(
        *args: Any,
        format: str | None,
        output: Path | None,
        also: Sequence[Target],
        sarif_include: Sequence[str],
        only: Sequence[str],
        family: Sequence[str],
        part: Sequence[str],
        severity: str | None,
        **others: Any,
    ) -> Any:
        chosen = format or _by_ending(output)
        main = Target(chosen, None if output == Path("-") else output)
        report = ReportOptions(
            targets=(main, *also),
            sarif_include=frozenset(sarif_include),
            narrow=Narrow(tuple(only), tuple(family), tuple(part), severity or ""),
            **{name: others.pop(name) for name in _FLAGS},
        )
        return command(*args, report=report, **others)

    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(_OPTIONS), gathered)


def _by_ending(output: Path | None) -> str:
    """The format that the ending of a file asks for; a name without an ending is a text for people."""
    if output is None or not output.suffix:
        return "terminal"
    found = format_of(output.name)
    if found is None:
        endings = ", ".join(end for form in FORMATS.values() for end in form.endings[:1])
        raise AuditorError(f"{output}: no format has this ending", f"endings are {endings}; or give --format")
    return found


def _also(context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> tuple[Target, ...]:
    targets = []
    for value in values:
        name, separator, file = value.partition("=")
        if not separator or name not in FORMATS or not file:
            raise click.BadParameter(f"{value!r} is not FORMAT=FILE; formats are {', '.join(FORMATS)}")
        targets.append(Target(name, None if file == "-" else Path(file)))
    return tuple(targets)


_OPTIONS: tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...] = (
    click.option(
        "--format",
        type=click.Choice(list(FORMATS)),
        help="Form of the report. Without it the ending of -o decides, else it is for the terminal.",
    ),
    click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the report to this file instead of standard output; it appears whole or not at all.",
    ),
    click.option("--also", multiple=True, metavar="FORMAT=FILE", callback=_also, help="Write a further report."),
    click.option(
        "--fail-on",
        type=click.Choice(FAIL_ON),
        default="must",
        show_default=True,
        help="What makes the exit code 1: a requirement (must), a recommendation too (should), anything of at least"
        " this severity, or nothing (never).",
    ),
    click.option("--strict", is_flag=True, help="Exit with 3 where something could not be decided."),
    click.option(
        "--until-deployed",
        is_flag=True,
        help="With --strict: accept unknowns that only the deployment of a plan can decide, and no others.",
    ),
    click.option("-v", "--verbose", is_flag=True, help="Show what passes too, with the evidence."),
    click.option("--all", "every", is_flag=True, help="At a terminal: show every problem, worst first."),
    click.option(
        "--severity",
        type=click.Choice([severity.value for severity in Severity]),
        help="At a terminal: show problems of this severity and worse. What is judged stays the same.",
    ),
    click.option("--only", metavar="ID", multiple=True, help="At a terminal: show these requirements: NSG-*, PUB-07."),
    click.option("--family", metavar="NAME", multiple=True, help="At a terminal: show these families: NSG, RBAC."),
    click.option("--part", metavar="WORD", multiple=True, help="At a terminal: show what is about such a part."),
    click.option(
        "-q",
        "--quiet",
        is_flag=True,
        help="One line at a terminal: the verdict. Say nothing on standard error but errors.",
    ),
    click.option(
        "--sarif-include",
        multiple=True,
        type=click.Choice(SARIF_EXTRAS),
        help="Put these outcomes into SARIF too; dashboards show each as an open alert.",
    ),
    click.option(
        "--anchor",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="A file of your repository at which findings are shown where the snapshot is not part of it.",
    ),
)


def finish(
    result: AuditResult,
    report: ReportOptions,
    inputs: Iterable[Path] = (),
    trend: Trend | None = None,
    picture: Callable[[], Picture] | None = None,
) -> ExitCode:
    """Write every report that is wanted and answer the exit code.

    `inputs` are files that no report may replace. Raises `AuditorError` where a report would, before any is written.
    `trend` is how earlier audits came out, `picture` draws up what was audited; both are for the page, and asked for
    only where there is one.
    """
    guard(report.targets, inputs)
    check(report.narrow, result)
    context = _with_trend(context_of(result, report), trend, report.targets)
    if picture is not None and not result.missing and any(target.format == "html" for target in report.targets):
        context = _with_picture(context, picture(), result)
    written = [(target, renderer(target.format)(result, fitted(context, target))) for target in report.targets]
    for target, text in written:
        write_report(target, text)
    if not report.quiet and all(target.path is not None for target in report.targets):
        _say(result, report.targets)
    return exit_code(result, report.fail_on, strict=report.strict, until_deployed=report.until_deployed)


def _with_picture(context: Context, picture: Picture, result: AuditResult) -> Context:
    from auditor.picture.draw.description import sections_of
    from auditor.picture.draw.svg import embedded_svg
    from auditor.report.digest import Digest

    anchors = Digest(result).anchors
    drawn = embedded_svg(picture, lambda fingerprint: anchors.get(fingerprint, ""))
    return replace(context, picture=drawn, picture_words=sections_of(picture))


def _with_trend(context: Context, trend: Trend | None, targets: Iterable[Target]) -> Context:
    if trend is None or not trend.points or not any(target.format == "html" for target in targets):
        return context
    from auditor.history.report.svg import described, draw

    return replace(context, trend=draw(trend), trend_words=described(trend))


def exit_code(
    result: AuditResult, fail_on: str = "must", *, strict: bool = False, until_deployed: bool = False
) -> ExitCode:
    """What the shell gets. A crash outweighs a fail, a fail outweighs what is not known.

    With `until_deployed`, `strict` bears with unknowns that only a deployment decides.
    """
    summary = result.summary
    if summary[Outcome.ERROR]:
        return ExitCode.BROKEN
    if fail_on != "never" and (result.missing or any(counts(finding, fail_on) for finding in result.findings)):
        return ExitCode.FAILS
    open_ = [f for f in result.findings if f.outcome is Outcome.UNKNOWN and not (until_deployed and f.until_deployed)]
    if not result.snapshot.complete or (strict and open_):
        return ExitCode.INCOMPLETE
    return ExitCode.HOLDS


def context_of(result: AuditResult, report: ReportOptions) -> Context:
    """What the renderers are told of the machine, the repository and the rules."""
    from auditor.rules import rules_by_name

    rules = rules_by_name()

    return Context(
        verbose=report.verbose,
        every=report.every,
        quiet=report.quiet,
        narrow=report.narrow,
        fail_on=report.fail_on,
        sarif_include=report.sarif_include,
        repository=repository_of(result, report.anchor),
        explanations={id_: rules[row.rule].doc for id_, row in result.requirements.items() if row.rule in rules},
        titles=_titles(result),
        former_names={id_: rules[row.rule].formerly for id_, row in result.requirements.items() if row.rule in rules},
        azure_build=azure_build(os.environ),
        controls=report.controls(result) if report.controls is not None else Controls(),
        by_control=report.by_control,
    )


def _titles(result: AuditResult) -> dict[str, str]:
    """The fault by requirement id: the first sentence of the rule's documentation, where one requirement asks it."""
    from auditor.rules import rules_by_name

    rules = rules_by_name()
    asked = Counter(row.rule for row in result.requirements.values())
    own = {
        id_: rules[row.rule] for id_, row in result.requirements.items() if row.rule in rules and asked[row.rule] == 1
    }
    return {id_: rule.doc.partition("\n")[0] for id_, rule in own.items() if not rule.is_general}


def fitted(context: Context, target: Target) -> Context:
    """Width and colour are the terminal's where the report goes to one."""
    if target.path is not None:
        return replace(context, width=_FILE_WIDTH, color=False, quiet=False)
    if not sys.stdout.isatty():
        return replace(context, width=_FILE_WIDTH, color=False)
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return replace(context, width=shutil.get_terminal_size((_FILE_WIDTH, 24)).columns, color=not plain)


def guard(targets: Sequence[Target], inputs: Iterable[Path]) -> None:
    """Refuse two reports in one place, and a report in the place of something that is not a report."""
    taken = {os.path.realpath(path): path for path in inputs}
    seen: set[str] = set()
    for target in targets:
        real = os.path.realpath(target.path) if target.path is not None else "-"
        where = target.path or "standard output"
        if real in taken:
            raise AuditorError(f"{where}: the report would replace what it is made from", "choose another file")
        if real in seen:
            raise AuditorError(f"{where}: two reports would go there", "give each report a place of its own")
        if target.path is not None:
            protect(target.path)
        seen.add(real)


def write_report(target: Target, text: str | bytes) -> None:
    """Write a report to its file, whole or not at all, or to standard output."""
    if target.path is not None:
        from auditor.snapshot.atomic import replace_file

        replace_file(target.path, (text if isinstance(text, bytes) else text.encode("utf-8"),))
        return
    # Programs get UTF-8 whatever the locale says; a terminal gets what it can show.
    encoding = (sys.stdout.encoding or "utf-8") if target.format == "terminal" else "utf-8"
    sys.stdout.flush()
    sys.stdout.buffer.write(text if isinstance(text, bytes) else text.encode(encoding, "replace"))
    sys.stdout.buffer.flush()


def _say(result: AuditResult, targets: Sequence[Target]) -> None:
    from auditor.report.digest import Digest
    from auditor.text.sanitise import visible

    click.echo(visible(Digest(result).headline), err=True)
    for target in targets:
        click.echo(f"wrote {target.path} ({target.format})", err=True)
