"""Small networks for tables: networks with subnets, interfaces, route tables and peerings, written short."""

from __future__ import annotations

from typing import Any

from tests.builders.estates import doc, id_of

NETWORK = "Microsoft.Network/virtualNetworks"
SUBNET = f"{NETWORK}/subnets"
NIC = "Microsoft.Network/networkInterfaces"
TABLE = "Microsoft.Network/routeTables"


def vnet_id(name: str) -> str:
    return id_of(NETWORK, name)


def subnet_id(network: str, name: str) -> str:
    return id_of(SUBNET, network, name)


def vnet(name: str, *space: str, subnets: dict[str, Any] | None = None, **rest: Any) -> dict[str, Any]:
    """A network; `subnets` maps a name to a prefix, or to all of the subnet's properties."""
    listed = [
        {
            "id": subnet_id(name, each),
            "name": each,
            "properties": {"addressPrefix": value} if isinstance(value, str) else value,
        }
        for each, value in (subnets or {}).items()
    ]
    properties = {"addressSpace": {"addressPrefixes": list(space)}, "subnets": listed, **rest}
    return doc(NETWORK, name, properties=properties)


def peer(documents: list[dict[str, Any]], a: str, b: str, **changes: Any) -> None:
    """State one side of a peering: from `a` to `b`."""
    network = next(d for d in documents if d["name"] == a)
    properties = {
        "peeringState": "Connected",
        "allowVirtualNetworkAccess": True,
        "remoteVirtualNetwork": {"id": vnet_id(b)},
        **changes,
    }
    name = f"{a}-to-{b}"
    path = id_of(f"{NETWORK}/virtualNetworkPeerings", a, name)
    network["properties"].setdefault("virtualNetworkPeerings", []).append(
        {"id": path, "name": name, "properties": properties}
    )


def table(name: str, *routes: tuple[str, ...], **properties: Any) -> dict[str, Any]:
    """A route table of `(prefix, hop[, appliance])`; routes are called r0, r1, ..."""
    listed = [
        {
            "id": id_of(f"{TABLE}/routes", name, f"r{n}"),
            "name": f"r{n}",
            "properties": {
                "addressPrefix": prefix,
                "nextHopType": hop,
                **({"nextHopIpAddress": rest[0]} if rest else {}),
            },
        }
        for n, (prefix, hop, *rest) in enumerate(routes)
    ]
    return doc(TABLE, name, properties={"routes": listed, **properties})


def routed(prefix: str, name: str, **rest: Any) -> dict[str, Any]:
    """The properties of a subnet with a route table."""
    return {"addressPrefix": prefix, "routeTable": {"id": id_of(TABLE, name)}, **rest}


def nic(name: str, network: str, subnet: str, address: str, **rest: Any) -> dict[str, Any]:
    """An interface with one address."""
    config = {"privateIPAddress": address, "subnet": {"id": subnet_id(network, subnet)}, **rest.pop("config", {})}
    return doc(NIC, name, properties={"ipConfigurations": [{"name": "c", "properties": config}], **rest})


def scale_set_of(name: str, network: str = "v", subnet: str = "a", group: str = "", **config: Any) -> dict[str, Any]:
    """A scale set whose instances have one interface `n` in a subnet; `config` is of its ip-configuration."""
    place = {"subnet": {"id": subnet_id(network, subnet)}, **config}
    guard = {"networkSecurityGroup": {"id": group}} if group else {}
    interface = {"name": "n", "properties": {"ipConfigurations": [{"name": "c", "properties": place}], **guard}}
    profile = {"networkProfile": {"networkInterfaceConfigurations": [interface]}}
    return doc("Microsoft.Compute/virtualMachineScaleSets", name, properties={"virtualMachineProfile": profile})
