"""Peering: both sides have a say, nothing is transitive, and an unread side is unknown."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.model import ArmId, Unknown
from auditor.network.topology.peering import (
    Flag,
    Peering,
    connected,
    forwards,
    is_up,
    peering_between,
    remote_space,
)
from auditor.network.topology.virtual_networks import interface_of, subnet_of
from tests.builders.estates import (
    doc,
    estate_of,
    id_of,
    need,
)
from tests.builders.networks import (
    NIC,
    nic,
    peer,
    vnet,
    vnet_id,
)


def one(documents: list[dict[str, Any]]) -> Peering:
    estate = estate_of(documents)
    found = peering_between(estate, need(estate, vnet_id("v")), ArmId(vnet_id("w")))
    assert found is not None
    return found


def pair(*, mine: dict[str, Any] | None = None, theirs: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    documents = [vnet("v", "10.1.0.0/16"), vnet("w", "10.2.0.0/16", subnets={"a": "10.2.0.0/24"})]
    peer(documents, "v", "w", **(mine or {}))
    peer(documents, "w", "v", **(theirs or {}))
    return documents


OFF = {"allowVirtualNetworkAccess": False}
CASES: list[tuple[dict[str, Any], dict[str, Any], bool, str]] = [
    ({}, {}, True, "both connected, both allow"),
    ({"peeringState": "CONNECTED"}, {}, True, "letter case does not matter"),
    ({"allowVirtualNetworkAccess": None}, {"allowVirtualNetworkAccess": None}, True, "absent is allowed"),
    ({"peeringState": "Initiated"}, {}, False, "only begun"),
    ({}, {"peeringState": "Disconnected"}, False, "the other side was removed"),
    (OFF, {}, False, "this side forbids"),
    ({}, OFF, False, "the other side forbids"),
]


@pytest.mark.parametrize(("mine", "theirs", "up", "reason"), CASES, ids=[row[3] for row in CASES])
def test_traffic_between_peers(mine: dict[str, Any], theirs: dict[str, Any], up: bool, reason: str) -> None:
    assert is_up(one(pair(mine=mine, theirs=theirs))) is up, reason


def test_a_side_that_was_not_read_is_unknown_but_its_state_is_known() -> None:
    peering = one(pair()[:1])
    assert connected(peering).holds is True, "Azure shows Connected only once the other side exists"
    assert isinstance(is_up(peering), Unknown)


def test_a_network_without_a_peering_back_exchanges_nothing() -> None:
    documents = pair()
    documents[1]["properties"]["virtualNetworkPeerings"] = []
    assert is_up(one(documents)) is False


def test_a_peering_without_a_state_is_unknown() -> None:
    assert isinstance(is_up(one(pair(mine={"peeringState": None}))), Unknown)


def test_forwarded_traffic_has_to_be_taken() -> None:
    assert forwards(one(pair())).holds is False
    taken = one(pair(mine={"allowForwardedTraffic": True}))
    assert forwards(taken).holds is True
    assert taken.allows(Flag.FORWARDED)


def test_peers_of_a_peer_are_no_peers() -> None:
    documents = [*pair(), vnet("x", "10.3.0.0/16")]
    peer(documents, "w", "x")
    peer(documents, "x", "w")
    estate = estate_of(documents)
    assert peering_between(estate, need(estate, vnet_id("v")), ArmId(vnet_id("x"))) is None


def space(documents: list[dict[str, Any]]) -> str:
    estate = estate_of(documents)
    peering = peering_between(estate, need(estate, vnet_id("v")), ArmId(vnet_id("w")))
    assert peering is not None
    found = remote_space(estate, peering)
    return "Unknown" if isinstance(found, Unknown) else str(found)


SUBNETS = {"peerCompleteVnets": False, "localSubnetNames": [], "remoteSubnetNames": ["A"]}
SPACES: list[tuple[dict[str, Any], int, str, str]] = [
    ({}, 2, "10.2.0.0/16", "the other network's own space"),
    ({"remoteAddressSpace": {"addressPrefixes": ["10.7.0.0/16"]}}, 2, "10.7.0.0/16", "as synchronised"),
    ({"remoteVirtualNetworkAddressSpace": {"addressPrefixes": ["10.8.0.0/16"]}}, 1, "10.8.0.0/16", "as stated"),
    ({}, 1, "Unknown", "neither read nor stated"),
    (SUBNETS, 2, "10.2.0.0/24", "chosen subnets"),
    (SUBNETS, 1, "Unknown", "chosen subnets of an unread network"),
    ({**SUBNETS, "remoteAddressSpace": {"addressPrefixes": ["10.2.0.0/24"]}}, 1, "10.2.0.0/24", "stated subnets"),
    ({"remoteAddressSpace": {"addressPrefixes": ["nonsense"]}}, 2, "Unknown", "what is no prefix"),
]


@pytest.mark.parametrize(("mine", "read", "expected", "reason"), SPACES, ids=[row[3] for row in SPACES])
def test_the_space_behind_a_peering(mine: dict[str, Any], read: int, expected: str, reason: str) -> None:
    assert space(pair(mine=mine)[:read]) == expected, reason


def test_places_and_the_subnets_they_sit_in() -> None:
    documents = [
        vnet("v", "10.1.0.0/16", subnets={"s": "10.1.0.0/24"}),
        nic("n", "v", "s", "10.1.0.4"),
        doc(
            "Microsoft.Compute/virtualMachines",
            "m",
            properties={"networkProfile": {"networkInterfaces": [{"id": id_of(NIC, "n")}]}},
        ),
        doc("Microsoft.Compute/virtualMachines", "bare", properties={}),
    ]
    estate = estate_of(documents)
    machine, bare = (need(estate, id_of("Microsoft.Compute/virtualMachines", name)) for name in ("m", "bare"))
    subnet = subnet_of(estate, machine)
    assert subnet is not None
    assert subnet.name == "s"
    assert subnet_of(estate, subnet) is subnet
    assert subnet_of(estate, bare) is None
    card = interface_of(estate, machine)
    assert card is not None
    assert interface_of(estate, card) is card
