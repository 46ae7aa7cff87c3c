"""All pairs at once: cells, and the corners that are asked one by one."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.estate.paths import Link, Topology
from auditor.reach.matrix.cells import Cells, bits, parted
from auditor.reach.matrix.pairs import (
    NO,
    OPEN,
    YES,
    Pairs,
)
from auditor.reach.reachability import Reachability
from auditor.sets.address_set import AddressSet
from tests.builders.estates import (
    doc,
    estate_of,
    id_of,
    need,
)
from tests.builders.networks import (
    peer,
    routed,
    subnet_id,
    table,
    vnet,
)

NSG = "Microsoft.Network/networkSecurityGroups"


def test_masks_tell_cells_inside_from_cells_cut() -> None:
    cells = Cells(
        (AddressSet.of("10.0.0.0/24"), AddressSet.of("10.0.1.0/24", "10.0.9.0/24"), AddressSet.of("10.0.2.0/24"))
    )
    assert cells.are_disjoint
    assert cells.masks(AddressSet.of("10.0.0.0/23")) == (0b001, 0b010), "the second cell has a range elsewhere"
    assert cells.masks(AddressSet.of("10.0.0.0/16")) == (0b111, 0)
    assert cells.masks(AddressSet.of("10.0.2.7")) == (0, 0b100)
    assert cells.masks(AddressSet.of("10.0.0.0/24", "10.0.9.0/24")) == (0b001, 0b010)
    assert cells.everyone == 0b111
    assert list(bits(0b10110)) == [1, 2, 4]
    assert not Cells((AddressSet.of("10.0.0.0/16"), AddressSet.of("10.0.1.0/24"))).are_disjoint


def test_parts_of_a_cell() -> None:
    parts = parted(AddressSet.of("10.0.0.0/30"), [AddressSet.of("10.0.0.0/31"), AddressSet.of("10.0.0.1-10.0.0.2")])
    assert sorted(str(part) for part in parts) == ["10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3"]


def answers(documents: list[dict[str, Any]], *names: tuple[str, str]) -> list[list[int]]:
    estate = estate_of(documents)
    pairs = Pairs(Reachability.of(estate), [need(estate, subnet_id(*name)) for name in names])
    return [list(row) for row in pairs.matrix]


def guarded(prefix: str, name: str) -> dict[str, Any]:
    return {"addressPrefix": prefix, "networkSecurityGroup": {"id": id_of(NSG, name)}}


def rules(name: str, *listed: dict[str, Any]) -> dict[str, Any]:
    shared = {"direction": "Inbound", "protocol": "*", "sourcePortRange": "*", "destinationPortRange": "*"}
    made = [
        {
            "id": id_of(f"{NSG}/securityRules", name, f"r{n}"),
            "name": f"r{n}",
            "properties": {"priority": 100 + n, "destinationAddressPrefix": "*", **shared, **rule},
        }
        for n, rule in enumerate(listed)
    ]
    return doc(NSG, name, properties={"securityRules": made})


def test_networks_that_are_not_peered_do_not_reach_each_other_even_with_one_space() -> None:
    documents = [
        vnet("v", "10.1.0.0/16", subnets={"a": "10.1.0.0/24", "b": "10.1.1.0/24"}),
        vnet("w", "10.1.0.0/16", subnets={"c": "10.1.0.0/24"}),
    ]
    assert answers(documents, ("v", "a"), ("v", "b"), ("w", "c")) == [[YES, YES, NO], [YES, YES, NO], [NO, NO, YES]]


def test_a_peering_of_which_one_side_was_not_read_is_open() -> None:
    documents = [
        vnet("v", "10.1.0.0/16", subnets={"a": "10.1.0.0/24"}),
        vnet("w", "10.2.0.0/16", subnets={"b": "10.2.0.0/24"}),
    ]
    peer(documents, "v", "w", peeringState=None, remoteAddressSpace={"addressPrefixes": ["10.2.0.0/16"]})
    peer(documents, "w", "v")
    assert answers(documents, ("v", "a"), ("w", "b"))[0][1] == OPEN


def test_an_appliance_on_the_way_is_open() -> None:
    documents = [
        vnet("v", "10.1.0.0/16", subnets={"a": routed("10.1.0.0/24", "t"), "b": "10.1.1.0/24"}),
        table("t", ("10.1.1.0/24", "VirtualAppliance", "10.1.9.4")),
    ]
    assert answers(documents, ("v", "a"), ("v", "b")) == [[YES, OPEN], [OPEN, YES]]


def test_a_group_that_speaks_of_a_symbol_is_asked_for_each_pair() -> None:
    documents = [
        vnet("v", "10.1.0.0/16", "20.1.0.0/16", subnets={"a": guarded("20.1.0.0/24", "g"), "b": "20.1.1.0/24"}),
        rules("g", {"access": "Deny", "sourceAddressPrefix": "AzureCloud"}),
    ]
    assert answers(documents, ("v", "a"), ("v", "b")) == [[YES, YES], [OPEN, YES]]


def test_a_rule_that_is_not_understood_is_asked_for_each_pair() -> None:
    documents = [
        vnet("v", "10.1.0.0/16", subnets={"a": guarded("10.1.0.0/24", "g"), "b": "10.1.1.0/24"}),
        rules("g", {"access": "Deny", "sourceAddressPrefix": "10.1.1.0/24", "protocol": "Carrier pigeon"}),
    ]
    assert answers(documents, ("v", "a"), ("v", "b")) == [[YES, YES], [OPEN, YES]]


def test_a_subnet_of_both_families_is_asked_for_each_pair() -> None:
    both = {"addressPrefixes": ["10.1.0.0/24", "fd00:1::/64"]}
    six = {"addressPrefixes": ["fd00:2::/64"]}
    documents = [vnet("v", "10.1.0.0/16", "fd00::/16", subnets={"a": both, "b": "10.1.1.0/24", "c": six})]
    assert answers(documents, ("v", "a"), ("v", "b"), ("v", "c")) == [[YES, YES, YES], [YES, YES, NO], [YES, NO, YES]]


def test_a_subnet_whose_network_was_not_read_is_open() -> None:
    lone = doc("Microsoft.Network/virtualNetworks/subnets", "x", "s", properties={"addressPrefix": "10.9.0.0/24"})
    documents = [vnet("v", "10.1.0.0/16", subnets={"a": "10.1.0.0/24"}), lone]
    found = answers(documents, ("v", "a"), ("x", "s"))
    assert found == [[YES, NO], [NO, YES]], "no network that was read is peered with the other"
    twins = [lone, doc(lone["type"], "x", "t", properties={"addressPrefix": "10.9.1.0/24"})]
    assert answers(twins, ("x", "s"), ("x", "t")) == [[YES, OPEN], [OPEN, YES]]


def test_pairs_come_with_their_hops_and_are_counted() -> None:
    estate = estate_of([vnet("v", "10.1.0.0/16", subnets={"a": "10.1.0.0/24", "b": "10.1.1.0/24"})])
    pairs = Pairs(Reachability.of(estate), [need(estate, subnet_id("v", name)) for name in "ab"])
    assert pairs.reached == 2
    assert [hop.name for hop in pairs.reach(0, 1).hops] == ["a", "b"]


def test_an_integration_subnet_takes_nothing_in_and_sends() -> None:
    delegated = {
        "addressPrefix": "10.1.0.0/24",
        "delegations": [{"properties": {"serviceName": "Microsoft.Web/serverFarms"}}],
    }
    documents = [vnet("v", "10.1.0.0/16", subnets={"a": delegated, "b": "10.1.1.0/24"})]
    assert answers(documents, ("v", "a"), ("v", "b")) == [[YES, YES], [NO, YES]]


# --- paths ------------------------------------------------------------------------------------------------------------


def test_chains_come_out_shortest_first_and_without_detours() -> None:
    topology = Topology()
    for source, target in (("a", "b"), ("b", "d"), ("a", "c"), ("c", "b"), ("d", "a")):
        topology.add(source, target, Link("leads to"))
    assert list(topology.chains("a", "d")) == [("a", "b", "d"), ("a", "c", "b", "d")]
    assert list(topology.chains("b", "c")) == [("b", "d", "a", "c")]


def test_what_is_not_linked_has_no_chain() -> None:
    topology = Topology()
    topology.add("a", "b", Link("leads to"))
    assert topology.shortest("b", "a") is None
    assert topology.shortest("nowhere", "a") is None
    assert list(topology.chains("b", "a")) == []


def test_links_are_kept_once_each() -> None:
    topology = Topology()
    for link in (Link("x"), Link("y", 1), Link("x")):
        topology.add("a", "b", link)
    assert topology.links("a", "b") == (Link("x"), Link("y", 1))
    assert topology.links("b", "a") == ()


@pytest.mark.parametrize("size", [0, 1])
def test_few_subnets(size: int) -> None:
    estate = estate_of([vnet("v", "10.1.0.0/16", subnets={"a": "10.1.0.0/24"})])
    pairs = Pairs(Reachability.of(estate), [need(estate, subnet_id("v", "a"))][:size])
    assert len(pairs.matrix) == size
    assert pairs.reached == 0
