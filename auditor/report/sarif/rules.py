"""A requirement as a SARIF rule: what dashboards show beside every alert of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from auditor.model import BaselineInfo, Finding, Level, Requirement
from auditor.report.digest import OPTIONAL
from auditor.report.explained import parts
from auditor.text.sanitise import (
    address,
    clip,
    line,
    visible_lines,
)

SECURITY_SEVERITY: Mapping[str, str] = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
"""In GitHub's bands: above 9.0 critical, 7.0 to 8.9 high, 4.0 to 6.9 medium, 0.1 to 3.9 low; 9.0 is in none."""

_LEVELS: Mapping[str, str] = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_PROBLEM: Mapping[str, str] = {"error": "error", "warning": "warning", "note": "recommendation"}
_DEMANDS: Mapping[Level, str] = {
    Level.MUST: "The architecture states this.",
    Level.SHOULD: "The architecture recommends this.",
    Level.CONDITIONAL: "The architecture asks for this where the choice was made that it belongs to.",
    Level.MANUAL: "No setting decides this; a person has to look.",
}


def level_of(severity: str, level: str) -> str:
    """SARIF's level of a fail: what is only recommended is never an error."""
    found = _LEVELS[severity]
    return "warning" if found == "error" and level in OPTIONAL else found


def sentence(text: str) -> str:
    """The text with a full stop, and with nothing that a viewer would make a link of (SARIF 2.1.0, 3.11.6)."""
    cut = text.strip().replace("](", "] (")
    return cut if cut.endswith((".", "!", "?")) else f"{cut}."


NOTHING_FOUND = "nothing-found"
"""The rule of the one result that a snapshot without a workload has."""


def nothing_found_rule() -> dict[str, Any]:
    """The reportingDescriptor of `NOTHING_FOUND`."""
    text = "No workload of the architecture was recognised, so none of its requirements was checked."
    advice = "Check that the subscription and resource group are the ones meant, and what kind of workspace they hold."
    return {
        "id": NOTHING_FOUND,
        "name": "NothingFound",
        "shortDescription": {"text": text},
        "fullDescription": {"text": f"{text} {advice}"},
        "help": {"text": advice, "markdown": advice},
        "defaultConfiguration": {"level": "error"},
        "properties": {
            "security-severity": SECURITY_SEVERITY["high"],
            "problem.severity": "error",
            "precision": "very-high",
            "tags": ["security", "azure"],
        },
    }


def rule_entry(
    requirement: Requirement,
    findings: Sequence[Finding],
    baseline: BaselineInfo,
    explanation: str,
    *,
    title: str = "",
    former_names: Sequence[str] = (),
) -> dict[str, Any]:
    """The reportingDescriptor of a requirement.

    `explanation` is its rule's own documentation, Markdown or empty. `title` names the fault: dashboards show it as
    the name of an alert; without one the statement is called not met. `former_names` are the names that the rule had in
    earlier versions, which stay as `deprecatedNames` (SARIF 2.1.0, 3.49.6).
    """
    level = level_of(requirement.severity.value, requirement.level.value)
    statement = sentence(line(requirement.statement, 900))
    fault = sentence(line(title, 900)) if title else f"Not met: {statement}"
    entry: dict[str, Any] = {
        "id": requirement.id,
        "name": _pascal(findings[0].rule or requirement.id),
        "shortDescription": {"text": fault},
        "fullDescription": {"text": clip(f"{statement} {_DEMANDS[requirement.level]}", 1000)},
        "help": {
            "text": "\n".join(_help(requirement, findings, baseline, explanation, markdown=False)),
            "markdown": "\n".join(_help(requirement, findings, baseline, explanation, markdown=True)),
        },
        "defaultConfiguration": {"level": level},
        "properties": {
            "security-severity": SECURITY_SEVERITY[requirement.severity.value],
            "problem.severity": _PROBLEM[level],
            "precision": "very-high",
            "tags": ["security", "azure", requirement.family.lower(), requirement.level.value],
        },
    }
    if former_names:
        entry["deprecatedNames"] = [_pascal(name) for name in former_names]
    if link := address(baseline.source):
        entry["helpUri"] = link
    return entry


def _help(
    requirement: Requirement, findings: Sequence[Finding], baseline: BaselineInfo, explanation: str, *, markdown: bool
) -> list[str]:
    bold = "**" if markdown else ""
    lines = [f"{bold}{requirement.id}{bold}: {sentence(line(requirement.statement, 900))}", ""]
    lines += [f"{_DEMANDS[requirement.level]} Severity: {requirement.severity.value}.", ""]
    for part in parts(clip(explanation, 8000)):
        heading = f"{bold}{part.heading}{bold}: " if part.heading else ""
        lines += [f"{heading}{visible_lines(part.text)}", ""]
    remedy = next((f.verdict.remediation for f in findings if f.verdict.remediation), "")
    if remedy:
        lines += ["For one of the resources found:", "", *_code(remedy, markdown=markdown), ""]
    # A host makes a link of the address by itself.
    lines += [f'Source: section "{line(requirement.section, 200)}" of {line(baseline.source, 500)}', ""]
    lines += [f"`auditor explain {requirement.id}` prints how it is decided."]
    return lines


def _code(text: str, *, markdown: bool) -> list[str]:
    shown = visible_lines(clip(text, 2000)).splitlines()
    if not markdown:
        return [f"    {each}" for each in shown]
    # A fence is closed only by one at least as long, so a longer one than any inside cannot be closed by the text.
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", *shown, fence]


def _pascal(name: str) -> str:
    return "".join(word[:1].upper() + word[1:].lower() for word in re.split(r"[^A-Za-z0-9]+", name) if word)
