"""Makes the small deployments of tests/fixtures/nsg (README.md there) into estates. Used by unit tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from auditor.estate import Estate, build_estate
from auditor.model import ArmId
from auditor.network.topology.service_tags import ServiceTags
from auditor.sets.packet_set import Packet
from auditor.sets.protocol_set import Protocol
from auditor.snapshot import Snapshot
from tests.worlds import FIXTURES, refused, whole

FOLDER = FIXTURES / "nsg"
ROOT = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network"
NIC, ENDPOINT, NETWORK = f"{ROOT}/networkInterfaces/nic", f"{ROOT}/privateEndpoints/pe", f"{ROOT}/virtualNetworks/net"
GROUPS = {"subnet": f"{ROOT}/networkSecurityGroups/subnet-nsg", "nic": f"{ROOT}/networkSecurityGroups/nic-nsg"}

Case = Mapping[str, Any]


def cases() -> Iterator[tuple[str, Case]]:
    """Every case with the file it is in."""
    for file in sorted(FOLDER.glob("*.yaml")):
        # The safe loader as libyaml has it: ten times as fast, and every worker of the tests reads these files.
        for case in yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader):
            yield file.stem, case


def place(case: Case) -> ArmId:
    """What the question is about."""
    subnet = f"{NETWORK}/subnets/{case.get('subnet', {}).get('name', 'a')}"
    return ArmId({"nic": NIC, "endpoint": ENDPOINT, "subnet": subnet}[case.get("at", "nic")])


def tags(case: Case) -> ServiceTags:
    """The release of service tags that the case brings, if any."""
    stated = case.get("service_tags")
    return ServiceTags(stated, "of this case") if stated else ServiceTags()


def packet(text: str) -> Packet:
    """`tcp 1.2.3.4:50000 -> 10.0.1.4:443`, `icmp 10.0.0.4 -> 10.0.1.4`, IPv6 in brackets where it has a port."""
    word, rest = text.split(" ", 1)
    protocol = Protocol[word.upper()]
    ends = [_end(part.strip(), protocol.has_ports) for part in rest.split("->")]
    return Packet(protocol, *ends[0], *ends[1])


def _end(text: str, has_port: bool) -> tuple[str, int | None]:
    if not has_port:
        return text, None
    address, _, port = text.rpartition(":")
    return address.strip("[]"), int(port)


def estate(case: Case) -> Estate:
    """The deployment of a case as Resource Manager would show it."""
    documents = [_network(case), *_group(case, "subnet"), *_group(case, "nic"), *_others(case)]
    unread = {GROUPS[kind] for kind in case.get("unread_groups", ())}
    unread |= {d["id"] for d in documents for kind in case.get("unread_documents", ()) if f"/{kind}/" in d["id"]}
    documents = [d for d in documents if d["id"] not in unread]
    reads = (*whole("/"), *(refused(kind, "/") for kind in case.get("unread", ())))
    ordered = tuple(sorted(documents, key=lambda d: str(d["id"]).casefold()))
    return build_estate(Snapshot(documents=ordered, reads=reads))


def _group(case: Case, kind: str) -> Iterator[dict[str, Any]]:
    stated = case.get(f"{kind}_group")
    if stated is None:
        return
    id_ = GROUPS[kind]
    rules = [_rule(id_, "securityRules", rule) for rule in stated.get("rules", [])]
    properties: dict[str, Any] = {"securityRules": rules}
    if "default_rules" in stated:
        properties["defaultSecurityRules"] = [_rule(id_, "defaultSecurityRules", r) for r in stated["default_rules"]]
    if stated.get("listed_only"):
        properties = {}
    yield {"id": id_, "name": id_.rpartition("/")[2], "properties": properties}


def _rule(group: str, kind: str, rule: Mapping[str, Any]) -> dict[str, Any]:
    """A rule as ARM writes it; groups named by their short name become references."""
    properties = {key: value for key, value in rule.items() if key != "name"}
    for side in ("source", "destination"):
        key = f"{side}ApplicationSecurityGroups"
        if key in properties:
            properties[key] = [{"id": f"{ROOT}/applicationSecurityGroups/{name}"} for name in properties[key]]
    return {"name": rule["name"], "id": f"{group}/{kind}/{rule['name']}", "properties": properties}


def _network(case: Case) -> dict[str, Any]:
    stated, subnet = case.get("network", {}), case.get("subnet", {})
    name = subnet.get("name", "a")
    properties: dict[str, Any] = {"addressPrefix": subnet.get("prefix", "10.0.1.0/24")}
    if "subnet_group" in case:
        properties["networkSecurityGroup"] = {"id": GROUPS["subnet"]}
    if stated.get("routes"):
        properties["routeTable"] = {"id": f"{ROOT}/routeTables/t"}
    if "delegation" in subnet:
        properties["delegations"] = [{"name": "d", "properties": {"serviceName": subnet["delegation"]}}]
    if "private_endpoint_policies" in subnet:
        properties["privateEndpointNetworkPolicies"] = subnet["private_endpoint_policies"]
    subnets = [{"name": name, "id": f"{NETWORK}/subnets/{name}", "properties": properties}]
    if "gateway" in stated:
        id_ = f"{NETWORK}/subnets/GatewaySubnet"
        subnets.append({"name": "GatewaySubnet", "id": id_, "properties": {"addressPrefix": "10.0.255.0/27"}})
    return {
        "id": NETWORK,
        "name": "net",
        "properties": {
            "addressSpace": {"addressPrefixes": stated.get("space", ["10.0.0.0/16"])},
            "subnets": subnets,
            "virtualNetworkPeerings": [
                {
                    "name": f"peering{n}",
                    "id": f"{NETWORK}/virtualNetworkPeerings/peering{n}",
                    "properties": dict(peering),
                }
                for n, peering in enumerate(stated.get("peerings", []))
            ],
        },
    }


def _others(case: Case) -> Iterator[dict[str, Any]]:
    stated = case.get("network", {})
    routes = [
        {"name": f"route{n}", "properties": {"addressPrefix": prefix, "nextHopType": "VirtualAppliance"}}
        for n, prefix in enumerate(stated.get("routes", []))
    ]
    if routes:
        yield {"id": f"{ROOT}/routeTables/t", "name": "t", "properties": {"routes": routes}}
    yield from _interfaces(case)
    if "gateway" in stated:
        yield from _gateway(stated["gateway"])
    for number, document in enumerate(case.get("documents", [])):
        yield {"name": f"extra{number}", **document}


def _interfaces(case: Case) -> Iterator[dict[str, Any]]:
    name = case.get("subnet", {}).get("name", "a")
    subnet = {"id": f"{NETWORK}/subnets/{name}"}
    config: dict[str, Any] = {"privateIPAddress": "10.0.1.4", "subnet": subnet}
    config["applicationSecurityGroups"] = [
        {"id": f"{ROOT}/applicationSecurityGroups/{group}"}
        for group, members in case.get("groups", {}).items()
        if "10.0.1.4" in members
    ]
    if "public_address" in case:
        config["publicIPAddress"] = {"id": f"{ROOT}/publicIPAddresses/pip"}
        yield {"id": f"{ROOT}/publicIPAddresses/pip", "sku": {"name": case["public_address"]}, "properties": {}}
    if "load_balancer" in case:
        config["loadBalancerBackendAddressPools"] = [{"id": f"{ROOT}/loadBalancers/lb/backendAddressPools/p"}]
        yield {"id": f"{ROOT}/loadBalancers/lb", "sku": {"name": case["load_balancer"]}, "properties": {}}
    properties: dict[str, Any] = {"ipConfigurations": [{"name": "c", "properties": config}]}
    if "nic_group" in case:
        properties["networkSecurityGroup"] = {"id": GROUPS["nic"]}
    yield {"id": NIC, "name": "nic", "properties": properties}
    if case.get("at") == "endpoint":
        yield {"id": ENDPOINT, "name": "pe", "properties": {"subnet": subnet, "networkInterfaces": [{"id": NIC}]}}
    others = [(group, member) for group, found in case.get("groups", {}).items() for member in found]
    for number, (group, address) in enumerate(o for o in others if o[1] != "10.0.1.4"):
        member = {"id": f"{ROOT}/applicationSecurityGroups/{group}"}
        first = {"privateIPAddress": address, "applicationSecurityGroups": [member]}
        second = {"privateIPAddress": "10.0.1.99"}
        configs = [{"name": n, "properties": p} for n, p in (("in", first), ("out", second))]
        yield {"id": f"{ROOT}/networkInterfaces/member{number}", "properties": {"ipConfigurations": configs}}


def _gateway(stated: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A gateway with connections: `local` prefixes, `clients` (a point-to-site pool), `expressroute`."""
    gateway = f"{ROOT}/virtualNetworkGateways/gw"
    if stated.get("unread"):
        return
    properties: dict[str, Any] = {
        "ipConfigurations": [{"name": "c", "properties": {"subnet": {"id": f"{NETWORK}/subnets/GatewaySubnet"}}}]
    }
    if "clients" in stated:
        properties["vpnClientConfiguration"] = {"vpnClientAddressPool": {"addressPrefixes": stated["clients"]}}
    yield {"id": gateway, "name": "gw", "properties": properties}
    if "local" in stated:
        local = f"{ROOT}/localNetworkGateways/site"
        space = {"localNetworkAddressSpace": {"addressPrefixes": stated["local"]}}
        yield {"id": local, "name": "site", "properties": space}
        ends = {"virtualNetworkGateway1": {"id": gateway}, "localNetworkGateway2": {"id": local}}
        kind = {"connectionType": "IPsec", "enableBgp": stated.get("bgp", False)}
        yield {"id": f"{ROOT}/connections/c", "name": "c", "properties": {**ends, **kind}}
    if stated.get("expressroute"):
        ends = {"virtualNetworkGateway1": {"id": gateway}, "connectionType": "ExpressRoute"}
        yield {"id": f"{ROOT}/connections/er", "name": "er", "properties": ends}
