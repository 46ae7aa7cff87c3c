"""What filters let through now and did not, by small networks; and against the brute force over random groups."""

from __future__ import annotations

import copy
from ipaddress import ip_address
from random import Random
from typing import Any

import pytest

from auditor.drift.documents import Pair
from auditor.drift.model import Change, Effect
from auditor.drift.places import spots
from auditor.drift.topics.flows import FlowChange, changes, flow_changes
from auditor.model import ArmId, Read
from auditor.sets.packet_set import Packet
from auditor.sets.protocol_set import Protocol
from tests.builders.estates import (
    GROUP,
    WHOLE,
    doc,
    estate_of,
    id_of,
)
from tests.builders.networks import (
    NIC,
    nic,
    peer,
    subnet_id,
    table,
    vnet,
)
from tests.evaluators.brute_force_nsg import Walker
from tests.evaluators.random_nsg import GROUP as RANDOM_GROUP
from tests.evaluators.random_nsg import NETWORK as RANDOM_NETWORK
from tests.evaluators.random_nsg import NSG as RANDOM_NSG
from tests.evaluators.random_nsg import TAGS as RELEASE
from tests.evaluators.random_nsg import random_case, random_packet
from tests.network.test_nsg_brute_force import DOUBTFUL

pytestmark = pytest.mark.slow

NSG = "Microsoft.Network/networkSecurityGroups"
ASG = "Microsoft.Network/applicationSecurityGroups"
TAGS = "/subscriptions/11111111-1111-1111-1111-111111111111/providers/Microsoft.Network/serviceTags/westeurope"

Doc = dict[str, Any]


def rule(name: str, priority: int, way: str = "Inbound", **properties: Any) -> Doc:
    base = {
        "priority": priority, "direction": way, "access": "Allow", "protocol": "Tcp", "sourcePortRange": "*",
        "sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "destinationPortRange": "443",
    }  # fmt: skip
    return {"name": name, "properties": {key: value for key, value in (base | properties).items() if value is not None}}


def nsg(name: str, *rules: Doc) -> Doc:
    listed = [each | {"id": id_of(f"{NSG}/securityRules", name, each["name"])} for each in rules]
    return doc(NSG, name, properties={"securityRules": listed})


def guarded(prefix: str, group: str = "nsg-a", **rest: Any) -> Doc:
    return {"addressPrefix": prefix, "networkSecurityGroup": {"id": id_of(NSG, group)}, **rest}


CLOSED = nsg("nsg-a", rule("deny", 4000, access="Deny", protocol="*", destinationPortRange="*"))
NET = vnet("net", "10.0.0.0/16", subnets={"a": guarded("10.0.1.0/24")})
BASE = [NET, CLOSED]


def pair(old: list[Doc], new: list[Doc], reads: tuple[Read, ...] = (WHOLE,)) -> Pair:
    return Pair(estate_of(old), estate_of(new, reads=reads))


def told(two: Pair) -> list[tuple[str, str]]:
    """Effect and sentence of each change, in order."""
    found = sorted(changes(two), key=lambda change: (change.rank, change.says))
    return [(change.effect.value, change.says) for change in found]


def opened(**properties: Any) -> list[Doc]:
    return [NET, nsg("nsg-a", rule("open", 100, **properties), *CLOSED["properties"]["securityRules"])]


DENY = "before: deny of nsg-a, priority 4000"


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        ({}, f"net/a now lets in Tcp 443 from * to 10.0.1.0/24 (open of nsg-a, priority 100; {DENY})"),
        ({"sourceAddressPrefix": "Internet"}, "net/a now lets in Tcp 443 from Internet to 10.0.1.0/24"),
        ({"sourceAddressPrefix": "10.9.0.0/16"}, "net/a now lets in Tcp 443 from 10.9.0.0/16 to 10.0.1.0/24"),
        ({"destinationAddressPrefix": "10.0.1.7"}, "net/a now lets in Tcp 443 from * to 10.0.1.7"),
        ({"protocol": "Udp", "destinationPortRange": "53"}, "net/a now lets in Udp 53"),
    ],
)
def test_a_door_in_a_group(properties: dict[str, Any], says: str) -> None:
    two = pair(BASE, opened(**properties))
    ((effect, found),) = told(two)
    assert effect == "worse"
    assert found.startswith(says)
    ((back, found),) = told(two.reversed)
    assert back == "better"
    assert found.startswith(says.partition(" (")[0].replace("now lets", "no longer lets"))


