"""`auditor flow`: what it answers, traces, refuses and exits with."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import run
from auditor.commands.options.network_arguments import read_end, read_port, read_protocol
from auditor.estate.naming import find_resource, names_of, short
from auditor.model import AuditorError, ExitCode
from auditor.query.flow import FlowBook, has_place
from auditor.sets.protocol_set import Protocol
from auditor.snapshot import write_snapshot
from tests import worlds
from tests.azure_answers import canonical_name, recordings, world
from tests.builders.estates import (
    doc,
    estate_of,
    id_of,
    need,
)
from tests.builders.networks import (
    NIC,
    nic,
    subnet_id,
    vnet,
)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference deployment as a snapshot file."""
    path = tmp_path_factory.mktemp("snapshots") / "reference.json"
    write_snapshot(worlds.snapshot(), path)
    return path


def ask(stored: Path, *more: str, remote: str = "10.0.2.70:50000") -> list[str]:
    jump = ["--at", "nic-jmp-aibase", "--direction", "in", "--protocol", "tcp", "--local", "10.0.2.132:3389"]
    return ["flow", str(stored), *jump, "--remote", remote, *more]


def test_a_packet_that_gets_through(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ask(stored)) == ExitCode.HOLDS
    out = capsys.readouterr().out
    assert out.splitlines() == [
        "Allow by securityRules/Jumpbox.In.Allow.SshRdp of nsg-jumpboxSubnet",
        "",
        "Tcp 10.0.2.70:50000 -> 10.0.2.132:3389 at nic-jmp-aibase, inbound",
        "  1. subnet nsg-jumpboxSubnet: Allow by securityRules/Jumpbox.In.Allow.SshRdp (priority 100)",
    ]


def test_json_follows_the_contract(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ask(stored, "--format", "json")) == ExitCode.HOLDS
    answer = json.loads(capsys.readouterr().out)
    group = answer["nsg"]
    assert group.endswith("/networkSecurityGroups/nsg-jumpboxSubnet")
    assert answer == {
        "at": id_of_world("networkInterfaces/nic-jmp-aibase"),
        "direction": "in",
        "protocol": "Tcp",
        "local_ip": "10.0.2.132",
        "local_port": 3389,
        "remote_ip": "10.0.2.70",
        "remote_port": 50000,
        "access": "Allow",
        "rule": "Jumpbox.In.Allow.SshRdp",
        "nsg": group,
        "trace": [
            {
                "layer": "subnet",
                "access": "Allow",
                "rule": "securityRules/Jumpbox.In.Allow.SshRdp",
                "priority": 100,
                "nsg": group,
                "because": "",
            }
        ],
        "notes": [],
        "unknown": None,
    }


def id_of_world(rest: str) -> str:
    return f"{worlds.subscription()}/resourceGroups/rg-chat-prod/providers/Microsoft.Network/{rest}"


@pytest.mark.parametrize(
    ("remote", "first"),
    [
        ("Internet:50000", "Deny by defaultSecurityRules/DenyAllInBound of nsg-jumpboxSubnet"),
        ("INTERNET:50000", "Deny by defaultSecurityRules/DenyAllInBound of nsg-jumpboxSubnet"),
        ("GatewayManager:50000", "Deny by defaultSecurityRules/DenyAllInBound of nsg-jumpboxSubnet"),
        ("AzureLoadBalancer:50000", "Allow by defaultSecurityRules/AllowVnetInBound of nsg-jumpboxSubnet"),
        ("VirtualNetwork:50000", "Allow by "),
    ],
)
def test_a_service_tag_at_the_far_end(
    stored: Path, capsys: pytest.CaptureFixture[str], remote: str, first: str
) -> None:
    assert run(ask(stored, remote=remote)) == ExitCode.HOLDS
    assert capsys.readouterr().out.startswith(first)


