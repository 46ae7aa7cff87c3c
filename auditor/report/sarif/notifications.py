"""What SARIF says beside its results: what could not be decided, what could not be read, what was left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.model import AuditResult, Finding, Outcome, Read
from auditor.report.digest import missing_sentence
from auditor.report.sarif.rules import sentence
from auditor.text.sanitise import counted, line, short_name

MAX_NOTIFICATIONS = 5000


def _descriptor(id_: str, name: str, what: str, do: str) -> dict[str, Any]:
    return {
        "id": id_,
        "name": name,
        "shortDescription": {"text": what},
        "fullDescription": {"text": f"{what} {do}"},
        "help": {"text": do},
    }


NOTICES: tuple[dict[str, Any], ...] = (
    _descriptor(
        "unknown",
        "RequirementUndecided",
        "A requirement could not be decided.",
        "The message says what was missing: grant the permission it names and take the snapshot again.",
    ),
    _descriptor(
        "error",
        "RuleFailed",
        "A rule of the auditor itself failed.",
        "This is a bug of the auditor, not of the deployment; report it with the message.",
    ),
    _descriptor(
        "read-failed",
        "ReadFailed",
        "A list or a resource could not be read.",
        "What rests on it is unknown: grant the permission the message names and take the snapshot again.",
    ),
    _descriptor(
        "incomplete",
        "SnapshotIncomplete",
        "The snapshot was not collected whole.",
        "Take it again and let it end; until then absences in it prove nothing.",
    ),
    _descriptor(
        "nothing-found",
        "NothingFound",
        "Nothing of this architecture is in the snapshot.",
        "Check that the subscription and resource group are the ones meant.",
    ),
    _descriptor(
        "left-out",
        "ResultsLeftOut",
        "There were more results than code scanning takes.",
        "The worst were kept; every result is in the JSON report.",
    ),
    _descriptor(
        "remark",
        "RemarkMade",
        "A remark on how the result came about.",
        "Nothing has to be done; the message says what to know.",
    ),
)
"""Descriptors of the notifications; their order is their index."""

_INDEX = {notice["id"]: n for n, notice in enumerate(NOTICES)}


def notifications(result: AuditResult, rules: Mapping[str, int], dropped: int) -> list[dict[str, Any]]:
    """Every notification of a run, the general ones first; `dropped` is how many results were left out."""
    found = [*_general(result, dropped), *_particular(result, rules)]
    if len(found) <= MAX_NOTIFICATIONS:
        return found
    more = counted(len(found) - MAX_NOTIFICATIONS + 1, "further notification")
    return [*found[: MAX_NOTIFICATIONS - 1], _notice("left-out", "warning", f"{more} left out")]


def _general(result: AuditResult, dropped: int) -> Iterator[dict[str, Any]]:
    if dropped:
        yield _notice(
            "left-out", "warning", f"{counted(dropped, 'result')} of lower severity left out: 5,000 is the limit"
        )
    if result.missing:
        yield _notice("nothing-found", "warning", missing_sentence(result))
    if not result.snapshot.complete:
        yield _notice("incomplete", "warning", "the collection of this snapshot was interrupted")
    for read in result.snapshot.failed_reads:
        yield _notice("read-failed", "warning", _failure(read)) | _permission(read.permission)
    for note in result.notes:
        yield _notice("remark", "note", line(note, 1000))


def _failure(read: Read) -> str:
    needs = f"; it needs {line(read.permission, 200)}" if read.permission else ""
    return f"{line(read.path, 500)} could not be read: {line(read.error, 200)} (HTTP {read.status}){needs}"


def _particular(result: AuditResult, rules: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for finding in result.findings:
        if finding.outcome is Outcome.UNKNOWN:
            yield _about(finding, "unknown", "warning", _undecided(finding), rules)
        elif finding.outcome is Outcome.ERROR:
            yield _about(finding, "error", "error", line(finding.verdict.message, 1000), rules)


def _undecided(finding: Finding) -> str:
    why = finding.verdict.unknown
    because = line(why.because if why is not None else finding.verdict.message, 1000)
    resource = finding.verdict.resource
    about = f" on {line(short_name(resource), 200)}" if resource is not None else ""
    needs = (
        f"; the permission {line(why.permission, 200)} would resolve it" if why is not None and why.permission else ""
    )
    return f"{finding.requirement}{about} could not be decided: {because}{needs}"


def _about(finding: Finding, kind: str, level: str, text: str, rules: Mapping[str, int]) -> dict[str, Any]:
    notice = _notice(kind, level, text)
    notice["associatedRule"] = {"id": finding.requirement, "index": rules[finding.requirement]}
    resource = finding.verdict.resource
    if resource is not None:
        logical = {"fullyQualifiedName": line(resource.text, 2000), "kind": "resource"}
        notice["locations"] = [{"logicalLocations": [logical]}]
    why = finding.verdict.unknown
    return notice | _permission(why.permission if why is not None else None)


def _notice(kind: str, level: str, text: str) -> dict[str, Any]:
    return {"descriptor": {"id": kind, "index": _INDEX[kind]}, "level": level, "message": {"text": sentence(text)}}


def _permission(permission: str | None) -> dict[str, Any]:
    return {"properties": {"permission": line(permission, 200)}} if permission else {}