@pytest.mark.parametrize(
    "properties",
    [
        {"destinationAddressPrefix": "10.0.2.0/24"},  # another subnet's addresses never arrive here
        {"access": "Deny"},
        {"direction": "Inbound", "sourceAddressPrefix": "fd00::/8"},  # no packet is of two families
    ],
)
def test_a_rule_that_lets_nothing_more_through_is_no_change(properties: dict[str, Any]) -> None:
    assert told(pair(BASE, opened(**properties))) == []


def test_two_rules_that_say_together_what_one_said_are_no_change() -> None:
    one = opened(sourceAddressPrefix="10.8.0.0/15")
    halves = [rule(f"half{n}", 100 + n, sourceAddressPrefix=f"10.{8 + n}.0.0/16") for n in (0, 1)]
    two = [NET, nsg("nsg-a", *halves, *CLOSED["properties"]["securityRules"])]
    assert told(pair(one, two)) == []


def test_what_the_internet_can_reach_comes_first() -> None:
    inside = rule("inside", 100, sourceAddressPrefix="10.0.0.0/16", destinationPortRange="22")
    outside = rule("outside", 101, sourceAddressPrefix="Internet", destinationPortRange="3389")
    new = [NET, nsg("nsg-a", inside, outside, *CLOSED["properties"]["securityRules"])]
    assert ["3389" in says for _, says in told(pair(BASE, new))] == [True, False]


# --- what is not a rule of the group ----------------------------------------------------------------------------------


def test_a_subnet_that_is_new_and_one_that_is_gone() -> None:
    more = vnet("net", "10.0.0.0/16", subnets={"a": guarded("10.0.1.0/24"), "b": guarded("10.0.2.0/24")})
    two = pair(BASE, [more, CLOSED])
    ((effect, says),) = told(two)
    assert effect == "worse"
    assert says.startswith("net/b is new and lets out ")
    ((effect, says),) = told(two.reversed)
    assert effect == "better"
    assert says.startswith("net/b is gone; it let out ")
    change = next(iter(changes(two)))
    assert (change.detail["before"], change.detail["after"]) == (
        None, {"access": "Allow", "rule": None, "priority": None, "nsg": None, "because": "its rules"},
    )  # fmt: skip


def test_a_subnet_whose_list_could_not_be_read_is_neither() -> None:
    refused = Read("net", "", 403, "microsoft.network/virtualnetworks", GROUP, error="AuthorizationFailed")
    found = told(pair(BASE, [CLOSED], (WHOLE, refused)))
    assert [effect for effect, _ in found] == ["unknown", "unknown"]
    assert found[0][1].startswith("what net/a lets in cannot be compared: microsoft.network/virtualnetworks could not")


def test_a_group_that_could_not_be_read_is_not_open() -> None:
    refused = Read("nsg", "", 403, "microsoft.network/networksecuritygroups", GROUP, error="AuthorizationFailed")
    two = pair(BASE, [NET], (WHOLE, refused))
    assert {effect for effect, _ in told(two)} == {"unknown"}
    assert {effect for effect, _ in told(two.reversed)} == {"unknown"}
    assert all("depends on what is not known" in says for _, says in told(two))


