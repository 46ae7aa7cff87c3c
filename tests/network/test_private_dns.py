"""Private DNS end to end: every link of the chain broken in turn, and each unread part unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from auditor.model import ArmId, Read, Unknown
from auditor.network.private_link.needed_zones import expected_record, needed_zones
from auditor.network.private_link.private_dns import Resolution, resolve
from auditor.network.private_link.private_endpoints import addresses, approval, connections
from auditor.sets.proof import together
from tests.builders.estates import (
    WHOLE,
    doc,
    estate_of,
    id_of,
    named,
    world,
)

PE = "microsoft.network/privateendpoints"
ZONES = "microsoft.network/privatednszones"
VNET = "microsoft.network/virtualnetworks"
KV_ZONE = "privatelink.vaultcore.azure.net"

World = list[dict[str, Any]]


def pick(documents: World, type_: str, name: str) -> dict[str, Any]:
    found = [d for d in documents if d["type"].casefold() == type_.casefold() and d["name"] == name]
    assert len(found) == 1, (type_, name, len(found))
    return found[0]


def drop(documents: World, fragment: str) -> None:
    documents[:] = [d for d in documents if fragment.casefold() not in d["id"].casefold()]


def proof(documents: World, endpoint: str = "pep-kv-aibase", reads: tuple[Read, ...] = (WHOLE,)) -> Resolution:
    estate = estate_of(documents, reads=reads)
    network = next(ArmId(d["id"]) for d in documents if d["type"].casefold() == VNET)
    return resolve(estate, named(estate, PE, endpoint), network)


def resolves(found: Resolution) -> bool | Unknown:
    """Whether names lead to the endpoint: records kept by hand count, so a zone group is not needed for that."""
    return together(step for step in found.steps if step.name != "zone group")


@pytest.mark.parametrize(
    "endpoint",
    ["pep-kv-aibase", "pep-mlw-aibase", "pep-oai-aibase", "pep-craibase", "pep-app-aibase", "pep-file-stmlaibase"],
)
def test_the_reference_deployment_resolves_privately(endpoint: str) -> None:
    found = proof(world(), endpoint)
    assert found.holds is True
    assert found.broken == ()


def test_a_workspace_endpoint_needs_both_zones() -> None:
    assert proof(world(), "pep-mlw-aibase").zones == ("privatelink.api.azureml.ms", "privatelink.notebooks.azure.net")
    documents = world()
    drop(documents, "privateDnsZones/privatelink.notebooks.azure.net")
    found = proof(documents, "pep-mlw-aibase")
    assert isinstance(resolves(found), Unknown), "the zone group points at a zone that was not read"
    assert "privatelink.notebooks.azure.net" in resolves(found).because


# --- each link broken -------------------------------------------------------------------------------------------------

VAULT_A = f"privateDnsZones/{KV_ZONE}/A/kv-aibase"


def pending(documents: World) -> None:
    connection = pick(documents, PE, "pep-kv-aibase")["properties"]["privateLinkServiceConnections"][0]
    connection["properties"]["privateLinkServiceConnectionState"]["status"] = "Pending"


def rejected_at_the_target(documents: World) -> None:
    vault = pick(documents, "Microsoft.KeyVault/vaults", "kv-aibase")
    for side in vault["properties"]["privateEndpointConnections"]:
        side["properties"]["privateLinkServiceConnectionState"]["status"] = "Rejected"


def no_group(documents: World) -> None:
    drop(documents, "pep-kv-aibase/privateDnsZoneGroups")


def group_of_the_wrong_zone(documents: World) -> None:
    for d in documents:
        if d["type"].casefold() == f"{PE}/privatednszonegroups" and "pep-kv-aibase/" in d["id"]:
            config = d["properties"]["privateDnsZoneConfigs"][0]["properties"]
            config["privateDnsZoneId"] = config["privateDnsZoneId"].replace(KV_ZONE, "privatelink.vault.azure.net")


def no_record(documents: World) -> None:
    drop(documents, VAULT_A)


def stale_record(documents: World) -> None:
    pick(documents, f"{ZONES}/A", "kv-aibase")["properties"]["aRecords"] = [{"ipv4Address": "10.9.9.9"}]


def second_answer(documents: World) -> None:
    pick(documents, f"{ZONES}/A", "kv-aibase")["properties"]["aRecords"].append({"ipv4Address": "10.9.9.9"})


def empty_record(documents: World) -> None:
    pick(documents, f"{ZONES}/A", "kv-aibase")["properties"]["aRecords"] = []


def no_link(documents: World) -> None:
    drop(documents, f"{KV_ZONE}/virtualNetworkLinks")


def link_of_another_network(documents: World) -> None:
    link = pick(documents, f"{ZONES}/virtualNetworkLinks", f"{KV_ZONE}-link")
    link["properties"]["virtualNetwork"]["id"] += "-other"


def link_in_progress(documents: World) -> None:
    link = pick(documents, f"{ZONES}/virtualNetworkLinks", f"{KV_ZONE}-link")
    link["properties"]["virtualNetworkLinkState"] = "InProgress"


def no_zone_at_all(documents: World) -> None:
    drop(documents, f"privateDnsZones/{KV_ZONE}")
    no_group(documents)


BROKEN: list[tuple[Callable[[World], None], dict[str, str]]] = [
    (pending, {"approval": "is Pending, not Approved"}),
    (rejected_at_the_target, {"approval": "Rejected, not Approved"}),
    (no_group, {"zone group": f"has no DNS zone group for {KV_ZONE}"}),
    (group_of_the_wrong_zone, {"zone group": "it writes to privatelink.vault.azure.net"}),
    (no_record, {"record": "has no A record"}),
    (stale_record, {"record": "is 10.9.9.9, but the private endpoint has 10.0.2.7"}),
    (second_answer, {"record": "is 10.0.2.7, 10.9.9.9, but"}),
    (empty_record, {"record": "is empty, but"}),
    (no_link, {"link": "is not linked to vnet-aibase"}),
    (link_of_another_network, {"link": "is not linked to vnet-aibase"}),
    (link_in_progress, {"link": "is InProgress, not Completed"}),
    (no_zone_at_all, {"zone": "there is no private DNS zone", "zone group": "has no DNS zone group"}),
]


@pytest.mark.parametrize(("change", "expected"), BROKEN, ids=[row[0].__name__ for row in BROKEN])
def test_each_broken_link_is_its_own_sentence(change: Callable[[World], None], expected: dict[str, str]) -> None:
    documents = world()
    change(documents)
    found = proof(documents)
    assert found.holds is False
    assert sorted(step.name for step in found.broken) == sorted(expected)
    for step in found.broken:
        assert expected[step.name] in step.says
        assert step.evidence


def test_records_kept_by_hand_resolve_although_no_group_keeps_them() -> None:
    documents = world()
    no_group(documents)
    found = proof(documents)
    assert found.holds is False


def test_a_wildcard_record_answers_where_no_own_record_does() -> None:
    documents = world()
    pick(documents, f"{ZONES}/A", "kv-aibase")["name"] = "*"
    assert resolves(proof(documents)) is True
    # A wildcard inside a name is answered by the record of exactly that name only.
    drop(documents, "/A/*.")
    assert resolves(proof(documents, "pep-mlw-aibase")) is False


def test_another_zone_of_the_same_name_that_the_network_is_linked_to_is_the_one_that_answers() -> None:
    documents = world()
    no_link(documents)
    group = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/hub"
    network = next(d["id"] for d in documents if d["type"].casefold() == VNET)
    documents += [
        doc("Microsoft.Network/privateDnsZones", KV_ZONE, group=group),
        doc(
            "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
            KV_ZONE,
            "l",
            group=group,
            properties={"virtualNetwork": {"id": network}},
        ),
    ]
    found = proof(documents)
    assert [step.name for step in found.broken] == ["record"], "linked, but to a zone that nobody writes"


# --- not read ---------------------------------------------------------------------------------------------------------


def failed(covers: str, scope: str = "/") -> Read:
    return Read("list", "1", 403, covers, scope, error="AuthorizationFailed")


@pytest.mark.parametrize(
    ("covers", "step"),
    [
        (f"{PE}/privatednszonegroups", "zone group"),
        (f"{ZONES}/a", "record"),
        (f"{ZONES}/virtualnetworklinks", "link"),
    ],
)
def test_a_list_that_could_not_be_read_is_unknown_with_its_permission(covers: str, step: str) -> None:
    found = proof(world(), reads=(WHOLE, failed(covers)))
    unknown = [s for s in found.steps if isinstance(s.holds, Unknown)]
    assert [s.name for s in unknown] == [step]
    assert isinstance(found.holds, Unknown)
    assert found.holds.permission == f"{covers}/read"


def test_zones_that_could_not_be_read_are_unknown() -> None:
    documents = world()
    drop(documents, "privateDnsZones/")
    no_group(documents)
    found = proof(documents, reads=(WHOLE, failed(ZONES)))
    assert any(step.name == "zone" and isinstance(step.holds, Unknown) for step in found.steps)


def test_an_endpoint_whose_interface_was_not_read_has_unknown_records() -> None:
    documents = world()
    drop(documents, "networkInterfaces/pep-kv-aibase")
    found = proof(documents)
    assert [s.name for s in found.steps if isinstance(s.holds, Unknown)] == ["record"]


def test_custom_dns_configs_stand_in_for_an_interface() -> None:
    documents = world()
    drop(documents, "networkInterfaces/pep-kv-aibase")
    configs = [{"fqdn": "kv-aibase.vault.azure.net", "ipAddresses": ["10.0.2.7"]}]
    pick(documents, PE, "pep-kv-aibase")["properties"]["customDnsConfigs"] = configs
    assert proof(documents).holds is True


@pytest.mark.parametrize("keep_group", [True, False], ids=["from the zone group", "from the target's own name"])
def test_names_that_the_interface_does_not_tell_come_from_elsewhere(keep_group: bool) -> None:
    documents = world()
    for d in documents:
        if "networkinterfaces/pep-kv-aibase" in d["id"].casefold():
            d["properties"]["ipConfigurations"][0]["properties"].pop("privateLinkConnectionProperties")
    if not keep_group:
        no_group(documents)
    assert resolves(proof(documents)) is True
    stale_record(documents)
    assert resolves(proof(documents)) is False


def test_names_that_nothing_tells_are_unknown() -> None:
    documents = world()
    drop(documents, "pep-mlw-aibase/privateDnsZoneGroups")
    for d in documents:
        if "networkinterfaces/pep-mlw-aibase" in d["id"].casefold():
            for row in d["properties"]["ipConfigurations"]:
                row["properties"].pop("privateLinkConnectionProperties")
    assert isinstance(resolves(proof(documents, "pep-mlw-aibase")), Unknown)


# --- whom the network asks --------------------------------------------------------------------------------------------


def ask_servers(documents: World, *servers: str) -> None:
    network = next(d for d in documents if d["type"].casefold() == VNET)
    network["properties"]["dhcpOptions"] = {"dnsServers": list(servers)}


def test_servers_of_the_owners_own_leave_it_unknown() -> None:
    documents = world()
    ask_servers(documents, "10.0.9.4")
    found = proof(documents)
    assert isinstance(found.holds, Unknown)
    assert "10.0.9.4" in found.holds.because


def test_naming_azures_own_address_changes_nothing() -> None:
    documents = world()
    ask_servers(documents, "168.63.129.16")
    assert proof(documents).holds is True


def test_a_private_resolver_answers_for_the_network_it_sits_in() -> None:
    documents = world()
    ask_servers(documents, "10.9.0.4")
    network = next(d["id"] for d in documents if d["type"].casefold() == VNET)
    seat = {"privateIpAddress": "10.9.0.4", "subnet": {"id": f"{network}/subnets/resolver"}}
    documents.append(
        doc("Microsoft.Network/dnsResolvers/inboundEndpoints", "r", "in", properties={"ipConfigurations": [seat]})
    )
    found = proof(documents)
    assert found.holds is True
    assert any(step.name == "name server" and step.holds is True for step in found.steps)
    seat["subnet"]["id"] = id_of("Microsoft.Network/virtualNetworks/subnets", "hub", "resolver")
    assert proof(documents).holds is False, "the zones are not linked to the resolver's network"


def test_a_network_that_was_not_read_is_unknown() -> None:
    estate = estate_of(world())
    elsewhere = ArmId(id_of("Microsoft.Network/virtualNetworks", "elsewhere"))
    found = resolve(estate, named(estate, PE, "pep-kv-aibase"), elsewhere)
    assert isinstance(found.holds, Unknown)
    assert "elsewhere" in found.holds.because


# --- endpoints and their ends -----------------------------------------------------------------------------------------


def test_a_connection_without_a_state_is_unknown() -> None:
    target = id_of("Microsoft.KeyVault/vaults", "v")
    manual = [{"properties": {"privateLinkServiceId": target, "groupIds": ["vault"]}}, {"properties": {}}]
    estate = estate_of([doc(PE, "p", properties={"manualPrivateLinkServiceConnections": manual})])
    endpoint = named(estate, PE, "p")
    (connection,) = connections(endpoint)
    assert isinstance(approval(estate, connection).holds, Unknown)
    assert isinstance(addresses(estate, endpoint), Unknown)


def test_an_endpoint_that_leads_nowhere_is_broken() -> None:
    estate = estate_of([doc(PE, "p", properties={})])
    found = resolve(estate, named(estate, PE, "p"), ArmId(id_of("Microsoft.Network/virtualNetworks", "v")))
    assert [step.says for step in found.broken] == ["p has no connection to anything"]


def test_a_private_link_service_needs_no_zone_of_azure() -> None:
    connection = {
        "properties": {
            "privateLinkServiceId": id_of("Microsoft.Network/privateLinkServices", "s"),
            "groupIds": [],
            "privateLinkServiceConnectionState": {"status": "approved"},
        }
    }
    estate = estate_of([doc(PE, "p", properties={"privateLinkServiceConnections": [connection]})])
    found = resolve(estate, named(estate, PE, "p"), ArmId(id_of("Microsoft.Network/virtualNetworks", "v")))
    assert found.holds is True


# --- the table --------------------------------------------------------------------------------------------------------

ACCOUNT = "microsoft.cognitiveservices/accounts"
NEEDED = [
    ("AzurePublicCloud", "Microsoft.KeyVault/Vaults", "VAULT", "", ["privatelink.vaultcore.azure.net"]),
    ("AzurePublicCloud", ACCOUNT, "account", "openai", ["privatelink.openai.azure.com"]),
    ("AzurePublicCloud", ACCOUNT, "account", "textanalytics", ["privatelink.cognitiveservices.azure.com"]),
    ("azureusgovernment", "microsoft.web/sites", "sites", "app", ["privatelink.azurewebsites.us"]),
    ("AzureUSGovernment", "microsoft.search/searchservices", "searchService", "", ["privatelink.search.azure.us"]),
    ("AzureChinaCloud", "microsoft.storage/storageaccounts", "blob", "", ["privatelink.blob.core.chinacloudapi.cn"]),
]


@pytest.mark.parametrize(("cloud", "type_", "group", "kind", "zones"), NEEDED)
def test_zones_by_cloud_type_and_group(cloud: str, type_: str, group: str, kind: str, zones: list[str]) -> None:
    found = needed_zones(cloud, type_, group, kind)
    assert not isinstance(found, Unknown)
    assert [zone.zone for zone in found] == zones


def test_what_is_not_in_the_table_is_unknown() -> None:
    for cloud, type_, group in (
        ("AzureMoonCloud", "microsoft.keyvault/vaults", "vault"),
        ("AzurePublicCloud", "microsoft.kusto/clusters", "cluster"),
        ("AzurePublicCloud", "microsoft.keyvault/vaults", ""),
    ):
        assert isinstance(needed_zones(cloud, type_, group, ""), Unknown)


def test_a_target_of_unknown_kind_needs_the_zones_of_the_names_it_serves() -> None:
    found = needed_zones("AzurePublicCloud", ACCOUNT, "account", None, ("a.openai.azure.com",))
    assert not isinstance(found, Unknown)
    assert [zone.zone for zone in found] == ["privatelink.openai.azure.com"]
    assert isinstance(needed_zones("AzurePublicCloud", ACCOUNT, "account", None), Unknown)


def test_a_record_that_only_a_custom_name_would_tell_is_not_guessed() -> None:
    estate = estate_of([doc(ACCOUNT, "a", properties={}), doc(ACCOUNT, "b", properties={"customSubDomainName": "Bee"})])
    zones = needed_zones("AzurePublicCloud", ACCOUNT, "account", "openai")
    assert not isinstance(zones, Unknown)
    assert expected_record(zones[0], named(estate, ACCOUNT, "a")) is None
    assert expected_record(zones[0], named(estate, ACCOUNT, "b")) == "bee"


def hub_resolver(documents: World, *, linked: bool = True) -> None:
    """A spoke without links: a ruleset sends the vaults' names to the hub's resolver, whose network has the zone."""
    spoke = next(d["id"] for d in documents if d["type"].casefold() == VNET)
    hub = id_of("Microsoft.Network/virtualNetworks", "hub")
    subnet = {"id": id_of("Microsoft.Network/virtualNetworks/subnets", "hub", "in")}
    rule = {"domainName": "vaultcore.azure.net.", "targetDnsServers": [{"ipAddress": "10.9.1.4"}]}
    rulesets = "Microsoft.Network/dnsForwardingRulesets"
    for document in documents:
        if f"{KV_ZONE}/virtualnetworklinks/" in document["id"].casefold():
            document["properties"]["virtualNetwork"]["id"] = hub if linked else f"{hub}-other"
    documents += [
        doc(
            "Microsoft.Network/virtualNetworks",
            "hub",
            properties={"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}},
        ),
        doc(
            "Microsoft.Network/dnsResolvers/inboundEndpoints", "r", "in",
            properties={"ipConfigurations": [{"privateIpAddress": "10.9.1.4", "subnet": subnet}]},
        ),
        doc(rulesets, "rs"),
        doc(f"{rulesets}/virtualNetworkLinks", "rs", "l", properties={"virtualNetwork": {"id": spoke}}),
        doc(f"{rulesets}/forwardingRules", "rs", "r", properties=rule),
    ]  # fmt: skip


def test_a_ruleset_leads_to_the_zone_that_the_hub_is_linked_to() -> None:
    documents = world()
    hub_resolver(documents)
    assert resolves(proof(documents)) is True
    documents = world()
    hub_resolver(documents, linked=False)
    assert resolves(proof(documents)) is False
    documents = world()
    hub_resolver(documents)
    drop(documents, "inboundEndpoints")
    assert isinstance(resolves(proof(documents)), Unknown)


def test_every_zone_of_the_page_is_known_by_type_group_and_region() -> None:
    kind = "Microsoft.DBforPostgreSQL/flexibleServers"
    found = needed_zones("AzurePublicCloud", kind, "postgresqlServer", "")
    assert not isinstance(found, Unknown)
    assert [zone.zone for zone in found] == ["privatelink.postgres.database.azure.com"]
    aks = "Microsoft.ContainerService/managedClusters"
    placed = needed_zones("AzurePublicCloud", aks, "management", "", region="westeurope")
    assert not isinstance(placed, Unknown)
    assert [zone.zone for zone in placed] == ["privatelink.westeurope.azmk8s.io"]
    assert isinstance(needed_zones("AzurePublicCloud", aks, "management", ""), Unknown)
    slot = needed_zones("AzurePublicCloud", "Microsoft.Web/sites", "sites-blue", "")
    assert not isinstance(slot, Unknown)
    assert [zone.record for zone in slot] == ["{name}-blue"]
