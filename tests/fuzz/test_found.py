"""What the searches found, each as the smallest input that showed it."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.access.role_definitions import Roles
from auditor.cli import run
from auditor.commands.options import network_arguments
from auditor.drift.documents import canonical
from auditor.estate.naming import find_resource
from auditor.model import ExitCode, NotKnown, Unknown
from auditor.network.topology.virtual_networks import network_of
from auditor.query.flow import End, FlowBook, Question
from auditor.sets.protocol_set import Protocol
from auditor.snapshot import write_snapshot
from auditor.text.sanitise import one_line, visible
from tests import worlds

QUESTION = {
    "at": "snet-jumpbox",
    "direction": "in",
    "protocol": "Tcp",
    "local_ip": "10.0.2.132",
    "local_port": 443,
    "remote_ip": "Internet",
    "remote_port": 1,
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference deployment as a snapshot."""
    path = tmp_path_factory.mktemp("found") / "s.json"
    write_snapshot(worlds.snapshot(), path)
    return path


def written(path: Path, **changes: Any) -> Path:
    """A small snapshot with changes to its envelope."""
    some = [d for d in worlds.documents() if d["id"].endswith(("/mlw-aibase", "/vnet-aibase"))]
    write_snapshot(replace(worlds.snapshot(some), **changes), path)
    return path


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (json.dumps({**QUESTION, "local_port": "9" * 5000}), "is not a port number"),
        (json.dumps({**QUESTION, "at": "\ud800"}), "no resource"),
        (json.dumps({**QUESTION, "protocol": "\x9b31m"}), "is not a protocol"),
        ("[" * 100_000, "not JSON"),
    ],
    ids=["a port of 5,000 digits", "half a character", "an order to a terminal", "lists without end"],
)
def test_a_line_of_a_batch_that_makes_no_sense_is_answered(
    line: str, said: str, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "q.jsonl").write_text(f"{line}\n{json.dumps(QUESTION)}\n", encoding="utf-8")
    assert run(["flow", str(whole), "--batch", str(tmp_path / "q.jsonl")]) == ExitCode.USAGE
    told = capsys.readouterr()
    wrong, right = (json.loads(each) for each in told.out.splitlines())
    assert said in wrong["error"].casefold() or said in wrong["error"]
    assert right["access"] in ("Allow", "Deny")
    assert "Traceback" not in told.err
    assert "\x9b" not in told.out + told.err
    assert len(told.err) < 2_000


def test_a_list_of_service_tags_that_unpacks_to_the_size_of_a_disk_is_refused(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network_arguments, "LARGEST", 1 << 20)
    (tmp_path / "t.json.gz").write_bytes(gzip.compress(b" " * (4 << 20)))
    assert run(["check", str(whole), "--service-tags", str(tmp_path / "t.json.gz")]) == ExitCode.USAGE
    assert "t.json.gz: holds more than 1 MiB, which no list of service tags does" in capsys.readouterr().err


def test_half_a_character_is_kept_in_a_history(tmp_path: Path) -> None:
    snapshot = written(tmp_path / "s.json", subscriptions=("a\ud800",), source="\udfff")
    history = str(tmp_path / "h.db")
    assert run(["check", str(snapshot), "-q", "-o", str(tmp_path / "r.html"), "--history", history]) == ExitCode.FAILS
    assert run(["history", history, "-o", str(tmp_path / "h.json")]) == ExitCode.HOLDS
    assert json.loads((tmp_path / "h.json").read_text(encoding="utf-8"))["series"]


@pytest.mark.parametrize("when", ["9999-99-99T99:99:99Z", "2026-02-30T10:00:00Z", "２０２６-11-22T10:00:00Z"])
def test_a_time_that_there_is_not_is_refused(when: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    snapshot = written(tmp_path / "s.json", collected_at=when)
    assert run(["check", str(snapshot)]) == ExitCode.USAGE
    assert '"collected_at" has to be a time in UTC such as 2026-11-22T10:00:00Z' in capsys.readouterr().err


@pytest.mark.parametrize("form", ["terminal", "json", "markdown"])
def test_what_cannot_be_told_is_told_as_unknown_and_the_rest_is_compared(
    form: str, whole: Path, tmp_path: Path
) -> None:
    documents = worlds.documents()
    network = worlds.named(documents, "vnet-aibase")["properties"]
    network["subnets"][4]["properties"]["privateEndpointNetworkPolicies"] = {}
    worlds.named(documents, "oai-aibase")["properties"]["publicNetworkAccess"] = "Enabled"
    write_snapshot(worlds.snapshot(documents), tmp_path / "new.json")
    out = tmp_path / "d"
    code = run(["diff", str(whole), str(tmp_path / "new.json"), "--format", form, "-o", str(out), "--fail-on", "never"])
    assert code == ExitCode.HOLDS
    told = out.read_text(encoding="utf-8")
    assert "privateEndpointNetworkPolicies" in told
    assert "oai-aibase" in told


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (visible, "::" + "a" * 200_000),
        (visible, "::a" * 50_000),
        (one_line, "az " + " " * 50_000 + "x"),
        (one_line, "\\\n" * 20_000),
        (one_line, " \\" * 20_000 + "\n"),
    ],
    ids=["half an order", "many halves of orders", "blanks", "line ends", "backslashes"],
)
def test_a_long_name_does_not_keep_a_report_from_ending(shown: Callable[[str], str], text: str) -> None:
    begun = time.process_time()
    assert shown(text) is not None
    assert time.process_time() - begun < 1


