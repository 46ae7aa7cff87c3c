"""Each deciding property broken in a plan: alone, and over the running world. What the plan states is caught.

By default one mutation for each requirement is tried; with AUDITOR_ALL_MUTATIONS=1 every one of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.model import AuditResult, Outcome
from auditor.snapshot.importing import gather
from auditor.snapshot.importing.files import inputs_of
from tests.builders.planning import plan_of
from tests.mutations.every import WORLD, Mutation, every_mutation
from tests.mutations.test_mutations import meets
from tests.worlds import COMPLIANT

BASELINE = read_baseline("openai-chat")
Change = dict[str, Any]

_ASSIGNED = "who else assigns roles, and what a built-in role allows, is no part of a plan"
_ADDRESS = "Azure gives the address that this hangs on"
WAITS_ALONE = {
    **dict.fromkeys([f"RBAC-{n:02}" for n in range(1, 11)], _ASSIGNED),
    **dict.fromkeys(["IDN-06", "IDN-13", "KEY-09"], _ASSIGNED),
    "RBAC-11": "who is in a group is known to Microsoft Graph alone",
    "KEY-06": "policies are assigned elsewhere too",
    **dict.fromkeys(["NSG-JMP-IN", "NSG-JMP-DENY", "SEG-05", "PL-15", "NET-01", "NET-02"], _ADDRESS),
    **dict.fromkeys(["NSG-AGW-OUT", "NSG-APP-OUT", "NSG-JMP-OUT"], f"whether an endpoint is blocked: {_ADDRESS}"),
}
"""Requirements that a plan alone may leave open until it is deployed, and why."""

WAITS_OVER = {"RBAC-11": WAITS_ALONE["RBAC-11"], "PL-15": "Azure says whose interface it is"}
"""The same of a plan over the world that runs."""


def candidates() -> list[tuple[Mutation, ...]]:
    """The mutations to try, each with those that stand in for it where no template states what it changes.

    One for each requirement that one breaks, or all. What a plan says of a mutation takes a tenth of a second, so it is
    worked out when the test runs and not here.
    """
    every = list(every_mutation())
    if os.environ.get("AUDITOR_ALL_MUTATIONS"):
        return [(mutation,) for mutation in every]
    of: dict[str, list[Mutation]] = {}
    for mutation in every:
        for requirement, _ in mutation.breaks:
            of.setdefault(requirement, []).append(mutation)
    return list({each[0].name: tuple(each) for each in of.values()}.values())


@cache
def _untouched() -> dict[str, Change]:
    return {change["resourceId"].casefold(): change for change in plan_of(WORLD)["changes"]}


def _planned(mutation: Mutation) -> dict[str, Change]:
    documents = [json.loads(json.dumps(document)) for document in mutation.world().documents]
    return {change["resourceId"].casefold(): change for change in plan_of(WORLD, documents)["changes"]}


def _changes(mutation: Mutation) -> list[Change]:
    """What a what-if over the running world says of the mutation; nothing where no template states what it changes."""
    before, after = _untouched(), _planned(mutation)
    modified = [
        {**change, "changeType": "Modify"}
        for id_, change in after.items()
        if id_ not in before or before[id_]["after"] != change["after"]
    ]
    gone = [
        {"resourceId": change["resourceId"], "changeType": "Delete", "before": change["after"], "after": None}
        for id_, change in before.items()
        if id_ not in after
    ]
    return [*modified, *gone]


def _audited(folder: Path, *contents: Any) -> AuditResult:
    paths = []
    for number, content in enumerate(contents):
        paths.append(folder / f"{number}.json")
        paths[-1].write_text(json.dumps(content), encoding="utf-8")
    files = inputs_of([str(path) for path in paths])
    return audit(gather(files, complete=True, as_of="2024-07-15T09:00:00Z").snapshot, BASELINE)


def _missed(result: AuditResult, mutation: Mutation, waits: dict[str, str]) -> Iterator[str]:
    for requirement, end in mutation.breaks:
        findings = [f for f in result.findings if f.requirement == requirement]
        failed = [f for f in findings if f.outcome is Outcome.FAIL]
        if any(
            meets((requirement, end), (requirement, f.verdict.resource.key if f.verdict.resource else ""))
            for f in failed
        ):
            continue
        if requirement not in waits:
            yield f"{requirement} {end}: {sorted({f.outcome.value for f in findings})}"
        elif not any(f.until_deployed or f.outcome is Outcome.UNKNOWN for f in findings):
            yield f"{requirement} {end} is neither caught nor open"


@pytest.mark.slow
@pytest.mark.sampled(8)
@pytest.mark.parametrize("tried", candidates(), ids=lambda each: each[0].name)
def test_what_a_plan_states_is_caught(tried: tuple[Mutation, ...], tmp_path: Path) -> None:
    mutation, changes = next(((each, found) for each in tried if (found := _changes(each))), (None, []))
    if mutation is None:
        pytest.skip("no template states what this mutation changes")
    alone = _audited(tmp_path, {"changes": list(_planned(mutation).values())})
    assert list(_missed(alone, mutation, WAITS_ALONE)) == []
    over = _audited(tmp_path, json.loads(COMPLIANT.read_text(encoding="utf-8")), {"changes": changes})
    assert list(_missed(over, mutation, WAITS_OVER)) == []
    assert not alone.summary[Outcome.ERROR]
    assert not over.summary[Outcome.ERROR]
