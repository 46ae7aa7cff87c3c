"""What `check`, `scan` and `demo` share: what an audit is made with beside the snapshot, and the audit itself."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from auditor.model import ArmId, AuditorError, AuditResult, NotKnown, Waiver
from auditor.model.day import day

if TYPE_CHECKING:
    from auditor.baseline import Baseline
    from auditor.commands.options.report import ReportOptions
    from auditor.estate import Estate
    from auditor.frameworks.model import Controls
    from auditor.picture.model import Picture
    from auditor.settings.read import Settings
    from auditor.snapshot import Snapshot
    from auditor.workload.architecture import Architecture
    from auditor.workload.pins import Pin


@dataclass(frozen=True)
class AuditOptions:
    """What was asked for on the command line. `baseline` is empty where nothing was; `as_of` judges the waivers."""

    baseline: str = ""
    settings: Path | None = None
    waivers: Path | None = None
    service_tags: Path | None = None
    as_of: date = date.min
    frameworks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Terms:
    """What an audit is made with beside the snapshot, read and found sound. `files` are what it was read from.

    `recognise` is set where nobody named a baseline: then the snapshot decides which each workload is judged by, and
    `baseline` is the one that is asked where none fits.
    `frameworks` are those that were asked for by name or file.
    """

    baseline: Baseline
    waivers: tuple[Waiver, ...]
    as_of: date
    pins: tuple[Pin, ...] = ()
    service_tags: Mapping[str, Any] | None = None
    remarks: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    settings: Settings | None = None
    recognise: bool = False
    frameworks: tuple[str, ...] = ()
    _made: list[tuple[Snapshot, Estate]] = field(default_factory=list, repr=False, compare=False)

    def controls(self, result: AuditResult) -> Controls:
        """The frameworks that were asked for, all without any, and what requirements of a result support of them."""
        from auditor.commands.options.frameworks import controls_of_result

        return controls_of_result(result, self.baseline, self.frameworks, anything=self.recognise)

    def estate(self, snapshot: Snapshot) -> Estate:
        """The estate of a snapshot under these terms.

        The last one is kept: report and picture are made of one, and what a fix is tried on shares nearly all of it.
        """
        from auditor.audit.audit import estate_of

        if not self._made or self._made[0][0] is not snapshot:
            like = self._made[0][1] if self._made else None
            self._made[:] = [(snapshot, estate_of(snapshot, self.service_tags, like))]
        return self._made[0][1]


class _Day(click.ParamType[date]):
    """A day, ISO 8601."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read it; the default is a day already."""
        if isinstance(value, date):
            return value
        try:
            return day(str(value))
        except ValueError:
            self.fail(f"{value!r} is no day such as 2026-11-22", param, ctx)


def _today() -> date:
    return datetime.now(UTC).date()


settings_option = click.option(
    "--settings",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Settings file, such as auditor.yaml. Settings files are never discovered automatically.",
)

_OPTIONS: tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...] = (
    click.option(
        "--baseline",
        metavar="NAME|FILE",
        help="The reference architecture: one that comes with the program, or a file of your own."
        "  [default: the settings'; without settings the snapshot decides]",
    ),
    settings_option,
    click.option(
        "--waivers",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Waiver file: accepted findings with owner, reason and expiry. Overrides the one named in --settings.",
    ),
    click.option(
        "--service-tags",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Prefixes of service tags: Microsoft's ServiceTags_Public_*.json, gzipped or not.",
    ),
    click.option(
        "--as-of",
        type=_Day(),
        default=_today,
        show_default="today, UTC",
        metavar="DATE",
        help="The day on which waivers are judged.",
    ),
)

control_option = click.option(
    "--framework",
    multiple=True,
    metavar="NAME|FILE",
    help="Show how each control of this framework comes out: one of `auditor frameworks`, or a file of your own."
    " May be given again. Without it reports name the controls of every framework.",
)


