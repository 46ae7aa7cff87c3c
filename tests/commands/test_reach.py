"""`auditor reach`: what it prints for people and for programs, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.cli import run
from auditor.model import ExitCode
from auditor.snapshot import write_snapshot
from tests import worlds


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference deployment as a snapshot file."""
    path = tmp_path_factory.mktemp("snapshots") / "reference.json"
    write_snapshot(worlds.snapshot(), path)
    return path


def test_what_the_internet_reaches(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["reach", str(stored), "--from", "Internet"]) == ExitCode.HOLDS
    out = capsys.readouterr().out
    assert out.startswith("Internet reaches 15 of 36 places\n\nReached:\n")
    assert "\n  agw-aibase (applicationgateways)\n" in out
    assert "Internet -> pip-aibase (20.57.94.112) -> agw-aibase (listener 443)" in out
    assert "Tcp 203.0.113.24:50000 -> staibase." in out
    assert "needs a sign-in to Azure" in out
    assert "\nNot reached:\n" in out
    assert "    the firewall of kv-aibase denies every address\n" in out
    assert "Not known:" not in out


def test_one_target_is_traced_hop_by_hop(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["reach", str(stored), "--from", "snet-agents", "--to", "kv-aibase"]) == ExitCode.HOLDS
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "kv-aibase is reached from snet-agents"
    assert [line for line in lines if line[:1].isdigit()] == [
        "0. snet-agents",
        "1. snet-privateEndpoints",
        "2. pep-kv-aibase",
        "3. kv-aibase (private link)",
    ]
    assert "   ok   AllowVnetOutBound of nsg-agentsSubnet allows traffic out of snet-agents" in lines
    assert "   packet: Tcp 10.0.2.36:50000 -> 10.0.2.7:443" in lines


def test_what_is_not_reached_says_what_stops_each_way(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["reach", str(stored), "--from", "192.168.0.0/16", "--to", "kv-aibase"]) == ExitCode.HOLDS
    out = capsys.readouterr().out
    assert out.startswith("kv-aibase is not reached from 192.168.0.0/16\n")
    assert "   no   no gateway connects 192.168.0.0/16 with vnet-aibase\n" in out
    assert run(["reach", str(stored), "--from", "Internet", "--to", "app-aibase-pf"]) == ExitCode.HOLDS
    assert "   no   public network access of app-aibase-pf is disabled\n" in capsys.readouterr().out


def test_other_ways_are_told_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = worlds.documents()
    connection = worlds.named(documents, "pep-oai-aibase")["properties"]["privateLinkServiceConnections"][0]
    connection["properties"]["privateLinkServiceConnectionState"]["status"] = "Rejected"
    path = tmp_path / "s.json"
    write_snapshot(worlds.snapshot(documents), path)
    assert run(["reach", str(path), "--from", "snet-agents", "--to", "oai-aibase"]) == ExitCode.HOLDS
    out = capsys.readouterr().out
    assert "   no   the connection of pep-oai-aibase to oai-aibase is Rejected, not Approved\n" in out
    assert "other paths:\n   no   public network access of oai-aibase is disabled\n" in out


def test_json(stored: Path, tmp_path: Path) -> None:
    file = tmp_path / "reach.json"
    asked = ["--from", "Internet", "--to", "staibase", "--port", "443", "--format", "json", "-o", str(file)]
    assert run(["reach", str(stored), *asked]) == ExitCode.HOLDS
    found = json.loads(file.read_text("utf-8"))
    assert found["format"] == "auditor-reach/1"
    assert found["summary"] == {"reached": 1, "not known": 0, "not reached": 0}
    (result,) = found["results"]
    assert result["chain"] == "Internet -> staibase (public endpoint)"
    assert (result["reaches"], result["stopped_by"], result["unknown"]) == (True, None, None)
    assert result["witness"] == {
        "protocol": "Tcp",
        "source": "203.0.113.24",
        "source_port": 50000,
        "destination": "staibase.dfs.core.windows.net",
        "destination_port": 443,
        "given": [],
    }
    (step,) = result["hops"][1]["steps"]
    assert step["holds"] is True
    assert {"resource", "pointer", "value"} == set(step["evidence"][0])
    assert "/properties/networkAcls/ipRules/0/value" in [e["pointer"] for e in step["evidence"]]


def test_unknowns_are_named_with_their_permission(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = [d for d in worlds.documents() if "nsg-appGatewaySubnet" not in d["id"].rpartition("/providers/")[2]]
    refused = worlds.refused("Microsoft.Network/networkSecurityGroups", worlds.subscription())
    path = tmp_path / "s.json"
    write_snapshot(worlds.snapshot(documents, (*worlds.whole(worlds.subscription()), refused)), path)
    assert run(["reach", str(path), "--from", "Internet", "--to", "agw-aibase"]) == ExitCode.HOLDS
    out = capsys.readouterr().out
    assert out.startswith("agw-aibase is not known from Internet\n")
    assert "   ??   whether anything gets into agw-aibase is not known" in out
    assert out.endswith("needs Microsoft.Network/networkSecurityGroups/read\n")
    assert run(["reach", str(path), "--from", "Internet"]) == ExitCode.HOLDS
    assert "\nNot known:\n  agw-aibase" in capsys.readouterr().out
    assert run(["reach", str(path), "--from", "Internet", "--format", "json"]) == ExitCode.HOLDS
    summary = json.loads(capsys.readouterr().out)["summary"]
    assert summary["not known"] >= 1


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["--from", "nobody"], "no resource of this snapshot is called 'nobody'"),
        (["--from", "Internet", "--to", "snet-agent"], "did you mean vnet-aibase/snet-agents"),
        (["--from", "Internet", "--to", "/subscriptions/x"], "is not in this snapshot"),
        (["--from", "Internet", "--port", "ssh"], "--port 'ssh'"),
        (["--from", "VirtualNetwork"], "means another thing in every network"),
        ([], "--from"),
    ],
)
def test_mistakes_are_named(stored: Path, capsys: pytest.CaptureFixture[str], asked: list[str], says: str) -> None:
    assert run(["reach", str(stored), *asked]) == ExitCode.USAGE
    assert says in capsys.readouterr().err


def test_a_source_whose_place_was_not_read_is_refused_with_the_permission(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    documents = [d for d in worlds.documents() if "/virtualNetworks/" not in d["id"]]
    refused = worlds.refused("Microsoft.Network/virtualNetworks", worlds.subscription())
    path = tmp_path / "s.json"
    write_snapshot(worlds.snapshot(documents, (*worlds.whole(worlds.subscription()), refused)), path)
    assert run(["reach", str(path), "--from", "nic-jmp-aibase"]) == ExitCode.USAGE
    err = capsys.readouterr().err
    assert "where nic-jmp-aibase sends from is not known" in err


@pytest.mark.parametrize("command", ["flow", "reach"])
def test_help_loads_neither_networkx_nor_the_engine(command: str) -> None:
    code = (
        "import sys; from auditor.cli import run; run([sys.argv[1], '--help']);"
        "print([m for m in sys.modules if m in ('networkx', 'auditor.sets.packet_set') or m.startswith('azure')])"
    )
    done = subprocess.run([sys.executable, "-c", code, command], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("[]")
