"""What a case expects of each subject, held against what the rule said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.model import Verdict


def label(verdict: Verdict) -> str:
    """What a failed case calls the subject of a verdict."""
    name = verdict.resource.text if verdict.resource else "workload"
    return f"{name}#{verdict.aspect}" if verdict.aspect else name


def _means(expected: str, verdict: Verdict) -> bool:
    name, _, aspect = expected.partition("#")
    if aspect and aspect.casefold() != verdict.aspect.casefold():
        return False
    if verdict.resource is None:
        return name == "workload"
    return verdict.resource.key == name.casefold() or verdict.resource.key.endswith("/" + name.casefold())


def unexpected(verdicts: tuple[Verdict, ...], expect: Mapping[str, Any]) -> list[str]:
    """Subjects that came out otherwise than expected, or that nobody expected, and expectations that met nothing."""
    named = [(outcome, name) for outcome, names in expect.items() if outcome != "others" for name in names or ()]
    problems = []
    for verdict in verdicts:
        wanted = {outcome for outcome, name in named if _means(name, verdict)} or {expect.get("others", "nothing")}
        if verdict.outcome not in wanted:
            problems.append(f"{label(verdict)} is {verdict.outcome}, expected was {' or '.join(sorted(wanted))}")
    if "others" in expect and all(any(_means(name, v) for _, name in named) for v in verdicts):
        problems.append(f"there are no others of which to expect {expect['others']}")
    for outcome, name in named:
        if not any(verdict.outcome == outcome and _means(name, verdict) for verdict in verdicts):
            problems.append(f"no verdict on {name} is {outcome}")
    return problems
