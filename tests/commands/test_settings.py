"""Settings, waivers and service tags on the command line: read when asked for, outweighed by options."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import run
from auditor.commands.demo import deployment
from auditor.model import ExitCode
from auditor.snapshot import write_snapshot
from auditor.standin import StandIn
from tests import worlds

pytestmark = pytest.mark.slow

TAGS = worlds.FIXTURES / "service-tags-extract.json"
WAIVERS = """\
waivers:
  - requirement: NSG-JMP-OUT
    resource: "*/subnets/snet-jumpbox"
    owner: dana.whitfield@contoso.com
    reason: authors download packages until the mirror is there
    expires: 2024-09-30
"""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference deployment as a snapshot file."""
    path = tmp_path_factory.mktemp("snapshots") / "s.json"
    write_snapshot(worlds.snapshot(), path)
    return path


@pytest.fixture
def here(stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the snapshot `s.json` in it, to run in."""
    shutil.copy(stored, tmp_path / "s.json")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


def checked(*arguments: str, code: int | None = None) -> dict[str, Any]:
    """The JSON report of a check of `s.json`."""
    answer = run(["check", "s.json", "-o", "r.json", *arguments])
    assert code is None or answer == code
    found: dict[str, Any] = json.loads(Path("r.json").read_text(encoding="utf-8"))
    return found


def results(report: dict[str, Any], requirement: str) -> list[tuple[str, str]]:
    return [(r["outcome"], r["message"]) for r in report["results"] if r["requirement"] == requirement]


# --- settings ---------------------------------------------------------------------------------------------------------


def test_settings_in_the_folder_are_not_read_by_themselves(here: Path) -> None:
    before = checked()
    write("auditor.yaml", "this is: [no settings file")
    write("auditor.yml", "nor: this")
    assert checked() == before


def test_settings_change_what_is_asked_and_say_so(here: Path) -> None:
    write("conf/auditor.yaml", "requirements: {OPS-04: {disabled: true, reason: the platform team registers flows}}")
    report = checked("--settings", "conf/auditor.yaml")
    assert results(report, "OPS-04") == []
    assert (
        "OPS-04 is not checked: the settings conf/auditor.yaml disable it (the platform team registers flows)"
        in (report["notes"])
    )


def test_a_mistake_in_settings_ends_it_before_anything_is_written(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("auditor.yaml", "parts: {vualt: []}\nfail_on: mst\n")
    assert run(["check", "s.json", "--settings", "auditor.yaml", "-o", "r.json"]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert "error: 2 mistakes" in said
    assert "auditor.yaml:1:9: `parts` has no field `vualt`; did you mean `vault`?" in said
    assert "auditor.yaml:2:10: `fail_on` must be" in said
    assert not Path("r.json").exists()


def test_settings_that_are_not_there_are_a_mistake(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "s.json", "--settings", "none.yaml"]) == ExitCode.USAGE
    assert "none.yaml cannot be read" in capsys.readouterr().err


def test_a_report_never_replaces_what_it_is_made_with(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("auditor.yaml", "waivers: w.yaml")
    write("w.yaml", WAIVERS)
    for name in ("auditor.yaml", "w.yaml"):
        before = Path(name).read_text(encoding="utf-8")
        code = run(["check", "s.json", "--settings", "auditor.yaml", "-o", name, "--format", "json"])
        assert code == ExitCode.USAGE
        assert Path(name).read_text(encoding="utf-8") == before
    assert "would replace what it is made from" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "options", "code"),
    [
        ("fail_on: never", [], ExitCode.HOLDS),
        ("fail_on: never", ["--fail-on", "must"], ExitCode.FAILS),  # what is said now outweighs what is kept
        ("fail_on: never\nstrict: true", [], ExitCode.INCOMPLETE),
        ("fail_on: never\nstrict: until-deployed", [], ExitCode.INCOMPLETE),  # nothing here waits for a deployment
        ("fail_on: never\nstrict: false", ["--strict"], ExitCode.INCOMPLETE),
        ("{}", [], ExitCode.FAILS),
        ("{}", ["--fail-on", "never"], ExitCode.HOLDS),
    ],
)
def test_exit_codes_are_as_the_settings_say_where_no_option_does(
    here: Path, settings: str, options: list[str], code: ExitCode
) -> None:
    write("auditor.yaml", settings)
    checked("--settings", "auditor.yaml", *options, code=code)


def test_a_baseline_on_the_command_line_outweighs_the_settings(here: Path) -> None:
    for name in ("one", "two"):
        write(f"{name}.yaml", f"extends: openai-chat\nbaseline: {{name: {name}, version: '1'}}\n")
    write("auditor.yaml", "baseline: one.yaml")
    assert checked("--settings", "auditor.yaml")["baseline"]["name"] == "one"
    assert checked("--settings", "auditor.yaml", "--baseline", "two.yaml")["baseline"]["name"] == "two"


# --- until deployed ---------------------------------------------------------------------------------------------------


def test_until_deployed_bears_nothing_without_strict(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "s.json", "--until-deployed"]) == ExitCode.USAGE
    assert "--until-deployed relaxes --strict" in capsys.readouterr().err


# --- waivers ----------------------------------------------------------------------------------------------------------


def test_a_waiver_bears_a_finding_until_its_last_day(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("w.yaml", WAIVERS)
    before = checked("-q")
    borne = checked("--waivers", "w.yaml", "--as-of", "2024-09-30")
    assert [outcome for outcome, _ in results(borne, "NSG-JMP-OUT")] == ["waived"]
    assert borne["summary"]["fail"] == before["summary"]["fail"] - 1
    assert borne["summary"]["waived"] == 1
    assert "warning" not in capsys.readouterr().err
    late = checked("--waivers", "w.yaml", "--as-of", "2024-10-01")
    assert late["summary"] == before["summary"]
    says = "the waiver of NSG-JMP-OUT on */subnets/snet-jumpbox (w.yaml:2:5, owner dana.whitfield@contoso.com)"
    assert f"warning: {says} expired on 2024-09-30: 1 finding fails again" in capsys.readouterr().err
    assert f"{says} expired on 2024-09-30: 1 finding fails again" in late["notes"]


def test_waivers_are_judged_today_where_no_day_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("w.yaml", WAIVERS)
    checked("--waivers", "w.yaml")
    assert "expired on 2024-09-30" in capsys.readouterr().err
    write("w.yaml", WAIVERS.replace("2024-09-30", "9999-12-31"))
    assert checked("--waivers", "w.yaml")["summary"]["waived"] == 1


def test_a_quiet_run_leaves_the_notes_to_the_report(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("w.yaml", WAIVERS)
    report = checked("--waivers", "w.yaml", "-q")
    assert capsys.readouterr().err == ""
    assert any("expired on 2024-09-30" in note for note in report["notes"])


def test_waivers_of_the_settings_lie_beside_them_and_an_option_outweighs_them(here: Path) -> None:
    write("conf/auditor.yaml", "waivers: w.yaml")
    write("conf/w.yaml", WAIVERS)
    write("none.yaml", "waivers: []")
    settings = ("--settings", "conf/auditor.yaml", "--as-of", "2024-09-01")
    assert checked(*settings)["summary"]["waived"] == 1
    assert checked(*settings, "--waivers", "none.yaml")["summary"]["waived"] == 0


def test_a_waiver_of_a_requirement_that_the_settings_disable_is_told_as_unused(here: Path) -> None:
    write("w.yaml", WAIVERS)
    write(
        "auditor.yaml", "requirements: {NSG-JMP-OUT: {disabled: true, reason: not ours to decide}}\nwaivers: w.yaml\n"
    )
    report = checked("--settings", "auditor.yaml", "--as-of", "2024-09-30")
    assert results(report, "NSG-JMP-OUT") == []
    assert any("w.yaml:2:5" in note and "covers no finding: delete it" in note for note in report["notes"])


def test_a_day_that_is_none_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "s.json", "--as-of", "tomorrow"]) == ExitCode.USAGE
    assert "'tomorrow' is no day such as 2026-11-22" in capsys.readouterr().err


# --- service tags -----------------------------------------------------------------------------------------------------


def opened(prefix: str) -> None:
    """Write a compliant deployment, but for a rule that lets a prefix reach the gateway's management ports."""
    docs = worlds.documents("compliant")
    group = next(d for d in docs if d["id"].endswith("/networkSecurityGroups/nsg-appGatewaySubnet"))
    rule = {
        "name": "AllowManagement",
        "id": f"{group['id']}/securityRules/AllowManagement",
        "properties": {
            "priority": 900,
            "direction": "Inbound",
            "access": "Allow",
            "protocol": "Tcp",
            "sourceAddressPrefix": prefix,
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": "65200-65535",
        },
    }
    group["properties"]["securityRules"].append(rule)
    write_snapshot(worlds.snapshot(docs, name="compliant"), Path("s.json"))


# 20.41.0.72/29 belongs to GatewayManager, 20.41.0.80/29 beside it does not.
@pytest.mark.parametrize(("prefix", "outcome"), [("20.41.0.72/29", "pass"), ("20.41.0.80/29", "fail")])
def test_service_tags_make_unknown_answers_exact(here: Path, prefix: str, outcome: str) -> None:
    opened(prefix)
    ((before, why),) = results(checked(), "NSG-AGW-IN")
    assert before == "unknown"
    assert "GatewayManager" in why
    report = checked("--service-tags", str(TAGS))
    ((after, _),) = results(report, "NSG-AGW-IN")
    assert after == outcome
    assert f"service tags are those of {TAGS}, change number 376" in report["notes"]
    Path("tags.json.gz").write_bytes(gzip.compress(TAGS.read_bytes()))
    write("auditor.yaml", "service_tags: tags.json.gz")
    assert results(checked("--settings", "auditor.yaml"), "NSG-AGW-IN") == results(report, "NSG-AGW-IN")


def test_tags_of_a_file_take_the_place_of_the_snapshots_own(here: Path) -> None:
    opened("20.41.0.80/29")
    docs = json.loads(Path("s.json").read_text(encoding="utf-8"))["documents"]
    own = {"name": "GatewayManager", "properties": {"addressPrefixes": ["20.41.0.80/29"]}}
    docs.append({"id": f"{worlds.subscription()}/providers/Microsoft.Network/serviceTags/public", "values": [own]})
    write_snapshot(worlds.snapshot(docs, name="compliant"), Path("s.json"))
    assert [outcome for outcome, _ in results(checked(), "NSG-AGW-IN")] == ["pass"]
    assert [outcome for outcome, _ in results(checked("--service-tags", str(TAGS)), "NSG-AGW-IN")] == ["fail"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[]", "is not a list of service tags"),
        (b'{"values": {}}', "is not a list of service tags: a list of service tags has its tags under `values`"),
        (b'{"values": [{"name": "A", "properties": {"addressPrefixes": ["10.0.0.0/40"]}}]}', "service tags: A: "),
        (b"\x1f\x8bnonsense", "is not a list of service tags"),
        (b"<html>", "is not a list of service tags"),
        (b"[" * 100_000, "is not a list of service tags"),
    ],
)
def test_a_file_that_is_no_list_of_tags_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str], content: bytes, says: str
) -> None:
    Path("t.json").write_bytes(content)
    assert run(["check", "s.json", "--service-tags", "t.json"]) == ExitCode.USAGE
    assert says in capsys.readouterr().err