def test_a_tag_of_which_only_a_part_is_allowed_is_unknown_and_shows_both(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--at", "nic-jmp-aibase", "--direction", "out", "--protocol", "tcp", "--local", "10.0.2.132:5000"]
    assert run(["flow", str(stored), *asked, "--remote", "VirtualNetwork:443", "--format", "json"]) == ExitCode.HOLDS
    answer = json.loads(capsys.readouterr().out)
    assert (answer["access"], answer["rule"]) == ("Unknown", None)
    assert "10.0.2.4:443 is allowed" in answer["unknown"]["because"]


def test_service_tags_can_be_given_as_a_file(stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tags = {"changeNumber": 7, "values": [{"name": "Storage", "properties": {"addressPrefixes": ["20.1.0.0/24"]}}]}
    file = tmp_path / "tags.json.gz"
    file.write_bytes(gzip.compress(json.dumps(tags).encode()))
    assert run(ask(stored, "--service-tags", str(file), remote="Storage:50000")) == ExitCode.HOLDS
    assert "Tcp 20.1.0." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "says"),
    [("[]", "is not a list of service tags"), ("{", "is not a list of service tags"), (None, "No such file")],
)
def test_a_bad_file_of_service_tags_is_named(
    stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, says: str
) -> None:
    file = tmp_path / "tags.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    assert run(ask(stored, "--service-tags", str(file))) == ExitCode.USAGE
    err = capsys.readouterr().err
    assert says in err
    assert str(file) in err