def test_another_prefix_of_the_subnet() -> None:
    moved = vnet("net", "10.0.0.0/16", subnets={"a": guarded("10.0.7.0/24")})
    group = opened()[1]
    ins = [says for _, says in told(pair([NET, group], [moved, group])) if " in " in says]
    assert any(says.startswith("net/a now lets in Tcp 443 from * to 10.0.7.0/24") for says in ins)
    assert any(says.startswith("net/a no longer lets in Tcp 443 from * to 10.0.1.0/24") for says in ins)


def member(*names: str) -> list[Doc]:
    groups = [{"id": id_of(ASG, "web")}] if "web" in names else []
    return [
        nic("nic", "net", "a", "10.0.1.9", config={"applicationSecurityGroups": groups}),
        doc(ASG, "web", properties={}),
    ]


def test_a_new_member_of_an_application_group() -> None:
    by_group = opened(destinationAddressPrefix=None, destinationApplicationSecurityGroups=[{"id": id_of(ASG, "web")}])
    two = pair([*by_group, *member()], [*by_group, *member("web")])
    ((effect, says),) = told(two)
    assert effect == "worse"
    assert says.startswith("net/a now lets in Tcp 443 from * to 10.0.1.9 (open of nsg-a")


def released(*prefixes: str) -> Doc:
    values = [{"name": "Storage", "properties": {"addressPrefixes": list(prefixes)}}]
    return {"id": TAGS, "type": "Microsoft.Network/serviceTags", "values": values, "changeNumber": 7}


def test_a_service_tag_that_grew() -> None:
    by_tag = opened(sourceAddressPrefix="Storage")
    two = pair([*by_tag, released("20.38.0.0/16")], [*by_tag, released("20.38.0.0/16", "52.239.0.0/16")])
    ((effect, says),) = told(two)
    assert effect == "worse"
    assert says.startswith("net/a now lets in Tcp 443 from 52.239.0.0/16 to 10.0.1.0/24")


def test_a_peered_network_that_grew() -> None:
    def with_peer(space: str) -> list[Doc]:
        near, far = vnet("net", "10.0.0.0/16", subnets={"a": guarded("10.0.1.0/24", "nsg-b")}), vnet("far", space)
        documents = [near, far, nsg("nsg-b")]
        peer(documents, "net", "far")
        return documents

    found = told(pair(with_peer("10.4.0.0/16"), with_peer("10.4.0.0/15")))
    assert found
    assert {effect for effect, _ in found} == {"worse"}
    assert any(says.startswith("net/a now lets in any traffic from 10.5.0.0/16") for _, says in found)


def test_a_route_table_that_widens_the_virtual_network() -> None:
    def routed(*routes: tuple[str, ...]) -> list[Doc]:
        subnet = guarded("10.0.1.0/24", "nsg-b", routeTable={"id": id_of("Microsoft.Network/routeTables", "t")})
        return [vnet("net", "10.0.0.0/16", subnets={"a": subnet}), nsg("nsg-b"), table("t", *routes)]

    far = ("172.20.0.0/16", "VirtualAppliance", "10.0.9.9")
    found = told(pair(routed(), routed(far)))
    assert ("worse", True) in [(effect, "172.20.0.0/16" in says) for effect, says in found]


def test_an_interface_with_a_group_of_its_own_is_told_only_beyond_its_subnet() -> None:
    def world(open_subnet: bool, open_nic: bool) -> list[Doc]:
        inner = nsg("nsg-n", *([rule("nic", 100)] if open_nic else []), *CLOSED["properties"]["securityRules"])
        mine = nic("nic", "net", "a", "10.0.1.9", networkSecurityGroup={"id": id_of(NSG, "nsg-n")})
        return [*(opened() if open_subnet else BASE), inner, mine]

    ((effect, says),) = told(pair(world(True, False), world(True, True)))
    assert effect == "worse"
    assert says.startswith("interface nic now lets in Tcp 443 from * to 10.0.1.9 (nic of nsg-n, priority 100")
    # Both at once: the subnet's sentence says it all.
    ((_, says),) = told(pair(world(False, False), world(True, True)))
    assert says.startswith("net/a now lets in")
    # A group that is taken off the interface.
    bare = [d for d in world(True, False) if d["name"] != "nic"] + [nic("nic", "net", "a", "10.0.1.9")]
    ((effect, says),) = told(pair(world(True, False), bare))
    assert (effect, says.startswith("interface nic now lets in Tcp 443")) == ("worse", True)


