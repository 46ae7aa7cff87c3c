"""What a result rests on beside the snapshot and the baseline as it comes: everything that somebody decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from auditor.model import AuditResult, WaiverUse
from auditor.workload.pins import Pin

OPENING = "what this result rests on beside snapshot and baseline"


def with_basis(
    result: AuditResult, decisions: Iterable[str], pins: Iterable[Pin] = (), fail_on: str = "must"
) -> AuditResult:
    """The result with `rests_on`, and a note that every report shows where there is anything.

    `decisions` are the sentences that settings and baseline have for what they disable, change and allow.
    """
    said = (*_gate(fail_on), *_waivers(result.waivers), *_pins(pins), *decisions)
    if not said:
        return result
    kinds = "; ".join(_kinds(result.waivers, tuple(pins), tuple(decisions), fail_on))
    first = 1 if fail_on == "never" else 0  # that nothing can fail is told before anything else
    notes = (*result.notes[:first], f"{OPENING}: {kinds}", *result.notes[first:])
    return replace(result, rests_on=said, notes=notes)


def _kinds(
    waivers: tuple[WaiverUse, ...], pins: tuple[Pin, ...], decisions: tuple[str, ...], fail_on: str
) -> Iterator[str]:
    if fail_on not in ("", "must"):
        yield f"fail_on {fail_on}"
    holding = [use for use in waivers if not use.expired]
    if holding:
        last = max(use.waiver.expires for use in holding).isoformat()
        covered = _counted(sum(use.covers for use in holding), "finding")
        yield f"{_counted(len(holding), 'waiver')} of {covered} until {last}"
    if pins:
        yield _counted(len(pins), "pin")
    for kind, number in Counter(map(_kind, decisions)).items():
        yield _counted(number, kind)


def _kind(decision: str) -> str:
    if "is not checked" in decision:
        return "disabled requirement"
    return "allowance" if decision.startswith("allowed by") else "decision of settings or baseline"


def _gate(fail_on: str) -> Iterator[str]:
    if fail_on not in ("", "must"):
        yield f"what makes this check fail is {fail_on}, in the place of any requirement (fail_on)"


def _waivers(uses: Iterable[WaiverUse]) -> Iterator[str]:
    for use in uses:
        if not use.expired:
            yield f"{use.says}, because {use.waiver.reason}"


def _pins(pins: Iterable[Pin]) -> Iterator[str]:
    for pin in pins:
        what = "subnet" if pin.subnet else "part"
        yield f"the settings ({pin.where}) say that {pin.pattern} plays the {what} {pin.part}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else _MANY.get(noun, noun + 's')}"


_MANY = {"decision of settings or baseline": "decisions of settings or baseline"}
