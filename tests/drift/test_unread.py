"""A lost right is not a lost resource: what can no longer be read is neither gone, nor better, nor worse."""

from __future__ import annotations

from functools import cache

import pytest

from auditor.drift.model import Diff, Effect, Topic
from auditor.model import ArmId
from tests.builders.drifting import (
    Side,
    after,
    between,
    changed,
    side,
    side_of,
    told,
    untouched,
)
from tests.worlds import documents, refused, subscription, whole

pytestmark = pytest.mark.slow

REFERENCE = "reference-implementation"

REFUSED = {
    "microsoft.network/networksecuritygroups": Topic.FLOWS,
    "microsoft.network/virtualnetworks": Topic.FLOWS,
    "microsoft.authorization/roleassignments": Topic.PERMISSIONS,
    # What Azure's own roles allow is known without their definitions, and the reference gives no others.
    "microsoft.authorization/roledefinitions": Topic.READS,
    "microsoft.keyvault/vaults": Topic.PUBLIC_ACCESS,
    "microsoft.machinelearningservices/workspaces": Topic.OUTBOUND,
    "microsoft.cognitiveservices/accounts/raipolicies": Topic.FINDINGS,
    "microsoft.network/networkinterfaces": Topic.PRIVATE_LINK,
}
"""By type that is no longer read: a topic in which that must show as not comparable."""


@cache
def without(type_: str) -> Side:
    """The reference deployment as it is seen by who may not read a type; what extends a resource has its own list."""
    kept = [d for d in documents() if not f"{ArmId(d['id']).type}/".startswith(f"{type_}/")]
    return side(kept, (*whole(subscription()), refused(type_, subscription())), REFERENCE)


def kinds(found: Diff, *effects: Effect) -> set[tuple[Topic, str]]:
    return {(change.topic, change.kind) for change in found.changes if change.effect in effects}


@pytest.mark.parametrize("type_", REFUSED)
def test_what_can_no_longer_be_read_is_not_gone_and_not_better(type_: str) -> None:
    found = between(untouched(REFERENCE), without(type_))
    assert kinds(found, Effect.WORSE, Effect.BETTER) == set()
    assert (Topic.RESOURCES, "disappeared") not in kinds(found, Effect.OTHER)
    assert (Topic.READS, "failed") in kinds(found, Effect.UNKNOWN)
    assert REFUSED[type_] in {topic for topic, _ in kinds(found, Effect.UNKNOWN)}
    (read,) = told(found, Topic.READS)
    assert "could be read before and cannot now" in read
    assert f"needs {type_}/read" in read


@pytest.mark.parametrize("type_", REFUSED)
def test_what_can_be_read_again_did_not_come_into_being(type_: str) -> None:
    found = between(without(type_), untouched(REFERENCE))
    assert (Topic.RESOURCES, "appeared") not in kinds(found, Effect.OTHER)
    assert (Topic.READS, "mended") in kinds(found, Effect.OTHER)
    # What comes to light is told as what it is: a finding that fails, which could not be determined before.
    worse = [change for change in found.with_effect(Effect.WORSE) if change.topic is Topic.FINDINGS]
    assert all(change.detail["before"] == "unknown" for change in worse)
    assert {change.topic for change in found.with_effect(Effect.WORSE)} <= {Topic.FINDINGS}
    assert not found.with_effect(Effect.BETTER)


def test_what_neither_can_read_is_no_change() -> None:
    found = between(
        without("microsoft.network/networksecuritygroups"), without("microsoft.network/networksecuritygroups")
    )
    assert found.nothing


def test_other_changes_are_told_beside_what_cannot_be_read() -> None:
    world = changed(
        ("refuse", "microsoft.keyvault/vaults"),
        ("set", "accounts/oai-aibase/properties/publicNetworkAccess", "Enabled"),
        ("set", "accounts/oai-aibase/properties/networkAcls/defaultAction", "Allow"),
        name=REFERENCE,
    )
    found = between(untouched(REFERENCE), side_of(world))
    (says,) = told(found, Topic.PUBLIC_ACCESS, Effect.WORSE)
    assert says.startswith("oai-aibase now lets in every address")
    assert any(says.startswith("whom kv-aibase lets in") for says in told(found, Topic.PUBLIC_ACCESS, Effect.UNKNOWN))


def test_a_deleted_resource_is_gone_with_all_that_hung_under_it() -> None:
    found = after(("drop", "searchServices/srch-aibase"))
    gone = [change for change in found.of(Topic.RESOURCES) if change.kind == "disappeared"]
    (service,) = [change for change in gone if change.detail["type"] == "microsoft.search/searchservices"]
    assert service.detail["count"] == 1
    assert service.says == "1 of microsoft.search/searchservices disappeared: srch-aibase"
    # Connections and diagnostic settings of the service go with it, and are not counted again.
    assert not any("privateendpointconnections" in change.detail["type"] for change in gone)
    assert {change.topic for change in found.with_effect(Effect.UNKNOWN)} <= {Topic.FINDINGS}
