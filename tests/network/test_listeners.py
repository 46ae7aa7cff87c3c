"""Ways in and out: what listens where, what stands behind it, and which public address leaves."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.model import Unknown
from auditor.network.frontends.application_gateway import listened
from auditor.network.frontends.listeners import Entries, entries_of
from auditor.network.frontends.load_balancer import backends_of, balanced
from auditor.network.routing.outbound_access import way_out
from auditor.reach.service_access import hosts_of, service_flows, service_ports
from tests.builders.estates import (
    doc,
    estate_of,
    id_of,
    need,
)
from tests.builders.networks import (
    NIC,
    nic,
    subnet_id,
    vnet,
)

GATEWAY = "Microsoft.Network/applicationGateways"
LB = "Microsoft.Network/loadBalancers"
PIP = "Microsoft.Network/publicIPAddresses"
NAT = "Microsoft.Network/natGateways"


def part(kind: str, name: str, **properties: Any) -> dict[str, Any]:
    return {"id": id_of(f"{GATEWAY}/{kind}", "agw", name), "name": name, "properties": properties}


def ref(kind: str, name: str) -> dict[str, str]:
    return {"id": id_of(f"{GATEWAY}/{kind}", "agw", name)}


def gateway(**changes: Any) -> dict[str, Any]:
    """A gateway with a public listener on 443 whose default pool is `a`, and /api is `b`, and a private one on 8080."""
    properties: dict[str, Any] = {
        "frontendIPConfigurations": [
            part("frontendIPConfigurations", "out", publicIPAddress={"id": id_of(PIP, "p")}),
            part("frontendIPConfigurations", "in", subnet={"id": subnet_id("v", "agw")}),
        ],
        "frontendPorts": [part("frontendPorts", "p443", port=443), part("frontendPorts", "p8080", port=8080)],
        "backendAddressPools": [
            part(
                "backendAddressPools", "a", backendAddresses=[{"fqdn": "App.example.net."}, {"ipAddress": "10.1.0.4"}]
            ),
            part("backendAddressPools", "b", backendAddresses=[{"ipAddress": "10.1.0.5"}, {}]),
        ],
        "backendHttpSettingsCollection": [
            part("backendHttpSettingsCollection", "tls", port=8443),
            part("backendHttpSettingsCollection", "odd"),
        ],
        "httpListeners": [
            part(
                "httpListeners",
                "web",
                frontendIPConfiguration=ref("frontendIPConfigurations", "out"),
                frontendPort=ref("frontendPorts", "p443"),
            ),
            part(
                "httpListeners",
                "inner",
                frontendIPConfiguration=ref("frontendIPConfigurations", "in"),
                frontendPort=ref("frontendPorts", "p8080"),
            ),
        ],
        "urlPathMaps": [
            part(
                "urlPathMaps",
                "map",
                defaultBackendAddressPool=ref("backendAddressPools", "a"),
                defaultBackendHttpSettings=ref("backendHttpSettingsCollection", "tls"),
                pathRules=[
                    part(
                        "pathRules",
                        "api",
                        backendAddressPool=ref("backendAddressPools", "b"),
                        backendHttpSettings=ref("backendHttpSettingsCollection", "odd"),
                    )
                ],
            )
        ],
        "requestRoutingRules": [
            part(
                "requestRoutingRules",
                "r",
                httpListener=ref("httpListeners", "web"),
                urlPathMap=ref("urlPathMaps", "map"),
            ),
            part("requestRoutingRules", "redirect", httpListener=ref("httpListeners", "inner")),
        ],
        **changes,
    }
    return doc(GATEWAY, "agw", properties=properties)


def test_listeners_of_a_gateway_with_the_backends_of_their_path_maps() -> None:
    estate = estate_of([gateway()])
    web, inner = listened(estate, need(estate, id_of(GATEWAY, "agw")))
    assert (web.name, web.port, [at.name for at in web.at]) == ("web", 443, ["p"])
    found = [(backend.host, backend.port) for backend in web.backends]
    assert found == [("app.example.net", 8443), ("10.1.0.4", 8443), ("10.1.0.5", None)]
    assert (inner.port, [at.name for at in inner.at], inner.backends) == (8080, ["agw"], ())


def test_a_listener_whose_parts_are_not_there_is_not_known() -> None:
    lost = part("httpListeners", "lost", frontendPort=ref("frontendPorts", "gone"))
    nowhere = part("httpListeners", "nowhere", frontendPort=ref("frontendPorts", "p443"))
    estate = estate_of([gateway(httpListeners=[lost, nowhere])])
    found = entries_of(estate, need(estate, id_of(GATEWAY, "agw")))
    assert found.known == ()
    assert ["lost" in found.gaps[0].because, "frontendIPConfiguration" in found.gaps[1].because] == [True, True]


def test_a_backend_without_a_port_is_asked_at_a_port_that_is_not_known() -> None:
    estate = estate_of([gateway()])
    web, _ = entries_of(estate, need(estate, id_of(GATEWAY, "agw"))).known
    assert [way.host for way in web.exits] == ["app.example.net", "10.1.0.4", "10.1.0.5"]
    assert [way.doubt is None for way in web.exits] == [True, True, False]
    assert all(way.relays for way in web.exits)


def test_what_is_no_front_has_no_entries() -> None:
    estate = estate_of([nic("n", "v", "a", "10.1.0.4")])
    assert entries_of(estate, need(estate, id_of(NIC, "n"))) == Entries()


# --- load balancers ---------------------------------------------------------------------------------------------------


def balancer(**properties: Any) -> dict[str, Any]:
    front = {"name": "f", "properties": {"publicIPAddress": {"id": id_of(PIP, "p")}}}
    return doc(LB, "lb", properties={"frontendIPConfigurations": [front], **properties})


def test_rules_of_a_load_balancer() -> None:
    front = {"id": id_of(f"{LB}/frontendIPConfigurations", "lb", "f")}
    pool = {"id": id_of(f"{LB}/backendAddressPools", "lb", "pool")}
    shared = {"protocol": "Tcp", "frontendIPConfiguration": front}
    every = {"protocol": "All", "frontendPort": 0, "backendPort": 0, "backendAddressPools": [pool]}
    ranged = {"frontendPortRangeStart": 50000, "frontendPortRangeEnd": 50009, "backendPort": 22}
    rules = [
        {"name": "web", "properties": {**shared, "frontendPort": 443, "backendPort": 8443, "backendAddressPool": pool}},
        {"name": "ha", "properties": {**every, "frontendIPConfiguration": {"id": "/x/unknown"}}},
        {"name": "broken"},
    ]
    nat = [{"name": "ssh", "properties": {**shared, **ranged}}]
    member = {"loadBalancerBackendAddressPools": [pool]}
    documents = [
        balancer(loadBalancingRules=rules, inboundNatRules=nat, backendAddressPools=[{"name": "pool"}]),
        nic("n", "v", "a", "10.1.0.4", config=member),
    ]
    estate = estate_of(documents)
    lb = need(estate, id_of(LB, "lb"))
    found = [
        (r.name, [a.name for a in r.at], r.protocol, r.front, r.back, [m.name for m in r.members])
        for r in balanced(estate, lb)
    ]
    assert found == [
        ("rule web", ["p"], "Tcp", ("443",), ("8443",), ["n"]),
        ("rule ha", [], "Tcp/Udp", ("*",), ("*",), ["n"]),
        ("NAT rule ssh", ["p"], "Tcp", ("50000-50009",), ("22",), []),
    ]
    assert {id_.name for id_ in backends_of(estate, lb)} == {"n"}


# --- ways out ---------------------------------------------------------------------------------------------------------


def leaving(*more: dict[str, Any], config: dict[str, Any] | None = None, **subnet: Any) -> tuple[str, str]:
    """How a machine leaves, and from which addresses."""
    documents = [
        vnet("v", "10.1.0.0/16", subnets={"a": {"addressPrefix": "10.1.0.0/24", **subnet}}),
        nic("n", "v", "a", "10.1.0.4", config=config or {}),
        *more,
    ]
    estate = estate_of(documents)
    way = way_out(estate, need(estate, id_of(NIC, "n")), need(estate, subnet_id("v", "a")))
    shown = "unknown" if isinstance(way.addresses, Unknown) else str(way.addresses)
    return way.step.says, shown


def public(name: str, address: str | None) -> dict[str, Any]:
    return doc(PIP, name, properties={"ipAddress": address} if address else {"publicIPAllocationMethod": "Dynamic"})


OWN = {"publicIPAddress": {"id": id_of(PIP, "p")}}
POOLED = {"loadBalancerBackendAddressPools": [{"id": id_of(f"{LB}/backendAddressPools", "lb", "pool")}]}
NAT_GATEWAY = doc(NAT, "nat", properties={"publicIpAddresses": [{"id": id_of(PIP, "np")}]})
BY_NAT = {"natGateway": {"id": NAT_GATEWAY["id"]}}


def test_ways_out_in_the_order_in_which_azure_takes_them() -> None:
    np, p = public("np", "20.3.3.3"), public("p", "20.9.8.7")
    assert leaving(NAT_GATEWAY, np, p, config=OWN, **BY_NAT) == ("a leaves by NAT gateway nat", "20.3.3.3")
    assert leaving(p, config=OWN) == ("n has the public address p", "20.9.8.7")
    pool = {"backendAddressPools": [{"name": "pool"}]}
    for rules in ({"outboundRules": [{"name": "o"}]}, {"loadBalancingRules": [{"name": "r", "properties": {}}]}):
        assert leaving(p, balancer(**pool, **rules), config=POOLED) == ("n leaves by load balancer lb", "20.9.8.7")
    kept = {"loadBalancingRules": [{"name": "r", "properties": {"disableOutboundSnat": True}}]}
    says, _ = leaving(p, balancer(**pool, **kept), config=POOLED)
    assert "default outbound access" in says


@pytest.mark.parametrize(
    ("more", "subnet", "says"),
    [
        ([NAT_GATEWAY], BY_NAT, "a leaves by NAT gateway nat"),
        ([], BY_NAT, "a leaves by NAT gateway nat"),
        ([], {}, "n has no explicit way out; default outbound access gives it an address of Azure's"),
    ],
)
def test_a_way_out_whose_address_is_not_known(more: list[dict[str, Any]], subnet: dict[str, Any], says: str) -> None:
    assert leaving(*more, **subnet) == (says, "unknown")


def test_an_address_that_azure_has_not_given_yet_is_unknown() -> None:
    assert leaving(public("p", None), config=OWN) == ("n has the public address p", "unknown")


def test_a_private_subnet_has_no_way_out() -> None:
    assert leaving(defaultOutboundAccess=False) == (
        "a is a private subnet, and n has no explicit way out",
        "no address",
    )


# --- names and ports of services --------------------------------------------------------------------------------------


def test_host_names_are_read_from_addresses_lists_and_objects() -> None:
    site = doc(
        "Microsoft.Web/sites", "s", properties={"hostNames": ["A.example.net"], "defaultHostName": "s.example.net."}
    )
    store = doc(
        "Microsoft.Storage/storageAccounts",
        "st",
        properties={"primaryEndpoints": {"blob": "https://st.blob.x/", "odd": 7}},
    )
    other = doc("Microsoft.Sql/servers", "q", properties={"fullyQualifiedDomainName": "q.x"})
    estate = estate_of([site, store, other])
    assert hosts_of(need(estate, site["id"])) == ("a.example.net", "s.example.net")
    assert hosts_of(need(estate, store["id"])) == ("st.blob.x",)
    assert hosts_of(need(estate, other["id"])) == ()


def test_file_shares_have_a_port_of_their_own() -> None:
    storage = "microsoft.storage/storageaccounts"
    assert str(service_flows(storage, "file")).startswith("Tcp 443,445 ")
    assert str(service_flows(storage)).startswith("Tcp 443 ")
    assert service_ports("microsoft.sql/servers") == ("*",)
