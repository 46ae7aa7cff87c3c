"""Every oddity of the field: 1,071 recorded ARM bodies go through import, graph and evaluation without loss.

The bodies are answers of Azure to the tests of cloud-custodian and other tools (tests/fixtures/arm-bodies.jsonl.gz,
collected 2026-11-22): mixed letter case, nulls, absent lists, classic tag names, bare entries of listings.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from auditor.estate import Estate, build_estate
from auditor.model import ArmId, NotKnown, Resource
from auditor.network.nsg.effective_filters import path
from auditor.network.nsg.evaluation import Evaluation, evaluate
from auditor.network.topology.service_tags import ServiceTags
from auditor.network.topology.words import NetworkView
from auditor.sets.packet_set import FlowSet
from auditor.sets.symbolic_addresses import Addresses
from auditor.snapshot.importing import gather
from auditor.snapshot.importing.files import inputs_of
from tests.azure_answers import estate_of
from tests.worlds import FIXTURES

BODIES = FIXTURES / "arm-bodies.jsonl.gz"
GROUP = "microsoft.network/networksecuritygroups"
NETWORK = "microsoft.network/virtualnetworks"


@cache
def bodies() -> tuple[Mapping[str, Any], ...]:
    return tuple(json.loads(line) for line in gzip.decompress(BODIES.read_bytes()).splitlines())


def _whole(body: Mapping[str, Any]) -> bool:
    return body.get("properties") is not None


@cache
def estate() -> Estate:
    """One estate of all: of a resource recorded twice the later body, whole ones before bare entries of a listing."""
    chosen: dict[ArmId, Mapping[str, Any]] = {}
    for body in bodies():
        known = chosen.get(ArmId(body["id"]))
        if known is None or _whole(body) or not _whole(known):
            chosen[ArmId(body["id"])] = body
    return estate_of(list(chosen.values()))


def _view() -> NetworkView:
    return NetworkView(Addresses.of("10.0.0.0/16"), (), ServiceTags())


def _rules(group: Resource, key: str) -> list[Mapping[str, Any]]:
    return [rule for _, rule in group.items("properties", key)]


def _evaluations() -> list[tuple[Resource, Evaluation]]:
    found = estate().seen(GROUP)
    return [(group, evaluate(estate(), group, way, _view())) for group in found for way in ("inbound", "outbound")]


def test_there_are_as_many_as_were_recorded() -> None:
    assert len(bodies()) == 1071


def test_the_graph_holds_every_body_unchanged() -> None:
    known: dict[ArmId, list[Mapping[str, Any]]] = {}
    for body in bodies():
        known.setdefault(ArmId(body["id"]), []).append(body)
    for id_, recorded in known.items():
        found = estate().find(id_)
        assert found is not None, id_
        assert found.body in recorded


def test_import_takes_them_all_but_bare_entries_of_a_listing(tmp_path: Path) -> None:
    file = tmp_path / "bodies.jsonl"
    chosen = [resource.body for resource in estate().resources if resource.document == resource.id]
    file.write_text("".join(json.dumps(body) + "\n" for body in chosen), encoding="utf-8")
    imported = build_estate(gather(inputs_of([str(file)])).snapshot)
    left_out = [body for body in chosen if imported.find(ArmId(str(body["id"]))) is None]
    assert [body["id"] for body in left_out if _whole(body)] == []


def test_every_rule_of_every_group_is_evaluated_once_in_its_direction() -> None:
    for group in estate().seen(GROUP):
        stated = [*_rules(group, "securityRules"), *_rules(group, "defaultSecurityRules")]
        both = [evaluate(estate(), group, way, _view()) for way in ("inbound", "outbound")]
        ours = [rule.resource.id for evaluation in both for rule in evaluation.rules if not rule.assumed]
        if stated:
            assert sorted(ours) == sorted(ArmId(rule["id"]) for rule in stated)


def test_every_packet_is_decided_by_exactly_one_rule() -> None:
    for group, evaluation in _evaluations():
        parts = [flows for _, flows in evaluation.partition()]
        assert FlowSet.union(parts) == FlowSet.everything(), group.id
        assert evaluation.rules[-1].is_default


def test_nothing_of_a_recorded_rule_is_beyond_understanding() -> None:
    bare = {group.id for group, _ in _evaluations() if not group.properties}
    problems = {why for group, evaluation in _evaluations() if group.id not in bare for why in evaluation.unknowns}
    assert problems == set()


def test_a_group_that_was_only_listed_is_unknown_and_says_so() -> None:
    bare = [body for body in bodies() if ArmId(body["id"]).type == GROUP and not _whole(body)]
    assert bare
    for body in bare:
        alone = estate_of([body])
        group = alone.find(ArmId(body["id"]))
        assert group is not None
        found = evaluate(alone, group, "inbound", _view())
        assert ["listed without its properties" in why.because for why in found.unknowns] == [True]
        assert not isinstance(found.allowed().is_empty, bool) or found.allowed().certain == FlowSet.none()


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_every_recorded_place_has_a_path_or_says_why_not(direction: str) -> None:
    places = [*estate().seen("microsoft.network/networkinterfaces"), *estate().seen(f"{NETWORK}/subnets")]
    assert len(places) == 6
    for place in places:
        try:
            told = path(estate(), place.id, direction).allowed().within(FlowSet.real()) is True
        except NotKnown as gap:
            told = any(
                words in gap.unknown.because
                for words in ("not in this snapshot", "without its properties", "was not read")
            )
        assert told, place.id
