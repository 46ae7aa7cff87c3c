"""The law of addition: a resource that this program does not know makes no statement more certain than it was."""

from __future__ import annotations

from functools import cache

import pytest

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.model import AuditResult, Outcome
from tests import worlds

WORLD = "compliant"
GROUP = f"{worlds.subscription(WORLD)}/resourceGroups/rg-chat-prod"
DOORS = {
    "a kind that is in no table, open by its own word": ("Contoso.Things/widgets", {"publicNetworkAccess": "Enabled"}),
    "a kind that is in no table, with rules of addresses": (
        "Contoso.Things/widgets",
        {"ipRules": [{"value": "0.0.0.0/0"}]},
    ),
    "a database": ("Microsoft.DocumentDB/databaseAccounts", {"publicNetworkAccess": "Enabled", "ipRules": []}),
    "a SQL server": ("Microsoft.Sql/servers", {"publicNetworkAccess": "Enabled"}),
    "an event hub": ("Microsoft.EventHub/namespaces", {"publicNetworkAccess": "Enabled"}),
    "a container app": (
        "Microsoft.App/containerApps",
        {"configuration": {"ingress": {"external": True, "fqdn": "a.example.org"}}},
    ),
    "a container group": (
        "Microsoft.ContainerInstance/containerGroups",
        {"ipAddress": {"type": "Public", "ip": "20.1.2.3", "ports": [{"port": 80}]}},
    ),
}


@cache
def before() -> AuditResult:
    return audit(worlds.snapshot(name=WORLD), read_baseline())


@pytest.mark.parametrize("name", DOORS)
def test_nothing_but_the_chat_is_reached_is_not_said_beside_a_door_that_may_be_open(name: str) -> None:
    type_, properties = DOORS[name]
    provider, kind = type_.split("/")
    document = {
        "id": f"{GROUP}/providers/{provider}/{kind}/added",
        "name": "added",
        "type": type_,
        "location": "eastus2",
        "properties": properties,
    }
    found = audit(worlds.snapshot([*worlds.documents(WORLD), document], name=WORLD), read_baseline())
    about = {f.outcome for f in found.findings if f.requirement == "NET-02"}
    assert about & {Outcome.FAIL, Outcome.UNKNOWN}, "NET-02 is certain that nothing more is reached"


@pytest.mark.parametrize("name", DOORS)
def test_what_is_added_turns_no_other_answer_into_a_pass(name: str) -> None:
    type_, properties = DOORS[name]
    provider, kind = type_.split("/")
    document = {"id": f"{GROUP}/providers/{provider}/{kind}/added", "name": "added", "properties": properties}
    found = audit(worlds.snapshot([*worlds.documents(), document]), read_baseline())
    whole = audit(worlds.snapshot(), read_baseline())
    failed = {(f.requirement, f.verdict.resource) for f in whole.findings if f.outcome is Outcome.FAIL}
    passed = {(f.requirement, f.verdict.resource) for f in found.findings if f.outcome is Outcome.PASS}
    kept = {(f.requirement, f.verdict.resource) for f in found.findings if f.outcome is Outcome.FAIL}
    assert not (failed & passed) - kept


def test_the_world_holds_without_them() -> None:
    assert {f.outcome for f in before().findings if f.requirement == "NET-02"} == {Outcome.PASS}
