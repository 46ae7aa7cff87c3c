"""What else is in a big subscription: other teams' applications on spokes, and the hubs that they share.

Shapes are those of the compliant world: an application is its storage account, vault, web app, machines, private
endpoints and network under other names, without anything of the chat architecture.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from benchmarks.copies import Document, World, other_id, renamed

SPOKES_OF_A_HUB = 100
ZONES = ("privatelink.blob.core.windows.net", "privatelink.vaultcore.azure.net", "privatelink.azurewebsites.net")
MACHINES = 4

_SUBNETS = ("snet-appServicePlan", "snet-privateEndpoints", "snet-jumpbox")
_BEHIND = ("staibase", "kv-aibase", "app-aibase")
_CHOSEN = (
    *(f"networkSecurityGroups/nsg-{name}Subnet" for name in ("appServices", "privateEndpoints", "jumpbox")),
    *(f"privateEndpoints/pep-{name}" for name in _BEHIND),
    *(f"networkInterfaces/pep-{name}.nic." for name in _BEHIND),
    *(f"privateDnsZones/{zone}/A/{name}" for zone in ZONES for name in (*_BEHIND, "app-aibase.scm")),
    "applicationSecurityGroups/asg-jumpbox",
    "userAssignedIdentities/id-app-aibase",
    "storageAccounts/staibase",
    "vaults/kv-aibase",
    "components/appinsights-app-aibase",
    "serverfarms/asp-app-aibase6y4uogomg42iq",
    "autoscalesettings/asp-app-aibase6y4uogomg42iq-autoscale",
    "sites/app-aibase",
    "virtualNetworks/vnet-aibase",
)
_MACHINE = ("virtualMachines/vm-jmp-aibase", "networkInterfaces/nic-jmp-aibase", "disks/vm-jmp-aibase_")
_SHOWN_BY_PARENT = ("/subnets/", "/securityrules/", "/defaultsecurityrules/")
_ELSEWHERE = "commonHoboRG33"
"""The group of Microsoft's in which the endpoints of a managed network lie."""


@dataclass(frozen=True)
class Hub:
    """A network in the middle with a firewall, Bastion, the zones of private endpoints and a log workspace."""

    world: World
    number: int

    @property
    def name(self) -> str:
        """Its resource group's name."""
        return f"rg-hub-{self.number:02}"

    @property
    def group(self) -> str:
        """Its resource group's id."""
        return f"/subscriptions/{self.world.subscription}/resourceGroups/{self.name}"

    @property
    def network(self) -> str:
        """Its network's id."""
        return f"{self.group}/providers/Microsoft.Network/virtualNetworks/vnet-hub"

    @property
    def logs(self) -> str:
        """Its log workspace's id."""
        return f"{self.group}/providers/Microsoft.OperationalInsights/workspaces/log-hub"

    @property
    def space(self) -> str:
        """The first half of its addresses."""
        return f"172.{16 + self.number}"

    def documents(self, spokes: Sequence[Spoke]) -> Iterator[Document]:
        """Everything of it; it is peered with every spoke, and links its zones to all of them."""
        net = f"{self.group}/providers/Microsoft.Network"
        yield _group(self.group)
        yield _made(self.logs, {"sku": {"name": "PerGB2018"}, "retentionInDays": 30})
        subnets = [
            _made(f"{self.network}/subnets/{name}", {"addressPrefix": f"{self.space}.{third}.0/24"})
            for third, name in enumerate(("AzureFirewallSubnet", "AzureBastionSubnet"))
        ]
        space = {"addressSpace": {"addressPrefixes": [f"{self.space}.0.0/22"]}}
        peerings = [_peering(self.network, spoke.base, spoke.network, spoke.space) for spoke in spokes]
        yield _made(self.network, {**space, "subnets": subnets, "virtualNetworkPeerings": peerings})
        yield from self._door(f"{net}/bastionHosts/bas-hub", 1, "AzureBastionSubnet", {"scaleUnits": 2})
        rules = {"networkRuleCollections": [], "natRuleCollections": [], "applicationRuleCollections": []}
        yield from self._door(f"{net}/azureFirewalls/fw-hub", 0, "AzureFirewallSubnet", rules)
        for zone in ZONES:
            yield from self._zone(f"{net}/privateDnsZones/{zone}", spokes)

    def _door(self, id_: str, third: int, subnet: str, more: dict[str, Any]) -> Iterator[Document]:
        net, name = f"{self.group}/providers/Microsoft.Network", id_.rpartition("/")[2]
        address = f"{net}/publicIPAddresses/pip-{name}"
        properties = {"ipAddress": f"20.200.{self.number}.{third + 4}", "publicIPAllocationMethod": "Static"}
        yield _made(address, properties, sku={"name": "Standard", "tier": "Regional"}, zones=["1", "2", "3"])
        place = {
            "subnet": {"id": f"{self.network}/subnets/{subnet}"},
            "publicIPAddress": {"id": address},
            "privateIPAddress": f"{self.space}.{third}.4",
        }
        yield _made(id_, {"ipConfigurations": [_made(f"{id_}/ipConfigurations/default", place)], **more})

    def _zone(self, id_: str, spokes: Iterable[Spoke]) -> Iterator[Document]:
        yield _made(id_, {"maxNumberOfRecordSets": 25000}, location="global")
        for name, network in (("hub", self.network), *((s.base, s.network) for s in spokes)):
            linked = {"registrationEnabled": False, "virtualNetworkLinkState": "Completed"}
            properties = {**linked, "virtualNetwork": {"id": network}}
            yield _made(f"{id_}/virtualNetworkLinks/to-{name}", properties, location="global")