def test_unread_rules_are_unknown_with_the_permission(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = [d for d in worlds.documents() if "nsg-jumpboxSubnet" not in d["id"].rpartition("/providers/")[2]]
    refused = worlds.refused("Microsoft.Network/networkSecurityGroups", worlds.subscription())
    snapshot = worlds.snapshot(documents, (*worlds.whole(worlds.subscription()), refused))
    path = tmp_path / "s.json"
    write_snapshot(snapshot, path)
    assert run(ask(path)) == ExitCode.HOLDS
    out = capsys.readouterr().out
    assert out.startswith("Unknown\n")
    assert "needs Microsoft.Network/networkSecurityGroups/read" in out


# --- what it refuses --------------------------------------------------------------------------------------------------

REFUSED = [
    (["--at", "nic-jump"], "no resource of this snapshot is called 'nic-jump'", "did you mean nic-jmp-aibase"),
    (["--at", "/subscriptions/s/nic-jmp-aibase"], "is not in this snapshot", "did you mean nic-jmp-aibase"),
    (["--at", "zzzzzzzz"], "no resource of this snapshot is called", "give the ARM id"),
    (["--at", "kv-aibase"], "has no place in a virtual network", "auditor reach --to kv-aibase"),
    (["--at", "default"], "resources", "say which: /subscriptions/"),
    (["--protocol", "gre"], "'gre' is not a protocol", "Tcp, Udp, Icmp, Esp, Ah"),
    (["--local", "10.0.2.999:22"], "'10.0.2.999' is not an IP address", "ADDRESS:PORT"),
    (["--local", "10.0.2.132:70000"], "'70000' is not a port number", "or * for any"),
    (["--local", "10.0.2.132"], "Tcp has ports, and one is missing", "ADDRESS:PORT"),
    (["--local", ":22"], "names no address", "ADDRESS:PORT"),
    (["--remote", "[2001:db8::1:443"], "is not an address with a port", "[IPV6-ADDRESS]:PORT"),
    (["--remote", "two words:5"], "'two words'", "service tag"),
]


@pytest.mark.parametrize(("change", "says", "tip"), REFUSED, ids=[" ".join(row[0]) for row in REFUSED])
def test_mistakes_are_named(
    stored: Path, capsys: pytest.CaptureFixture[str], change: list[str], says: str, tip: str
) -> None:
    assert run([*ask(stored), *change]) == ExitCode.USAGE
    err = capsys.readouterr().err
    assert says in err
    assert tip in err


def test_what_is_missing_is_listed(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["flow", str(stored), "--at", "x", "--direction", "in"]) == ExitCode.USAGE
    assert "--protocol, --local, --remote missing" in capsys.readouterr().err


# --- many questions ---------------------------------------------------------------------------------------------------


def question(**changes: Any) -> dict[str, Any]:
    asked = {
        "at": "nic-jmp-aibase",
        "direction": "in",
        "protocol": "TCP",
        "local_ip": "10.0.2.132",
        "local_port": "3389",
        "remote_ip": "10.0.2.70",
        "remote_port": "50000",
    }
    return {**asked, **changes}


def lines(*questions: dict[str, Any] | str) -> str:
    return "".join((q if isinstance(q, str) else json.dumps(q)) + "\n" for q in questions)


def test_a_batch_answers_line_by_line(stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "questions.jsonl"
    asked = [
        question(),
        question(remote_ip="Internet", direction="inbound"),
        question(local_port=22, remote_port=50000, note="kept"),
        question(protocol="Icmp", local_port=None, remote_port=None),
        question(direction="out", remote_ip="2001:db8::5", local_ip="fd00::1"),
    ]
    file.write_text(lines(*asked) + "\n", encoding="utf-8")
    assert run(["flow", str(stored), "--batch", str(file)]) == ExitCode.HOLDS
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(a["access"], a["rule"]) for a in answers] == [
        ("Allow", "Jumpbox.In.Allow.SshRdp"),
        ("Deny", "DenyAllInBound"),
        ("Allow", "Jumpbox.In.Allow.SshRdp"),
        ("Allow", "AllowVnetInBound"),
        ("Allow", "AllowInternetOutBound"),
    ]
    assert [{key: answer[key] for key in q} for q, answer in zip(asked, answers, strict=True)] == asked
    assert all(a["trace"] for a in answers)


RECORDED = [r for r in recordings() if any(v["testable"] for v in r["ip_flow_verify"])]


@pytest.mark.parametrize("recording", RECORDED, ids=[r["name"] for r in RECORDED])
def test_a_batch_answers_what_azure_answered(
    recording: Mapping[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """IP flow verify as recorded: by machine, with `*` for a port where the command line of Azure sends one."""
    verdicts = [v for v in recording["ip_flow_verify"] if v["testable"]]
    asked = [
        {
            "at": v["target"],
            "direction": v["direction"],
            "protocol": v["protocol"],
            "local_ip": v["localIPAddress"],
            "local_port": v["localPort"],
            "remote_ip": v["remoteIPAddress"],
            "remote_port": v["remotePort"],
        }
        for v in verdicts
    ]
    snapshot, file = tmp_path / "s.json", tmp_path / "q.jsonl"
    write_snapshot(world(recording).snapshot, snapshot)
    file.write_text(lines(*asked), encoding="utf-8")
    assert run(["flow", str(snapshot), "--batch", str(file)]) == ExitCode.HOLDS
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(a["access"], a["rule"].casefold()) for a in answers] == [
        (v["access"], canonical_name(v["ruleName"]).casefold()) for v in verdicts
    ]


def test_any_port_is_one_answer_only_where_all_ports_fare_alike(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(ask(stored, "--local", "10.0.2.132:*")) == ExitCode.HOLDS
    assert capsys.readouterr().out.startswith("Allow by ")
    out = ["--direction", "out", "--local", "10.0.2.132:*", "--format", "json"]
    assert run(ask(stored, *out, remote="10.0.2.4:*")) == ExitCode.HOLDS
    answer = json.loads(capsys.readouterr().out)
    assert (answer["local_port"], answer["remote_port"]) == ("*", "*")
    assert (answer["access"], answer["rule"]) == ("Allow", "Jumpbox.Out.Allow.PrivateEndpoints")
    door = ["--at", "agw-aibase", "--local", "10.0.1.4:*"]
    assert run(ask(stored, *door, remote="8.8.8.8:*")) == ExitCode.HOLDS
    out_text = capsys.readouterr().out
    assert out_text.startswith("Unknown\n  8.8.8.8 is only partly allowed:")


def test_a_batch_goes_on_after_a_mistake(
    stored: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import io
    import sys

    bad: list[dict[str, Any] | str] = [
        "not json",
        "[1]",
        {"at": "nic-jmp-aibase"},
        question(direction="sideways"),
        question(remote_ip=" "),
        question(at="nobody"),
        question(),
    ]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines(*bad).encode())))
    assert run(["flow", str(stored), "--batch", "-"]) == ExitCode.USAGE
    caught = capsys.readouterr()
    answers = [json.loads(line) for line in caught.out.splitlines()]
    assert [answer.get("error", "")[:20] for answer in answers] == [
        "not JSON: Expecting ",
        "a question is a JSON",
        "direction, protocol,",
        "'sideways' is not a ",
        "the remote end names",
        "no resource of this ",
        "",
    ]
    assert "-:1: not JSON" in caught.err


def test_a_batch_can_be_written_to_a_file(stored: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "q.jsonl", tmp_path / "a.jsonl"
    file.write_text(lines(question()), encoding="utf-8")
    assert run(["flow", str(stored), "--batch", str(file), "-o", str(out)]) == ExitCode.HOLDS
    assert json.loads(out.read_text("utf-8"))["access"] == "Allow"


def test_a_batch_that_cannot_be_read_or_stands_beside_a_question_is_refused(
    stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["flow", str(stored), "--batch", str(tmp_path / "no.jsonl")]) == ExitCode.USAGE
    assert run(["flow", str(stored), "--batch", "-", "--at", "x"]) == ExitCode.USAGE
    assert "--at cannot stand beside it" in capsys.readouterr().err


# --- the pieces -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("10.0.0.4:443", "10.0.0.4", 443),
        ("10.0.0.4", "10.0.0.4", None),
        ("[2001:db8::1]:443", "2001:db8::1", 443),
        ("[2001:DB8::1]", "2001:db8::1", None),
        ("2001:db8::1", "2001:db8::1", None),
        ("Internet:80", "Internet", 80),
        ("Storage.WestEurope:443", "Storage.WestEurope", 443),
    ],
)
def test_an_end_of_a_flow(text: str, host: str, port: int | None) -> None:
    end = read_end(text, "--remote")
    assert (end.host, end.port) == (host, port)
    assert end.is_address is (host[0].isdigit())


