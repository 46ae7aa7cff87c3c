"""Ways in and out: what listens where, what stands behind it, and which public address leaves."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.model import Unknown
from auditor.network.frontends.application_gateway import listened
from auditor.network.frontends.listeners import Entries, entries_of
from auditor.network.frontends.load_balancer import Balanced, backends_of, balanced
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
    scale_set_of,
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
            part(
                "requestRoutingRules",
                "redirect",
                httpListener=ref("httpListeners", "inner"),
                redirectConfiguration=ref("redirectConfigurations", "away"),
            ),
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
    rules: list[dict[str, Any]] = [
        {"name": "web", "properties": {**shared, "frontendPort": 443, "backendPort": 8443, "backendAddressPool": pool}},
        {"name": "ha", "properties": {**every, "frontendIPConfiguration": front}},
        {"name": "lost", "properties": {**every, "frontendIPConfiguration": {"id": "/x/unknown"}}},
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
        ("rule ha", ["p"], "Tcp/Udp", ("*",), ("*",), ["n"]),
        ("NAT rule ssh", ["p"], "Tcp", ("50000-50009",), ("22",), []),
    ]
    assert {id_.name for id_ in backends_of(estate, lb)} == {"n"}


FRONT = {"id": id_of(f"{LB}/frontendIPConfigurations", "lb", "f")}
IN_POOL = {"id": id_of(f"{LB}/backendAddressPools", "lb", "pool")}


def balancing(**properties: Any) -> dict[str, Any]:
    """The properties of a rule for port 443 over the pool."""
    ends = {"frontendIPConfiguration": FRONT, "backendAddressPool": IN_POOL}
    return {"protocol": "Tcp", "frontendPort": 443, "backendPort": 8443, **ends, **properties}


def rules_of(*documents: dict[str, Any]) -> list[Balanced]:
    estate = estate_of(documents)
    return list(balanced(estate, need(estate, id_of(LB, "lb"))))


def test_what_of_a_rule_cannot_be_read_is_told() -> None:
    estate = estate_of([balancer(loadBalancingRules=[{"name": "broken"}])])
    found = entries_of(estate, need(estate, id_of(LB, "lb")))
    assert found.known == ()
    assert "rule broken of lb states no backend pool" in found.gaps[0].because


def test_a_nat_rule_over_a_pool_leads_to_its_members() -> None:
    ranged = {"frontendPortRangeStart": 5000, "frontendPortRangeEnd": 5100, "backendPort": 22}
    nat = {"protocol": "Tcp", "frontendIPConfiguration": FRONT, "backendAddressPool": IN_POOL, **ranged}
    (rule,) = rules_of(
        balancer(inboundNatRules=[{"name": "ssh", "properties": nat}], backendAddressPools=[{"name": "pool"}]),
        nic("n", "v", "a", "10.1.0.4", config={"loadBalancerBackendAddressPools": [IN_POOL]}),
    )
    assert (rule.front, rule.back, [member.name for member in rule.members]) == (("5000-5100",), ("22",), ["n"])


def test_floating_ip_keeps_the_address_of_the_front_end() -> None:
    floating = balancer(loadBalancingRules=[{"name": "r", "properties": balancing(enableFloatingIP=True)}])
    (rule,) = rules_of(floating, public("p", "20.9.8.7"))
    assert str(rule.keeps) == "20.9.8.7"
    (rule,) = rules_of(floating)
    assert isinstance(rule.keeps, Unknown)
    (rule,) = rules_of(balancer(loadBalancingRules=[{"name": "r", "properties": balancing()}]))
    assert rule.keeps is None


def test_members_by_address_are_hosts_of_a_network() -> None:
    members = [
        {"name": "one", "properties": {"ipAddress": "10.1.0.9", "virtualNetwork": {"id": "/v"}}},
        {"name": "two", "properties": {"ipAddress": "10.1.0.8", "subnet": {"id": subnet_id("v", "a")}}},
        {
            "name": "three",
            "properties": {"networkInterfaceIPConfiguration": {"id": f"{id_of(NIC, 'n')}/ipConfigurations/c"}},
        },
    ]
    pool = {"name": "pool", "properties": {"loadBalancerBackendAddresses": members}}
    rules = [{"name": "r", "properties": balancing()}]
    (rule,) = rules_of(balancer(loadBalancingRules=rules, backendAddressPools=[pool]))
    hosts = [(host.address, host.network.name if host.network else None) for host in rule.behind.hosts]
    assert hosts == [("10.1.0.9", "v"), ("10.1.0.8", "v")]
    assert [member.name for member in rule.members] == ["n"]


def test_a_gateway_load_balancer_in_the_way_leaves_it_open() -> None:
    front = {
        "name": "f",
        "properties": {"publicIPAddress": {"id": id_of(PIP, "p")}, "gatewayLoadBalancer": {"id": "/g"}},
    }
    rules = [{"name": "r", "properties": balancing()}]
    (rule,) = rules_of(balancer(frontendIPConfigurations=[front], loadBalancingRules=rules))
    assert rule.doubt is not None
    assert "gateway load balancer g" in rule.doubt.because


def test_instances_of_a_scale_set_are_in_the_pools_of_its_profile() -> None:
    scale_set = scale_set_of("s", loadBalancerBackendAddressPools=[IN_POOL])
    instance = f"{scale_set['id']}/virtualMachines/0/networkInterfaces/n/ipConfigurations/c"
    pool = {"name": "pool", "properties": {"backendIPConfigurations": [{"id": instance}]}}
    rules = [{"name": "r", "properties": balancing()}]
    for documents in (
        [balancer(loadBalancingRules=rules, backendAddressPools=[{"name": "pool"}]), scale_set],
        [balancer(loadBalancingRules=rules, backendAddressPools=[pool]), scale_set_of("s")],
    ):
        (rule,) = rules_of(*documents)
        assert [member.text for member in rule.members] == [f"{scale_set['id']}/networkInterfaceConfigurations/n"]
    nat_pool = {
        "protocol": "Tcp",
        "frontendIPConfiguration": FRONT,
        "frontendPortRangeStart": 1,
        "frontendPortRangeEnd": 9,
    }
    (rule,) = rules_of(
        balancer(inboundNatPools=[{"name": "np", "properties": {**nat_pool, "backendPort": 22}}]),
        scale_set_of("s", loadBalancerInboundNatPools=[{"id": id_of(f"{LB}/inboundNatPools", "lb", "np")}]),
    )
    assert [member.name for member in rule.members] == ["n"]


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
POOLED = {"loadBalancerBackendAddressPools": [IN_POOL]}
NAT_GATEWAY = doc(NAT, "nat", properties={"publicIpAddresses": [{"id": id_of(PIP, "np")}]})
BY_NAT = {"natGateway": {"id": NAT_GATEWAY["id"]}}


def test_ways_out_in_the_order_in_which_azure_takes_them() -> None:
    np, p = public("np", "20.3.3.3"), public("p", "20.9.8.7")
    assert leaving(NAT_GATEWAY, np, p, config=OWN, **BY_NAT) == ("a leaves by NAT gateway nat", "20.3.3.3")
    assert leaving(p, config=OWN) == ("n has the public address p", "20.9.8.7")
    pool = {"backendAddressPools": [{"name": "pool"}]}
    outbound = {"backendAddressPool": IN_POOL, "frontendIPConfigurations": [FRONT]}
    for rules in (
        {"outboundRules": [{"name": "o", "properties": outbound}]},
        {"loadBalancingRules": [{"name": "r", "properties": balancing()}]},
    ):
        assert leaving(p, balancer(**pool, **rules), config=POOLED) == ("n leaves by load balancer lb", "20.9.8.7")
    kept = {"loadBalancingRules": [{"name": "r", "properties": balancing(disableOutboundSnat=True)}]}
    basic = {"sku": {"name": "Basic"}}
    says, _ = leaving(p, {**balancer(**pool, **kept), **basic}, config=POOLED)
    assert "default outbound access gives" in says
    elsewhere = {"outboundRules": [{"name": "o", "properties": {**outbound, "backendAddressPool": {"id": "/other"}}}]}
    says, _ = leaving(p, {**balancer(**pool, **elsewhere, **kept), **basic}, config=POOLED)
    assert "default outbound access gives" in says
    unread = {"outboundRules": [{"name": "o", "properties": {}}]}
    assert leaving(p, balancer(**pool, **unread), config=POOLED) == (
        "whether n leaves by load balancer lb is not known",
        "unknown",
    )


def test_behind_an_internal_standard_load_balancer_there_is_no_default_outbound_access() -> None:
    inner = {"frontendIPConfigurations": [{"name": "f", "properties": {"subnet": {"id": subnet_id("v", "a")}}}]}
    pool = {"backendAddressPools": [{"name": "pool"}]}
    says, shown = leaving({**balancer(**pool, **inner), "sku": {"name": "Standard"}}, config=POOLED)
    assert (says, shown) == (
        "n is behind the Standard load balancer lb and has no explicit outbound access",
        "no address",
    )
    says, _ = leaving({**balancer(**pool, **inner), "sku": {"name": "Basic"}}, config=POOLED)
    assert "default outbound access" in says


def test_a_nat_gateway_leaves_by_its_prefixes() -> None:
    prefix = doc("Microsoft.Network/publicIPPrefixes", "pp", properties={"ipPrefix": "20.4.4.0/30"})
    by_prefix = doc(NAT, "nat", properties={"publicIpPrefixes": [{"id": prefix["id"]}]})
    assert leaving(by_prefix, prefix, **BY_NAT) == ("a leaves by NAT gateway nat", "20.4.4.0/30")


@pytest.mark.parametrize(
    ("more", "subnet", "says"),
    [
        ([NAT_GATEWAY], BY_NAT, "a leaves by NAT gateway nat"),
        ([], BY_NAT, "a leaves by NAT gateway nat"),
        ([], {}, "n has no explicit outbound access; default outbound access gives it an address of Azure's"),
    ],
)
def test_a_way_out_whose_address_is_not_known(more: list[dict[str, Any]], subnet: dict[str, Any], says: str) -> None:
    assert leaving(*more, **subnet) == (says, "unknown")


def test_an_address_that_azure_has_not_given_yet_is_unknown() -> None:
    assert leaving(public("p", None), config=OWN) == ("n has the public address p", "unknown")


def test_a_private_subnet_has_no_way_out() -> None:
    assert leaving(defaultOutboundAccess=False) == (
        "a is a private subnet, and n has no explicit outbound access",
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
    assert hosts_of(need(estate, other["id"])) == ("q.x",)


def test_file_shares_have_a_port_of_their_own() -> None:
    storage = "microsoft.storage/storageaccounts"
    assert str(service_flows(storage, "file")).startswith("Tcp 443,445 ")
    assert str(service_flows(storage)).startswith("Tcp 443 ")
    assert service_ports("microsoft.nobody/knows") == ("*",)
