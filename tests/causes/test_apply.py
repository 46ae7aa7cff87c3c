"""Changes applied to a snapshot in memory."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.causes.apply import NotApplicableError, applied
from auditor.estate import Estate, build_estate
from auditor.model import ArmId
from auditor.model.change import Action, Change, create, delete, set_to
from auditor.snapshot import Snapshot
from tests import worlds


def world() -> tuple[Snapshot, Estate]:
    snapshot = worlds.snapshot()
    return snapshot, build_estate(snapshot)


def found(estate: Estate, type_: str, name: str) -> ArmId:
    return next(r.id for r in estate.seen(type_) if r.name.casefold() == name.casefold())


def after(*changes: Change) -> Estate:
    snapshot, estate = world()
    before = copy.deepcopy(snapshot.documents)
    made = applied(snapshot, estate, changes)
    assert snapshot.documents == before, "what was given was changed"
    return build_estate(made)


def test_a_property_is_set_and_what_lies_on_the_way_is_made() -> None:
    _, estate = world()
    site = found(estate, "microsoft.web/sites", "app-aibase")
    made = after(set_to(site, "properties/httpsOnly", True), set_to(site, "properties/a/b", 1)).find(site)
    assert made is not None
    assert made.get("properties", "httpsOnly") is True
    assert made.get("properties", "a", "b") == 1


def test_a_child_that_its_parent_shows_is_changed_there() -> None:
    _, estate = world()
    subnet = found(estate, "microsoft.network/virtualnetworks/subnets", "snet-privateEndpoints")
    made = after(set_to(subnet, "properties/privateEndpointNetworkPolicies", "Enabled")).find(subnet)
    assert made is not None
    assert made.get("properties", "privateEndpointNetworkPolicies") == "Enabled"
    assert made.document.name == "vnet-aibase"


def test_a_rule_is_created_in_its_group_and_replaced_by_one_of_its_name() -> None:
    _, estate = world()
    group = found(estate, "microsoft.network/networksecuritygroups", "nsg-jumpboxSubnet")
    rule = group.child("securityRules", "Deny")
    made = after(create(rule, {"properties": {"priority": 1}}), create(rule, {"properties": {"priority": 2}}))
    (kept,) = [r for r in made.seen("microsoft.network/networksecuritygroups/securityrules") if r.id == rule]
    assert kept.get("properties", "priority") == 2
    assert kept.document == group


def test_of_two_deleted_rules_both_are_gone_and_no_other() -> None:
    _, estate = world()
    group = found(estate, "microsoft.network/networksecuritygroups", "nsg-bastionSubnet")
    kind = "microsoft.network/networksecuritygroups/securityrules"
    rules = [r.id for r in estate.seen(kind) if r.id.is_within(group)]
    for one, other in ((rules[0], rules[1]), (rules[1], rules[0]), (rules[0], rules[-1])):
        made = after(delete(one), delete(other), set_to(rules[2], "properties/priority", 4000))
        left = [r for r in made.seen(kind) if r.id.is_within(group)]
        assert {r.id for r in left} == {*rules} - {one, other}
        (moved,) = [r for r in left if r.id == rules[2]]
        assert moved.get("properties", "priority") == 4000


def test_a_rule_is_deleted_once_only() -> None:
    snapshot, estate = world()
    rule = found(estate, "microsoft.network/networksecuritygroups/securityrules", "Bastion.In.Allow.GatewayManager")
    with pytest.raises(NotApplicableError):
        applied(snapshot, estate, [delete(rule), delete(rule)])


def test_a_deleted_resource_takes_its_children_along() -> None:
    _, estate = world()
    account = found(estate, "microsoft.cognitiveservices/accounts", "oai-aibase")
    made = after(delete(account))
    assert made.find(account) is None
    assert not [r for r in made.resources if r.id.is_within(account)]


def test_a_deleted_subnet_leaves_its_network() -> None:
    _, estate = world()
    subnet = found(estate, "microsoft.network/virtualnetworks/subnets", "snet-agents")
    made = after(delete(subnet))
    assert made.find(subnet) is None
    assert len(made.seen("microsoft.network/virtualnetworks/subnets")) == 7


@pytest.mark.parametrize(
    "change",
    [
        set_to(ArmId("/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/none"), "properties/a", 1),
        delete(ArmId("/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/none")),
    ],
)
def test_a_change_of_what_is_not_there_does_not_fit(change: Change) -> None:
    snapshot, estate = world()
    with pytest.raises(NotApplicableError):
        applied(snapshot, estate, [change])


@pytest.mark.parametrize(
    ("action", "pointer"),
    [(Action.REMOVE, "/properties/none"), (Action.REMOVE, "/properties/none/x"), (Action.ADD, "/properties/httpsOnly")],
)
def test_an_edit_that_has_no_place_does_not_fit(action: Action, pointer: str) -> None:
    snapshot, estate = world()
    site = found(estate, "microsoft.web/sites", "app-aibase")
    with pytest.raises(NotApplicableError):
        applied(snapshot, estate, [Change(action, site, pointer, 1)])


def test_a_list_item_is_added_and_removed() -> None:
    _, estate = world()
    site = found(estate, "microsoft.web/sites", "app-aibase")
    made = after(Change(Action.ADD, site, "/properties/list", 1), Change(Action.ADD, site, "/properties/list", 2))
    shown = made.find(site)
    assert shown is not None
    assert shown.get("properties", "list") == [1, 2]
    less = after(set_to(site, "properties/list", [1, 2]), Change(Action.REMOVE, site, "/properties/list/0")).find(site)
    assert less is not None
    assert less.get("properties", "list") == [2]


@settings(deadline=None, max_examples=20)
@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner, max_size=3)))
def test_what_is_set_is_what_is_read(value: Any) -> None:
    snapshot, estate = world()
    site = found(estate, "microsoft.web/sites", "app-aibase")
    shown = build_estate(applied(snapshot, estate, [set_to(site, "properties/x~1y/z", value)])).find(site)
    assert shown is not None
    assert shown.stated("properties", "x/y", "z") == value
