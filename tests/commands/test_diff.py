"""`auditor diff`: what it prints and writes, what it refuses, and what it exits with."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import run
from auditor.commands.diff import exit_code
from auditor.drift.model import (
    Change,
    Diff,
    Effect,
    Topic,
)
from auditor.drift.report import json_ as diff_json
from auditor.drift.report import markdown as diff_markdown
from auditor.drift.report import terminal as diff_terminal
from auditor.drift.report.wording import headline
from auditor.model import ExitCode
from auditor.report import Context
from auditor.snapshot import write_snapshot
from tests import worlds
from tests.builders.drifting import changed
from tests.builders.reporting_examples import (
    BASELINE,
    EVIL,
    SNAPSHOT,
    SUBNET,
)

pytestmark = pytest.mark.slow

DOOR = ("set", "nsg-jumpboxSubnet/properties/securityRules/Door", {
    "properties": {
        "protocol": "Tcp", "sourcePortRange": "*", "sourceAddressPrefix": "Internet", "destinationAddressPrefix": "*",
        "destinationPortRange": "22", "access": "Allow", "priority": 101, "direction": "Inbound",
    },
})  # fmt: skip


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with snapshots: the compliant deployment, with a door in it, and as it is seen with less rights."""
    folder = tmp_path_factory.mktemp("snapshots")
    write_snapshot(worlds.snapshot(name="compliant"), folder / "old.json")
    write_snapshot(worlds.snapshot(changed(DOOR).documents, name="compliant"), folder / "new.json")
    less = changed(("refuse", "microsoft.insights/diagnosticsettings"))
    reads = (*worlds.whole(less.scope), *less.refused)
    write_snapshot(worlds.snapshot(less.documents, reads, "compliant"), folder / "less.json")
    return folder


