"""A subnet's rules held against a table: excess, missing, left to default rules; and rules that do nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from auditor.estate import Estate
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.network.nsg.redundant_rules import Useless, useless_rules
from auditor.network.topology.service_tags import ServiceTags
from auditor.network.topology.words import Part, network_view
from auditor.sets.symbolic_addresses import Addresses
from auditor.workload.nsg_table import (
    Contract,
    compare,
    definite,
    flow_terms,
    is_end,
    reach_of,
    resolver,
)
from tests.conformance import Case, estate, place, tags

SUBNET = "10.0.1.0/24"


def rule(name: str, priority: int, access: str, source: str, destination: str, **more: Any) -> dict[str, Any]:
    """An inbound rule for TCP 443, but for what is said otherwise."""
    stated = {"protocol": "Tcp", "sourcePortRange": "*", "destinationPortRange": "443", "direction": "Inbound"}
    sides = {"sourceAddressPrefix": source, "destinationAddressPrefix": destination}
    return {"name": name, "priority": priority, "access": access, **stated, **sides, **more}


ANY = {"protocol": "*", "destinationPortRange": "*"}
DENY_ALL = rule("deny-all", 4000, "Deny", "*", "*", **ANY)


def _setting(rules: list[dict[str, Any]] | None, **world: Any) -> tuple[Estate, Resource, ServiceTags]:
    case: Case = {**world, **({} if rules is None else {"subnet_group": {"rules": rules}}), "at": "subnet"}
    made = estate(case)
    subnet = made.find(place(case))
    assert subnet is not None
    return made, subnet, tags(case)


def _playing(subnet: Resource) -> Callable[[str], Sequence[Resource]]:
    """The subnet itself plays the Bastion; nobody plays anything else."""
    return lambda part: [subnet] if part == "bastion" else []


def _compare(
    rules: list[dict[str, Any]] | None,
    allowed: list[Mapping[str, object]],
    needed: list[Mapping[str, object]] | None = None,
    direction: str = "inbound",
    **world: Any,
) -> Contract:
    made, subnet, release = _setting(rules, **world)
    resolve = resolver(subnet, _playing(subnet), network_view(made, subnet, release))
    terms = flow_terms(allowed, resolve), flow_terms(needed or [], resolve)
    return compare(made, subnet, direction, *terms, tags=release)


WEB = {"from": "Internet", "to": "self", "ports": "443", "protocol": "Tcp"}


def test_rules_that_do_what_the_table_says_keep_the_contract() -> None:
    found = _compare([rule("web", 100, "Allow", "Internet", SUBNET), DENY_ALL], [WEB], [WEB])
    assert (found.excess, found.missing, found.left_to_default, found.unknowns) == ((), (), (), ())
    assert definite(found) is found
    assert found.group is not None


@pytest.mark.parametrize("destination", ["*", SUBNET, "10.0.0.0/16", "VirtualNetwork"])
def test_the_destination_counts_only_where_packets_can_arrive(destination: str) -> None:
    found = _compare([rule("web", 100, "Allow", "Internet", destination), DENY_ALL], [WEB], [WEB])
    assert (found.excess, found.missing, found.unknowns) == ((), (), ())


@pytest.mark.parametrize("source", ["*", SUBNET, "VirtualNetwork"])
def test_the_source_counts_only_where_packets_can_come_from(source: str) -> None:
    terms = [{"from": "self", "to": "Internet", "ports": "443", "protocol": "Tcp"}]
    out = {"direction": "Outbound"}
    rules = [rule("out", 100, "Allow", source, "Internet", **out), rule("deny", 200, "Deny", "*", "*", **ANY, **out)]
    found = _compare(rules, terms, terms, "outbound")
    assert (found.excess, found.missing, found.unknowns) == ((), (), ())


def test_what_is_let_through_beyond_the_table_is_excess_with_its_rule_and_a_witness() -> None:
    rules = [
        rule("web", 100, "Allow", "Internet", SUBNET, destinationPortRange="-", destinationPortRanges=["443", "8443"])
    ]
    del rules[0]["destinationPortRange"]
    found = _compare([*rules, DENY_ALL], [WEB])
    (part,) = found.excess
    assert str(part) == "Tcp 8443 from Internet to 10.0.1.0/24 (Allow by web)"
    assert str(part.witness) == "Tcp 203.0.113.10:50000 -> 10.0.1.4:8443"
    assert part.unknown is None
    assert part.rule.name == "web"
    assert len(part.boxes) == 1
    assert found.excess


def test_what_is_needed_and_blocked_is_missing_with_the_rule_that_blocks_it() -> None:
    rules = [rule("no-web", 90, "Deny", "203.0.113.0/24", "*"), rule("web", 100, "Allow", "Internet", SUBNET), DENY_ALL]
    inner = {"from": "10.0.2.0/24", "to": "self", "ports": "22", "protocol": "Tcp"}
    found = _compare(rules, [WEB, inner], [WEB, inner])
    assert [str(part) for part in found.missing] == [
        "Tcp 443 from 203.0.113.0/24 to 10.0.1.0/24 (Deny by no-web)",
        "Tcp 22 from 10.0.2.0/24 to 10.0.1.0/24 (Deny by deny-all)",
    ]


def test_a_later_rule_in_excess_is_found_behind_an_earlier_one_that_is_not() -> None:
    rules = [rule("web", 100, "Allow", "Internet", SUBNET), rule("all", 200, "Allow", "*", "*"), DENY_ALL]
    (part,) = _compare(rules, [WEB]).excess
    assert part.rule.name == "all"
    assert part.text.startswith("Tcp 443 from * except Internet")


def test_what_no_rule_of_ones_own_decides_is_left_to_default_rules() -> None:
    found = _compare([rule("web", 100, "Allow", "Internet", SUBNET)], [WEB])
    assert [part.rule.name for part in found.left_to_default] == ["AllowVnetInBound", "DenyAllInBound"]
    assert [part.rule.name for part in found.excess] == ["AllowVnetInBound"]


def test_a_deny_for_another_subnets_addresses_leaves_everything_to_default_rules() -> None:
    """As in the reference deployment, where the agents' group denies the gateway's prefix outbound."""
    rules = [rule("deny", 1000, "Deny", "10.0.2.0/24", "*", **ANY, direction="Outbound")]
    terms = [{"from": "self", "to": "VirtualNetwork"}]
    found = _compare(rules, terms, direction="outbound")
    assert {part.rule.name for part in found.left_to_default} == {
        "AllowVnetOutBound",
        "AllowInternetOutBound",
        "DenyAllOutBound",
    }
    assert [str(part) for part in found.excess] == [
        "any traffic from 10.0.1.0/24 to Internet except VirtualNetwork (Allow by AllowInternetOutBound)"
    ]


def test_without_a_group_there_is_no_rule_to_blame() -> None:
    found = _compare(None, [WEB])
    assert (found.group, found.evaluation, found.excess) == (None, None, ())


def test_a_part_that_depends_on_an_unknown_tag_says_so() -> None:
    rules = [rule("storage", 100, "Allow", "Storage", SUBNET), DENY_ALL]
    found = _compare(rules, [{"from": "Sql", "to": "self", "ports": "443", "protocol": "Tcp"}])
    (part,) = found.excess
    assert isinstance(part.unknown, Unknown)
    assert part.witness.given
    assert part.unknown in found.unknowns
    with pytest.raises(NotKnown, match="Storage"):
        definite(found)


def test_the_same_part_is_certain_where_a_release_is_at_hand() -> None:
    release = {"Storage": ["20.38.0.0/16"], "Sql": ["20.38.1.0/24"]}
    rules = [rule("storage", 100, "Allow", "Storage", SUBNET), DENY_ALL]
    found = _compare(rules, [{"from": "Sql", "to": "self", "ports": "443"}], service_tags=release)
    (part,) = found.excess
    assert part.unknown is None
    assert "20.38.0.0/24, 20.38.2.0-20.38.255.255" in part.text


def test_admin_rules_in_force_come_before_the_group() -> None:
    root = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network"
    configuration = f"{root}/networkManagers/m/securityAdminConfigurations/c"
    stated = {
        "access": "Deny",
        "direction": "Inbound",
        "priority": 1,
        "protocol": "Tcp",
        "destinationPortRanges": ["8443"],
    }
    stated |= {
        "sourcePortRanges": ["0-65535"],
        "sources": [{"addressPrefix": "*"}],
        "destinations": [{"addressPrefix": "*"}],
    }
    groups = {"appliesToGroups": [{"networkGroupId": f"{root}/networkManagers/m/networkGroups/g"}]}
    documents = [
        {"id": f"{root}/networkManagers/m", "properties": {}},
        {"id": configuration, "properties": {}},
        {"id": f"{configuration}/ruleCollections/r", "properties": groups},
        {"id": f"{configuration}/ruleCollections/r/rules/stop", "name": "stop", "properties": stated},
    ]
    deployed = {
        "id": f"{root}/virtualNetworks/net/providers/Microsoft.Network/effectiveSecurityAdminRules/default",
        "properties": {"effectiveSecurityAdminConfigurations": [{"id": configuration}]},
    }
    rules = [rule("web", 100, "Allow", "Internet", SUBNET, destinationPortRange="8443"), DENY_ALL]
    assert _compare(rules, [], documents=[*documents, deployed]).excess == ()
    unsure = _compare(rules, [], documents=documents)
    assert len(unsure.excess) == 1
    assert any("deployed" in why.because for why in unsure.unknowns)


def test_an_unread_group_is_not_compared() -> None:
    with pytest.raises(NotKnown, match="subnet-nsg"):
        _compare([DENY_ALL], [WEB], unread_groups=["subnet"])


def test_words_of_a_table_are_resolved_at_the_subnet() -> None:
    made, subnet, release = _setting([])
    view = network_view(made, subnet, release)
    resolve = resolver(subnet, _playing(subnet), view)
    assert resolve(" self ") == Addresses.of(SUBNET)
    assert resolve("subnet:bastion") == Addresses.of(SUBNET)
    assert resolve("subnet:nobody") == Addresses.none()
    assert resolve("Any") == Addresses.everything()
    assert resolve("10.0.0.0/8") == Addresses.of("10.0.0.0/8")
    assert resolve("Internet") == view.internet
    with pytest.raises(ValueError, match="is not an IP address"):
        resolve("10.0.0")


def test_terms_take_ports_as_text_or_list() -> None:
    made, subnet, release = _setting([])
    resolve = resolver(subnet, _playing(subnet), network_view(made, subnet, release))
    one, other = ({"from": "self", "ports": ports, "protocol": "Tcp"} for ports in ("22,3389", ["22", 3389]))
    assert flow_terms([one], resolve) == flow_terms([other], resolve)
    assert flow_terms([], resolve) == flow_terms([{"to": "subnet:nobody"}], resolve)


# --- rules that do nothing ------------------------------------------------------------------------------------------


def _useless(rules: list[dict[str, Any]], **world: Any) -> list[tuple[str, Useless, list[str]]]:
    made, subnet, release = _setting(rules, **world)
    found = compare(made, subnet, "inbound", flow_terms([], lambda _: Addresses.none()), tags=release)
    assert found.evaluation is not None
    listed = useless_rules(found.evaluation, reach_of(subnet, "inbound"))
    return [(one.rule.name, one.kind, [by.name for by in one.by]) for one in listed]


def test_a_rule_for_another_subnets_addresses_never_matches() -> None:
    assert _useless([rule("other", 100, "Deny", "*", "10.0.2.0/24"), DENY_ALL]) == [
        ("other", Useless.NEVER_MATCHES, [])
    ]


def test_a_rule_for_the_other_family_never_matches() -> None:
    found = _useless([rule("six", 100, "Allow", "fe80::1234:5678:9abc", "*"), DENY_ALL])
    assert found == [("six", Useless.NEVER_MATCHES, [])]


def test_a_rule_behind_a_wider_one_is_shadowed_by_it() -> None:
    rules = [rule("wide", 100, "Allow", "10.0.0.0/8", "*"), rule("narrow", 200, "Deny", "10.2.0.0/16", "*"), DENY_ALL]
    assert _useless(rules) == [("narrow", Useless.SHADOWED, ["wide"])]


def test_a_rule_behind_several_that_cover_it_together_is_shadowed_by_all_of_them() -> None:
    rules = [
        rule("low", 100, "Deny", "10.2.0.0/17", "*"),
        rule("high", 110, "Deny", "10.2.128.0/17", "*"),
        rule("whole", 200, "Allow", "10.2.0.0/16", "*"),
        DENY_ALL,
    ]
    assert _useless(rules) == [("whole", Useless.SHADOWED, ["low", "high"])]


def test_a_rule_that_later_ones_repeat_is_redundant() -> None:
    rules = [rule("narrow", 100, "Deny", "203.0.113.9", "*"), DENY_ALL]
    assert _useless(rules) == [("narrow", Useless.REDUNDANT, ["deny-all"])]


def test_an_exception_before_a_rule_that_says_otherwise_is_needed() -> None:
    assert _useless([rule("web", 100, "Allow", "Internet", "*"), DENY_ALL]) == []


def test_a_rule_is_told_useless_only_where_that_holds_whatever_the_tags_are() -> None:
    rules = [rule("storage", 100, "Allow", "Storage", "*"), rule("sql", 200, "Allow", "Sql", "*"), DENY_ALL]
    assert _useless(rules) == []
    release = {"Storage": ["20.38.0.0/16"], "Sql": ["20.38.1.0/24"]}
    assert _useless(rules, service_tags=release) == [("sql", Useless.SHADOWED, ["storage"])]


def test_a_rule_that_is_not_understood_is_not_told_useless() -> None:
    assert (
        _useless([rule("odd", 100, "Allow", "10.0.0.0/8", "10.0.2.0/24", destinationPortRange="https"), DENY_ALL]) == []
    )


def test_useless_rules_are_told_in_a_sentence() -> None:
    made, subnet, _ = _setting([rule("a", 100, "Deny", "*", "*"), rule("b", 200, "Deny", "*", "*"), DENY_ALL])
    found = compare(made, subnet, "inbound", flow_terms([], lambda _: Addresses.none())).evaluation
    assert found is not None
    assert [str(one) for one in useless_rules(found)] == [
        "a is redundant, the same is done by b",
        "b is shadowed by a",
    ]
    never = _setting([rule("other", 100, "Deny", "*", "10.0.2.0/24")])
    found = compare(never[0], never[1], "inbound", flow_terms([], lambda _: Addresses.none())).evaluation
    assert found is not None
    assert (
        str(useless_rules(found, reach_of(never[1], "inbound"))[0]) == "other never matches a packet that can be there"
    )


def test_ids_of_groups_are_compared_without_letter_case() -> None:
    made, subnet, _ = _setting([DENY_ALL])
    assert made.find(ArmId(subnet.id.text.upper())) == subnet


def test_parts_are_told_in_the_tags_of_rules_and_table() -> None:
    release = {"GatewayManager": [f"20.38.{n}.0/24" for n in range(0, 40, 2)], "Sql": ["20.38.1.0/24"]}
    made, subnet, tags_ = _setting([rule("all", 100, "Allow", "Internet", "*"), DENY_ALL], service_tags=release)
    resolve = resolver(subnet, _playing(subnet), network_view(made, subnet, tags_))
    allowed = flow_terms([{"from": "GatewayManager", "to": "self"}], resolve)
    (told,) = compare(made, subnet, "inbound", allowed, tags=tags_, words=["GatewayManager", "self"]).excess
    assert told.text == "Tcp 443 from Internet except GatewayManager to 10.0.1.0/24"
    (bare,) = compare(made, subnet, "inbound", allowed, tags=tags_).excess
    assert "GatewayManager" not in bare.text
    rules = [rule("gm", 100, "Allow", "gatewaymanager", "*"), DENY_ALL]
    (part,) = _compare(rules, [], service_tags=release).excess
    assert part.text == "Tcp 443 from GatewayManager to 10.0.1.0/24"


def test_an_address_that_azure_keeps_is_no_witness_and_no_difference_alone() -> None:
    """Of 10.0.1.0/24 Azure keeps .0 to .3 and .255."""
    kept = [rule("kept", 100, "Allow", "Internet", "10.0.1.2/32"), DENY_ALL]
    assert _compare(kept, []).excess == ()
    some = [rule("some", 100, "Allow", "Internet", "10.0.1.0/29"), DENY_ALL]
    (part,) = _compare(some, []).excess
    assert part.witness.destination not in {f"10.0.1.{n}" for n in range(4)}


def test_the_word_network_leaves_out_what_user_routes_add() -> None:
    made, subnet, release = _setting([DENY_ALL])
    view = network_view(made, subnet, release)
    routed = Part("route all", Addresses.everything(), routed=True)
    wide = replace(view, parts=(*view.parts, routed))
    resolve = resolver(subnet, _playing(subnet), wide)
    assert resolve("VirtualNetwork") == Addresses.everything()
    assert resolve("network") == view.virtual_network


@pytest.mark.parametrize("word", ["attached", "network", "endpoint:vault", "endpoint:workspace"])
def test_words_for_what_exists_are_ends(word: str) -> None:
    assert is_end(word)
    assert not is_end("endpoint:nothing")
