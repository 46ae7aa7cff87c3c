"""Several subscriptions in one run: whole management groups, one file together or a file each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.access.scopes import Hierarchy
from auditor.cli import run
from auditor.collect import collect_apart
from auditor.estate import build_estate
from auditor.model import ArmId, AuditorError, ExitCode
from auditor.snapshot import Snapshot, read_snapshot
from tests.collecting import (
    MANAGEMENT_GROUPS,
    TWIN,
    by_id,
    comparable,
    estate_of_two,
    failed,
    management_group,
    serving,
    small,
    taken,
    target_at,
    world,
)
from tests.faulty import Fault, FaultyStandIn, Kind

FIRST = small().subscriptions[0]
BOTH = (TWIN, FIRST)


@pytest.fixture(scope="module")
def azure() -> Iterator[FaultyStandIn]:
    with serving(estate_of_two()) as standin:
        yield standin


@pytest.fixture(scope="module")
def both(azure: FaultyStandIn) -> Snapshot:
    return taken(azure, management_groups=("top",))


@pytest.mark.parametrize(
    ("groups", "subscriptions", "why"),
    [
        (("top",), BOTH, "at any depth"),
        (("TOP",), BOTH, "without letter case"),
        ((f"{MANAGEMENT_GROUPS}/top",), BOTH, "by its id"),
        (("left",), (FIRST,), "only those below it"),
        (("left", "right"), BOTH, "several groups"),
        (("top", "left"), BOTH, "each subscription once"),
    ],
)
def test_a_management_group_stands_for_what_lies_below(
    azure: FaultyStandIn, groups: tuple[str, ...], subscriptions: tuple[str, ...], why: str
) -> None:
    found = taken(azure, management_groups=groups)
    assert found.subscriptions == tuple(sorted(subscriptions)), why
    assert failed(found) == []


def test_a_subscription_may_stand_beside_a_group(azure: FaultyStandIn) -> None:
    found = taken(azure, management_groups=("left",), subscriptions=(TWIN,))
    assert found.subscriptions == tuple(sorted(BOTH))


@pytest.mark.parametrize(
    ("faults", "group", "words"),
    [
        ([], "nowhere", "the management group nowhere could not be read"),
        ([], "a b", "'a b' is not a management group"),
        ([], "empty", "holds no subscription"),
        ([Fault("/descendants$", Kind.FORBIDDEN)], "top", "could not be read: The client"),
    ],
)
def test_a_group_that_leads_nowhere_is_told_in_a_sentence(faults: list[Fault], group: str, words: str) -> None:
    served = world([*estate_of_two().documents, management_group("empty", "top")])
    with serving(served, faults) as standin, pytest.raises(AuditorError, match=words) as told:
        taken(standin, management_groups=(group,))
    assert told.value.tip


def test_a_right_that_is_missing_at_the_group_is_named() -> None:
    refused = Fault("/descendants$", Kind.FORBIDDEN, detail="Microsoft.Management/managementGroups/descendants/read")
    with serving(estate_of_two(), [refused]) as standin, pytest.raises(AuditorError) as told:
        taken(standin, management_groups=("top",))
    assert "Microsoft.Management/managementGroups/descendants/read" in told.value.tip


def test_every_page_of_the_descendants_counts() -> None:
    with serving(estate_of_two(), page_size=1) as standin:
        assert taken(standin, management_groups=("top",)).subscriptions == tuple(sorted(BOTH))


def test_what_is_given_above_is_kept_once_and_nothing_is_asked_twice(azure: FaultyStandIn) -> None:
    azure.requests.clear()
    found = taken(azure, management_groups=("top",))
    asked = [(request.path.casefold(), request.page) for request in azure.requests if request.method == "GET"]
    assert len(asked) == len(set(asked))
    above = [id_ for id_ in by_id(found) if "roleassignments/to-" in id_]
    assert sorted(id_.rpartition("/")[2] for id_ in above) == ["to-left", "to-right", "to-top"]


def test_the_tree_says_which_group_is_above_which_subscription(both: Snapshot) -> None:
    hierarchy = Hierarchy(build_estate(both))
    for name, above in (("top", BOTH), ("left", (FIRST,)), ("right", (TWIN,))):
        for subscription in BOTH:
            verdict = hierarchy.covers(ArmId(f"{MANAGEMENT_GROUPS}/{name}"), ArmId(f"/subscriptions/{subscription}"))
            assert verdict is (subscription in above), (name, subscription)


def test_the_same_whether_named_seen_or_below_a_group(azure: FaultyStandIn, both: Snapshot) -> None:
    for found in (taken(azure, all_subscriptions=True), taken(azure, subscriptions=BOTH)):
        assert by_id(found) == by_id(both)


# --- one file each ---------------------------------------------------------------------------------------------------


def test_each_is_what_a_run_of_its_own_reads(azure: FaultyStandIn) -> None:
    parts = {part.subscriptions: part for part in collect_apart(target_at(azure, all_subscriptions=True))}
    assert parts.keys() == {(FIRST,), (TWIN,)}
    for (subscription,), part in parts.items():
        alone = taken(azure, subscriptions=(subscription,))
        tree = {id_ for id_ in by_id(part) if ArmId(id_).type == _GROUPS}
        assert len(tree) == 3, "a run of one subscription does not ask for the tree, so every group may be above it"
        assert {id_: d for id_, d in by_id(part).items() if id_ not in tree} == by_id(alone)
        own = {(r.path, r.covers, r.count) for r in part.reads if r.scope != "/" and r.covers != _GROUPS}
        named = {(r.path, r.covers, r.count) for r in alone.reads}
        assert own - named == {("/subscriptions", "microsoft.resources/subscriptions", 1)}
        assert named - own == {(f"/subscriptions/{subscription}", "microsoft.resources/subscriptions", 1)}


_GROUPS = "microsoft.management/managementgroups"


def test_what_is_given_above_goes_to_those_below(azure: FaultyStandIn) -> None:
    for part in collect_apart(target_at(azure, management_groups=("top",))):
        names = {id_.rpartition("/")[2] for id_ in by_id(part) if "roleassignments/to-" in id_}
        assert names == ({"to-top", "to-left"} if part.subscriptions == (FIRST,) else {"to-top", "to-right"})


def test_a_failure_in_one_leaves_the_others_whole() -> None:
    refused = Fault(f"^/subscriptions/{TWIN}/.*/vaults$", Kind.FORBIDDEN)
    with serving(estate_of_two(), [refused]) as standin:
        parts = {part.subscriptions[0]: part for part in collect_apart(target_at(standin, all_subscriptions=True))}
        assert [len(failed(parts[id_])) for id_ in (FIRST, TWIN)] == [0, 1]
        assert comparable(parts[FIRST]) == comparable(
            next(p for p in collect_apart(target_at(standin, all_subscriptions=True)) if p.subscriptions == (FIRST,))
        )


def test_a_subscription_that_goes_out_of_sight_leaves_its_failed_reads() -> None:
    gone = Fault(f"^/subscriptions/{TWIN}(/|$)", Kind.STATUS, detail="404 SubscriptionNotFound It could not be found.")
    with serving(estate_of_two(), [gone]) as standin:
        found = taken(standin, all_subscriptions=True)
        with serving(small()) as alone:
            expected = by_id(taken(alone)).keys()
    assert expected <= by_id(found).keys()
    lost = failed(found)
    assert {ArmId(read.scope).subscription for read in lost} == {TWIN}
    assert {read.error for read in lost} == {"SubscriptionNotFound"}
    assert len(lost) > 50


def test_a_disabled_subscription_is_read_like_any_other() -> None:
    """A disabled subscription can still be read (learn.microsoft.com, "Azure subscription states")."""
    documents = [
        {**document, "state": "Disabled"} if document["id"] == f"/subscriptions/{TWIN}" else document
        for document in estate_of_two().documents
    ]
    with serving(world(documents)) as standin:
        found = taken(standin, all_subscriptions=True)
    assert failed(found) == []
    assert by_id(found)[f"/subscriptions/{TWIN}"]["state"] == "Disabled"


# --- the command -----------------------------------------------------------------------------------------------------


def command(azure: FaultyStandIn, *arguments: str) -> int:
    return run(["snapshot", "--cloud", "public", "--arm-endpoint", azure.url, *arguments])


def test_a_file_each(azure: FaultyStandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "deep" / "snapshots"
    assert command(azure, "--management-group", "top", "--each", str(folder)) == ExitCode.HOLDS
    assert {path.name for path in folder.iterdir()} == {f"{FIRST}.json", f"{TWIN}.json"}
    for id_ in BOTH:
        assert read_snapshot(folder / f"{id_}.json").subscriptions == (id_,)
        assert f"{folder / id_}.json: " in capsys.readouterr().err or id_ == FIRST


def test_one_file_together(azure: FaultyStandIn, tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    assert command(azure, "--management-group", "top", "-o", str(path)) == ExitCode.HOLDS
    assert read_snapshot(path).subscriptions == tuple(sorted(BOTH))


def test_the_worst_exit_code_counts(tmp_path: Path) -> None:
    refused = Fault(f"^/subscriptions/{TWIN}/.*/vaults$", Kind.FORBIDDEN)
    with serving(estate_of_two(), [refused]) as standin:
        assert command(standin, "--all-subscriptions", "--each", str(tmp_path)) == ExitCode.INCOMPLETE


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--each", "d", "-o", "f"], "take one of the two"),
        (["--all-subscriptions", "--management-group", "g", "-o", "f"], "take it alone"),
        (["--all-subscriptions", "--subscription", "s", "-o", "f"], "take it alone"),
    ],
)
def test_contradictions_are_told(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["snapshot", *arguments]) == ExitCode.USAGE
    assert words in capsys.readouterr().err


def test_a_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert run(["snapshot", "--all-subscriptions", "--each", str(tmp_path / "file" / "d")]) == ExitCode.USAGE
    assert "the folder cannot be made" in capsys.readouterr().err


@pytest.mark.parametrize("id_", ["../../escape", "a/b", "", "a b", ".", "x.json"])
def test_an_odd_subscription_id_names_no_file(id_: str, tmp_path: Path) -> None:
    odd = {"id": f"/subscriptions/{id_ or 'x'}", "subscriptionId": id_ or " ", "displayName": "odd"}
    with serving(world([odd])) as standin:
        assert command(standin, "--all-subscriptions", "--each", str(tmp_path / "in")) == ExitCode.USAGE
    assert not any((tmp_path / "in").iterdir())
    assert {path.name for path in tmp_path.iterdir()} == {"in"}