def test_ports_and_protocols() -> None:
    assert read_port(None) is None
    assert read_port(0) == 0
    assert read_protocol(" uDP ") is Protocol.UDP
    for bad in ("-1", "1.5", "٣", True):
        with pytest.raises(AuditorError):
            read_port(bad)
    with pytest.raises(AuditorError):
        read_protocol("other")


def test_names_with_their_parents_tell_twins_apart() -> None:
    estate = estate_of(
        [vnet("a", "10.1.0.0/16", subnets={"s": "10.1.0.0/24"}), vnet("b", "10.2.0.0/16", subnets={"s": "10.2.0.0/24"})]
    )
    assert find_resource(estate, "B/S").id.text == subnet_id("b", "s")
    with pytest.raises(AuditorError, match="name of 2 resources"):
        find_resource(estate, "s")
    found = need(estate, subnet_id("a", "s"))
    assert (short(found.id), names_of(found.id)) == ("a/s", ["a", "s"])


def test_a_place_whose_subnet_was_not_read_is_unknown() -> None:
    estate = estate_of(
        [nic("n", "v", "s", "10.1.0.4"), doc("Microsoft.KeyVault/vaults", "k", properties={"tenantId": "t"})]
    )
    card = need(estate, id_of(NIC, "n"))
    assert has_place(estate, card)
    assert not has_place(estate, need(estate, id_of("Microsoft.KeyVault/vaults", "k")))
    from auditor.query.flow import End, Question

    asked = Question(card, "inbound", Protocol.TCP, End("10.1.0.4", 22), End("10.1.0.5", 5000))
    answer = FlowBook(estate).answer(asked)
    assert answer.access == "Unknown"
    assert answer.unknown is not None
    assert answer.as_json()["unknown"]["because"] == answer.unknown.because


