"""A run that ended early is continued: answers are kept, the rest is asked, and the whole is as if it never ended."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import run
from auditor.collect import Progress, collect
from auditor.model import AuditorError, ExitCode
from auditor.snapshot import Snapshot, read_snapshot, write_snapshot
from tests import worlds
from tests.collecting import by_id, comparable, estate_of_two, failed, serving, small, taken, target_at, world
from tests.faulty import Fault, FaultyStandIn, Kind

SUB = worlds.subscription()
RG = f"{SUB}/resourceGroups/rg-chat-prod"
TAGS = "microsoft.network/servicetags"


def rich() -> Snapshot:
    """Two subscriptions with management groups, something that only the inventory names, and service tags."""
    gateway = {"id": f"{RG}/providers/Microsoft.Network/virtualNetworkGateways/gw", "name": "gw"}
    values = [{"name": name, "properties": {"addressPrefixes": ["192.0.2.0/24"]}} for name in ("AzureMonitor", "Sql")]
    tags = {"id": f"{SUB}/providers/Microsoft.Network/serviceTags/Public", "name": "Public", "values": values}
    return world([*estate_of_two().documents, {**gateway, "properties": {"a": 1}}, tags])


@pytest.fixture(scope="module")
def azure() -> Iterator[FaultyStandIn]:
    with serving(rich()) as standin:
        yield standin


@pytest.fixture(scope="module")
def whole(azure: FaultyStandIn) -> Snapshot:
    return taken(azure, management_groups=("top",))


def cut_off(azure: FaultyStandIn, after: int) -> Snapshot:
    """A collection that somebody ended after so many answers."""

    def impatient(state: Progress) -> None:
        if state.done >= after:
            raise KeyboardInterrupt

    return collect(target_at(azure, management_groups=("top",), concurrency=4), impatient)


def resumed(azure: FaultyStandIn, earlier: Snapshot, **options: Any) -> Snapshot:
    return collect(target_at(azure, **options), earlier=earlier)


@pytest.mark.parametrize("after", [1, 3, 9, 20, 40, 80, 110, 140, 160, 175])
def test_wherever_it_was_cut_off_the_whole_is_the_same(azure: FaultyStandIn, whole: Snapshot, after: int) -> None:
    earlier = cut_off(azure, after)
    assert not earlier.complete
    assert len(failed(earlier)) > 0
    assert comparable(resumed(azure, earlier)) == comparable(whole)


def test_the_file_leads_to_the_same(azure: FaultyStandIn, whole: Snapshot, tmp_path: Path) -> None:
    write_snapshot(cut_off(azure, 60), tmp_path / "s.json")
    found = resumed(azure, read_snapshot(tmp_path / "s.json"))
    write_snapshot(found, tmp_path / "resumed.json")
    write_snapshot(replace(whole, collected_at=found.collected_at), tmp_path / "whole.json")
    assert read_snapshot(tmp_path / "resumed.json").sha256 == read_snapshot(tmp_path / "whole.json").sha256


def test_what_was_answered_is_not_asked_again(azure: FaultyStandIn) -> None:
    earlier = cut_off(azure, 80)
    answered = {read.path.casefold() for read in earlier.reads if read.answered and read.covers != TAGS}
    azure.requests.clear()
    resumed(azure, earlier)
    asked = {request.path.casefold() for request in azure.requests}
    assert asked
    assert not asked & answered


def test_it_can_be_cut_off_again_and_again(azure: FaultyStandIn, whole: Snapshot) -> None:
    found = cut_off(azure, 10)
    rounds = 0
    while not found.complete:
        before, rounds = sum(read.answered for read in found.reads), rounds + 1
        enough = before + 50

        def impatient(state: Progress, enough: int = enough) -> None:
            if state.done - state.failed >= enough:
                raise KeyboardInterrupt

        found = collect(target_at(azure, concurrency=2), impatient, earlier=found)
        assert found.complete or sum(read.answered for read in found.reads) >= enough
    assert rounds > 2
    assert comparable(found) == comparable(whole)


def test_the_time_is_that_of_the_oldest_answer(azure: FaultyStandIn) -> None:
    earlier = replace(cut_off(azure, 30), collected_at="2024-07-15T09:00:00Z")
    assert resumed(azure, earlier).collected_at == "2024-07-15T09:00:00Z"


def test_a_whole_snapshot_needs_nothing_but_the_tags(azure: FaultyStandIn, whole: Snapshot) -> None:
    azure.requests.clear()
    assert comparable(resumed(azure, whole)) == comparable(whole)
    asked = [r.path for r in azure.requests if r.path.casefold().startswith(("/subscriptions", "/providers"))]
    assert all(path.endswith("/serviceTags") for path in asked)


def test_rights_that_were_given_since_are_used(azure: FaultyStandIn, whole: Snapshot) -> None:
    refused = [
        Fault("/vaults$", Kind.FORBIDDEN, detail="Microsoft.KeyVault/vaults/read"),
        Fault("/resources$", Kind.FORBIDDEN, detail="Microsoft.Resources/subscriptions/resources/read"),
        Fault("/virtualNetworkGateways/gw$", Kind.BROKEN, detail="500"),
        Fault("^/providers/Microsoft.Management/managementGroups$", Kind.FORBIDDEN),
    ]
    with serving(rich(), refused) as unkind:
        earlier = taken(unkind, management_groups=("top",))
    assert (earlier.complete, len(failed(earlier)) > 4) == (True, True)
    assert comparable(resumed(azure, earlier)) == comparable(whole)


def test_what_only_the_inventory_names_and_failed_is_asked_again() -> None:
    broken = [Fault("/virtualNetworkGateways/gw$", Kind.BROKEN, detail="503", times=None)]
    with serving(rich(), broken) as unkind:
        earlier = taken(unkind, all_subscriptions=True)
    assert [read.covers for read in failed(earlier)] == ["microsoft.network/virtualnetworkgateways"]
    with serving(rich()) as kind:
        found = resumed(kind, earlier)
        uninterrupted = taken(kind, all_subscriptions=True)
    assert comparable(found) == comparable(uninterrupted)


def test_named_groups_stay_the_scope() -> None:
    with serving(small(), [Fault("/vaults$", Kind.FORBIDDEN)]) as standin:
        earlier = taken(standin, resource_groups=("RG-Chat-Prod",))
    with serving(small()) as standin:
        found = resumed(standin, earlier)
        assert comparable(found) == comparable(taken(standin, resource_groups=("RG-Chat-Prod",)))
        assert not [r.path for r in standin.requests if r.path.casefold() == f"{SUB}/resourcegroups"]


def test_a_group_that_was_refused_is_asked_again() -> None:
    with serving(small(), [Fault("/resourceGroups/rg-chat-prod$", Kind.FORBIDDEN)]) as standin:
        earlier = taken(standin, resource_groups=("rg-chat-prod",))
    with serving(small()) as standin:
        assert comparable(resumed(standin, earlier)) == comparable(taken(standin, resource_groups=("rg-chat-prod",)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": "import"}, "was not collected from Azure"),
        ({"subscriptions": ()}, "was not collected from Azure"),
        ({"cloud": "AzureChinaCloud"}, "was collected from AzureChinaCloud"),
    ],
)
def test_what_cannot_be_continued_is_said(
    azure: FaultyStandIn, whole: Snapshot, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(AuditorError, match=words):
        resumed(azure, replace(whole, **change))


# --- the command -----------------------------------------------------------------------------------------------------


def command(azure: FaultyStandIn, *arguments: str) -> int:
    return run(["snapshot", "--cloud", "public", "--arm-endpoint", azure.url, *arguments])


def test_the_file_itself_is_continued_where_no_other_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "s.json"
    with serving(small(), [Fault("/vaults$", Kind.FORBIDDEN, times=1)]) as standin:
        assert command(standin, "-o", str(path)) == ExitCode.INCOMPLETE
        assert f"auditor snapshot --resume {path}" in capsys.readouterr().err
        assert command(standin, "--resume", str(path)) == ExitCode.HOLDS
        assert command(standin, "--resume", str(path), "-o", str(tmp_path / "t.json")) == ExitCode.HOLDS
    assert read_snapshot(path).complete
    assert not failed(read_snapshot(path))
    assert read_snapshot(path).sha256 == read_snapshot(tmp_path / "t.json").sha256


@pytest.mark.parametrize(
    "option",
    [
        ("--subscription", "x"),
        ("--all-subscriptions",),
        ("--management-group", "x"),
        ("--resource-group", "x"),
        ("--each", "x"),
        ("--settings", "x"),
    ],
    ids=lambda option: option[0],
)
def test_scopes_are_not_chosen_anew(
    option: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["snapshot", "--resume", str(tmp_path / "s.json"), *option]) == ExitCode.USAGE
    assert f"{option[0]} has no place beside --resume" in capsys.readouterr().err


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["snapshot", "--resume", str(tmp_path / "s.json")]) == ExitCode.USAGE
    assert "there is no such file" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_process_that_is_told_to_end_writes_what_it_read(number: signal.Signals, tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    with serving(small(), latency=0.25) as standin:
        arguments = ["--cloud", "public", "--arm-endpoint", standin.url, "--concurrency", "4", "-o", str(path)]
        process = subprocess.Popen(
            [sys.executable, "-m", "auditor", "snapshot", *arguments],
            env={**os.environ, **standin.environment()},
            stderr=subprocess.PIPE,
            text=True,
        )
        until = time.monotonic() + 20
        while len(standin.requests) < 25:
            assert time.monotonic() < until
            time.sleep(0.01)
        process.send_signal(number)
        _, said = process.communicate(timeout=10)
    assert process.returncode == ExitCode.INCOMPLETE, said
    assert "marked incomplete" in said
    found = read_snapshot(path)
    assert not found.complete
    assert sum(read.answered for read in found.reads) > 15
    with serving(small()) as standin:
        assert comparable(resumed(standin, found)) == comparable(taken(standin))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_before_there_is_anything_to_keep_ends_the_run_at_once(number: signal.Signals) -> None:
    with serving(small(), [Fault("^/subscriptions$", Kind.THROTTLED, detail="60")]) as standin:
        threading.Timer(0.5, os.kill, (os.getpid(), number)).start()
        begun = time.monotonic()
        assert command(standin, "-o", "never.json") == ExitCode.INCOMPLETE
        assert time.monotonic() - begun < 20
    assert not Path("never.json").exists()


def test_handlers_are_as_they_were(azure: FaultyStandIn) -> None:
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    taken(azure, all_subscriptions=True)
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_run_keeps_what_it_has_and_another_goes_on_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept is what a run that ended there would have left: resuming it gives what one whole run gives."""
    monkeypatch.setattr("auditor.collect.run.KEEP_EVERY", 0.05)
    kept: list[Snapshot] = []
    with serving(small()) as standin:
        whole = collect(target_at(standin), keep=kept.append)
        assert kept
        middle = kept[len(kept) // 2]
        assert not middle.complete
        assert {read.error for read in middle.reads if not read.answered} == {"Interrupted"}
        resumed = collect(target_at(standin), earlier=middle)
    assert by_id(resumed) == by_id(whole)
    assert {(r.path, r.covers, r.error) for r in resumed.reads} == {(r.path, r.covers, r.error) for r in whole.reads}
