"""Which machines Bastion can reach at all, chains between two stations, and answers that are worked out once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from random import Random
from typing import Any

import networkx as nx
import pytest

from auditor.estate.paths import Link, Topology
from auditor.model import NotKnown, Unknown
from auditor.model.lazily import lazily
from auditor.network.frontends.bastion import machines_near
from auditor.network.topology.seated import seated_in
from auditor.reach.reachability import _Once
from tests.builders.estates import (
    doc,
    estate_of,
    id_of,
    named,
)
from tests.builders.networks import (
    NIC,
    nic,
    peer,
    subnet_id,
    vnet,
)

BASTION = "Microsoft.Network/bastionHosts"
VM = "Microsoft.Compute/virtualMachines"


def bastion(subnet: str | None) -> dict[str, Any]:
    seat = {} if subnet is None else {"subnet": {"id": subnet}}
    return doc(BASTION, "b", properties={"ipConfigurations": [{"properties": seat}]})


def machine(name: str) -> dict[str, Any]:
    interface = {"id": id_of(NIC, f"nic-{name}")}
    return doc(VM, name, properties={"networkProfile": {"networkInterfaces": [interface]}})


def three_networks() -> list[dict[str, Any]]:
    """A machine in the hub, one in a spoke that is peered with it, one in a network that is not."""
    documents = []
    for n, name in enumerate(("hub", "spoke", "alone")):
        documents += [vnet(name, f"10.{n}.0.0/16", subnets={"s": f"10.{n}.0.0/24"}), machine(name)]
        documents.append(nic(f"nic-{name}", name, "s", f"10.{n}.0.4"))
    peer(documents, "hub", "spoke")
    return documents


def near(documents: list[dict[str, Any]]) -> list[str]:
    estate = estate_of(documents)
    return [id_.name for id_ in machines_near(estate, named(estate, BASTION, "b"))]


def test_bastion_reaches_its_own_network_and_the_peered_one() -> None:
    assert near([*three_networks(), bastion(subnet_id("hub", "s"))]) == ["nic-hub", "nic-spoke"]


@pytest.mark.parametrize(
    "seat",
    [
        pytest.param(None, id="it has no subnet, as the Developer size"),
        pytest.param(subnet_id("elsewhere", "AzureBastionSubnet"), id="its network was not read"),
    ],
)
def test_where_bastion_sits_nowhere_known_no_machine_is_left_out(seat: str | None) -> None:
    assert near([*three_networks(), bastion(seat)]) == ["nic-alone", "nic-hub", "nic-spoke"]


def test_a_machine_of_which_nobody_knows_where_it_is_is_not_left_out() -> None:
    lost = [machine("lost"), nic("nic-lost", "elsewhere", "s", "10.9.0.4")]
    found = near([*three_networks(), *lost, bastion(subnet_id("hub", "s"))])
    assert found == ["nic-hub", "nic-lost", "nic-spoke"]


def test_an_interface_without_a_machine_is_no_machine() -> None:
    spare = nic("spare", "hub", "s", "10.0.0.9")
    assert near([*three_networks(), spare, bastion(subnet_id("hub", "s"))]) == ["nic-hub", "nic-spoke"]


def test_machines_sit_where_their_interfaces_do() -> None:
    estate = estate_of(three_networks())
    found = {id_.name: [r.name for r in seated] for id_, seated in seated_in(estate, VM.casefold()).items()}
    assert found == {"hub": ["hub"], "spoke": ["spoke"], "alone": ["alone"]}


def test_a_machine_whose_interface_was_not_read_leaves_it_open() -> None:
    with pytest.raises(NotKnown, match="nic-lost"):
        seated_in(estate_of([*three_networks(), machine("lost")]), VM.casefold())


@pytest.mark.parametrize("seed", range(20))
def test_chains_are_all_simple_paths_shortest_first(seed: int) -> None:
    dice = Random(seed)
    names = "abcdefgh"
    links = [pair for pair in itertools.permutations(names, 2) if dice.random() < 0.25]
    topology, graph = Topology(), nx.DiGraph(links)
    graph.add_nodes_from(names)
    for source, target in links:
        topology.add(source, target, Link("l"))
    for source, target in itertools.permutations(names, 2):
        expected = sorted(map(tuple, nx.all_simple_paths(graph, source, target)), key=lambda chain: (len(chain), chain))
        found = list(topology.chains(source, target))
        assert found == expected


def test_a_link_that_comes_later_counts() -> None:
    topology = Topology()
    topology.add("a", "b", Link("l"))
    topology.add("c", "b", Link("l"))
    assert list(topology.chains("a", "b")) == [("a", "b")]
    topology.add("a", "c", Link("l"))
    assert list(topology.chains("a", "b")) == [("a", "b"), ("a", "c", "b")]


def test_what_is_asked_twice_is_worked_out_once() -> None:
    made: list[int] = []

    def source() -> Iterator[Any]:
        for n in range(3):
            made.append(n)
            yield n

    once = _Once(source())
    first, second = iter(once), iter(once)
    assert [next(first), next(second), next(second), next(first)] == [0, 0, 1, 1]
    assert made == [0, 1]
    assert [*first, *second, *once] == [2, 2, 0, 1, 2]
    assert made == [0, 1, 2]


def test_what_failed_is_no_end() -> None:
    def source() -> Iterator[Any]:
        yield 1
        raise NotKnown(Unknown("nobody knows"))

    once = _Once(source())
    for _ in range(2):
        asked = iter(once)
        assert next(asked) == 1
        with pytest.raises(NotKnown, match="nobody knows"):
            next(asked)


def test_a_lazy_property_is_worked_out_once_and_says_what_it_means() -> None:
    class Thing:
        asked = 0

        @lazily
        def value(self) -> int:
            """How often it was asked."""
            self.asked += 1
            return self.asked

    thing = Thing()
    assert (thing.value, thing.value) == (1, 1)
    assert Thing.value.__doc__ == "How often it was asked."