def test_an_address_that_is_not_the_places_own_is_noted() -> None:
    estate = estate_of([vnet("v", "10.1.0.0/16", subnets={"s": "10.1.0.0/24"}), nic("n", "v", "s", "10.1.0.4")])
    from auditor.query.flow import End, Question

    asked = Question(need(estate, id_of(NIC, "n")), "inbound", Protocol.TCP, End("10.9.9.9", 22), End("10.1.0.5", 5000))
    assert FlowBook(estate).answer(asked).notes == ("10.9.9.9 is not an address of n (10.1.0.4)",)


def _partial(tmp_path: Path) -> Path:
    """A group, a network and an interface, and nothing of network managers."""
    root = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network"
    shut = {"priority": 200, "direction": "Inbound", "access": "Deny", "protocol": "*"}
    ends = ("sourceAddressPrefix", "destinationAddressPrefix", "sourcePortRange", "destinationPortRange")
    shut |= dict.fromkeys(ends, "*")
    rules = [{"name": "shut", "properties": shut}]
    subnet = {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": {"id": f"{root}/networkSecurityGroups/g"}}
    inside = {"privateIPAddress": "10.0.0.4", "subnet": {"id": f"{root}/virtualNetworks/v/subnets/s"}}
    machine = {"id": "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm-x"}
    documents: list[dict[str, Any]] = [
        {"id": f"{root}/networkSecurityGroups/g", "name": "g", "properties": {"securityRules": rules}},
        {
            "id": f"{root}/virtualNetworks/v",
            "name": "v",
            "properties": {
                "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                "subnets": [{"name": "s", "properties": subnet}],
            },
        },
        {
            "id": f"{root}/networkInterfaces/n",
            "name": "n",
            "properties": {"virtualMachine": machine, "ipConfigurations": [{"name": "i", "properties": inside}]},
        },
    ]
    for document in documents:
        document["type"] = "/".join(document["id"].split("/")[-3:-1])
    source = tmp_path / "lists.json"
    source.write_text(json.dumps(documents), encoding="utf-8")
    made = tmp_path / "partial.json"
    assert run(["import", str(source), "-o", str(made)]) == ExitCode.HOLDS
    return made


ASK = ["--direction", "in", "--protocol", "tcp", "--local", "10.0.0.4:22", "--remote", "10.0.0.9:50000"]


def test_an_unread_list_is_a_condition_of_the_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = _partial(tmp_path)
    capsys.readouterr()
    assert run(["flow", str(made), "--at", "n", *ASK, "--format", "json"]) == ExitCode.HOLDS
    found = json.loads(capsys.readouterr().out)
    assert (found["access"], found["rule"], found["unknown"]) == ("Deny", "shut", None)
    (condition,) = found["unless"]
    assert condition["if"] == "a security admin rule says AlwaysAllow"
    assert condition["permission"] is None
    assert condition["settled_by"] == "az network manager list"


def test_strict_takes_a_condition_for_unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = _partial(tmp_path)
    assert run(["flow", str(made), "--at", "n", *ASK, "--strict"]) == ExitCode.INCOMPLETE
    out = capsys.readouterr().out
    assert "Unknown" in out
    assert "needs " not in out


def test_a_machine_that_only_its_interface_names_can_be_asked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = _partial(tmp_path)
    assert run(["flow", str(made), "--at", "vm-x", *ASK]) == ExitCode.HOLDS
    assert "Deny by securityRules/shut" in capsys.readouterr().out


def test_the_headline_of_reach_is_no_zero_while_some_are_not_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = _partial(tmp_path)
    capsys.readouterr()
    assert run(["reach", str(made), "--from", "Internet"]) == ExitCode.HOLDS
    headline = capsys.readouterr().out.splitlines()[0]
    assert "reaches 0" not in headline
    assert "under conditions" in headline