@dataclass(frozen=True)
class Spoke:
    """One application: web app, machines, storage and vault behind private endpoints, on a network of its own."""

    hub: Hub
    number: int

    @property
    def base(self) -> str:
        """What its names have in common."""
        return f"app{self.number:03}"

    @property
    def group(self) -> str:
        """Its resource group's id."""
        return f"/subscriptions/{self.hub.world.subscription}/resourceGroups/rg-{self.base}"

    @property
    def network(self) -> str:
        """Its network's id."""
        return f"{self.group}/providers/Microsoft.Network/virtualNetworks/vnet-{self.base}"

    @property
    def space(self) -> str:
        """Its prefix, a /22 of 10.64.0.0/10."""
        return f"10.{64 + self.number // 64}.{4 * (self.number % 64)}.0/22"

    def documents(self, rng: Random) -> Iterator[Document]:
        """Everything of it."""
        yield _group(self.group)
        for document in self._moved(json.dumps(_part(self.hub.world, _CHOSEN))):
            if document["id"] == self.network:
                self._attach(document)
            elif document["id"].endswith("/nsg-jumpboxSubnet"):
                document["properties"]["securityRules"] += _rules(document["id"], rng)
            yield document
        for n in range(MACHINES):
            text = json.dumps(_part(self.hub.world, _MACHINE))
            text = re.sub("jmp-aibase", f"web{n}-aibase", text, flags=re.IGNORECASE)
            yield from self._moved(text.replace("10.0.2.132", f"10.0.2.{132 + n}"), f"machine {n}")
        route = {"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance"}
        table = f"{self.group}/providers/Microsoft.Network/routeTables/rt-{self.base}"
        routes = [_made(f"{table}/routes/all", {**route, "nextHopIpAddress": f"{self.hub.space}.0.4"})]
        yield _made(table, {"disableBgpRoutePropagation": True, "routes": routes})
        yield from self._grants(rng)

    def _moved(self, text: str, salt: str = "") -> list[Document]:
        """Documents of the world as this application's: its names and addresses, the hub's zones and logs."""
        text = re.sub(r'[^"]*/workspaces/log-aibase(?=")', self.hub.logs, text, flags=re.IGNORECASE)
        zones = "resourceGroups/{}/providers/Microsoft.Network/privateDnsZones"
        text = text.replace(zones.format("rg-chat-prod"), zones.format(self.hub.name))
        text = text.replace("10.0.0.0/16", self.space)
        for n in range(3):
            own = f"10.{64 + self.number // 64}.{4 * (self.number % 64) + n}."
            text = re.sub(rf"(?<![\d.])10\.0\.{n}\.", own, text)
        text = renamed(text, self.base, f"rg-{self.base}", self.hub.world.kept, salt)
        return json.loads(text)  # type: ignore[no-any-return]

    def _attach(self, network: Document) -> None:
        """Keep three subnets, send one of them over the firewall, and peer the network with the hub."""
        found = network["properties"]
        found["subnets"] = [subnet for subnet in found["subnets"] if subnet["name"] in _SUBNETS]
        table = f"{self.group}/providers/Microsoft.Network/routeTables/rt-{self.base}"
        for subnet in found["subnets"]:
            subnet["properties"].pop("ipConfigurations", None)
            if subnet["name"] == _SUBNETS[-1]:
                subnet["properties"]["routeTable"] = {"id": table}
        found["virtualNetworkPeerings"] = [_peering(self.network, "hub", self.hub.network, f"{self.hub.space}.0.0/22")]

    def _grants(self, rng: Random) -> Iterator[Document]:
        """Roles of the team's people in its group, and for some teams a role of their own making."""
        world, authorization = self.hub.world, "providers/Microsoft.Authorization"
        definitions = f"/subscriptions/{world.subscription}/{authorization}/roleDefinitions"
        roles = [d["name"] for d in world.documents if "/roleDefinitions/" in d["id"]]
        if self.number % 5 == 0:
            own = other_id(world.tenant, f"role of {self.base}")
            actions = ["Microsoft.Compute/virtualMachines/*", "Microsoft.Insights/*/read"]
            permissions = [{"actions": actions, "notActions": ["*/delete"], "dataActions": [], "notDataActions": []}]
            properties = {"roleName": f"Operator of {self.base}", "type": "CustomRole", "permissions": permissions}
            id_ = f"{definitions}/{own}"
            yield _made(id_, {**properties, "assignableScopes": [self.group]}, location=None)
            roles.append(own)
        for n in range(6):
            properties = {
                "roleDefinitionId": f"{definitions}/{rng.choice(roles)}",
                "principalId": other_id(world.tenant, f"{self.base} person {rng.randrange(4)}"),
                "principalType": rng.choice(["User", "Group"]),
                "scope": self.group,
            }
            id_ = f"{self.group}/{authorization}/roleAssignments/{other_id(world.tenant, f'{self.base} grant {n}')}"
            yield _made(id_, properties, location=None)