def test_tags_that_are_not_there_are_a_mistake(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "s.json", "--service-tags", "none.json"]) == ExitCode.USAGE
    assert "none.json: No such file or directory" in capsys.readouterr().err


# --- the other commands -----------------------------------------------------------------------------------------------


def test_scan_and_snapshot_read_what_the_settings_name(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = deployment("reference-implementation")
    (subscription,) = world.subscriptions
    write(
        "auditor.yaml",
        f"scope: {{subscriptions: [{subscription}], resource_groups: [rg-chat-prod]}}\nwaivers: w.yaml\n",
    )
    write("w.yaml", WAIVERS)
    with StandIn(world) as azure:
        for name, value in azure.environment().items():
            monkeypatch.setenv(name, value)
        there = ("--cloud", "public", "--arm-endpoint", azure.url, "--settings", "auditor.yaml", "-q")
        code = run(["scan", *there, "--keep", "kept.json", "-o", "r.json", "--as-of", "2024-09-01"])
        assert code == ExitCode.FAILS
        assert run(["snapshot", *there, "-o", "alone.json"]) == ExitCode.HOLDS
        assert run(["snapshot", *there, "--subscription", subscription, "-o", "wide.json"]) == ExitCode.HOLDS
    kept, alone, wide = (json.loads(Path(f"{n}.json").read_text(encoding="utf-8")) for n in ("kept", "alone", "wide"))
    assert kept["resource_groups"] == alone["resource_groups"] == ["rg-chat-prod"]
    assert wide["resource_groups"] == []  # an option about scope takes the place of all of it
    assert json.loads(Path("r.json").read_text(encoding="utf-8"))["summary"]["waived"] == 1


def test_a_mistake_in_settings_is_told_before_anything_is_collected(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("auditor.yaml", "wavers: x")
    for command in (["scan"], ["snapshot", "-o", "x.json"], ["demo"]):
        assert run([*command, "--settings", "auditor.yaml"]) == ExitCode.USAGE
        assert "did you mean `waivers`?" in capsys.readouterr().err


def test_demo_takes_settings_and_waivers(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("auditor.yaml", "waivers: w.yaml\nrequirements: {OPS-04: {disabled: true, reason: not ours to decide}}\n")
    write("w.yaml", WAIVERS)
    options = ["--settings", "auditor.yaml", "--as-of", "2024-10-01"]
    assert run(["demo", "--out", "out", "-q", *options]) == ExitCode.HOLDS
    report = json.loads(Path("out/result.json").read_text(encoding="utf-8"))
    assert results(report, "OPS-04") == []
    assert any("expired on 2024-09-30" in note for note in report["notes"])
    capsys.readouterr()


def test_validate_says_what_the_file_comes_to(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        "auditor.yaml",
        "parts: {vault: ['*/kv-*']}\nsubnets: {agents: ['*/a']}\nwaivers: w.yaml\n"
        "requirements: {REL-05: {terms: {instances: 5}}}\n",
    )
    write("w.yaml", WAIVERS)
    assert run(["settings", "validate", "auditor.yaml"]) == ExitCode.HOLDS
    said = capsys.readouterr().out
    assert "auditor.yaml: no mistakes" in said
    assert "pins vault and subnet agents" in said
    assert "the settings auditor.yaml change terms of REL-05" in said
    assert "1 waiver in w.yaml" in said
    assert run(["settings", "validate", "auditor.yaml", "--format", "json"]) == ExitCode.HOLDS
    found = json.loads(capsys.readouterr().out)
    assert (found["valid"], found["mistakes"]) == (True, [])


def test_validate_names_every_mistake(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("auditor.yaml", "wavers: x\nfail_on: mst\n")
    assert run(["settings", "validate", "auditor.yaml"]) == ExitCode.USAGE
    assert "auditor.yaml:1:1: " in capsys.readouterr().err
    assert run(["settings", "validate", "auditor.yaml", "--format", "json"]) == ExitCode.USAGE
    found = json.loads(capsys.readouterr().out)
    assert found["valid"] is False
    assert [(m["path"], m["line"], m["column"]) for m in found["mistakes"]] == [
        ("auditor.yaml", 1, 1),
        ("auditor.yaml", 2, 10),
    ]


def test_the_schema_is_printed_and_written(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["settings", "schema"]) == ExitCode.HOLDS
    printed = capsys.readouterr().out
    assert json.loads(printed)["title"] == "Settings of auditor"
    assert run(["settings", "schema", "-o", "auditor.schema.json"]) == ExitCode.HOLDS
    assert Path("auditor.schema.json").read_text(encoding="utf-8") == printed
