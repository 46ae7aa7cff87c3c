"""`auditor access`: paths to a place, assertions, operations that mean nothing, and rows for a review."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import run
from auditor.model import ExitCode, Read
from tests.builders.access_worlds import (
    RG,
    STORE,
    SUB,
    VAULT,
    Doc,
    carrier,
    deny,
    give,
    group,
    guid,
    identity,
    role,
)
from tests.commands.test_access import KEYS, SECRET, answer, error, small, text
from tests.commands.test_access import PARTS as NO_MODE

MASTERED = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write"
LENDS = role("Lends", [MASTERED])
PARTS: tuple[Doc, ...] = tuple(
    {**d, "properties": {"enableRbacAuthorization": True}} if d["id"] == VAULT else d for d in NO_MODE
)
SETTINGS = "baseline: openai-chat\nallow:\n  roles:\n"


def ran(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, Any]]:
    code = run(["access", *map(str, arguments), "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def rows(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text(capsys, *arguments, "--format", "csv"))))


def settings(folder: Path, *allowed: tuple[str, str, str]) -> Path:
    path = folder / "settings.yaml"
    listed = "".join(
        f"    - {{principal: '{who}', role: '{what}', scope: '{where}', why: the on-call team reads it at night}}\n"
        for who, what, where in allowed
    )
    path.write_text(SETTINGS + listed if allowed else "baseline: openai-chat\n", encoding="utf-8")
    return path


# --- paths to a place ------------------------------------------------------------------------------------------------


def test_paths_to_a_place_go_over_the_identities_that_open_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = small(tmp_path, *PARTS, LENDS, give("id-app", "Secrets User", VAULT), give("ann", "Lends", RG, "User"))
    found = answer(capsys, path, "--to", "kv")
    told = [(row["principal"], row["answer"], row["gives"], row["operation"]) for row in found["rows"]]
    assert (guid("id-app"), "yes", "secrets", SECRET) in told
    assert (guid("ann"), "yes", "secrets", MASTERED) in told
    (over,) = (row for row in found["rows"] if row["principal"] == guid("ann"))
    assert any(link.startswith("identity id-app at kv") for link in over["chain"])
    assert "identity id-app at kv" in " ".join(text(capsys, path, "--to", "kv").split())


def test_paths_to_a_place_agree_with_the_blast_radius(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = small(
        tmp_path,
        *PARTS,
        LENDS,
        identity("id-two"),
        give("id-app", "Secrets User", f"{VAULT}/secrets/db"),
        give("id-two", "Lends", identity("id-app")["id"]),
        give("team", "Lends", identity("id-two")["id"], "Group"),
        give("bob", "Keys", STORE, "User"),
        group("team", "carl"),
    )
    starts = {row["principal"] for row in answer(capsys, path, "--to", "kv")["rows"]}
    assert starts == {guid(name) for name in ("id-app", "id-two", "team", "carl")}
    for name in ("id-app", "id-two", "team", "bob"):
        (radius,) = answer(capsys, path, "--principal", guid(name), "--blast-radius")["blast_radius"]
        reaches = any("/vaults/kv" in step["target"] for step in radius["steps"])
        assert reaches is (guid(name) in starts), name


def test_a_denied_step_is_no_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = small(tmp_path, *PARTS, give("id-app", "Secrets User", VAULT), deny("d", RG, data=["*"]))
    assert answer(capsys, path, "--to", "kv")["rows"] == []
    assert "no principal reaches kv" in text(capsys, path, "--to", "kv")


def test_who_may_assign_an_identity_but_make_nothing_that_carries_it_does_not_become_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assigns = role("Assigns", ["Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"])
    makes = role("Makes", ["Microsoft.Web/sites/write"])
    opens = give("id-app", "Secrets User", VAULT)
    both = small(tmp_path, *PARTS, assigns, makes, opens, give("ann", "Assigns", RG), give("bob", "Assigns", RG),
                 give("bob", "Makes", f"{SUB}/resourceGroups/other"))  # fmt: skip
    starts = {row["principal"] for row in answer(capsys, both, "--to", "kv")["rows"]}
    assert starts == {guid("id-app"), guid("bob")}


# --- assertions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("documents", "allowed", "code", "why"),
    [
        ((), (), ExitCode.HOLDS, "nobody may"),
        ((give("ann", "Owner", SUB, "User"),), (), ExitCode.HOLDS, "an Owner reads no secret by that alone"),
        ((give("ann", "Secrets User", VAULT, "User"),), (), ExitCode.FAILS, "somebody may"),
        ((give("ann", "Secrets User", f"{VAULT}/secrets/db", "User"),), (), ExitCode.FAILS, "one secret is enough"),
        (
            (give("ann", "Secrets User", VAULT, "User"),),
            ((guid("ann"), "Secrets User", VAULT),),
            ExitCode.HOLDS,
            "who may is allowed",
        ),
        (
            (give("team", "Secrets User", VAULT, "Group"),),
            ((guid("team"), "Secrets User", VAULT),),
            ExitCode.HOLDS,
            "a group is allowed whoever is in it",
        ),
        (
            (give("ann", "Secrets User", VAULT, "User", condition="@Resource[x] StringEquals 'y'"),),
            (),
            ExitCode.INCOMPLETE,
            "whether a condition is met is not known",
        ),
        (
            (give("ann", "Secrets User", VAULT, "User", list_="roleEligibilityScheduleInstances"),),
            (),
            ExitCode.HOLDS,
            "who is only eligible has to activate it first",
        ),
        ((give("ann", "Gone", VAULT, "User"),), (), ExitCode.INCOMPLETE, "what a role allows is not known"),
        (
            (give("ann", "Gone", VAULT, "User"), give("bob", "Secrets User", VAULT, "User")),
            (),
            ExitCode.FAILS,
            "a gap hides nothing",
        ),
    ],
)
def test_nobody_but_those_allowed(
    documents: tuple[Doc, ...],
    allowed: tuple[tuple[str, str, str], ...],
    code: ExitCode,
    why: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = small(tmp_path, *PARTS, *documents)
    asked = (path, "--nobody-but", settings(tmp_path, *allowed), "--action", SECRET, "--scope", "kv")
    got, body = ran(capsys, *asked)
    assert got == code, why
    assert any(row["answer"] == "yes" for row in body["rows"]) is (code == ExitCode.FAILS), why
    assert all(row["chain"] for row in body["rows"])


@pytest.mark.parametrize(
    ("old", "new", "code", "why"),
    [
        ((give("ann", "Keys", RG),), (give("ann", "Keys", RG),), ExitCode.HOLDS, "nothing is new"),
        ((give("ann", "Keys", RG),), (), ExitCode.HOLDS, "less is no more"),
        ((), (give("ann", "Keys", RG),), ExitCode.FAILS, "somebody may list keys"),
        (
            (give("ann", "Owner", SUB),),
            (give("ann", "Owner", SUB), give("ann", "Keys", RG)),
            ExitCode.HOLDS,
            "it could",
        ),
        ((give("ann", "Gone", RG),), (give("ann", "Gone", RG), give("bob", "Keys", RG)), ExitCode.FAILS, "bob is new"),
    ],
)
def test_no_new_access_than_before(
    old: tuple[Doc, ...],
    new: tuple[Doc, ...],
    code: ExitCode,
    why: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "old").mkdir()
    before, after = small(tmp_path / "old", *PARTS, *old), small(tmp_path, *PARTS, *new)
    got, body = ran(capsys, after, "--no-new-than", before)
    assert got == code, why
    assert [len(row["chain"]) > 1 for row in body["rows"]] == [True] * (code == ExitCode.FAILS), why
    assert run(["access", str(after), "--no-new-than", str(before)]) == code
    assert ("is assigned Keys" in capsys.readouterr().out) is (code == ExitCode.FAILS)


def test_who_outside_can_act_as_an_identity_now_is_new_access(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"
    lent = {
        "id": f"{identity('id-app')['id']}/federatedIdentityCredentials/ci",
        "type": kind,
        "name": "ci",
        "properties": {"issuer": "https://token.actions.githubusercontent.com", "subject": "repo:side/project"},
    }
    (tmp_path / "old").mkdir()
    before, after = small(tmp_path / "old", *PARTS), small(tmp_path, *PARTS, lent)
    code, body = ran(capsys, after, "--no-new-than", before)
    assert code == ExitCode.FAILS
    assert [(row["principal"], row["gives"]) for row in body["rows"]] == [("repo:side/project", "identity")]


# --- operations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "scope", "says"),
    [
        (SECRET.replace("getSecret", "getSecre"), "kv", f"did you mean {SECRET}"),
        ("Microsoft.CognitiveServices/accounts/regenerateKey/action", "kv", "means nothing at kv"),
        (KEYS, f"{VAULT}/secrets/db", "means nothing at db"),
        ("Microsoft.Zzz/nothing/action", "kv", "is no operation of Azure that is known here"),
    ],
)
def test_an_operation_that_is_none_is_refused(
    action: str, scope: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = small(tmp_path, *PARTS, give("boss", "Owner", SUB))
    assert says in error(capsys, path, "--action", action, "--scope", scope)


def test_the_same_operation_of_the_kind_that_was_meant_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = small(tmp_path, *PARTS)
    wrong = "Microsoft.CognitiveServices/accounts/listKeys/action"
    assert KEYS.casefold() in error(capsys, path, "--action", wrong, "--scope", "st").casefold()


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (["--plane", "control"], "its plane is given: newer than this program"),
        (["--scope", RG], "any group may hold such a thing"),
    ],
)
def test_an_operation_may_be_newer_than_this_program(
    more: list[str], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = "Microsoft.KeyVault/vaults/brandNew/action"
    custom = role("Newer", [newer])
    documents = (custom,) if "--scope" in more else ()
    path = small(tmp_path, *PARTS, *documents, give("boss", "Owner", SUB))
    found = answer(capsys, path, "--action", newer, *more)["who_can"]
    assert [grant["principal"]["id"] for who in found for grant in who["grants"]] == [guid("boss")], why


@pytest.mark.parametrize(
    "operation", ["Microsoft.Authorization/roleAssignments/write", "Microsoft.Insights/diagnosticSettings/delete"]
)
def test_what_extends_any_resource_may_be_asked_of_each(
    operation: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = small(tmp_path, *PARTS, give("boss", "Owner", SUB))
    (who,) = answer(capsys, path, "--action", operation, "--scope", "kv")["who_can"]
    assert len(who["grants"]) == 1


# --- all of it, and rows ---------------------------------------------------------------------------------------------


def test_all_shows_what_the_overview_cuts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = small(tmp_path, *PARTS, give("boss", "Owner", SUB))
    assert "more (--all shows them)" in " ".join(text(capsys, path, "--scope", RG).split())
    assert "--all shows them" not in text(capsys, path, "--scope", RG, "--all")
    assert "--all shows them" not in text(capsys, path, "--to", "st", "--all")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--scope", "st"),
        ("--to", "st"),
        ("--action", KEYS),
        ("--action", KEYS, "--scope", "st"),
        ("--principal", guid("ann")),
        ("--principal", guid("ann"), "--action", KEYS),
        ("--principal", guid("ann"), "--blast-radius"),
    ],
)
def test_every_answer_can_be_had_as_rows(
    arguments: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = small(tmp_path, *PARTS, give("ann", "Keys", RG, "User", principalName="=cmd|' /C calc'!A0"))
    found = rows(capsys, path, *arguments)
    assert {row["principal"] for row in found if row["principal"]} == {guid("ann")}
    assert all(row["name"].startswith("'=") for row in found if row["principal"]), "no formula"
    assert all(row["chain"] for row in found)


def test_a_gap_of_the_network_stops_no_question_about_roles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gap = Read("/x", "", 403, "microsoft.network/virtualnetworks", "/", error="AuthorizationFailed")
    workspace = carrier("Microsoft.MachineLearningServices/workspaces", "mlw")
    workspace["properties"] = {"keyVault": VAULT, "storageAccount": STORE}
    path = small(tmp_path, *PARTS, workspace, give("boss", "Owner", SUB), reads=[gap])
    body = answer(capsys, path)
    assert guid("boss") in {reach["principal"]["id"] for reach in body["reaches"]}
    assert any("virtualnetworks" in g["because"].casefold().replace(" ", "") or g["because"] for g in body["gaps"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--to", "kv", "--scope", "kv"], "--to counts every operation"),
        (["--to", "kv", "--no-new-than", "x.json"], "is a question of its own"),
        (["--to", "kv", "--blast-radius"], "is a question of its own"),
        (["--nobody-but", "x.yaml", "--action", SECRET], "give --action and --scope too"),
        (
            ["--nobody-but", "x.yaml", "--action", SECRET, "--scope", "kv", "--principal", "a"],
            "is a question of its own",
        ),
    ],
)
def test_questions_that_do_not_go_together(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in error(capsys, small(tmp_path, *PARTS), *arguments)
