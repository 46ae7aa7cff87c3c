"""Answers from a part of an estate: the likely one, with what it rests on, and the certain one under --strict."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.model import Read, Unknown
from auditor.network.topology.service_tags import release
from auditor.query.conditions import condition_json
from auditor.query.flow import Answer, End, FlowBook, Question
from auditor.query.nsg import guarded
from auditor.query.reach import reach
from auditor.reach.reachability import Reach
from auditor.sets.address_set import AddressSet
from auditor.sets.protocol_set import Protocol
from tests.builders.estates import doc, estate_of, id_of, need
from tests.builders.networks import NIC, nic, peer, routed, table, vnet
from tests.reach.test_reach import group, public
from tests.reach.test_reach import guarded as under

Documents = list[dict[str, Any]]

LISTED = tuple(
    Read(path="import", api_version="", status=200, covers=kind, scope="/")
    for kind in (
        "microsoft.network/virtualnetworks",
        "microsoft.network/networksecuritygroups",
        "microsoft.network/networkinterfaces",
    )
)
"""What `az network vnet list`, `nsg list` and `nic list` cover."""


def lists(*rules: tuple[str, str, str, str, str], **card: Any) -> Documents:
    return [
        vnet("v", "10.1.0.0/16", subnets={"a": under("10.1.0.0/24", "g"), "b": "10.1.1.0/24"}),
        nic("na", "v", "a", "10.1.0.4", **card),
        nic("nb", "v", "b", "10.1.1.4"),
        group("g", *rules),
    ]


def asked(documents: Documents, source: str, target: str, port: str | None = None, *, likely: bool = True) -> Reach:
    (found,) = reach(estate_of(documents, reads=LISTED), source, target, port, likely=likely)
    return found


def flow(documents: Documents, remote: str, *, reads: tuple[Read, ...] = LISTED, likely: bool = True) -> Answer:
    estate = estate_of(documents, reads=reads)
    ends = End("10.1.0.4", 443), End(remote, 50000)
    return FlowBook(estate, likely=likely).answer(
        Question(need(estate, id_of(NIC, "na")), "inbound", Protocol.TCP, *ends)
    )


# --- reach ------------------------------------------------------------------------------------------------------------

WEB = ("Inbound", "Allow", "Internet", "*", "443")
OWN_ADDRESS = {"config": {"publicIPAddress": {"id": id_of("Microsoft.Network/publicIPAddresses", "p")}}}


def test_a_machine_with_a_public_address_is_likely_reached() -> None:
    documents = [*lists(WEB, **OWN_ADDRESS), public("p", "20.1.1.1")]
    found = asked(documents, "Internet", "na", "443")
    assert found.reaches is True
    assert any("security admin rule" in why.unless for why in found.unless)
    assert isinstance(asked(documents, "Internet", "na", "443", likely=False).reaches, Unknown)


def test_a_machine_without_one_is_likely_not_reached_and_it_is_said_which_list_would_tell() -> None:
    found = asked(lists(WEB), "Internet", "na", "443")
    assert found.reaches is False
    settled = {condition_json(why)["settled_by"] for why in found.unless}
    assert {"az network public-ip list", "az network lb list"} <= settled


def test_what_no_list_can_change_has_no_condition() -> None:
    found = asked(lists(("Inbound", "Deny", "*", "*", "*"), **OWN_ADDRESS), "nb", "na")
    assert found.reaches is False
    assert all("admin rule" in why.unless for why in found.unless)


def test_what_an_appliance_lets_through_stays_unknown() -> None:
    documents = [
        vnet("v", "10.1.0.0/16", subnets={"a": routed("10.1.0.0/24", "t"), "n": "10.1.9.0/24"}),
        vnet("w", "10.2.0.0/16", subnets={"b": "10.2.0.0/24"}),
        table("t", ("10.2.0.0/16", "VirtualAppliance", "10.1.9.4")),
        nic("na", "v", "a", "10.1.0.4"),
        nic("nb", "w", "b", "10.2.0.4"),
    ]
    peer(documents, "v", "w")
    peer(documents, "w", "v")
    assert isinstance(asked(documents, "na", "nb").reaches, Unknown)


def test_what_is_on_premises_is_the_question_itself() -> None:
    assert isinstance(asked(lists(), "192.168.1.0/24", "na").reaches, Unknown)


def test_the_way_out_has_the_condition_of_a_gateway() -> None:
    documents = lists()
    documents[0]["properties"]["subnets"].append(
        {"name": "GatewaySubnet", "properties": {"addressPrefix": "10.1.9.0/27"}}
    )
    found = asked(documents, "nb", "Internet")
    assert found.reaches is True
    assert any("announces a route" in why.unless for why in found.unless)


# --- nsg --------------------------------------------------------------------------------------------------------------


def test_what_a_group_lets_in_is_told_with_its_conditions() -> None:
    estate = estate_of(lists(WEB), reads=LISTED)
    inbound, _ = guarded(estate, "v/a", likely=True)
    assert inbound.lets[0].rule.name == "r0"
    assert not inbound.unknowns
    assert any("security admin rule" in why.unless for why in inbound.unless)
    certain, _ = guarded(estate, "v/a")
    assert certain.unknowns
    assert not certain.unless


# --- service tags -----------------------------------------------------------------------------------------------------


def _in(tag: str) -> str:
    """An address of a tag in the release."""
    return AddressSet.of(*release().prefixes[tag.casefold()].split()).v4.witness()


def test_the_release_says_its_number_and_date() -> None:
    assert release().number.isdecimal()
    assert release().date[:2] == "20"
    assert len(release().prefixes) > 2000


@pytest.mark.parametrize(
    ("tag", "remote", "access"),
    [
        ("AzureKeyVault", "AzureKeyVault", "Allow"),
        ("Storage.WestEurope", "SqlManagement", "Deny"),
        ("AzureKeyVault", "9.9.9.9", "Deny"),
    ],
)
def test_tags_are_those_of_the_release_where_the_snapshot_has_none(tag: str, remote: str, access: str) -> None:
    documents = lists(("Inbound", "Allow", tag, "*", "443"), ("Inbound", "Deny", "*", "*", "*"))
    address = remote if remote[0].isdigit() else _in(remote)
    found = flow(documents, address)
    assert found.access == access
    mine = [why for why in found.unless if "release" in why.unless]
    assert mine
    assert release().number in mine[0].unless
    assert condition_json(mine[0])["settled_by"] == "az network list-service-tags --location REGION"
    assert flow(documents, address, likely=False).access == "Unknown"


def test_what_no_release_can_change_is_certain() -> None:
    documents = lists(("Inbound", "Allow", "AzureKeyVault", "*", "443"), ("Inbound", "Deny", "*", "*", "*"))
    whole = (Read(path="import", api_version="", status=200, covers="*", scope="/"),)
    found = flow(documents, "10.1.1.4", reads=whole)
    assert found.access == "Deny"
    assert not found.unless


def test_a_list_of_the_snapshot_wins() -> None:
    own = {"name": "AzureKeyVault", "properties": {"addressPrefixes": ["9.9.9.0/24"]}}
    listed = doc("Microsoft.Network/serviceTags", "public", changeNumber="1", values=[own])
    documents = lists(("Inbound", "Allow", "AzureKeyVault", "*", "443"), ("Inbound", "Deny", "*", "*", "*"))
    assert flow([*documents, listed], "9.9.9.9").access == "Allow"
    assert flow([*documents, listed], _in("AzureKeyVault")).access == "Deny"


def test_the_release_is_of_the_public_cloud() -> None:
    documents = lists(("Inbound", "Allow", "AzureKeyVault", "*", "443"), ("Inbound", "Deny", "*", "*", "*"))
    estate = estate_of(documents, cloud="AzureChinaCloud")
    question = Question(
        need(estate, id_of(NIC, "na")), "inbound", Protocol.TCP, End("10.1.0.4", 443), End(_in("AzureKeyVault"), 50000)
    )
    assert FlowBook(estate, likely=True).answer(question).access == "Unknown"
