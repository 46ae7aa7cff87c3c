"""The language of selectors: each field by itself, on the world of Foundry."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
import pytest

from auditor.model import NotKnown
from auditor.workload.architecture import shipped_architecture
from auditor.workload.parts import NAMED, Workload, workloads
from auditor.workload.selectors import Selector, find
from tests.worlds import documents, estate, refused, subscription, whole

WORLD = "foundry-compliant"


@cache
def workload() -> Workload:
    (found,) = workloads(estate(None, None, WORLD), None, shipped_architecture("foundry-chat"))
    return found


def names(w: Workload | None = None, **fields: Any) -> list[str]:
    selector = msgspec.convert({key.replace("but_not", "not"): value for key, value in fields.items()}, Selector)
    return [r.id.name for r in find(selector, w or workload(), NAMED)]


STORAGE = "Microsoft.Storage/storageAccounts"
SITE = "Microsoft.Web/sites"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"type": STORAGE}, ["stagentorchid", "stwebapporchid"]),
        ({"type": STORAGE, "where": {"sku/name": "standard_gzrs"}}, ["stagentorchid"]),
        ({"type": STORAGE, "where": {"sku/name": ["*_lrs", "*_zrs"]}}, ["stwebapporchid"]),
        ({"type": STORAGE, "but_not": "storage"}, ["stwebapporchid"]),
        ({"type": STORAGE, "named_by": {"part": "connection", "category": ["azurestorageaccount"]}}, ["stagentorchid"]),
        ({"type": "Microsoft.CognitiveServices/accounts/projects", "child_of": "account"}, ["projchat"]),
        ({"among": ["storage", "search"]}, ["stagentorchid", "ais-ai-agent-vector-store-orchid"]),
        ({"pointed_at_by": {"part": "firewall", "pointer": "properties/firewallPolicy"}}, ["fw-egress-policy"]),
        (
            {"pointed_at_by": {"part": "account", "pointer": "properties/networkInjections/*/subnetArmId"}},
            ["snet-agentsEgress"],
        ),
        (
            {"type": SITE, "points_at": {"part": "plan", "pointer": "properties/serverFarmId"}},
            ["app-orchid"],
        ),
        ({"joined_from": {"parts": ["site"], "by": "runs on"}}, ["asp-app-orchidagkw444owweg2"]),
        ({"identity_of": "gateway"}, ["id-agw-orchid"]),
        ({"type": SITE, "backend_of": "gateway"}, ["app-orchid"]),
        ({"type": "Microsoft.Compute/virtualMachines", "in_network_of": "network"}, ["vm-jump-box"]),
        ({"type": "Microsoft.Network/applicationGateways", "in_network_of": "network"}, ["agw-orchid"]),
        ({"type": "Microsoft.Network/bastionHosts", "in_subnet_of": "bastion"}, ["ab-jump-box"]),
        ({"type": "Microsoft.Network/bastionHosts", "in_subnet_of": "gateway"}, []),
        (
            {"type": "Microsoft.Network/virtualNetworks/subnets", "delegated_to": "microsoft.app/Environments"},
            ["snet-agentsEgress"],
        ),
        ({"named": "vaults of certificates", "of": ["gateway"]}, ["kv-orchid"]),
        ({"type": STORAGE, "any": [{"owned": True}]}, ["stagentorchid", "stwebapporchid"]),
        ({"type": STORAGE, "any": [{"where": {"kind": "none"}}, {"among": "storage"}]}, ["stagentorchid"]),
        ({"type": STORAGE, "first_of": [{"where": {"kind": "none"}}, {"among": "other_storage"}]}, ["stwebapporchid"]),
        ({"type": STORAGE, "first_of": [{"where": {"kind": "none"}}]}, []),
        (
            {
                "type": STORAGE,
                "any": [{"pointed_at_by": {"part": "connection", "pointer": "properties/metadata/ResourceId"}}],
            },
            ["stagentorchid"],
        ),
    ],
)  # fmt: skip
def test_a_field_finds(fields: dict[str, Any], expected: list[str]) -> None:
    assert names(**fields) == expected


def unread(kind: str) -> Workload:
    scope = subscription(WORLD)
    docs = [d for d in documents(WORLD) if str(d.get("type", "")).casefold() != kind.casefold()]
    made = estate(docs, [*whole(scope), refused(kind, scope)], WORLD)
    (found,) = workloads(made, None, shipped_architecture("foundry-chat"))
    return found


def test_what_could_not_be_read_is_not_known() -> None:
    w = unread("Microsoft.CognitiveServices/accounts/projects/connections")
    with pytest.raises(NotKnown):
        names(w, type=STORAGE, named_by={"part": "connection"})
    assert names(w, type=STORAGE, any=[{"owned": True}, {"named_by": {"part": "connection"}}]) == [
        "stagentorchid",
        "stwebapporchid",
    ], "what is sure already needs no list"


def test_a_reference_that_leads_out_of_the_snapshot_is_not_known() -> None:
    docs = [d for d in documents(WORLD) if "/firewallPolicies/" not in d["id"]]
    (w,) = workloads(estate(docs, None, WORLD), None, shipped_architecture("foundry-chat"))
    with pytest.raises(NotKnown):
        names(w, pointed_at_by={"part": "firewall", "pointer": "properties/firewallPolicy"})


def test_a_part_that_an_architecture_has_not_is_nothing() -> None:
    assert workload().part("workspace") == ()
    assert not workload().has("workspace")
    assert workload().workspaces == ()
