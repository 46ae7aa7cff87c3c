"""Nothing unusable is a silent pass: what passing verdicts rest on, replaced by what Azure never sends."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from auditor.audit.audit import audit
from auditor.baseline import Baseline, read_baseline
from auditor.model import ArmId, Finding, Outcome, Place
from auditor.snapshot.locate import steps_of
from tests import worlds

WORLDS = ("reference-implementation", "compliant")
_ITEM = re.compile(r"/\d+(?=/|$)")


@dataclass(frozen=True)
class Spoiling:
    """One value of a world, to be replaced; `cited` are the requirement and aspect of the verdicts that rest on it."""

    world: str
    place: Place
    value: Any
    garbage: Any
    cited: tuple[tuple[str, ArmId | None, str], ...]

    @property
    def kind(self) -> str:
        """What is replaced, without names and numbers: `microsoft.web/sites/properties/httpsOnly`."""
        return f"{self.place.document.type}{_ITEM.sub('/*', self.place.pointer)}"


def spoilings(world: str) -> Iterator[Spoiling]:
    """One for each kind of place that a passing verdict of a requirement cites, and each garbage; a fixed order."""
    documents = {ArmId(document["id"]) for document in worlds.documents(world)}
    seen: set[tuple[str, str, str]] = set()
    cited: dict[Place, tuple[Any, list[tuple[str, ArmId | None, str]]]] = {}
    for finding in audit(worlds.snapshot(name=world), _baseline()).findings:
        if finding.outcome is not Outcome.PASS:
            continue
        for evidence in finding.verdict.evidence:
            kind = f"{evidence.place.document.type}{_ITEM.sub('/*', evidence.place.pointer)}"
            key = (finding.requirement, kind, finding.verdict.aspect)
            if key not in seen and evidence.place.document in documents and evidence.place.pointer not in ("", "/id"):
                seen.add(key)
                cited.setdefault(evidence.place, (evidence.value, []))[1].append(_key(finding))
    for place, (value, keys) in cited.items():
        for garbage in _garbage(value):
            yield Spoiling(world, place, value, garbage, tuple(keys))


def passes_still(spoiling: Spoiling) -> list[Finding]:
    """The verdicts that rested on the value and pass without it."""
    documents = worlds.documents(spoiling.world)
    document = next(each for each in documents if ArmId(each["id"]) == spoiling.place.document)
    if not put(document, steps_of(spoiling.place.pointer), copy.deepcopy(spoiling.garbage)):
        return []
    ids = {requirement for requirement, _, _ in spoiling.cited}
    result = audit(worlds.snapshot(documents, name=spoiling.world), _only(frozenset(ids)))
    return [f for f in result.findings if f.outcome in (Outcome.PASS, Outcome.ERROR) and _key(f) in spoiling.cited]


def put(document: Any, steps: list[str], value: Any) -> bool:
    """Put a value at a pointer; whether there was a place for it."""
    *way, last = steps
    for step in way:
        if isinstance(document, list):
            document = document[int(step)]
        elif isinstance(document, dict) and isinstance(document.get(step), (dict, list)):
            document = document[step]
        else:
            return False
    if isinstance(document, list):
        document[int(last)] = value
    else:
        document[last] = value
    return True


def _key(finding: Finding) -> tuple[str, ArmId | None, str]:
    return finding.requirement, finding.verdict.resource, finding.verdict.aspect


def _garbage(value: Any) -> Iterator[Any]:
    """Values of other kinds, and another word where a word stands."""
    if not isinstance(value, dict):
        yield {"unusable": [1]}
    if not isinstance(value, list):
        yield ["unusable"]
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        yield -7.5
    if isinstance(value, bool):
        yield str(not value).lower()
    yield "unusable"


@cache
def _baseline() -> Baseline:
    return read_baseline("openai-chat")


@cache
def _only(ids: frozenset[str]) -> Baseline:
    whole = _baseline()
    return replace(whole, requirements={id_: row for id_, row in whole.requirements.items() if id_ in ids})


EXCEPTIONS = {
    r"REL-12 microsoft.containerregistry/registries/properties/zoneRedundancy": "in a region with zones every one is",
    r".*/(name|subnets/\*/name|httpListeners/\*/name|securityRules/\*/name)": "a name decides nothing",
    r".*/userAssignedIdentities/[^/]+/principalId": "any text may be an object id",
    r"CMP-05 .*/properties/model/name": "the model's capabilities say that it takes chat",
    r"CST-02 .*/connections/properties/target": "the account's id in `metadata` decides",
    r"CST-05 .*/properties/instanceType": "any size may have been chosen; only that none was is wrong",
    r"REL-0[78] .*/metricTrigger/metricName": "Azure has hundreds of metrics; whose metric it is decides",
    r"NET-0[12] microsoft.web/sites/properties/publicNetworkAccess": "Disabled on config/web closes the site as well",
}
"""What passes whatever text stands there, by requirement and kind of place, and why that is honest."""


def excused(finding: Finding, spoiling: Spoiling) -> bool:
    """Whether a verdict may pass although this text was replaced; a value of another kind is never excused."""
    text = isinstance(spoiling.garbage, str) and isinstance(spoiling.value, str)
    said = f"{finding.requirement} {spoiling.kind}"
    return text and any(re.fullmatch(rule, said) for rule in EXCEPTIONS)
