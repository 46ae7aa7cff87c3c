"""Which property of which type points at another resource, and what that pointing means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from auditor.estate.children import children_in
from auditor.estate.planned import is_expression
from auditor.estate.value_kinds import kind_of
from auditor.model import ArmId, Place, Resource, Unknown


class Relation(StrEnum):
    """How one resource stands to another; read it as `source RELATION target`."""

    IN_SUBNET = "sits in subnet"
    GUARDED_BY = "is guarded by"
    ROUTED_BY = "is routed by"
    LEAVES_BY = "leaves by NAT gateway"
    HAS_ADDRESS = "has public address"
    IN_GROUP = "is in application security group"
    HAS_NIC = "has network interface"
    LEADS_TO = "leads to"
    CONNECTED_FROM = "is connected from"
    PEERS_WITH = "peers with"
    RESOLVES_BY = "is resolved by zone"
    LINKED_TO = "is linked to network"
    FILTERED_BY = "is filtered by"
    RUNS_ON = "runs on"
    USES = "uses"
    CARRIES = "carries identity"
    MAY_REACH = "may reach"
    SCALES = "scales"
    DESCRIBES = "describes"
    LOGS_TO = "logs to"
    PROTECTED_BY = "is protected by"
    SERVES = "serves the network"


_N = "microsoft.network"
_ML = "microsoft.machinelearningservices/workspaces"
_PROPS = "properties"
_PATTERN = "microsoft.compute/virtualmachinescalesets/networkinterfaceconfigurations"

_CONNECTIONS = tuple(
    (f"{_PROPS}/{kind}/*/{_PROPS}/privateLinkServiceId", Relation.LEADS_TO)
    for kind in ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
)
_IP = f"{_PROPS}/ipConfigurations/*/{_PROPS}"

REFERENCES: Mapping[str, tuple[tuple[str, Relation], ...]] = {
    f"{_N}/virtualnetworks": ((f"{_PROPS}/ddosProtectionPlan/id", Relation.PROTECTED_BY),),
    f"{_N}/virtualnetworks/subnets": (
        (f"{_PROPS}/networkSecurityGroup/id", Relation.GUARDED_BY),
        (f"{_PROPS}/routeTable/id", Relation.ROUTED_BY),
        (f"{_PROPS}/natGateway/id", Relation.LEAVES_BY),
    ),
    f"{_N}/virtualnetworks/virtualnetworkpeerings": ((f"{_PROPS}/remoteVirtualNetwork/id", Relation.PEERS_WITH),),
    f"{_N}/networkinterfaces": (
        (f"{_IP}/subnet/id", Relation.IN_SUBNET),
        (f"{_IP}/publicIPAddress/id", Relation.HAS_ADDRESS),
        (f"{_IP}/applicationSecurityGroups/*/id", Relation.IN_GROUP),
        (f"{_PROPS}/networkSecurityGroup/id", Relation.GUARDED_BY),
    ),
    f"{_N}/privateendpoints": (
        *_CONNECTIONS,
        (f"{_PROPS}/subnet/id", Relation.IN_SUBNET),
        (f"{_PROPS}/networkInterfaces/*/id", Relation.HAS_NIC),
        (f"{_PROPS}/applicationSecurityGroups/*/id", Relation.IN_GROUP),
    ),
    f"{_N}/privateendpoints/privatednszonegroups": (
        (f"{_PROPS}/privateDnsZoneConfigs/*/{_PROPS}/privateDnsZoneId", Relation.RESOLVES_BY),
    ),
    f"{_N}/privatednszones/virtualnetworklinks": ((f"{_PROPS}/virtualNetwork/id", Relation.LINKED_TO),),
    f"{_N}/applicationgateways": (
        (f"{_PROPS}/gatewayIPConfigurations/*/{_PROPS}/subnet/id", Relation.IN_SUBNET),
        (f"{_PROPS}/frontendIPConfigurations/*/{_PROPS}/publicIPAddress/id", Relation.HAS_ADDRESS),
        (f"{_PROPS}/firewallPolicy/id", Relation.FILTERED_BY),
        (f"{_PROPS}/httpListeners/*/{_PROPS}/firewallPolicy/id", Relation.FILTERED_BY),
    ),
    f"{_N}/bastionhosts": (
        (f"{_PROPS}/virtualNetwork/id", Relation.SERVES),
        (f"{_IP}/subnet/id", Relation.IN_SUBNET),
        (f"{_IP}/publicIPAddress/id", Relation.HAS_ADDRESS),
    ),
    f"{_N}/azurefirewalls": (
        (f"{_IP}/subnet/id", Relation.IN_SUBNET),
        (f"{_IP}/publicIPAddress/id", Relation.HAS_ADDRESS),
        (f"{_PROPS}/managementIpConfiguration/{_PROPS}/subnet/id", Relation.IN_SUBNET),
        (f"{_PROPS}/managementIpConfiguration/{_PROPS}/publicIPAddress/id", Relation.HAS_ADDRESS),
    ),
    f"{_N}/virtualnetworkgateways": (
        (f"{_IP}/subnet/id", Relation.IN_SUBNET),
        (f"{_IP}/publicIPAddress/id", Relation.HAS_ADDRESS),
    ),
    f"{_N}/natgateways": tuple(
        (f"{_PROPS}/{kind}/*/id", Relation.HAS_ADDRESS)
        for kind in ("publicIpAddresses", "publicIpAddressesV6", "publicIpPrefixes", "publicIpPrefixesV6")
    ),
    f"{_N}/loadbalancers": (
        (f"{_PROPS}/frontendIPConfigurations/*/{_PROPS}/subnet/id", Relation.IN_SUBNET),
        (f"{_PROPS}/frontendIPConfigurations/*/{_PROPS}/publicIPAddress/id", Relation.HAS_ADDRESS),
    ),
    "microsoft.compute/virtualmachines": ((f"{_PROPS}/networkProfile/networkInterfaces/*/id", Relation.HAS_NIC),),
    "microsoft.compute/virtualmachinescalesets": (
        (
            f"{_PROPS}/virtualMachineProfile/networkProfile/networkInterfaceConfigurations/*/{_IP}/subnet/id",
            Relation.IN_SUBNET,
        ),
    ),
    _PATTERN: (
        (f"{_IP}/subnet/id", Relation.IN_SUBNET),
        (f"{_IP}/applicationSecurityGroups/*/id", Relation.IN_GROUP),
        (f"{_PROPS}/networkSecurityGroup/id", Relation.GUARDED_BY),
    ),
    "microsoft.containerservice/managedclusters/agentpools": (
        (f"{_PROPS}/vnetSubnetID", Relation.IN_SUBNET),
        (f"{_PROPS}/podSubnetID", Relation.IN_SUBNET),
    ),
    "microsoft.app/managedenvironments": ((f"{_PROPS}/vnetConfiguration/infrastructureSubnetId", Relation.IN_SUBNET),),
    "microsoft.containerinstance/containergroups": ((f"{_PROPS}/subnetIds/*/id", Relation.IN_SUBNET),),
    "microsoft.web/hostingenvironments": ((f"{_PROPS}/virtualNetwork/id", Relation.IN_SUBNET),),
    "microsoft.devopsinfrastructure/pools": ((f"{_PROPS}/fabricProfile/networkProfile/subnetId", Relation.IN_SUBNET),),
    "microsoft.dbforpostgresql/flexibleservers": ((f"{_PROPS}/network/delegatedSubnetResourceId", Relation.IN_SUBNET),),
    "microsoft.dbformysql/flexibleservers": ((f"{_PROPS}/network/delegatedSubnetResourceId", Relation.IN_SUBNET),),
    "microsoft.sql/managedinstances": ((f"{_PROPS}/subnetId", Relation.IN_SUBNET),),
    "microsoft.apimanagement/service": (
        (f"{_PROPS}/virtualNetworkConfiguration/subnetResourceId", Relation.IN_SUBNET),
        (f"{_PROPS}/additionalLocations/*/virtualNetworkConfiguration/subnetResourceId", Relation.IN_SUBNET),
    ),
    "microsoft.web/sites": (
        (f"{_PROPS}/serverFarmId", Relation.RUNS_ON),
        (f"{_PROPS}/virtualNetworkSubnetId", Relation.IN_SUBNET),
    ),
    _ML: (
        (f"{_PROPS}/storageAccount", Relation.USES),
        (f"{_PROPS}/keyVault", Relation.USES),
        (f"{_PROPS}/containerRegistry", Relation.USES),
        (f"{_PROPS}/applicationInsights", Relation.USES),
    ),
    f"{_ML}/computes": ((f"{_PROPS}/{_PROPS}/subnet/id", Relation.IN_SUBNET),),
    f"{_ML}/outboundrules": ((f"{_PROPS}/destination/serviceResourceId", Relation.MAY_REACH),),
    "microsoft.insights/autoscalesettings": ((f"{_PROPS}/targetResourceUri", Relation.SCALES),),
    "microsoft.insights/components": ((f"{_PROPS}/WorkspaceResourceId", Relation.LOGS_TO),),
    "microsoft.insights/diagnosticsettings": (
        (f"{_PROPS}/workspaceId", Relation.LOGS_TO),
        (f"{_PROPS}/storageAccountId", Relation.LOGS_TO),
        (f"{_PROPS}/eventHubAuthorizationRuleId", Relation.LOGS_TO),
    ),
}
"""By lower-case type: path (`*` stands for every item of a list) and meaning."""

_MAY_BE_A_HOST = "destination"
"""The one step that is text instead where nothing is pointed at: an outbound rule of type FQDN."""


def references_of(resource: Resource) -> Iterator[tuple[Relation, ArmId, Place]]:
    """Everything this resource points at, with the place that points there."""
    for path, relation in REFERENCES.get(resource.type, ()):
        for place, value in _follow(resource, path.split("/")):
            if isinstance(value, str) and (value.startswith("/") or (resource.plan and is_expression(value))):
                yield relation, ArmId(value), place
    for child in children_in(resource):
        if child.type == _PATTERN:  # what a scale set gives its instances stands for their interfaces
            yield Relation.HAS_NIC, child.id, child.place()
    if resource.type.endswith("/privateendpointconnections"):
        end = resource.stated("properties", "privateEndpoint")
        target = end.get("id") if isinstance(end, Mapping) else end
        if isinstance(target, str) and target.startswith("/"):
            yield Relation.CONNECTED_FROM, ArmId(target), resource.place("properties", "privateEndpoint", "id")
    identities = resource.stated("identity", "userAssignedIdentities")
    for text in identities if isinstance(identities, Mapping) else ():
        if str(text).startswith("/"):
            yield Relation.CARRIES, ArmId(str(text)), resource.place("identity", "userAssignedIdentities", str(text))
    if "/providers/microsoft.insights/diagnosticsettings/" in resource.id.key and resource.id.extends:
        yield Relation.DESCRIBES, resource.id.extends, resource.place("id")


def unreadable_in(resource: Resource) -> Iterator[tuple[Relation, Unknown]]:
    """Where this resource points somewhere, and nobody can tell where: what stands there is no id."""
    for path, relation in REFERENCES.get(resource.type, ()):
        ends = [end for end in _ends(resource, path.split("/")) if _is_odd(end)]
        for place, value, _ in ends:
            if resource.plan is None or not (isinstance(value, str) and is_expression(value)):
                says = f"{place.pointer.removeprefix('/')} of {resource.name} is {kind_of(value)}, which is no id"
                yield relation, Unknown(f"what {resource.name} {relation} cannot be determined: {says} of a resource")


def _is_odd(end: _End) -> bool:
    _, value, arrived = end
    if value is None or (value == "" and arrived):
        return False
    return not (arrived and isinstance(value, str) and value.startswith("/"))


def _follow(resource: Resource, steps: list[str]) -> Iterator[tuple[Place, Any]]:
    return ((place, value) for place, value, arrived in _ends(resource, steps) if arrived)


_End = tuple[Place, Any, bool]
"""Where a path ends, what stands there, and whether that is its end or something that has no such step."""


def _ends(resource: Resource, steps: list[str]) -> Iterator[_End]:
    open_ends: list[tuple[tuple[str | int, ...], Any]] = [((), resource.body)]
    for step in steps:
        found: list[tuple[tuple[str | int, ...], Any]] = []
        for path, value in open_ends:
            if step == "*" and isinstance(value, list):
                found.extend(((*path, index), item) for index, item in enumerate(value))
            elif step != "*" and isinstance(value, Mapping):
                found.extend([((*path, step), value[step])] if step in value else [])
            elif value is not None and not (isinstance(value, str) and path[-1:] == (_MAY_BE_A_HOST,)):
                yield resource.place(*path), value, False
        open_ends = found
    for path, value in open_ends:
        yield resource.place(*path), value, True