def test_a_command_over_several_lines_is_one_line() -> None:
    assert one_line("  az x \\\n   --y 1 \\\n\n --z a\\b\n") == "az x --y 1 --z a\\b"


def test_an_interface_in_what_is_no_subnet_has_no_network() -> None:
    nic = worlds.named(worlds.documents(), "nic-jmp-aibase")
    estate = worlds.estate([{**nic, "id": "/x"}])
    with pytest.raises(NotKnown, match="/x is the id of no subnet"):
        network_of(estate, estate.seen(nic["type"].casefold())[0])


@pytest.mark.parametrize(
    ("rules", "prefixes", "said"),
    [
        (1_001, 1, "nsg-jumpboxSubnet has 1,0"),
        (1, 100_000, "rule r0 of nsg-jumpboxSubnet has 100,000 addresses on one side, and Azure takes 4,000"),
    ],
)
def test_a_group_that_azure_would_not_take_is_unknown_and_soon(rules: int, prefixes: int, said: str) -> None:
    documents = worlds.documents()
    group = worlds.named(documents, "nsg-jumpboxSubnet")
    listed = [f"{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}.0/24" for n in range(prefixes)]
    usual = {"direction": "Inbound", "access": "Allow", "protocol": "Tcp", "destinationPortRange": "22"}
    usual |= {"sourceAddressPrefixes": listed, "sourcePortRange": "*", "destinationAddressPrefix": "*"}
    group["properties"]["securityRules"] += [
        {"name": f"r{n}", "properties": {**usual, "priority": 100 + n}} for n in range(rules)
    ]
    estate = worlds.estate(documents)
    begun = time.process_time()
    found = FlowBook(estate).answer(
        Question(
            find_resource(estate, "snet-jumpbox", lambda _: True),
            "inbound",
            Protocol.TCP,
            End("10.0.2.132", 22),
            End("203.0.113.9", 5),
        )
    )
    assert time.process_time() - begun < 5
    assert found.access == "Unknown"
    assert found.unknown is not None
    assert said in found.unknown.because


def test_a_role_that_writes_more_operations_than_all_of_azures_is_unknown_and_soon() -> None:
    documents = worlds.documents()
    role = next(each for each in documents if "/roledefinitions/" in each["id"].casefold())
    listed = {
        "actions": [f"A.B{n}/*/c/*" for n in range(30_000)],
        "notActions": [f"*/{n}*/read" for n in range(30_000)],
    }
    role["properties"]["permissions"] = [listed]
    begun = time.process_time()
    found = Roles(worlds.estate(documents)).get(role["id"].rpartition("/")[2].casefold())
    assert time.process_time() - begun < 5
    assert isinstance(found, Unknown)
    assert "it writes 60,000 operations, more than all built-in roles together" in found.because


def test_a_message_is_short_whatever_was_asked(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["reach", str(whole), "--from", "\x1b[2J" + "a" * 20_000]) == ExitCode.USAGE
    told = capsys.readouterr().err
    assert told.startswith("error: no resource of this snapshot is called")
    assert "\x1b" not in told
    assert len(told) < 2_000


def test_halves_of_characters_have_an_order_in_a_list() -> None:
    assert canonical(["b", "\udfffA", "a"]) == canonical(["a", "b", "\udfffa"])


def test_a_warning_of_an_import_gives_no_order_to_a_build_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change = {"resourceId": "/##[group]x", "changeType": "Unsupported", "unsupportedReason": "##[group]y"}
    (tmp_path / "i.json").write_text(json.dumps({"status": "Succeeded", "changes": [change]}))
    run(["import", str(tmp_path / "i.json"), "-o", str(tmp_path / "s.json")])
    told = capsys.readouterr().err
    assert "group" in told
    assert "##[group]" not in told