def test_an_interface_whose_own_group_means_more_because_the_network_grew() -> None:
    def world(*space: str) -> list[Doc]:
        everything = nsg("nsg-a", rule("all", 100, protocol="*", destinationPortRange="*"))
        mine = nic("nic", "net", "a", "10.0.1.9", networkSecurityGroup={"id": id_of(NSG, "nsg-n")})
        return [vnet("net", *space, subnets={"a": guarded("10.0.1.0/24")}), everything, nsg("nsg-n"), mine]

    found = told(pair(world("10.0.0.0/16"), world("10.0.0.0/16", "10.9.0.0/16")))
    assert any(says.startswith("interface nic now lets in any traffic from 10.9.0.0/16") for _, says in found)


def test_an_interface_that_is_new_adds_nothing_to_its_subnet() -> None:
    mine = nic("nic", "net", "a", "10.0.1.9", networkSecurityGroup={"id": id_of(NSG, "nsg-a")})
    assert told(pair(BASE, [*BASE, mine])) == []


def test_groups_that_begin_to_act_on_private_endpoints() -> None:
    def world(policies: str | None) -> list[Doc]:
        stated = {"privateEndpointNetworkPolicies": policies} if policies else {}
        at = {"id": subnet_id("net", "a")}
        endpoint = doc("Microsoft.Network/privateEndpoints", "pep", properties={"subnet": at})
        return [vnet("net", "10.0.0.0/16", subnets={"a": guarded("10.0.1.0/24", **stated)}), CLOSED, endpoint]

    ((effect, says), *_) = told(pair(world("Disabled"), world("Enabled")))
    assert effect == "better"
    assert says.startswith("private endpoints in net/a no longer let in any traffic")
    assert told(pair(world(None), world("Disabled"))) == []


def test_an_app_service_subnet_takes_nothing_in_whatever_its_group_says() -> None:
    service = [{"name": "d", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}]
    plain, delegated = (guarded("10.0.1.0/24", delegations=d) for d in ([], service))
    group = opened()[1]
    two = pair([vnet("net", "10.0.0.0/16", subnets={"a": s}) for s in [plain]] + [group],
               [vnet("net", "10.0.0.0/16", subnets={"a": s}) for s in [delegated]] + [group])  # fmt: skip
    ((effect, says),) = told(two)
    assert effect == "better"
    assert "is an App Service integration subnet" in says


def test_the_platforms_own_traffic_is_told_where_a_rule_names_its_tag() -> None:
    stop = rule("stop", 100, "Outbound", access="Deny", protocol="*", destinationPortRange="*",
                destinationAddressPrefix="AzurePlatformDNS")  # fmt: skip
    two = pair([NET, nsg("nsg-a")], [NET, nsg("nsg-a", stop)])
    found = told(two)
    assert found
    assert all(effect == "better" for effect, _ in found)
    assert any("(stop of nsg-a, priority 100; before: DNS" in says or "stop of nsg-a" in says for _, says in found)


def test_details_are_for_programs() -> None:
    (change,) = changes(pair(BASE, opened()))
    assert isinstance(change, Change)
    assert change.resource == ArmId(subnet_id("net", "a"))
    assert change.detail["boxes"] == [
        {
            "protocols": "Tcp",
            "source": "0.0.0.0/0",
            "source_ports": "*",
            "destination": "10.0.1.0/24",
            "destination_ports": "443",
        }
    ]
    assert change.detail["after"] == {
        "access": "Allow", "rule": "open", "priority": 100, "nsg": id_of(NSG, "nsg-a"), "because": "",
    }  # fmt: skip
    witness = change.detail["witness"]
    assert (witness["protocol"], witness["destination"], witness["destination_port"]) == ("Tcp", "10.0.1.4", 443)


