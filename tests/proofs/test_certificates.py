"""What is written, and what is not: the forms, the tables of rules, and why a verdict has no certificate."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.audit.audit import audit
from auditor.baseline import Baseline, read_baseline
from auditor.cli import run
from auditor.proofs import cut
from auditor.proofs.partition import group_rules
from auditor.proofs.pieces import pieces
from auditor.proofs.settings import SETTINGS
from auditor.proofs.write import Judged, proofs_of
from auditor.rules import rules_by_name
from auditor.sets.address_set import AddressSet
from auditor.sets.symbolic_addresses import Addresses
from auditor.snapshot import Snapshot, write_snapshot
from auditor.snapshot.seal import sealed
from auditor.workload.parts import Pins, workloads
from tests import worlds
from tests.proofs.checking import CHECKER

NETWORK = "microsoft.network/virtualnetworks"
GROUP = "/subscriptions/c65cdfc1-1be1-5ea1-99b9-17e05eaf5f13/resourceGroups/rg-chat-prod"


def _only(*ids: str) -> Baseline:
    shipped = read_baseline()
    rows = {id_: shipped.requirements[id_] for id_ in ids}
    return replace(shipped, requirements=rows, terms={id_: shipped.terms[id_] for id_ in ids})


def _certified(docs: list[worlds.Document], *ids: str) -> dict[str, Any]:
    """What is written about some requirements of a world."""
    snapshot: Snapshot = sealed(worlds.snapshot(docs, name="compliant"))
    baseline = _only(*ids)
    estate = worlds.build_estate(snapshot)
    result = audit(snapshot, baseline, estate=estate)
    judged = [Judged(w, baseline) for w in workloads(estate, Pins({}), baseline.architecture)]
    return proofs_of(result, snapshot, judged)


def test_the_rules_that_are_certified_by_name_exist() -> None:
    """A rule that was renamed would lose its form without a word."""
    known = {rule.name for rule in rules_by_name().values()}
    assert {*SETTINGS, *group_rules(), cut.RULE} <= known
    for file in CHECKER.parent.glob("*.js"):
        named = re.findall(r"^  (\w+_\w+_\w+): [\[{]", file.read_text("utf-8"), re.MULTILINE)
        assert set(named) <= known, file.name


def test_the_checker_shares_nothing() -> None:
    """It requires itself, the file system and nothing else, and no file of it is longer than 300 lines."""
    for file in CHECKER.parent.glob("*.js"):
        text = file.read_text("utf-8")
        required = set(re.findall(r'require\("([^"]+)"\)', text))
        assert all(name == "fs" or (CHECKER.parent / name).is_file() for name in required), file.name
        assert len(text.splitlines()) <= 300, file.name


def test_the_option_writes_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    snapshot, proofs = tmp_path / "s.json", tmp_path / "proofs.json"
    write_snapshot(worlds.snapshot(name="compliant"), snapshot)
    run(["check", str(snapshot), "--only", "NSG-PE-*", "--quiet", "--proofs", str(proofs)])
    written = json.loads(proofs.read_text("ascii"))
    assert written["format"] == "auditor-proofs/1"
    assert {"NSG-PE-IN", "NSG-PE-OUT", "NSG-PE-DENY"} <= {each["requirement"] for each in written["certificates"]}
    run(["check", str(snapshot), "--quiet", "--proofs", str(snapshot)])
    assert "would replace" in capsys.readouterr().err


def test_pieces_are_the_set() -> None:
    one = Addresses.known(AddressSet.of("10.0.0.0/24", "fd00::/8", "1.2.3.4"))
    assert pieces(one) == [
        {"ranges": ["1.2.3.4", "10.0.0.0-10.0.0.255", "fd00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]}
    ]
    assert pieces(Addresses.everything()) == [{"ranges": ["*"]}]
    assert pieces(Addresses.none()) == []


def _gateway(docs: list[worlds.Document]) -> None:
    network = worlds.named(docs, "vnet-aibase", NETWORK)
    network["properties"]["virtualNetworkPeerings"] = [
        {
            "name": "odd",
            "id": f"{network['id']}/virtualNetworkPeerings/odd",
            "properties": {
                "peeringState": "Connected",
                "allowVirtualNetworkAccess": True,
                "useRemoteGateways": True,
                "remoteVirtualNetwork": {"id": f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hub"},
                "remoteAddressSpace": {"addressPrefixes": ["10.9.0.0/16"]},
            },
        }
    ]


def _delegated(docs: list[worlds.Document]) -> None:
    id_ = "/subscriptions/c65cdfc1-1be1-5ea1-99b9-17e05eaf5f13/providers/Microsoft.ManagedServices"
    docs.append(
        {
            "id": f"{id_}/registrationAssignments/x",
            "type": "Microsoft.ManagedServices/registrationAssignments",
            "name": "x",
            "properties": {},
        }
    )


def _denied(docs: list[worlds.Document]) -> None:
    docs.append(
        {
            "id": f"{GROUP}/providers/Microsoft.Authorization/denyAssignments/x",
            "type": "Microsoft.Authorization/denyAssignments",
            "name": "x",
            "properties": {
                "denyAssignmentName": "x",
                "permissions": [{"actions": ["Microsoft.Compute/*"], "notActions": []}],
                "scope": GROUP,
                "principals": [{"id": "11111111-1111-4111-8111-111111111111", "type": "User"}],
                "excludePrincipals": [],
            },
        }
    )


@pytest.mark.parametrize(
    ("change", "requirement", "because"),
    [(_gateway, "NSG-PE-IN", ""), (_delegated, "RBAC-01", "Lighthouse"), (_denied, "RBAC-01", "deny assignments")],
    ids=["gateway", "lighthouse", "deny"],
)
def test_what_no_form_covers_is_told(change: Any, requirement: str, because: str) -> None:
    docs = worlds.documents("compliant")
    change(docs)
    written = _certified(docs, requirement)
    assert not [each for each in written["certificates"] if each["form"] not in ("missing", "values")]
    told = [each["because"] for each in written["without"]]
    assert all(because in each for each in told)
    assert told or written["certificates"]


def test_an_entrance_that_the_form_does_not_cover_leaves_values() -> None:
    docs = worlds.documents("compliant")
    address = worlds.named(docs, "pip-ab-aibase")
    address["properties"]["ipConfiguration"] = {
        "id": f"{GROUP}/providers/Microsoft.Network/loadBalancers/lb/frontendIPConfigurations/x"
    }
    forms = {each["form"] for each in _certified(docs, "NET-02")["certificates"]}
    assert "cut" not in forms


def test_an_unattached_address_is_an_entrance_to_nothing() -> None:
    docs = worlds.documents("compliant")
    address = worlds.named(docs, "pip-ab-aibase")
    docs.append(
        {**address, "id": address["id"] + "2", "name": "pip-ab-aibase2", "properties": {"ipAddress": "20.1.2.3"}}
    )
    cuts = [each for each in _certified(docs, "NET-02")["certificates"] if each["form"] == "cut"]
    assert cuts
    assert all({"of nothing"} & {hop["why"] for hop in each["hops"]} for each in cuts)


def test_absent_values_have_their_default_and_its_source() -> None:
    docs = worlds.documents("compliant")
    for account in docs:
        if account["id"].casefold().endswith("/storageaccounts/staibase"):
            del account["properties"]["allowBlobPublicAccess"]
    found = [
        value
        for each in _certified(docs, "PUB-07")["certificates"]
        for value in each.get("values", ())
        if value.get("absent")
    ]
    assert all("source" in value for value in found if "default" in value)
