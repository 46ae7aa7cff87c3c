"""What many snapshots come to together: for a person, for a program, for a dashboard."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from auditor.commands.several.judge import CauseRow, Judged, WorkloadRow
from auditor.model import ExitCode, Severity
from auditor.text.sanitise import counted, line

_FIRST = 5
_FREQUENT = 10
_SEVERITIES = tuple(severity.value for severity in Severity)
_WORST = (ExitCode.BROKEN, ExitCode.USAGE, ExitCode.FAILS, ExitCode.INCOMPLETE, ExitCode.HOLDS)
"""A crash outweighs a file that could not be judged, that a fail, and a fail what is not known."""


class Frequent(NamedTuple):
    """A requirement that fails, and in how many workloads of its architecture."""

    id: str
    architecture: str
    severity: str
    workloads: int


@dataclass
class Joined:
    """The answers so far. Holds a few rows for each snapshot, and never a whole result."""

    judged: list[Judged] = field(default_factory=list)

    def add(self, one: Judged) -> None:
        """Take an answer in; its run of SARIF goes where the caller keeps those."""
        self.judged.append(replace(one, run=""))

    @property
    def code(self) -> ExitCode:
        """What the shell gets."""
        codes = {one.code for one in self.judged}
        return next(code for code in _WORST if code in codes)

    @property
    def unusable(self) -> tuple[Judged, ...]:
        """The files that could not be judged."""
        return tuple(one for one in self.judged if one.problem)

    @property
    def workloads(self) -> Iterator[tuple[Judged, WorkloadRow]]:
        """Every workload with the snapshot that it is in."""
        return ((one, row) for one in self.judged for row in one.workloads)

    @property
    def causes(self) -> list[tuple[Judged, CauseRow]]:
        """The causes of all snapshots, what to do first at the front: as within one snapshot."""
        found = [(one, cause) for one in self.judged for cause in one.causes]
        return sorted(found, key=_rank)

    @property
    def frequent(self) -> list[Frequent]:
        """Requirements that fail, by architecture, for ids recur: worst first, then those of the most workloads."""
        number: Counter[tuple[str, str]] = Counter()
        severities: dict[tuple[str, str], str] = {}
        for one, row in self.workloads:
            for id_ in row.requirements:
                number[row.architecture, id_] += 1
                severities.setdefault((row.architecture, id_), (one.severities or {}).get(id_, "low"))
        rows = [Frequent(id_, of, severities[of, id_], count) for (of, id_), count in number.items()]
        return sorted(rows, key=lambda row: (_SEVERITIES.index(row.severity), -row.workloads, row.architecture, row.id))

    @property
    def headline(self) -> str:
        """The whole in one sentence."""
        number = Counter(one.code for one in self.judged)
        parts = [
            f"{number[code]:,} {word}"
            for code, word in (
                (ExitCode.HOLDS, "hold"),
                (ExitCode.FAILS, "fail"),
                (ExitCode.INCOMPLETE, "are incomplete"),
                (ExitCode.USAGE, "could not be judged"),
                (ExitCode.BROKEN, "broke a rule"),
            )
            if number[code]
        ]
        return f"{counted(len(self.judged), 'snapshot')}: {', '.join(parts)}"


def _rank(item: tuple[Judged, CauseRow]) -> tuple[bool, int, bool, int, str]:
    one, cause = item
    return cause.optional, _SEVERITIES.index(cause.severity), not cause.exposure, -cause.closes, one.path


# --- for a person -----------------------------------------------------------------------------------------------------


def page(joined: Joined, width: int, quiet: bool = False) -> Iterator[str]:
    """The joined report as lines."""
    yield joined.headline
    if quiet:
        return
    yield ""
    yield from _table(joined, width)
    if joined.causes:
        yield ""
        yield "Do first"
        for number, (one, cause) in enumerate(joined.causes[:_FIRST], 1):
            exposed = f", exposed: {cause.exposure}" if cause.exposure else ""
            yield _cut(f" {number}. {cause.severity}{exposed}: {line(cause.title, 300)}", width)
            yield _cut(f"    closes {counted(cause.closes, 'finding')} of {line(one.path, 200)}", width)
    if joined.frequent:
        of = Counter(row.architecture for _, row in joined.workloads)
        yield ""
        yield "Fails most often"
        for each in joined.frequent[:_FREQUENT]:
            where = f"{each.workloads:,} of {counted(of[each.architecture], 'workload')} of {each.architecture}"
            yield _cut(f" {each.severity:<9}{line(each.id, 40):<14} in {line(where, 200)}", width)
        more = len(joined.frequent) - _FREQUENT
        if more > 0:
            yield f" and {counted(more, 'more requirement')}"
    for one in joined.unusable:
        yield ""
        yield f"error: {line(one.problem, 1000)}"
        if one.tip:
            yield f"  tip: {line(one.tip, 500)}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


_HEAD = ("verdict", "snapshot", "workload", "subscription", *_SEVERITIES, "unknown")


def _table(joined: Joined, width: int) -> Iterator[str]:
    """A row for each workload; for a snapshot without one, a row of its own."""
    rows = [_HEAD, *(cells for one in joined.judged for cells in _rows(one))]
    numbers = len(_SEVERITIES) + 1
    sizes = [max(len(row[n]) for row in rows) for n in range(len(_HEAD))]
    # Names give way to the numbers, the longest first.
    room = width - sum(sizes) - 2 * (len(_HEAD) - 1)
    while room < 0 and max(sizes[1:4]) > _NARROW:
        widest = max(range(1, 4), key=lambda n: sizes[n])
        sizes[widest] -= 1
        room += 1
    for row in rows:
        words = (_fitted(cell, size) for cell, size in zip(row[:-numbers], sizes[:-numbers], strict=True))
        figures = (cell.rjust(size) for cell, size in zip(row[-numbers:], sizes[-numbers:], strict=True))
        yield "  ".join((*words, *figures)).rstrip()


_NARROW = 12


def _fitted(cell: str, size: int) -> str:
    """The end of a path tells it from others."""
    return cell.ljust(size) if len(cell) <= size else f"...{cell[len(cell) - size + 3 :]}"


def _rows(one: Judged) -> Iterator[tuple[str, ...]]:
    verdict, path = ("error" if one.problem else one.verdict).upper(), line(one.path, 200)
    if not one.workloads:
        said = "could not be judged" if one.problem else "no workload"
        yield (verdict, path, said, line(", ".join(one.subscriptions), 80), *("-" for _ in _SEVERITIES), "-")
    for row in one.workloads:
        figures = [str(row.failing.get(severity, 0) or "-") for severity in _SEVERITIES]
        yield verdict, path, line(row.name, 80), line(row.subscription, 80), *figures, str(row.unknown or "-")


# --- for programs -----------------------------------------------------------------------------------------------------


def as_json(joined: Joined) -> dict[str, Any]:
    """The joined report as `auditor-checks/1`."""
    return {
        "format": "auditor-checks/1",
        "exit_code": int(joined.code),
        "headline": joined.headline,
        "snapshots": [_entry(one) for one in joined.judged],
        "do_first": [{"snapshot": one.path, **_cause(cause)} for one, cause in joined.causes[:_FIRST]],
        "requirements": [
            {
                "requirement": each.id,
                "architecture": each.architecture or None,
                "severity": each.severity,
                "workloads": each.workloads,
            }
            for each in joined.frequent
        ],
    }


def _entry(one: Judged) -> Mapping[str, Any]:
    if one.problem:
        return {"path": one.path, "exit_code": int(one.code), "problem": one.problem, "tip": one.tip}
    return {
        "path": one.path,
        "exit_code": int(one.code),
        "verdict": one.verdict,
        "headline": one.headline,
        "sha256": one.sha256,
        "collected_at": one.collected_at or None,
        "subscriptions": list(one.subscriptions),
        "summary": one.summary,
        "workloads": [
            {
                "name": row.name,
                "architecture": row.architecture or None,
                "subscription": row.subscription or None,
                "failing": row.failing,
                "unknown": row.unknown,
                "requirements": list(row.requirements),
            }
            for row in one.workloads
        ],
        "causes": [_cause(cause) for cause in one.causes],
    }


def _cause(cause: CauseRow) -> dict[str, Any]:
    return {
        "title": cause.title,
        "severity": cause.severity,
        "optional": cause.optional,
        "exposure": cause.exposure or None,
        "closes": cause.closes,
        "requirements": list(cause.requirements),
    }


def sarif_of(runs: Iterable[str], schema: str) -> Iterator[bytes]:
    """One SARIF file of many runs, in pieces: it is never whole in memory."""
    yield f'{{"$schema": {json.dumps(schema)}, "version": "2.1.0", "runs": ['.encode()
    for number, run in enumerate(runs):
        yield (",\n" if number else "\n").encode() + run.encode()
    yield b"\n]}\n"