@pytest.fixture
def here(stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to run in, beside the snapshots."""
    for name in ("old", "new", "less"):
        (tmp_path / f"{name}.json").symlink_to(stored / f"{name}.json")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_says_what_changed_and_fails(here: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["diff", "old.json", "new.json"]) == ExitCode.FAILS
    out, err = capsysbinary.readouterr()
    text = " ".join(out.decode().split())
    assert "vnet-aibase/snet-jumpbox now lets in Tcp 22 from Internet to 10.0.2.128/28" in text
    assert (
        "(Door of nsg-jumpboxSubnet, priority 101; before: DenyAllInbound of nsg-jumpboxSubnet, priority 1000)" in text
    )
    assert "witness: Tcp 203.0.113." in text
    assert "resource:" not in text
    assert "NSG-JMP-IN on vnet-aibase/snet-jumpbox fails" in text
    assert "changes for the worse" in text
    assert b"\x1b" not in out
    assert err == b""


def test_a_snapshot_and_itself(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", "old.json", "old.json", "--strict"]) == ExitCode.HOLDS
    assert capsys.readouterr().out.endswith("\nNothing changed.\n")


def test_the_other_way_round_is_better_and_holds(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", "new.json", "old.json"]) == ExitCode.HOLDS
    assert "no longer lets in Tcp 22" in " ".join(capsys.readouterr().out.split())


def test_json_on_standard_output_is_nothing_but_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["diff", "old.json", "new.json", "--format", "json"])
    document = json.loads(capsys.readouterr().out)
    assert document["format"] == "auditor-diff/1"
    assert [topic.value for topic in Topic if topic.value not in document] == []
    (flow,) = document["flows"]
    assert (flow["change"], flow["effect"], flow["direction"]) == ("allowed", "worse", "inbound")
    assert flow["witness"]["destination_port"] == 22
    assert document["summary"]["worse"] == 1 + len(document["findings"])
    assert document["old"]["path"] == "old.json"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--fail-on", "never"], ExitCode.HOLDS),
        (["--fail-on", "permissions"], ExitCode.HOLDS),
        (["--fail-on", "permissions", "--fail-on", "flows"], ExitCode.FAILS),
        (["--fail-on", "findings"], ExitCode.FAILS),
        (["--fail-on", "required-findings"], ExitCode.FAILS),
        (["--fail-on", "public-access"], ExitCode.HOLDS),
    ],
)
def test_what_makes_it_fail_can_be_chosen(here: Path, arguments: list[str], code: ExitCode) -> None:
    assert run(["diff", "old.json", "new.json", "-o", "out.json", *arguments]) == code


def test_what_cannot_be_compared_is_incomplete_when_strict(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", "old.json", "less.json"]) == ExitCode.HOLDS
    assert "could be read before and cannot now" in " ".join(capsys.readouterr().out.split())
    assert run(["diff", "old.json", "less.json", "--strict"]) == ExitCode.INCOMPLETE


@pytest.mark.parametrize(("file", "begins"), [("d.json", "{"), ("d.md", "## What changed"), ("d.txt", "old.json of")])
def test_the_ending_of_the_file_decides_its_form(here: Path, file: str, begins: str) -> None:
    run(["diff", "old.json", "new.json", "-o", file])
    assert Path(file).read_text().startswith(begins)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["old.json", "missing.json"], "missing.json"),
        (["old.json", "new.json", "-o", "old.json"], "would replace what it is made from"),
        (["old.json", "new.json", "-o", "less.json"], "is a snapshot, which this does not replace"),
        (["old.json", "new.json", "--baseline", "no-such"], "no-such"),
        (["old.json"], "Missing argument"),
        (["old.json", "new.json", "--fail-on", "everything"], "everything"),
    ],
)
def test_bad_input_is_one_sentence(
    here: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["diff", *arguments]) == ExitCode.USAGE
    assert says in capsys.readouterr().err


def test_a_baseline_of_ones_own_decides_findings(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yaml").write_text(
        "extends: openai-chat\nbaseline: {name: mine, version: '1'}\noverrides:\n"
        "  NSG-JMP-IN: {disabled: true, reason: looked at elsewhere}\n"
    )
    run(["diff", "old.json", "new.json", "--baseline", "mine.yaml", "--format", "json"])
    document = json.loads(capsys.readouterr().out)
    assert document["baseline"]["name"] == "mine"
    assert "NSG-JMP-IN" not in {change["requirement"] for change in document["findings"]}


def test_service_tags_of_a_file_hold_for_both_sides(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tags = {"changeNumber": 1, "cloud": "Public", "values": [
        {"name": "Storage", "id": "Storage", "properties": {"addressPrefixes": ["20.38.0.0/16"]}}]}  # fmt: skip
    Path("tags.json").write_text(json.dumps(tags))
    assert run(["diff", "old.json", "old.json", "--service-tags", "tags.json", "--strict"]) == ExitCode.HOLDS
    assert "Nothing changed." in capsys.readouterr().out


# --- exit codes -------------------------------------------------------------------------------------------------------


def change(effect: Effect, topic: Topic = Topic.FLOWS, **more: Any) -> Change:
    return Change(topic, "kind", effect, f"something is {effect}", SUBNET, **more)


def diff_of(*changes: Change, **more: Any) -> Diff:
    return Diff(SNAPSHOT, SNAPSHOT, BASELINE, changes, **more)


CUT = replace(SNAPSHOT, complete=False)


@pytest.mark.parametrize(
    ("found", "fail_on", "strict", "code"),
    [
        (diff_of(), "any", True, ExitCode.HOLDS),
        (diff_of(change(Effect.BETTER), change(Effect.OTHER)), "any", True, ExitCode.HOLDS),
        (diff_of(change(Effect.WORSE)), "any", False, ExitCode.FAILS),
        (diff_of(change(Effect.WORSE), change(Effect.UNKNOWN)), "any", True, ExitCode.FAILS),
        (diff_of(change(Effect.WORSE), change(Effect.UNKNOWN)), "never", True, ExitCode.INCOMPLETE),
        (diff_of(change(Effect.UNKNOWN)), "any", False, ExitCode.HOLDS),
        (diff_of(change(Effect.UNKNOWN)), "any", True, ExitCode.INCOMPLETE),
        (replace(diff_of(), new=CUT), "any", False, ExitCode.HOLDS),
        (replace(diff_of(), new=CUT), "any", True, ExitCode.INCOMPLETE),
        (replace(diff_of(), old=CUT), "any", True, ExitCode.INCOMPLETE),
        (diff_of(change(Effect.WORSE), crashed=True), "never", False, ExitCode.BROKEN),
        (diff_of(change(Effect.WORSE, Topic.FINDINGS)), "required-findings", False, ExitCode.FAILS),
        (diff_of(change(Effect.WORSE, Topic.FINDINGS, required=False)), "required-findings", False, ExitCode.HOLDS),
        (diff_of(change(Effect.WORSE, Topic.FINDINGS, required=False)), "findings", False, ExitCode.FAILS),
        (diff_of(change(Effect.WORSE, Topic.PRIVATE_LINK)), "private-link", False, ExitCode.FAILS),
    ],
)
def test_exit_codes(found: Diff, fail_on: str, strict: bool, code: ExitCode) -> None:
    assert exit_code(found, [fail_on], strict=strict) is code


# --- reports ----------------------------------------------------------------------------------------------------------

WITNESS = {
    "direction": "inbound", "protocol": "Tcp", "source": "2001:db8::4", "source_port": 50000,
    "destination": "10.0.0.4", "destination_port": 22, "given": ["10.0.0.4 is in Storage"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (diff_of(), "Nothing changed."),
        (diff_of(documents=1), "Nothing changed; 1 resource said something else that means nothing here."),
        (diff_of(change(Effect.WORSE)), "1 change for the worse."),
        (
            diff_of(*(change(effect) for effect in (*Effect, Effect.WORSE))),
            "2 changes for the worse, 1 change for the better, 1 other change and 1 part that cannot be determined.",
        ),
    ],
)
def test_the_verdict_in_one_sentence(found: Diff, says: str) -> None:
    assert headline(found) == says


def test_the_terminal_shows_the_first_twelve_and_verbose_shows_proof() -> None:
    many = diff_of(*(change(Effect.WORSE, detail={"witness": WITNESS, "remediation": "az do it"}) for _ in range(15)))
    short = diff_terminal.render(many)
    assert short.count("something is worse") == 12
    assert "and 3 more changes; --verbose shows all" in short
    full = diff_terminal.render(many, Context(verbose=True, width=200))
    assert full.count("something is worse") == 15
    assert "witness: Tcp [2001:db8::4]:50000 -> 10.0.0.4:22 if 10.0.0.4 is in Storage" in full
    assert "fix: az do it" in full
    assert f"resource: {SUBNET.text}" in full


def test_the_terminal_tells_of_crashes_and_notes_and_colours_only_when_asked() -> None:
    found = diff_of(change(Effect.BETTER), crashed=True, notes=("swapped?",))
    plain = diff_terminal.render(found)
    assert "A rule of the auditor itself failed" in plain
    assert "Note: swapped?" in plain
    assert "\x1b" not in plain
    assert "\x1b" in diff_terminal.render(found, Context(color=True))


def test_markdown_fits_a_comment_and_counts_what_does_not() -> None:
    many = diff_of(*(change(Effect.WORSE, detail={"witness": WITNESS}) for _ in range(1500)), notes=("a note",))
    text = diff_markdown.render(many)
    assert len(text.encode()) < 65_536
    assert "not shown here; the JSON has them all" in text
    assert "- note: a note" in text


@pytest.mark.parametrize("evil", EVIL)
def test_names_cannot_steer_a_report(evil: str) -> None:
    hostile = diff_of(
        replace(change(Effect.WORSE), says=evil, detail={"witness": WITNESS | {"given": [evil]}, "remediation": evil}),
        notes=(evil,),
    )
    for text in (
        diff_terminal.render(hostile, Context(verbose=True)),
        diff_json.render(hostile),
        diff_markdown.render(hostile),
    ):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "##vso[" not in text
    assert json.loads(diff_json.render(hostile))["flows"][0]["says"] == evil
    # Within a code span nothing means anything; outside of one every bracket is escaped.
    outside = re.sub(r"(`+).*?\1", "", diff_markdown.render(hostile))
    assert not re.search(r"(?<!\\)<", outside)


def test_equal_digests_end_it_without_an_audit(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy("old.json", "same.json")
    whole = run(["diff", "old.json", "new.json", "--fail-on", "never", "--format", "json"])
    assert whole == ExitCode.HOLDS
    changed = json.loads(capsys.readouterr().out)

    def refused(*_: object) -> None:
        raise AssertionError("nothing is audited")

    monkeypatch.setattr("auditor.commands.diff.audited", refused)
    assert run(["diff", "old.json", "same.json", "--format", "json"]) == ExitCode.HOLDS
    found = json.loads(capsys.readouterr().out)
    assert set(found["summary"].values()) == {0}
    assert found.keys() == changed.keys()
    assert sum(changed["summary"].values()) > 0
