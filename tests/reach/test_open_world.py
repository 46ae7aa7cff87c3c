"""A "no way" is certain only where everything that could lead there was read and is followed."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.facts import load
from auditor.model import Unknown
from auditor.query.reach import reach
from auditor.reach import open_world
from auditor.reach.reachability import Reachability
from tests import worlds
from tests.builders.estates import doc, estate_of, id_of, need
from tests.builders.networks import NIC, nic, peer, subnet_id, vnet, vnet_id
from tests.reach.test_reach import ask, group, guarded, public, says

Documents = list[dict[str, Any]]


def spokes(**subnets: Any) -> Documents:
    """Two networks that do not know each other, with an interface in each."""
    layout = {"b": "10.2.0.0/24", **subnets}
    return [
        vnet("va", "10.1.0.0/16", subnets={"a": "10.1.0.0/24"}),
        vnet("vb", "10.2.0.0/16", subnets=layout),
        nic("na", "va", "a", "10.1.0.4"),
        nic("nb", "vb", "b", "10.2.0.4"),
    ]


def peered_with_unread(**changes: Any) -> Documents:
    documents = spokes(b=guarded("10.2.0.0/24", "g"))
    peer(documents, "vb", "hub", remoteAddressSpace={"addressPrefixes": ["10.9.0.0/16"]}, **changes)
    return documents


@pytest.mark.parametrize("source", ["Internet", "na"])
@pytest.mark.parametrize(
    ("flags", "rules", "expected"),
    [
        ({}, [("Inbound", "Allow", "10.9.0.0/16", "*", "443")], "unknown"),
        ({}, [("Inbound", "Deny", "*", "*", "*")], "no"),
        # Without forwarded traffic only the other network's own addresses come over the peering.
        ({}, [("Inbound", "Deny", "10.9.0.0/16", "*", "*"), ("Inbound", "Allow", "*", "*", "443")], "no"),
        (
            {"allowForwardedTraffic": True},
            [("Inbound", "Deny", "10.9.0.0/16", "*", "*"), ("Inbound", "Allow", "*", "*", "443")],
            "unknown",
        ),
        ({"allowVirtualNetworkAccess": False}, [("Inbound", "Allow", "*", "*", "443")], "no"),
        ({"peeringState": "Disconnected"}, [("Inbound", "Allow", "*", "*", "443")], "no"),
    ],
)
def test_a_peer_that_was_not_read_could_pass_traffic_on(
    source: str, flags: dict[str, Any], rules: list[tuple[str, str, str, str, str]], expected: str
) -> None:
    found = ask([*peered_with_unread(**flags), group("g", *rules)], source, "nb")
    assert ("unknown" if isinstance(found.reaches, Unknown) else "no") == expected
    if expected == "unknown":
        assert "hub, which vb is peered with, was not read" in says(found)


def test_a_machine_that_forwards_and_has_an_address_could_pass_the_internet_on() -> None:
    address = {"config": {"publicIPAddress": {"id": public("p", "20.0.0.1")["id"]}}}
    forwarder = nic("nva", "vb", "b", "10.2.0.9", enableIPForwarding=True, **address)
    documents = [*spokes(), public("p", "20.0.0.1"), forwarder]
    assert "nva forwards traffic and has a public address" in says(ask(documents, "Internet", "nb"))
    documents[-1]["properties"]["enableIPForwarding"] = False
    assert ask(documents, "Internet", "nb").reaches is False


def test_an_address_of_something_that_was_not_read() -> None:
    address = public("p", "20.0.0.1")
    assert ask([*spokes(), address], "Internet", "p").reaches is False
    address["properties"]["ipConfiguration"] = {"id": id_of(f"{NIC}/ipConfigurations", "elsewhere", "c")}
    assert "was not read" in says(ask([*spokes(), address], "Internet", "p"))


def test_a_kind_that_nobody_knows_in_the_network_of_the_target() -> None:
    strange = doc("Contoso.Things/gates", "gate", properties={"wherever": [{"id": subnet_id("vb", "b")}]})
    found = ask([*spokes(), strange], "Internet", "nb")
    assert "gate (contoso.things/gates) is of a kind that this version does not know" in says(found)
    assert ask([*spokes(), strange], "Internet", "na").reaches is False


def test_a_kind_that_nobody_knows_says_nothing_where_the_filters_close_the_target() -> None:
    strange = doc("Contoso.Things/gates", "gate", properties={"network": vnet_id("vb")})
    documents = [*spokes(b=guarded("10.2.0.0/24", "g")), strange]
    assert ask([*documents, group("g", ("Inbound", "Deny", "*", "*", "*"))], "Internet", "nb").reaches is False
    assert isinstance(ask([*documents, group("g")], "Internet", "nb").reaches, Unknown)


@pytest.mark.parametrize("row", load("unfollowed-kinds")["kinds"], ids=lambda row: row["type"])
def test_every_kind_outside_the_model_makes_a_no_uncertain(row: dict[str, str]) -> None:
    names = {"network": vnet_id("vb"), "subnet": subnet_id("vb", "b"), "resource": id_of(NIC, "nb")}[row["where"]]
    type_ = row["type"].rstrip("*")
    strange = doc(type_, *"xyz"[: type_.count("/")], properties={"somewhere": {"id": names}})
    source = "Internet" if row["from"] in ("anywhere", "Internet", "outside") else "na"
    target = "vb/b" if row["where"] == "subnet" else "nb"
    assert row["says"] in says(ask([*spokes(), strange], source, target))


def test_no_kind_is_both_followed_and_not() -> None:
    facts = load("unfollowed-kinds")
    rows = {row["type"] for row in facts["kinds"]}
    assert not rows & {*facts["followed"], *facts["harmless"]}
    assert {row["where"] for row in facts["kinds"]} <= {"network", "subnet", "resource"}
    assert {row["from"] for row in facts["kinds"]} <= {"anywhere", "Internet", "networks", "outside"}
    assert all(row["source"] for row in facts["kinds"])


@pytest.mark.parametrize("name", ["compliant", "reference-implementation"])
def test_everything_in_a_whole_world_is_followed(name: str) -> None:
    world = Reachability.of(worlds.estate(worlds.documents(name), name=name))
    doubts = {gap.because for target in world.targets for gap in world.unfollowed(world.internet, target)}
    assert not doubts


def test_what_is_unfollowed_is_asked_of_every_guard() -> None:
    estate = estate_of(peered_with_unread(allowForwardedTraffic=True))
    world = Reachability.of(estate)
    question = open_world.Question(world.fabric, world.internet, need(estate, id_of(NIC, "nb")))
    assert [guard.__name__ for guard in open_world.GUARDS if list(guard(question))] == ["_unread_peers"]
    assert isinstance(reach(estate, "Internet", "nb")[0].reaches, Unknown)