def audit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of an audit; it receives them as one argument, `asked: AuditOptions`."""

    @functools.wraps(command)
    def gathered(*args: Any, **others: Any) -> Any:
        names = ("settings", "waivers", "service_tags", "as_of")
        asked = AuditOptions(
            others.pop("baseline") or "",
            frameworks=tuple(others.pop("framework", ())),
            **{name: others.pop(name) for name in names},
        )
        return command(*args, asked=asked, **others)

    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(_OPTIONS), gathered)


def terms_of(asked: AuditOptions) -> Terms:
    """Read everything that the options name. Raises `AuditorError` with every mistake in a file."""
    # Late, so that `auditor check --help` does not load what only an audit needs.
    from auditor.baseline import DEFAULT, read_baseline
    from auditor.commands.options.frameworks import files_of
    from auditor.settings.read import read_settings
    from auditor.settings.waivers import read_waivers

    settings = read_settings(asked.settings, asked.baseline, asked.as_of) if asked.settings is not None else None
    baseline = settings.baseline if settings is not None else read_baseline(asked.baseline or DEFAULT)
    waivers = asked.waivers or (settings.waivers if settings is not None else None)
    tags = asked.service_tags or (settings.service_tags if settings is not None else None)
    release = None if tags is None else _release(tags)
    # A waiver outlives the row that it speaks of where settings or a baseline disable that: told as unused, no mistake.
    recognise = not asked.baseline and settings is None
    others = _others_ids(baseline) if recognise and waivers is not None else ()
    known = {*others, *baseline.requirements, *baseline.disabled, *(settings.disabled if settings is not None else ())}
    frameworks = asked.frameworks or (settings.frameworks if settings is not None else ())
    framework_files = files_of(baseline, frameworks, anything=recognise)
    files = (Path(baseline.info.path), asked.settings, waivers, tags, *framework_files)
    return Terms(
        baseline=baseline,
        waivers=() if waivers is None else read_waivers(waivers, known),
        as_of=asked.as_of,
        pins=settings.pins if settings is not None else (),
        service_tags=release,
        remarks=() if release is None or tags is None else (_about(release, tags),),
        files=tuple(file for file in files if file is not None),
        settings=settings,
        recognise=recognise,
        frameworks=frameworks,
    )


def _others_ids(baseline: Baseline) -> set[str]:
    """The ids of the shipped baselines, as findings of each are called where workloads of several are there."""
    from auditor.baseline import read_baseline
    from auditor.workload.architecture import shipped_architectures

    names = [name for name in shipped_architectures() if name != baseline.info.name]
    plain = {(name, id_) for name in names for id_ in read_baseline(name).requirements}
    return {id_ for _, id_ in plain} | {f"{name}/{id_}" for name, id_ in plain}


def audited(snapshot: Snapshot, terms: Terms, fail_on: str = "") -> AuditResult:
    """Check a snapshot, and bear what waivers cover on their day.

    `fail_on` is what makes the command fail; where that is nothing, the notes say so.
    """
    from auditor.audit.audit import left_out
    from auditor.audit.basis import with_basis
    from auditor.audit.waivers import waive

    result = _asked(snapshot, terms)
    notes = (
        *_toothless(fail_on),
        *_misdated(result, terms),
        *result.notes,
        *terms.remarks,
        *_unmatched(snapshot, terms),
    )
    waived = waive(replace(result, notes=notes), terms.waivers, terms.as_of)
    return with_basis(waived, (*left_out(terms.baseline), *terms.baseline.remarks), terms.pins, fail_on)


def chained(snapshot: Snapshot, result: AuditResult, terms: Terms) -> AuditResult:
    """The result with the chains that lead to data or control, and the fixes that break them."""
    from auditor.audit.audit import estate_of
    from auditor.chains.find import with_chains
    from auditor.workload.parts import Workload, workloads
    from auditor.workload.pins import pins_of

    described = _described(result, terms)
    estate = terms.estate(snapshot)
    judged = {ArmId(w.anchor) for w in result.workloads if w.anchor}

    def found(estate: Estate) -> tuple[Workload, ...]:
        pins = pins_of(estate, terms.pins, described[0]) if len(described) == 1 else None
        several = [w for each in described for w in workloads(estate, pins, each)]
        return tuple(w for w in several if not judged or (w.anchor is not None and w.anchor.id in judged))

    return with_chains(
        result,
        snapshot,
        estate,
        lambda state: estate_of(state, terms.service_tags, estate),
        found,
    )


def _described(result: AuditResult, terms: Terms) -> tuple[Architecture, ...]:
    """The architectures that the workloads of a result were judged as."""
    from auditor.workload.architecture import shipped_architectures

    shipped = shipped_architectures()
    names = dict.fromkeys(w.architecture for w in result.workloads if w.architecture in shipped)
    return tuple(shipped[name] for name in names) if terms.recognise and names else (terms.baseline.architecture,)


def _asked(snapshot: Snapshot, terms: Terms) -> AuditResult:
    """The audit itself: by the baseline that was named, or by those whose architectures the workloads are of."""
    from auditor.audit.audit import audit, audit_recognised
    from auditor.baseline import read_baseline
    from auditor.workload.architecture import shipped_architectures

    if not terms.recognise:
        return audit(snapshot, terms.baseline, terms.pins, terms.service_tags, terms.estate(snapshot))

    def read(name: str) -> Baseline:
        return terms.baseline if name == terms.baseline.info.name else read_baseline(name)

    return audit_recognised(snapshot, shipped_architectures(), read, terms.service_tags, terms.estate(snapshot))


def _toothless(fail_on: str) -> Iterator[str]:
    if fail_on == "never":
        yield "nothing makes this check fail (fail_on: never): the exit code says nothing about what it found"


def _misdated(result: AuditResult, terms: Terms) -> Iterator[str]:
    """That the snapshot says it was taken after the day of the audit; a day is left to clocks and time zones."""
    taken = result.snapshot.collected_at
    if taken and datetime.fromisoformat(taken).astimezone(UTC).date() > next_day(terms.as_of):
        yield f"the snapshot says that it was collected on {taken}, after the day of this audit, {terms.as_of}"


def next_day(today: date) -> date:
    """The day after; the last one that the calendar has is its own."""
    return today if today == date.max else today + timedelta(days=1)


def _unmatched(snapshot: Snapshot, terms: Terms) -> Iterator[str]:
    """A sentence for each role that settings allow and nobody holds: a mistake in it, or no longer needed."""
    from auditor.access.approved import unmatched
    from auditor.access.effective import access_of

    if terms.settings is None or not terms.settings.roles:
        return
    try:
        access = access_of(terms.estate(snapshot))
    except NotKnown:
        return
    for role, why in unmatched(terms.settings.roles, access):
        yield f"the settings allow {role.role} for {role.principal} at {role.scope}, which matches nothing: {why}"


def pictured(snapshot: Snapshot, result: AuditResult, terms: Terms) -> Picture:
    """The picture of what was audited, with what was found."""
    from auditor.picture.build.picture import picture

    described = _described(result, terms)
    return picture(snapshot, result, terms.pins, terms.service_tags, terms.estate(snapshot), architectures=described)


def warn(result: AuditResult, terms: Terms, quiet: bool, fail_on: str = "") -> None:
    """Say on stderr what makes a green run worth less: a report in a file may not be opened for a while.

    That is waivers that somebody must look after, requirements that are not checked, and that nothing can fail.
    """
    if quiet:
        return
    from auditor.text.sanitise import visible

    waivers = (use.says for use in result.waivers if use.problem)
    for said in (*waivers, *_misdated(result, terms), *_unchecked(terms), *_toothless(fail_on)):
        click.echo(f"warning: {visible(said)}", err=True)


def _unchecked(terms: Terms) -> Iterator[str]:
    """What the settings and a baseline of one's own leave out; the notes of a report give the reasons."""
    for ids, who in (
        (terms.settings.disabled if terms.settings is not None else (), "the settings disable"),
        (tuple(terms.baseline.disabled), f"the baseline {terms.baseline.info.name} disables"),
    ):
        if ids:
            are, them = ("is", "it") if len(ids) == 1 else ("are", "them")
            yield f"{', '.join(ids)} {are} not checked: {who} {them}"


def settled(report: ReportOptions, terms: Terms) -> ReportOptions:
    """The options of reporting, with the frameworks, and what settings say where the command line says nothing.

    Raises `AuditorError` where --until-deployed has nothing to bear.
    """
    report = replace(report, controls=terms.controls, by_control=bool(terms.frameworks))
    settings = terms.settings
    if settings is not None:
        by_command = click.get_current_context().get_parameter_source("fail_on") is ParameterSource.COMMANDLINE
        report = replace(
            report,
            fail_on=settings.fail_on if settings.fail_on and not by_command else report.fail_on,
            strict=report.strict or settings.strict,
            until_deployed=report.until_deployed or (settings.until_deployed and not report.strict),
        )
    if report.until_deployed and not report.strict:
        raise AuditorError("--until-deployed relaxes --strict, and --strict is not given", "give both")
    return report


def _release(path: Path) -> Mapping[str, Any]:
    from auditor.commands.options.network_arguments import read_tag_list

    return read_tag_list(path)


def _about(release: Mapping[str, Any], path: Path) -> str:
    return f"service tags are those of {path}, change number {release.get('changeNumber', 'not stated')}"
