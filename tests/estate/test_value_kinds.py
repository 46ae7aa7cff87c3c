"""Values of a kind that Azure never sends are unknown: neither a setting, nor an absence, nor an empty list."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.estate import Estate, Relation, build_estate
from auditor.estate.value_kinds import oddities
from auditor.facts import load
from auditor.model import ArmId, NotKnown, Resource
from auditor.picture.build.picture import picture
from auditor.snapshot import Snapshot
from tests import worlds

GROUP = "/subscriptions/s/resourceGroups/g/providers"
STORE = f"{GROUP}/Microsoft.Storage/storageAccounts/store"
VNET = f"{GROUP}/Microsoft.Network/virtualNetworks/vnet"
NSG = f"{GROUP}/Microsoft.Network/networkSecurityGroups/nsg"
NIC = f"{GROUP}/Microsoft.Network/networkInterfaces/nic"
SUBNETS = "microsoft.network/virtualnetworks/subnets"


def estate(*documents: dict[str, Any]) -> Estate:
    return build_estate(Snapshot(documents=documents, reads=worlds.whole("/subscriptions/s")))


def store(properties: Any) -> Resource:
    (found,) = estate({"id": STORE, "properties": properties}).resources
    return found


def test_no_document_of_the_worlds_and_none_that_was_recorded_is_odd() -> None:
    """The table agrees with what Azure really sends: 1,071 recorded answers and both worlds."""
    with gzip.open(worlds.FIXTURES / "arm-bodies.jsonl.gz", "rt", encoding="utf-8") as lines:
        documents = [json.loads(line) for line in lines]
    documents += [*worlds.documents(), *worlds.documents("compliant")]
    checked = [document for document in documents if ArmId(str(document["id"])).type in load("property-kinds")["types"]]
    assert len(checked) > 1000
    assert [d["id"] for d in checked if oddities(ArmId(str(d["id"])).type, "x", d) is not None] == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("yes", "'yes' and not true or false"),
        (1, "1 and not true or false"),
        ([], "a list and not true or false"),
        ({}, "an object and not true or false"),
        ("x" * 200, f"'{'x' * 59}… and not true or false"),
    ],
)
def test_a_value_of_another_kind_is_unknown(value: Any, said: str) -> None:
    with pytest.raises(NotKnown) as gap:
        store({"supportsHttpsTrafficOnly": value}).get("properties", "supportsHttpsTrafficOnly")
    assert gap.value.unknown.because == (
        f"properties/supportsHttpsTrafficOnly of store is {said}, which Azure never sends"
    )
    assert not gap.value.unknown.absent


@pytest.mark.parametrize("word", ["unusable", "TLS1_2, else", "TLS 1_2", 1.2], ids=str)
def test_a_word_that_nobody_knows_is_unknown_where_a_rule_would_take_it_for_harmless(word: Any) -> None:
    with pytest.raises(NotKnown, match=r"minimumTlsVersion of store is .*, which this version does not know"):
        store({"minimumTlsVersion": word}).get("properties", "minimumTlsVersion")


@pytest.mark.parametrize("word", ["TLS1_2", "tls1_3", " TLS1_0 ", "", None, "TLS1_2, TLS1_3"], ids=repr)
def test_a_known_word_is_told_in_any_letter_case_and_several_with_commas(word: Any) -> None:
    assert store({"minimumTlsVersion": word}).get("properties", "minimumTlsVersion") == word


@pytest.mark.parametrize("value", [True, False, None])
def test_a_value_of_its_kind_is_told(value: Any) -> None:
    assert store({"supportsHttpsTrafficOnly": value}).get("properties", "supportsHttpsTrafficOnly") is value


@pytest.mark.parametrize(
    ("path", "unknown"),
    [
        (("properties", "networkAcls", "ipRules"), True),
        (("properties", "networkAcls", "ipRules", 1, "value"), True),
        (("properties", "networkAcls", "ipRules", 1, "value", "deeper"), True),
        (("properties", "networkAcls"), True),
        (("properties",), True),
        (("properties", "networkAcls", "ipRules", 0), False),
        (("properties", "networkAcls", "ipRules", 10), False),
        (("properties", "networkAcls", "defaultAction"), False),
        (("properties", "networkAclsOfMine"), False),
    ],
)
def test_what_holds_it_and_what_is_below_it_is_unknown_and_nothing_else(path: Any, unknown: bool) -> None:
    rules = [{"value": "10.0.0.0/8"}, {"value": 8}]
    found = store({"networkAcls": {"defaultAction": "Deny", "ipRules": rules}})
    if unknown:
        with pytest.raises(NotKnown, match="ipRules/1/value of store is 8 and not text"):
            found.get(*path)
    else:
        found.get(*path)


def test_null_in_a_list_is_odd_and_null_elsewhere_is_absence() -> None:
    with pytest.raises(NotKnown, match="ipRules/0 of store is null in a list"):
        store({"networkAcls": {"ipRules": [None]}}).get("properties", "networkAcls", "ipRules")
    assert store({"networkAcls": {"ipRules": None}}).get("properties", "networkAcls", "ipRules") is None


def test_a_child_in_its_parents_document_is_odd_where_it_is_and_its_siblings_are_not() -> None:
    subnets = [{"name": "a", "properties": {"addressPrefix": 5}}, {"name": "b", "properties": {"addressPrefix": "x"}}]
    found = estate({"id": VNET, "properties": {"subnets": subnets}})
    a, b = found.all(SUBNETS)
    assert b.get("properties", "addressPrefix") == "x"
    with pytest.raises(NotKnown, match="properties/subnets/0/properties/addressPrefix of vnet is 5"):
        a.get("properties", "addressPrefix")


def test_an_expression_of_a_plan_may_stand_anywhere() -> None:
    body = {"id": STORE, "properties": {"supportsHttpsTrafficOnly": "[parameters('x')]"}}
    type_ = "microsoft.storage/storageaccounts"
    assert oddities(type_, "store", body, planned=True) is None
    assert oddities(type_, "store", body) is not None


# --- references and children ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", ["nsg", 5, [NSG], {"id": 5}, {"id": "nsg"}, True], ids=str)
def test_a_reference_that_is_no_id_is_not_the_absence_of_one(group: Any) -> None:
    found = estate(
        {"id": VNET, "properties": {"subnets": [{"name": "a", "properties": {"networkSecurityGroup": group}}]}}
    )
    (subnet,) = found.seen(SUBNETS)
    for ask in (found.targets, found.one):
        with pytest.raises(NotKnown, match="what a is guarded by cannot be determined"):
            ask(subnet, Relation.GUARDED_BY)
    assert "which is no id of a resource" in found.out(subnet, Relation.GUARDED_BY)[0].because


@pytest.mark.parametrize("group", [None, {}, {"id": None}, {"id": ""}], ids=str)
def test_a_reference_that_is_absent_is(group: Any) -> None:
    found = estate(
        {"id": VNET, "properties": {"subnets": [{"name": "a", "properties": {"networkSecurityGroup": group}}]}}
    )
    assert found.out(found.seen(SUBNETS)[0], Relation.GUARDED_BY) == ()


def test_whoever_points_nobody_knows_where_may_point_here() -> None:
    odd = {"id": NIC, "properties": {"ipConfigurations": [{"properties": {"subnet": "a"}}]}}
    found = estate({"id": VNET, "properties": {"subnets": [{"name": "a"}]}}, odd)
    (subnet,) = found.seen(SUBNETS)
    with pytest.raises(NotKnown, match="what nic sits in subnet cannot be determined"):
        found.into(subnet, Relation.IN_SUBNET)
    assert found.into(subnet, Relation.IN_SUBNET, "microsoft.web/sites") == ()


def test_the_host_of_an_outbound_rule_points_at_nothing() -> None:
    workspace = f"{GROUP}/Microsoft.MachineLearningServices/workspaces/w"
    rules = {"r": {"type": "FQDN", "destination": "example.org"}}
    found = estate({"id": workspace, "properties": {"managedNetwork": {"outboundRules": rules}}})
    (rule,) = found.seen("microsoft.machinelearningservices/workspaces/outboundrules")
    assert found.out(rule, Relation.MAY_REACH) == ()


@pytest.mark.parametrize("subnets", ["a", 5, ["a"], [{"name": "a"}, None], {"a": 5}], ids=str)
def test_a_list_of_children_that_is_none_is_not_empty(subnets: Any) -> None:
    found = estate({"id": VNET, "properties": {"subnets": subnets}})
    for under in (None, ArmId(VNET), ArmId("/subscriptions/s")):
        with pytest.raises(NotKnown, match=r"the list of .*/subnets is not whole"):
            found.all(SUBNETS, under)
    assert found.all(SUBNETS, ArmId("/subscriptions/s/resourceGroups/other")) == ()
    with pytest.raises(NotKnown, match="is not whole"):
        found.child(found.seen("microsoft.network/virtualnetworks")[0], "subnets", "b")


# --- what is made of it -----------------------------------------------------------------------------------------------


def test_the_picture_of_what_cannot_be_told_says_so() -> None:
    documents = worlds.documents()
    worlds.named(documents, "nic-jmp-aibase")["properties"]["ipConfigurations"] = "x"
    snapshot = worlds.snapshot(documents)
    drawn = picture(snapshot, audit(snapshot, read_baseline("openai-chat")))
    assert not drawn.networks
    (gap,) = drawn.gaps
    assert gap.startswith("there is no picture, since what it shows cannot be determined: ")