def test_only_what_is_touched_is_compared() -> None:
    others = vnet("other", "10.7.0.0/16", subnets={"x": guarded("10.7.1.0/24", "nsg-x")})
    old, new = [*BASE, others, nsg("nsg-x")], [*opened(), others, nsg("nsg-x")]
    assert [spot.label for spot in spots(pair(old, new))] == ["net/a"]
    assert [spot.label for spot in spots(pair(old, new), all_places=True)] == ["net/a", "other/x"]
    assert [spot.label for spot in spots(pair([*old, released("1.0.0.0/24")], new))] == ["net/a", "other/x"]


# --- against the brute force ------------------------------------------------------------------------------------------


def _packet(raw: dict[str, Any]) -> Packet:
    protocol = Protocol[raw["protocol"].upper()]
    ports = (raw["source_port"], raw["destination_port"]) if protocol.has_ports else (None, None)
    return Packet(protocol, str(raw["source"]), ports[0], str(raw["destination"]), ports[1])


def _joined(case: Any) -> list[Doc]:
    """The documents of a random group, with the group put on its subnet and the release of tags beside it."""
    documents = [copy.deepcopy(dict(r.body)) for r in case.estate.resources if r.pointer == ""]
    for document in documents:
        for subnet in (document.get("properties") or {}).get("subnets") or []:
            if subnet["name"] == "a":
                subnet["properties"]["networkSecurityGroup"] = {"id": RANDOM_NSG}
    values = [{"name": n, "properties": {"addressPrefixes": p}} for n, p in RELEASE.items()]
    return [
        *documents,
        {"id": f"{RANDOM_GROUP}/serviceTags/test", "type": "Microsoft.Network/serviceTags", "values": values},
    ]


def test_random_groups_differ_packet_by_packet_as_the_brute_force_says() -> None:
    """Every packet whose access differs is in exactly one change, of the right direction and with the right rules."""
    assert sum(_held_against_brute_force(seed) for seed in range(72)) > 300


def _held_against_brute_force(seed: int) -> int:
    cases = random_case(9000 + seed), random_case(9500 + seed)
    two = Pair(*(estate_of(_joined(case)) for case in cases))
    found = [change for change in flow_changes(two) if isinstance(change, FlowChange)]
    rng, told_of = Random(seed), 0
    for direction, near in (("inbound", "destination"), ("outbound", "source")):
        walkers = [Walker(case.document, direction, case.around) for case in cases]
        mine = [c for c in found if c.spot.id == ArmId(f"{RANDOM_NETWORK}/subnets/a") and c.direction == direction]
        for _ in range(100):
            raw = random_packet(rng, cases[rng.randrange(2)], DOUBTFUL, (4,))
            raw |= {near: ip_address(f"10.0.1.{rng.choice((1, 4, 77, 128, 200))}")}
            packet = _packet(raw)
            if _exempt(packet, direction):
                continue
            (was, by_then), (is_, by_now) = (walker.decide(raw) for walker in walkers)
            holding = [c for c in mine if c.flows.decide(packet) is True]
            if was == is_:
                assert holding == []
                continue
            told_of += 1
            (change,) = holding
            assert change.allowed is (is_ == "Allow")
            assert change.before is not None
            assert change.after is not None
            assert (change.before.rule, change.after.rule) == (by_then, by_now)
    return told_of


def _exempt(packet: Packet, direction: str) -> bool:
    from auditor.network.nsg.platform_exemptions import platform_services

    return direction == "outbound" and any(s.flows.decide(packet) is True for s in platform_services())


def test_unknown_effect_is_used_for_nothing_certain() -> None:
    found = [change for change in flow_changes(pair(BASE, opened())) if isinstance(change, FlowChange)]
    assert [change.as_change().effect for change in found] == [Effect.WORSE]
    assert NIC not in {change.spot.kind for change in found}
