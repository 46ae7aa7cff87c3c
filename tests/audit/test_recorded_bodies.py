"""Bodies that Azure answered to others, laid into a workload's own group: they are judged, and no rule crashes."""

from __future__ import annotations

import gzip
import json
from typing import Any

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.model import Outcome
from tests import worlds
from tests.worlds import FIXTURES

CHUNK = 170
"""Bodies that are laid into one world: more at once are one audit less, and more that could hide behind one another."""


def recorded(taken: set[str], group: str) -> list[dict[str, Any]]:
    """The bodies, with ids in the group; what stands above a group stays where it is."""
    found: list[dict[str, Any]] = []
    with gzip.open(FIXTURES / "arm-bodies.jsonl.gz", "rt", encoding="utf-8") as lines:
        for body in map(json.loads, lines):
            head, _, rest = str(body.get("id", "")).partition("/providers/")
            if not rest:
                continue
            id_ = f"{group}/providers/{rest}" if head.casefold().startswith("/subscriptions/") else body["id"]
            if id_.casefold() not in taken:
                taken.add(id_.casefold())
                found.append({**body, "id": id_})
    return found


def test_no_body_crashes_a_rule() -> None:
    own = worlds.documents("compliant")
    group = next(d["id"] for d in own if d["type"] == "Microsoft.Resources/resourceGroups")
    bodies = recorded({d["id"].casefold() for d in own}, group)
    assert len(bodies) > 800
    crashed: dict[str, str] = {}
    for start in range(0, len(bodies), CHUNK):
        documents = own + bodies[start : start + CHUNK]
        result = audit(
            worlds.snapshot(documents, worlds.whole(worlds.subscription("compliant")), "compliant"), read_baseline()
        )
        crashed |= {f.requirement: f.verdict.message for f in result.findings if f.outcome is Outcome.ERROR}
        assert result.summary[Outcome.FAIL], "other people's services break this baseline"
    assert not crashed
