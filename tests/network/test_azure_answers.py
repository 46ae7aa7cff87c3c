"""Azure's own answers about recorded deployments, reproduced: the verdict, the deciding rule, the rules, the tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from auditor.model import ArmId
from auditor.network.nsg.effective_filters import path
from auditor.network.nsg.rules import SecurityRule
from auditor.network.topology.service_tags import ServiceTags
from auditor.network.topology.words import NetworkView, network_view
from auditor.sets.address_set import AddressSet
from tests.azure_answers import (
    agrees,
    canonical_name,
    differences,
    estate_of,
    not_reproduced,
    packet_of,
    recordings,
    tag_expansions,
    world,
)

VERDICTS = [
    pytest.param(recording, verdict, id=f"{recording['name']}#{n}")
    for recording in recordings()
    for n, verdict in enumerate(recording["ip_flow_verify"])
    if verdict["testable"]
]


@pytest.mark.parametrize(("recording", "verdict"), VERDICTS)
def test_ip_flow_verify_is_reproduced_with_its_rule(recording: Mapping[str, Any], verdict: Mapping[str, Any]) -> None:
    found = path(world(recording), ArmId(verdict["target"]), verdict["direction"]).decide(packet_of(verdict))
    assert found.access == verdict["access"]
    assert isinstance(found.rule, SecurityRule)
    assert canonical_name(found.rule.name).casefold() == canonical_name(verdict["ruleName"]).casefold()
    if verdict.get("ruleId"):
        assert found.rule.resource.id == ArmId(verdict["ruleId"])


def test_all_sixty_seven_testable_verdicts_are_asked() -> None:
    assert len(VERDICTS) == 67


def test_the_verdicts_left_out_are_exactly_those_listed_with_a_reason() -> None:
    left_out = {
        f"{recording['name']}#{n}": verdict["note"]
        for recording in recordings()
        for n, verdict in enumerate(recording["ip_flow_verify"])
        if not verdict["testable"]
    }
    assert left_out == not_reproduced()["ip_flow_verify"]


def test_azure_contradicting_itself_is_told_as_the_rule_says() -> None:
    """One verdict names an allow rule and says Deny; ours follows the rule, and a group-less interface allows."""
    recording = next(r for r in recordings() if r["name"] == "cli-test_network_watcher_vm-2021-07-27")
    verdict = next(v for v in recording["ip_flow_verify"] if not v["testable"])
    found = path(world(recording), ArmId(verdict["target"]), verdict["direction"]).decide(packet_of(verdict))
    assert (verdict["access"], found.access) == ("Deny", "Allow")


def test_effective_rules_are_reproduced_but_for_those_listed_with_a_reason() -> None:
    failed: dict[str, str] = {}
    asked = 0
    for recording in recordings():
        for n, answer in enumerate(recording["effective_rules"]):
            asked += 1
            try:
                found = differences(recording, answer)
            except LookupError as why:
                found = [str(why)]
            if found:
                failed[f"{recording['name']}#{n}"] = "; ".join(found)
    listed = not_reproduced()["effective_rules"]
    assert {key: text for key, text in failed.items() if key not in listed} == {}
    assert set(listed) == set(failed), "a listed answer is reproduced after all"
    assert (asked, asked - len(failed)) == (87, 56)


def _view_of(expansion: Mapping[str, Any]) -> NetworkView:
    """The network of a recorded expansion, with its routes on the one subnet."""
    group = "/subscriptions/0/resourceGroups/g/providers/Microsoft.Network"
    networks = expansion["vnets_in_that_recording"]
    table = {
        "id": f"{group}/routeTables/t",
        "type": "Microsoft.Network/routeTables",
        "properties": {
            "routes": [
                {"name": route[0], "properties": {"addressPrefix": route[1], "nextHopType": route[2]}}
                for routes in expansion["routes_in_that_recording"]
                for route in routes
            ]
        },
    }
    prefixes = networks[0]["addressPrefixes"]
    subnet = {
        "name": "s",
        "id": f"{group}/virtualNetworks/n/subnets/s",
        "properties": {"addressPrefix": prefixes[0], "routeTable": {"id": table["id"]}},
    }
    network = {
        "id": f"{group}/virtualNetworks/n",
        "type": "Microsoft.Network/virtualNetworks",
        "properties": {"addressSpace": {"addressPrefixes": prefixes}, "subnets": [subnet]},
    }
    estate = estate_of([network, table])
    found = estate.find(ArmId(subnet["id"]))
    assert found is not None
    return network_view(estate, found, ServiceTags())


@pytest.mark.parametrize("expansion", tag_expansions(), ids=lambda e: f"{e['tag']}-{e['first_seen']}")
def test_recorded_tag_expansions_agree_with_ours(expansion: Mapping[str, Any]) -> None:
    key = f"{expansion['tag']} {','.join(expansion['prefixes'])}"
    if not expansion["vnets_in_that_recording"]:
        assert key in not_reproduced()["tag_expansions"]
        return
    assert key not in not_reproduced()["tag_expansions"]
    mine = _view_of(expansion).resolve(expansion["tag"])
    recorded = AddressSet.of(*expansion["prefixes"])
    assert agrees(mine, recorded)
    if expansion["tag"] != "Internet":
        assert mine.is_exact
        assert mine.certain.v4 == recorded.v4


def test_what_internet_leaves_out_in_any_recording_is_never_certainly_in_it() -> None:
    internet = ServiceTags().internet
    for expansion in tag_expansions():
        if expansion["tag"] == "Internet":
            recorded = AddressSet.of(*expansion["prefixes"])
            assert internet.at_least.v4 <= recorded
            assert recorded <= internet.at_most
