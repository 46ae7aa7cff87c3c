"""Kinds of services in the table of public doors: closed, open, for some, for all of Azure, or unknown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.model import ArmId, Read, Unknown
from auditor.services.firewall_verdict import EVERYBODY, FirewallVerdict
from auditor.services.paas_firewall import FIREWALLS, open_to, unjudged
from auditor.services.public_doors import doors, no_doors, sign_of_a_door
from auditor.sets.address_set import AddressSet
from tests.builders.estates import WHOLE, doc, estate_of, id_of, need

EXAMPLES = json.loads((Path(__file__).parents[1] / "fixtures" / "public-doors.json").read_text())["examples"]
SUBNET = id_of("Microsoft.Network/virtualNetworks/subnets", "v", "s")
ENVIRONMENT = "Microsoft.App/managedEnvironments"
COSMOS = "Microsoft.DocumentDB/databaseAccounts"
SQL = "Microsoft.Sql/servers"
HUBS = "Microsoft.EventHub/namespaces"


def names_of(type_: str) -> tuple[str, ...]:
    return tuple(f"x{n}" for n in range(type_.count("/")))


def replaced(value: Any) -> Any:
    """The example with ids of this estate where it has short ones."""
    if isinstance(value, dict):
        return {key: replaced(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [replaced(inner) for inner in value]
    if value == "/e":
        return id_of(ENVIRONMENT, "env")
    if value == "/ase":
        return id_of("Microsoft.Web/hostingEnvironments", "ase")
    return SUBNET if isinstance(value, str) and value.startswith(("/subnets/", "/s")) else value


def asked(example: dict[str, Any]) -> FirewallVerdict:
    stated = replaced(example["document"])
    type_ = stated.pop("type")
    document = doc(type_, *names_of(type_), **stated)
    more = []
    for n, child in enumerate(example.get("children", ())):
        more.append(doc(child["type"], *names_of(type_), f"c{n}", properties=child["properties"]))
    closed = example.get("other_closed", False)
    more.append(doc(ENVIRONMENT, "env", properties={"vnetConfiguration": {"internal": closed}}))
    mode = "Web, Publishing" if closed else "None"
    more.append(doc("Microsoft.Web/hostingEnvironments", "ase", properties={"internalLoadBalancingMode": mode}))
    if type_ == "Microsoft.Web/sites":
        more.append(doc("Microsoft.Web/sites/config", *names_of(type_), "web", properties={}))
    if example.get("private_endpoint"):
        state = {"privateLinkServiceConnectionState": {"status": "Approved"}}
        more.append(doc(f"{type_}/privateEndpointConnections", *names_of(type_), "pe", properties=state))
    estate = estate_of([document, *more])
    return open_to(estate, need(estate, document["id"]))


def word(verdict: FirewallVerdict) -> str:
    if isinstance(verdict.closed, Unknown):
        return "azure" if "every customer of Azure" in verdict.says else "unknown"
    if verdict.closed:
        return "closed"
    if "every customer of Azure" in verdict.says:
        return "azure"
    return "open" if AddressSet.of("0.0.0.0/0") <= verdict.addresses else "rules"


def a_title(example: dict[str, Any]) -> str:
    return f"{example['document']['type'].rpartition('/')[2]}: {example['why']}"


@pytest.mark.parametrize("example", EXAMPLES, ids=a_title)
def test_examples(example: dict[str, Any]) -> None:
    verdict = asked(example)
    expected = example["verdict"]
    if "but the cluster" in example["why"] or "lets in the cluster only" in example["why"]:
        expected = "closed"  # the cluster's own address is not somebody from outside
    if "database rules unseen" in example["why"]:
        expected = "unknown"  # rules of a single database may let somebody in, and Resource Manager does not show them
    if example["why"] == "Deny rules leave the rest in":
        assert verdict.addresses == EVERYBODY - AddressSet.of("203.0.113.0/24")
        return
    assert word(verdict) == expected, verdict


def ask(type_: str, properties: dict[str, Any], *more: dict[str, Any], **rest: Any) -> FirewallVerdict:
    document = doc(type_, *names_of(type_), properties=properties, **rest)
    estate = estate_of([document, *more])
    return open_to(estate, need(estate, document["id"]))


def test_every_kind_is_judged_and_none_twice() -> None:
    assert set(doors()) <= set(FIREWALLS)
    assert not set(doors()) & set(no_doors())


@pytest.mark.parametrize("type_", sorted(doors()))
def test_what_is_not_stated_never_closes_by_accident(type_: str) -> None:
    """An empty document is open, closed or unknown as the table says; it is never closed where the default is open."""
    parts = type_.split("/")
    document = {"id": id_of(type_, *names_of(type_)), "name": "x", "type": "/".join(parts), "properties": {}}
    parent = ArmId(document["id"]).parent
    more = [] if parent is None else [{"id": parent.text, "name": "p", "type": parent.type, "properties": {}}]
    estate = estate_of([document, *more])
    verdict = open_to(estate, need(estate, document["id"]))
    firewall = doors()[type_].firewall
    if any(condition.stated is False for condition in doors()[type_].closed):
        return  # what is not there opens nothing
    if doors()[type_].absent == "open" and (firewall is None or firewall.empty != "nobody"):
        assert verdict.closed is not True or doors()[type_].when, verdict
    if doors()[type_].absent == "unknown":
        assert isinstance(verdict.closed, Unknown) or (firewall and firewall.empty == "nobody")


def test_a_switch_with_an_unheard_of_value_is_unknown() -> None:
    verdict = ask(COSMOS, {"publicNetworkAccess": "Perhaps"})
    assert isinstance(verdict.closed, Unknown)
    assert "Perhaps" in verdict.closed.because


def test_rules_that_were_not_read_are_unknown_and_not_none() -> None:
    document = doc(SQL, "sql", properties={"publicNetworkAccess": "Enabled"})
    reads = [Read(path="x", api_version="2023-08-01", status=200, covers=SQL, scope="/", count=1)]
    estate = estate_of([document], reads=reads)
    verdict = open_to(estate, need(estate, document["id"]))
    assert isinstance(verdict.closed, Unknown)


def test_an_absence_in_an_old_version_of_the_api_tells_nothing() -> None:
    document = doc("Microsoft.AppConfiguration/configurationStores", "c", properties={})
    kind = "Microsoft.AppConfiguration/configurationStores"
    for version, known in (("2019-10-01", False), ("2024-05-01", True)):
        reads = [WHOLE, Read(path="x", api_version=version, status=200, covers=kind, scope="/", count=1)]
        estate = estate_of([document], reads=reads)
        closed = open_to(estate, need(estate, document["id"])).closed
        assert isinstance(closed, Unknown) is not known


def test_all_of_azure_is_its_tag_where_a_list_is_at_hand() -> None:
    tags = {
        "id": f"{id_of('Microsoft.Network/serviceTags', 'public')}",
        "type": "Microsoft.Network/serviceTags",
        "name": "public",
        "values": [{"name": "AzureCloud", "properties": {"addressPrefixes": ["20.0.0.0/8"]}}],
    }
    rule = doc(f"{SQL}/firewallRules", "x0", "all", properties={"startIpAddress": "0.0.0.0", "endIpAddress": "0.0.0.0"})
    verdict = ask(SQL, {}, rule, tags)
    assert verdict.addresses == AddressSet.of("20.0.0.0/8")
    without = ask(SQL, {}, rule)
    assert without.closed is False
    assert "8.8.8.8" in without.at_most


NSP = "Microsoft.Network/networkSecurityPerimeters"


def perimeter(mode: str, *rules: dict[str, Any], to: str) -> list[dict[str, Any]]:
    profile = id_of(f"{NSP}/profiles", "nsp", "p")
    member = {
        "privateLinkResource": {"id": to},
        "profile": {"id": profile},
        "accessMode": mode,
        "hasProvisioningIssues": "no",
    }
    return [
        doc(f"{NSP}/resourceAssociations", "nsp", "a", properties=member),
        *(doc(f"{NSP}/profiles/accessRules", "nsp", "p", f"r{n}", properties=rule) for n, rule in enumerate(rules)),
    ]


INBOUND = {"direction": "Inbound", "addressPrefixes": ["203.0.113.0/24"]}
OUTBOUND = {"direction": "Outbound", "fullyQualifiedDomainNames": ["example.com"]}
STORAGE = "Microsoft.Storage/storageAccounts"


@pytest.mark.parametrize("type_", [STORAGE, COSMOS])
@pytest.mark.parametrize(
    ("switch", "mode", "rules", "let_in"),
    [
        ("SecuredByPerimeter", "Enforced", [], AddressSet.none()),
        ("SecuredByPerimeter", "Enforced", [OUTBOUND], AddressSet.none()),
        ("SecuredByPerimeter", "Enforced", [INBOUND], AddressSet.of("203.0.113.0/24")),
        ("SecuredByPerimeter", "Learning", [INBOUND], AddressSet.of("203.0.113.0/24")),
        ("Enabled", "Enforced", [], AddressSet.none()),
        ("Disabled", "Enforced", [INBOUND], AddressSet.of("203.0.113.0/24")),
        ("Disabled", "Learning", [INBOUND], AddressSet.of("203.0.113.0/24")),
        ("Enabled", "Learning", [], EVERYBODY),
    ],
)
def test_perimeters(type_: str, switch: str, mode: str, rules: list[dict[str, Any]], let_in: AddressSet) -> None:
    verdict = ask(type_, {"publicNetworkAccess": switch}, *perimeter(mode, *rules, to=id_of(type_, "x0")))
    assert verdict.addresses == let_in
    assert verdict.gap is None


def test_a_perimeter_without_its_association_is_unknown() -> None:
    assert isinstance(ask(STORAGE, {"publicNetworkAccess": "SecuredByPerimeter"}).closed, Unknown)


def test_a_kind_of_no_table_that_shows_a_door_is_unknown_and_counted_otherwise() -> None:
    door = doc("Contoso.Things/servers", "a", properties={"network": {"ipRules": [{"value": "1.2.3.4"}]}})
    silent = doc("Contoso.Things/tables", "b", properties={"size": 3})
    part = doc("Microsoft.Web/sites/config", "s", "web", properties={"publicNetworkAccess": "Enabled"})
    none = doc("Microsoft.EventGrid/systemTopics", "t", properties={"publicNetworkAccess": "Enabled"})
    estate = estate_of([door, silent, part, none])
    assert [r.name for r in estate.resources if sign_of_a_door(r) is not None] == ["a"]
    assert unjudged(estate) == {"contoso.things/tables": 1}


COMPUTE = "Microsoft.MachineLearningServices/workspaces/computes"
CLUSTER = {"computeType": "AmlCompute"}


@pytest.mark.parametrize(
    ("properties", "closed"),
    [
        ({**CLUSTER, "properties": {"enableNodePublicIp": True, "remoteLoginPortPublicAccess": "Enabled"}}, False),
        ({**CLUSTER, "properties": {"enableNodePublicIp": True, "remoteLoginPortPublicAccess": "NotSpecified"}}, False),
        ({**CLUSTER, "properties": {"remoteLoginPortPublicAccess": "Disabled"}}, True),
        ({**CLUSTER, "properties": {"enableNodePublicIp": False, "remoteLoginPortPublicAccess": "Enabled"}}, True),
        ({**CLUSTER, "properties": {"subnet": {"id": SUBNET}, "remoteLoginPortPublicAccess": "NotSpecified"}}, True),
        ({**CLUSTER, "properties": {"subnet": {"id": SUBNET}, "remoteLoginPortPublicAccess": "Enabled"}}, None),
        ({"computeType": "ComputeInstance", "properties": {"sshSettings": {"sshPublicAccess": "Enabled"}}}, False),
        ({"computeType": "ComputeInstance", "properties": {"sshSettings": {"sshPublicAccess": "Disabled"}}}, True),
        ({"computeType": "Databricks", "properties": {}}, True),
    ],
)
def test_nodes_of_computes(properties: dict[str, Any], closed: bool | None) -> None:
    workspace = doc("Microsoft.MachineLearningServices/workspaces", "x0", properties={})
    found = ask(COMPUTE, properties, workspace).closed
    assert (None if isinstance(found, Unknown) else found) is closed


def test_computes_of_a_managed_network_are_unknown() -> None:
    managed = {"managedNetwork": {"isolationMode": "AllowOnlyApprovedOutbound"}}
    workspace = doc("Microsoft.MachineLearningServices/workspaces", "x0", properties=managed)
    opened = {**CLUSTER, "properties": {"remoteLoginPortPublicAccess": "Enabled"}}
    assert isinstance(ask(COMPUTE, opened, workspace).closed, Unknown)


def test_what_only_the_inventory_names_is_unknown() -> None:
    document = doc(COSMOS, "c")
    estate = estate_of([document])
    closed = open_to(estate, need(estate, document["id"])).closed
    assert isinstance(closed, Unknown)
    assert closed.permission == "microsoft.documentdb/databaseaccounts/read"
