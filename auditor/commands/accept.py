"""`auditor accept`: failing findings written down as waivers, with owner, reason and last day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

import click

from auditor.commands.options.audit import AuditOptions, Terms, audit_options, audited, terms_of
from auditor.commands.options.snapshots import snapshot_of
from auditor.model import AuditorError, AuditResult, ExitCode, Finding, Outcome
from auditor.text.sanitise import counted, line
from auditor.text.shell import q

_FILE = Path("waivers.yaml")


class _LastDay(click.ParamType[date]):
    """A day, ISO 8601."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read it."""
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no day such as 2026-11-22", param, ctx)


@click.command()
@click.argument("snapshot", type=click.Path(path_type=Path))
@click.option("--only", metavar="ID", multiple=True, help="Accept findings of these requirements: NET-07, MON-*.")
@click.option("--resource", metavar="PATTERN", help="Accept findings on these resources alone: '*/sites/app-a'.")
@click.option("--from-findings", is_flag=True, help="Accept everything that fails today: a start for what exists.")
@click.option("--owner", required=True, metavar="WHO", help="Who answers for it.")
@click.option("--until", required=True, type=_LastDay(), metavar="DATE", help="The last day on which it is accepted.")
@click.option("--reason", required=True, metavar="WHY", help="Why the finding is acceptable until then.")
@click.option("-n", "--dry-run", is_flag=True, help="Print the file as it would be, and write nothing.")
@audit_options
def accept(  # noqa: PLR0917 - click passes options by name
    snapshot: Path,
    only: tuple[str, ...],
    resource: str | None,
    from_findings: bool,
    owner: str,
    until: date,
    reason: str,
    dry_run: bool,
    asked: AuditOptions,
) -> ExitCode:
    """Accept failing findings of a SNAPSHOT for a while.

    Each becomes a waiver of its own in the file of --waivers, else in the one that --settings names, else in
    waivers.yaml: exactly this requirement on this resource. What stands in the file stays, comments included. A
    settings file that names no waivers is made to name them.

    \b
    auditor accept s.json --only NET-07 --owner 'web team' --until 2026-12-31 --reason 'The redirect comes in May.'
    auditor accept s.json --from-findings --owner platform --until 2026-12-31 --reason 'Known at the start.'
    auditor accept s.json --only 'MON-*' --settings auditor.yaml --owner ops --until 2026-12-31 --reason 'See OPS-71' -n

    Exit codes: 0 the waivers were written, 2 bad usage or bad input, or nothing that fails is meant.
    """
    from auditor.settings.accepting import entry_of, with_waivers
    from auditor.snapshot.atomic import replace_file
    from auditor.yaml_tree.fields import SHORTEST_REASON

    if not only and not resource and not from_findings:
        raise AuditorError("nothing says which findings are meant", "give --only, --resource or --from-findings")
    terms = terms_of(asked)
    if until < asked.as_of:
        raise AuditorError(f"--until {until.isoformat()}: that day is over", "name a day to come")
    if len(reason.strip()) < SHORTEST_REASON:
        raise AuditorError(f"--reason `{line(reason, 80)}` is no reason", "say why it is acceptable until then")
    result = audited(snapshot_of(snapshot), terms)
    found = _meant(result, only, resource)
    path = _target(asked, terms)
    made = with_waivers(path, [entry_of(f, owner.strip(), reason.strip(), until) for f in found], _known(terms))
    if dry_run:
        click.echo(made, nl=False)
        return ExitCode.HOLDS
    replace_file(path, [made.encode()])
    _name_in_settings(asked, terms, path)
    for said in _told(found, path, snapshot, asked, until):
        click.echo(said, err=True)
    return ExitCode.HOLDS


def _meant(result: AuditResult, only: tuple[str, ...], resource: str | None) -> tuple[Finding, ...]:
    """What fails and is asked for. Raises `AuditorError` where that is nothing."""
    from auditor.model.wildcard import like

    for pattern in only:
        if not any(fnmatchcase(id_, pattern.upper()) for id_ in result.requirements):
            raise AuditorError(f"--only {pattern}: the baseline has no such requirement", "see `auditor rules`")

    def meant(finding: Finding) -> bool:
        id_ = finding.verdict.resource
        named = not only or any(fnmatchcase(finding.requirement, pattern.upper()) for pattern in only)
        return named and (resource is None or like(id_.key if id_ is not None else "", resource))

    found = tuple(f for f in result.findings if f.outcome is Outcome.FAIL and meant(f))
    if not found:
        raise AuditorError("nothing that fails is meant: there is nothing to accept", "see `auditor check --all`")
    return found


def _known(terms: Terms) -> frozenset[str]:
    left_out = terms.settings.disabled if terms.settings is not None else ()
    return frozenset((*terms.baseline.requirements, *terms.baseline.disabled, *left_out))


def _target(asked: AuditOptions, terms: Terms) -> Path:
    if asked.waivers is not None:
        return asked.waivers
    if terms.settings is not None:
        return terms.settings.waivers or Path(terms.settings.path).parent / _FILE
    return _FILE


def _name_in_settings(asked: AuditOptions, terms: Terms, path: Path) -> None:
    from auditor.settings.accepting import naming
    from auditor.snapshot.atomic import replace_file

    settings = terms.settings
    if settings is None or settings.waivers is not None or asked.waivers is not None:
        return
    file = Path(settings.path)
    replace_file(file, [naming(file.read_text(encoding="utf-8"), path.name).encode()])


def _told(found: tuple[Finding, ...], path: Path, snapshot: Path, asked: AuditOptions, until: date) -> Iterator[str]:
    ids = list(dict.fromkeys(finding.requirement for finding in found))
    shown = ", ".join(ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
    yield f"accepted {counted(len(found), 'finding')} of {shown} until {until.isoformat()} in {line(str(path), 200)}"
    use = f"--settings {q(asked.settings)}" if asked.settings is not None else f"--waivers {q(path)}"
    yield f"now: auditor check {q(snapshot)} {use}"