def _part(world: World, chosen: Sequence[str]) -> list[Document]:
    """The chosen resources of a world with what is below them, but for grants and for what their parents show."""
    found = []
    for document in world.own:
        id_ = document["id"].casefold()
        below = any(_begins(id_, f"/{name.casefold()}") for name in chosen)
        grant, shown = "/roleassignments/" in id_, any(part in id_ for part in _SHOWN_BY_PARENT)
        connection = "/privateendpointconnections/" in id_ and _ELSEWHERE in json.dumps(document)
        if below and not (grant or shown or connection):
            found.append(_without_elsewhere(document))
    return found


def _begins(id_: str, name: str) -> bool:
    at = id_.find(name)
    return at >= 0 and (name[-1] in "._" or id_[at + len(name) :][:1] in ("", "/"))


def _without_elsewhere(document: Document) -> Document:
    shown = document.get("properties", {}).get("privateEndpointConnections")
    if not shown:
        return document
    own = [connection for connection in shown if _ELSEWHERE not in json.dumps(connection)]
    return {**document, "properties": {**document["properties"], "privateEndpointConnections": own}}


def _rules(group: str, rng: Random) -> list[Document]:
    """Many rules, as they pile up over the years; half of them inbound, half allow."""
    made = []
    for n in range(rng.randrange(5, 60)):
        low = rng.randrange(1, 60000)
        properties = {
            "priority": 1100 + n,
            "direction": rng.choice(["Inbound", "Outbound"]),
            "access": rng.choice(["Allow", "Deny"]),
            "protocol": rng.choice(["Tcp", "Udp", "*"]),
            "sourceAddressPrefix": rng.choice(["VirtualNetwork", f"10.{rng.randrange(64, 128)}.0.0/16", "10.0.0.0/8"]),
            "sourcePortRange": "*",
            "destinationAddressPrefix": rng.choice(["*", "VirtualNetwork", f"10.{rng.randrange(64, 128)}.4.0/24"]),
            "destinationPortRange": rng.choice([str(low), f"{low}-{low + 100}", "443"]),
        }
        made.append(_made(f"{group}/securityRules/legacy-{n}", properties, location=None))
    return made


def _peering(network: str, name: str, remote: str, space: str) -> Document:
    properties = {
        "peeringState": "Connected",
        "allowVirtualNetworkAccess": True,
        "allowForwardedTraffic": True,
        "remoteVirtualNetwork": {"id": remote},
        "remoteAddressSpace": {"addressPrefixes": [space]},
    }
    return _made(f"{network}/virtualNetworkPeerings/to-{name}", properties, location=None)


def _group(id_: str) -> Document:
    name, type_ = id_.rpartition("/")[2], "Microsoft.Resources/resourceGroups"
    return {"id": id_, "name": name, "type": type_, "location": "eastus2", "properties": _DONE}


_DONE = {"provisioningState": "Succeeded"}


def _made(id_: str, properties: dict[str, Any], location: str | None = "eastus2", **top: Any) -> Document:
    """A document with the name and type of its id."""
    namespace, *rest = id_.rpartition("/providers/")[2].split("/")
    place = {"location": location} if location and len(rest) == 2 else {}
    type_ = "/".join((namespace, *rest[::2]))
    return {"id": id_, "name": rest[-1], "type": type_, **place, **top, "properties": {**_DONE, **properties}}
