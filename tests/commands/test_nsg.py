"""`auditor nsg`: what each rule lets through at a subnet, and which rules do nothing there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import run
from auditor.model import ExitCode
from auditor.snapshot import write_snapshot
from tests import worlds

JUMP_BOX = "nsg-jumpboxSubnet"


def stored(documents: list[dict[str, Any]], folder: Path, *gaps: Any) -> str:
    path = folder / "s.json"
    write_snapshot(worlds.snapshot(documents, *gaps), path)
    return str(path)


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["nsg", *arguments]) == ExitCode.HOLDS
    return capsys.readouterr().out


def rule(name: str, priority: int, access: str, source: str, ports: str) -> dict[str, Any]:
    stated = {"priority": priority, "direction": "Inbound", "access": access, "protocol": "Tcp"}
    ends = {"sourceAddressPrefix": source, "sourcePortRange": "*", "destinationAddressPrefix": "*"}
    return {"name": name, "properties": {**stated, **ends, "destinationPortRange": ports}}


def guarded_by(*rules: dict[str, Any]) -> list[dict[str, Any]]:
    """The reference deployment with these rules at the jump box's subnet."""
    documents = worlds.documents()
    group = worlds.named(documents, JUMP_BOX)
    group["properties"]["securityRules"] = [{"id": f"{group['id']}/securityRules/{r['name']}", **r} for r in rules]
    return documents


def test_each_rule_is_told_with_its_packets_and_one_as_proof(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = asked(capsys, stored(worlds.documents(), tmp_path), "--subnet", "snet-jumpbox")
    lines = out.splitlines()
    assert lines[0] == "vnet-aibase/snet-jumpbox, guarded by nsg-jumpboxSubnet"
    assert lines[1:3] == ["  inbound", "    Jumpbox.In.Allow.SshRdp (100) lets in Tcp 22,3389 from 10.0.2.64/26 to"]
    assert "      such as Tcp 10.0.2.68:50000 -> 10.0.2.132:22" in lines
    assert "redundant here: Jumpbox.In.Allow.SshRdp is redundant, the same is done by" in out


def test_what_earlier_rules_take_is_not_told_of_later_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = [
        rule("deny-web", 100, "Deny", "*", "443"),
        rule("open-web", 110, "Allow", "*", "443"),
        rule("open-most", 120, "Allow", "10.9.0.0/16", "400-500"),
        rule("deny-rest", 4096, "Deny", "*", "*"),
    ]
    path = stored(guarded_by(*rules), tmp_path)
    answer = json.loads(asked(capsys, path, "--subnet", "snet-jumpbox", "--format", "json"))
    inbound = next(each for each in answer["results"] if each["direction"] == "inbound")
    lets = {each["rule"]: each["flows"] for each in inbound["lets"]}
    assert lets["securityRules/open-most"] == "Tcp 400-442,444-500 from 10.9.0.0/16 to 10.0.2.128/28"
    assert "securityRules/open-web" not in lets
    shadowed = next(each for each in inbound["useless"] if each["rule"] == "securityRules/open-web")
    assert (shadowed["why"], shadowed["by"]) == ("shadowed", ["securityRules/deny-web"])


def test_without_a_group_everything_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = worlds.documents()
    network = worlds.named(documents, "vnet-aibase")
    subnet = next(each for each in network["properties"]["subnets"] if each["name"] == "snet-jumpbox")
    del subnet["properties"]["networkSecurityGroup"]
    out = asked(capsys, stored(documents, tmp_path), "--subnet", "snet-jumpbox")
    assert out.splitlines() == [
        "vnet-aibase/snet-jumpbox",
        "  inbound",
        "    everything: no security group",
        "  outbound",
        "    everything: no security group",
    ]


def test_a_group_that_was_not_read_is_unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = [each for each in worlds.documents() if each["name"] != JUMP_BOX]
    path = stored(documents, tmp_path)
    out = asked(capsys, path, "--subnet", "snet-jumpbox")
    assert out.count("not known:") == 2
    assert "lets" not in out
    answer = json.loads(asked(capsys, path, "--subnet", "snet-jumpbox", "--format", "json"))
    assert all(each["unknown"] and not each["lets"] for each in answer["results"])


def test_every_subnet_is_told_where_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = json.loads(asked(capsys, stored(worlds.documents(), tmp_path), "--format", "json"))
    assert answer["format"] == "auditor-nsg/1"
    told = [(each["subnet"].rpartition("/")[2], each["direction"]) for each in answer["results"]]
    assert len(told) == len(set(told)) == 2 * 8


def test_what_is_no_subnet_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["nsg", stored(worlds.documents(), tmp_path), "--subnet", "snet-jumpbx"]) == ExitCode.USAGE
    assert "snet-jumpbox" in capsys.readouterr().err
    documents = [each for each in worlds.documents() if "Microsoft.Network" not in each["id"]]
    assert run(["nsg", stored(documents, tmp_path)]) == ExitCode.USAGE
    assert "shows no subnet" in capsys.readouterr().err
