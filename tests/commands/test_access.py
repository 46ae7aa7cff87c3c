"""`auditor access`: what it answers, why, what it refuses and exits with."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import run
from auditor.model import ExitCode, Read
from auditor.snapshot import Snapshot, write_snapshot
from tests import worlds
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
from tests.builders.estates import WHOLE

SECRET = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
KEYS = "Microsoft.Storage/storageAccounts/listKeys/action"
ASSIGN = "Microsoft.Authorization/roleAssignments/write"
ADMINS = "8a24795b-6eef-5f8c-9032-a709cae05c4d"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference deployment as a snapshot file."""
    path = tmp_path_factory.mktemp("snapshots") / "reference.json"
    write_snapshot(worlds.snapshot(), path)
    return path


def small(folder: Path, *documents: Doc, reads: Iterable[Read] = ()) -> Path:
    """A small world as a snapshot file."""
    path = folder / "small.json"
    ordered = sorted(documents, key=lambda d: str(d["id"]).casefold())
    write_snapshot(Snapshot(documents=tuple(ordered), reads=(WHOLE, *reads), source="import"), path)
    return path


PARTS: tuple[Doc, ...] = (
    {"id": VAULT, "type": "Microsoft.KeyVault/vaults", "name": "kv", "properties": {"enableRbacAuthorization": True}},
    {"id": STORE, "type": "Microsoft.Storage/storageAccounts", "name": "st"},
    identity("id-app"),
    carrier("Microsoft.Web/sites", "app", "id-app"),
    role("Owner", ["*"]),
    role("Keys", [KEYS]),
    role("Secrets User", data=["Microsoft.KeyVault/vaults/secrets/*"]),
)


def text(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert run(["access", *map(str, arguments)]) == ExitCode.HOLDS
    return capsys.readouterr().out


def answer(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(text(capsys, *arguments, "--format", "json"))
    assert body["format"] == "auditor-access/1"
    return body


def error(capsys: pytest.CaptureFixture[str], *arguments: object, code: ExitCode = ExitCode.USAGE) -> str:
    assert run(["access", *map(str, arguments)]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


# --- who can ---------------------------------------------------------------------------------------------------------


def test_who_can_read_secrets_and_why(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert text(capsys, stored, "--action", SECRET, "--scope", "kv-aibase").splitlines()[:5] == [
        f"{SECRET} on kv-aibase  (data action)",
        "",
        "yes         identity id-agw-aibase",
        "            is assigned Key Vault Secrets User at kv-aibase",
        "            permission set 0, dataActions:",
    ]


def test_json_holds_the_chain_of_every_grant(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (who,) = answer(capsys, stored, "--action", ASSIGN, "--scope", "kv-aibase")["who_can"]
    assert (who["action"], who["planes"], who["denied"], who["notes"]) == (ASSIGN, ["control"], [], [])
    (grant,) = who["grants"]
    assert grant["principal"] == {"id": ADMINS, "kind": "group", "name": None, "resource": None}
    assert grant["role"] == {"id": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "name": "Owner", "custom": False}
    assert (grant["answer"], grant["hold"], grant["inherited"], grant["pattern"]) == ("yes", "standing", True, "*")
    assert grant["allows"] == ASSIGN
    (gap,) = who["gaps"]
    assert gap["permission"] == "GroupMember.Read.All"


def test_without_a_scope_every_grant_is_told_once_at_its_own(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, stored, "--action", KEYS)["who_can"]
    grants = [(g["principal"]["id"], g["scope"]) for who in found for g in who["grants"]]
    assert len(grants) == len(set(grants)) == 2
    assert all(not g["inherited"] for who in found for g in who["grants"])
    assert "anywhere in this snapshot" in " ".join(text(capsys, stored, "--action", KEYS).split())


def test_a_plane_may_be_chosen(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (who,) = answer(capsys, stored, "--action", SECRET, "--scope", "kv-aibase", "--plane", "control")["who_can"]
    assert {g["role"]["name"] for g in who["grants"]} == {"Owner", "Contributor"}


def test_a_deny_assignment_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = small(tmp_path, *PARTS, give("boss", "Owner", SUB), deny("Sealed", RG, [KEYS]))
    out = text(capsys, path, "--action", KEYS, "--scope", "st")
    assert "deny assignment Sealed stops what Owner would allow" in out
    assert "no principal, as far as the assignments in this snapshot show" in out
    (who,) = answer(capsys, path, "--action", KEYS, "--scope", "st")["who_can"]
    assert who["denied"][0]["by"]["name"] == "Sealed"


def test_a_misspelt_operation_is_answered_with_what_was_meant(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = " ".join(error(capsys, stored, "--action", SECRET.replace("getSecret", "getSecre")).split())
    assert f"did you mean {SECRET}" in out


# --- one principal ---------------------------------------------------------------------------------------------------


def test_what_an_identity_holds(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = text(capsys, stored, "--principal", "id-amlonlineendpoint")
    assert out.startswith("identity id-amlonlineendpoint\n  object id 36c1357d-cd2c-5752-8644-e349223da027\n")
    assert "- AcrPull at craibase\n    Microsoft.ContainerRegistry/registries/pull/read\n" in out
    assert "may have it as a member" in " ".join(out.split())


def test_what_it_comes_to_at_a_scope(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = small(
        tmp_path,
        *PARTS,
        give("id-app", "Secrets User", VAULT),
        give("id-app", "Keys", RG, condition="x"),
        give("id-app", "Owner", SUB, list_="roleEligibilityScheduleInstances"),
        give("id-app", "Gone", SUB),
    )
    out = text(capsys, path, "--principal", "id-app", "--scope", "kv")
    assert "may for certain: data: Microsoft.KeyVault/vaults/secrets/*" in out
    assert f"and under conditions: {KEYS}" in out
    assert "and once activated: *" in out
    assert "carried by app" in out
    body = answer(capsys, path, "--principal", "id-app", "--scope", "kv")
    assert body["effective"]["certain"] == {"actions": None, "dataActions": "Microsoft.KeyVault/vaults/secrets/*"}
    unread = [h["allows"]["unknown"] for h in body["holdings"] if "unknown" in h["allows"]]
    assert [u["permission"] for u in unread] == ["Microsoft.Authorization/roleDefinitions/read"]


def test_a_principal_that_holds_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = small(tmp_path, *PARTS)
    assert "holds no role" in text(capsys, path, "--principal", "id-app")
    assert answer(capsys, path, "--principal", "id-app")["holdings"] == []


@pytest.mark.parametrize(
    ("documents", "expected", "why"),
    [
        ((give("id-app", "Keys", RG),), "yes", "a role"),
        ((give("id-app", "Keys", RG, condition="x"),), "conditional", "a role under a condition"),
        ((give("id-app", "Keys", RG, list_="roleEligibilityScheduleInstances"),), "eligible", "an eligible role"),
        ((give("id-app", "Keys", RG), deny("d", RG, ["*"], condition="x")), "unknown", "perhaps denied"),
        ((give("team", "Keys", RG, "Group"),), "unknown", "a group of unknown members"),
        ((give("id-app", "Gone", RG),), "unknown", "a role that could not be read"),
        ((give("team", "Keys", RG, "Group"), group("team", "else")), "no", "a group that it is not in"),
        ((give("id-app", "Keys", RG), deny("d", RG, ["*"])), "no", "denied"),
        ((give("other", "Keys", RG), give("id-app", "Secrets User", RG)), "no", "another role"),
    ],
)
def test_whether_one_principal_can(
    documents: tuple[Doc, ...], expected: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = small(tmp_path, *PARTS, *documents)
    for where in (["--scope", "st"], []):
        body = answer(capsys, path, "--principal", "id-app", "--action", KEYS, *where)
        assert body["answer"] == expected, why
        assert bool(body["doubts"]) is (expected == "unknown" and not body["grants"]), why
    out = text(capsys, path, "--principal", "id-app", "--action", KEYS, "--scope", "st")
    assert out.splitlines()[:2] == [f"{expected}: identity id-app", f"  {KEYS} on st"], why


def test_unread_eligibility_leaves_a_no_open(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kind = "microsoft.authorization/roleeligibilityscheduleinstances"
    path = small(tmp_path, *PARTS, reads=[Read("/x", "", 403, kind, "/", error="AuthorizationFailed")])
    body = answer(capsys, path, "--principal", "id-app", "--action", KEYS)
    assert (body["answer"], body["scope"]) == ("unknown", None)
    body = answer(capsys, path, "--principal", "id-app", "--action", KEYS, "--scope", "st")
    assert body["answer"] == "unknown"


@pytest.mark.parametrize(
    "typed",
    ["id-app", "ID-APP", guid("id-app"), identity("id-app")["id"], "app", f"{RG}/providers/Microsoft.Web/sites/app"],
)
def test_a_principal_has_many_names(typed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = answer(capsys, small(tmp_path, *PARTS), "--principal", typed)
    assert body["principal"]["id"] == guid("id-app")


def test_a_principal_known_by_its_assignment_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = small(tmp_path, *PARTS, give("ann", "Keys", RG, "User", principalName="ann@contoso.com"))
    assert answer(capsys, path, "--principal", "ann@contoso.com")["principal"]["kind"] == "user"


# --- further ---------------------------------------------------------------------------------------------------------


def test_the_blast_radius_of_what_the_internet_talks_to(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, stored, "--blast-radius")["blast_radius"]
    assert [(f["part"].rpartition("/")[2], f["start"]["name"], len(f["steps"])) for f in found] == [
        ("agw-aibase", "id-agw-aibase", 1),
        ("app-aibase", "id-app-aibase", 2),
    ]
    out = text(capsys, stored, "--blast-radius")
    assert "identity id-app-aibase, which app-aibase runs as" in out
    assert "  secrets  kv-aibase: reads the secrets" in out


def test_the_blast_radius_of_one_identity(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = text(capsys, stored, "--principal", "id-amlworkspace", "--blast-radius")
    assert "goes on as identity vm-jmp-aibase" in out
    assert "resource group rg-chat-prod: runs scripts" in " ".join(out.split())
    assert max(len(line) for line in out.splitlines()) <= 100, "what can be broken is"
    (found,) = answer(capsys, stored, "--principal", "id-amlworkspace", "--blast-radius")["blast_radius"]
    assert found["part"] is None
    assert {p["name"] for p in found["reached"]} >= {"vm-jmp-aibase", "id-app-aibase", "id-amlonlineendpoint"}


def test_an_identity_that_leads_nowhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "leads nowhere" in text(capsys, small(tmp_path, *PARTS), "--principal", "id-app", "--blast-radius")


def test_the_overview_names_who_reaches_what(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = text(capsys, stored)
    assert out.startswith("who reaches control, identities, keys and data of the workload")
    assert out.index(f"group {ADMINS}") < out.index("identity id-amlworkspace") < out.index("identity id-app-aibase")
    body = answer(capsys, stored)
    assert body["reaches"][0]["operation"] == ASSIGN
    assert body["reaches"][0]["gives"] == "control"


def test_the_overview_names_who_outside_can_act_as_one_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    credential = {
        "id": f"{identity('id-app')['id']}/federatedIdentityCredentials/ci",
        "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
        "properties": {"issuer": "https://ci", "subject": "repo:o/r"},
    }
    path = small(tmp_path, *PARTS, give("id-app", "Secrets User", VAULT), credential)
    assert "can be acted as from outside: subject repo:o/r of https://ci" in text(capsys, path, "--scope", "kv")
    (outside,) = answer(capsys, path, "--scope", "kv")["outside"]
    assert (outside["principal"]["name"], outside["subject"]) == ("id-app", "repo:o/r")


def test_the_narrowest_role_that_would_do_is_named(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    read = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
    assert "would do: Key Vault Secrets User" in text(capsys, stored, "--action", read, "--scope", "kv-aibase")
    body = answer(capsys, stored, "--action", read, "--scope", "kv-aibase")
    assert body["narrowest_role"]["name"] == "Key Vault Secrets User"


def test_the_overview_of_one_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = small(tmp_path, *PARTS, give("id-app", "Secrets User", VAULT, condition="x"))
    out = text(capsys, path, "--scope", "kv")
    assert "of kv" in out.splitlines()[0]
    assert "identity id-app  conditional" in out
    assert "no principal, as far as" in text(capsys, path, "--scope", "st")


def test_the_answer_goes_to_a_file(stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "access.json"
    assert text(capsys, stored, "--action", KEYS, "--format", "json", "-o", file) == ""
    assert json.loads(file.read_text(encoding="utf-8"))["format"] == "auditor-access/1"


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--principal", "id-ap"], "did you mean id-app?"),
        (["--principal", "zzzzzz"], "give an object id"),
        (["--scope", "kw"], "did you mean kv?"),
        (["--scope", "/subscriptions/99999999-9999-9999-9999-999999999999"], "is not in this snapshot"),
        (["--action", "listKeys"], "is no operation"),
        (["--action", "a/" + "*b" * 20], "too many wildcards"),
        (["--blast-radius", "--scope", "kv"], "--blast-radius follows every operation everywhere"),
        (["--plane", "data"], "give --action too"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_way_out(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in error(capsys, small(tmp_path, *PARTS, give("x", "Owner", RG)), *arguments)


def test_a_name_nearly_given_means_the_service_and_not_its_record(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "did you mean kv-aibase or" in error(capsys, stored, "--action", SECRET, "--scope", "kv-aibas")


def test_without_an_exposed_identity_a_start_must_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "name one: --principal" in error(capsys, small(tmp_path, identity("id-app")), "--blast-radius")


def test_without_a_workload_a_place_must_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "ask of a place: --scope" in error(capsys, small(tmp_path, identity("id-app")))


def test_a_name_of_several_principals_is_refused_with_their_ids(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twins = group("one"), {**group("two"), "displayName": "one"}
    said = error(capsys, small(tmp_path, *twins), "--principal", "one")
    assert "is the name of 2 principals" in said
    assert guid("one") in said
    assert guid("two") in said


@pytest.mark.parametrize(
    "scope",
    [
        "/",
        "/providers/Microsoft.Management/managementGroups/any",
        RG,
        SUB,
        f"{STORE}/blobServices/default/containers/x",
    ],
)
def test_scopes_that_have_no_document_can_be_asked_about(
    scope: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = small(tmp_path, *PARTS, give("boss", "Owner", "/"))
    (who,) = answer(capsys, path, "--action", KEYS, "--scope", scope)["who_can"]
    assert [g["scope"] for g in who["grants"]] == ["/"]


def test_a_snapshot_without_assignments_is_incomplete(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kind = "microsoft.authorization/roleassignments"
    gap = Read(
        "/x", "", 403, kind, "/", error="AuthorizationFailed", permission="Microsoft.Authorization/roleAssignments/read"
    )
    said = error(capsys, small(tmp_path, *PARTS, reads=[gap]), code=ExitCode.INCOMPLETE)
    assert "no access is known" in said
    assert "Microsoft.Authorization/roleAssignments/read" in said


def test_permissions_that_cannot_be_calculated_are_incomplete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tangled = role("Tangled", ["*".join(["", *([letter * 20] * 7), ""]) for letter in "ab"])
    path = small(tmp_path, *PARTS, tangled, give("p", "Tangled", RG))
    said = error(capsys, path, "--action", "*".join(["/", *(["c" * 20] * 7), ""]), code=ExitCode.INCOMPLETE)
    assert "overlap too often" in said


def test_names_from_azure_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = role("\x1b[31mRed\u202e", [KEYS])
    evil["properties"]["roleName"] = "\x1b[31mRed\u202e"
    path = small(tmp_path, *PARTS, evil, give("p", "\x1b[31mRed\u202e", RG, "User", principalName="a\x07b"))
    out = text(capsys, path, "--action", KEYS)
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\x07" not in out


# --- ways to a place, and assertions ---------------------------------------------------------------------------------


def allowing(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "settings.yaml"
    listed = "\n".join(f"    - {row}" for row in rows)
    path.write_text(f"allow:\n  roles:\n{listed}\n" if rows else "allow:\n  roles: []\n", encoding="utf-8")
    return path


def test_every_way_to_a_place_is_listed_with_its_steps(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = answer(capsys, stored, "--to", "kv-aibase")["rows"]
    assert {"secrets", "control"} <= {row["gives"] for row in rows}
    assert all(row["chain"] for row in rows)


def test_nobody_but_whom_settings_allow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = small(tmp_path, *PARTS, give("id-app", "Secrets User", f"{VAULT}/secrets/x"))
    asked = (path, "--action", SECRET, "--scope", "kv", "--nobody-but")
    none = allowing(tmp_path)
    assert run(["access", *map(str, (*asked, none))]) == ExitCode.FAILS
    assert "is assigned Secrets User at secret x in kv" in " ".join(capsys.readouterr().out.split())
    some = allowing(tmp_path, f"{{principal: id-app, role: Secrets User, scope: '{VAULT}/*', why: it serves the chat}}")
    assert run(["access", *map(str, (*asked, some))]) == ExitCode.HOLDS


def test_nothing_new_since_an_older_snapshot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "old").mkdir()
    old = small(tmp_path / "old", *PARTS)
    new = small(tmp_path, *PARTS, give("id-app", "Secrets User", VAULT))
    assert run(["access", str(new), "--no-new-than", str(old)]) == ExitCode.FAILS
    assert "is assigned Secrets User at kv" in capsys.readouterr().out
    assert run(["access", str(old), "--no-new-than", str(new)]) == ExitCode.HOLDS


def test_csv_has_a_row_for_each_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = small(tmp_path, *PARTS, give("id-app", "Secrets User", VAULT))
    assert run(["access", str(path), "--action", SECRET, "--scope", "kv", "--format", "csv"]) == ExitCode.HOLDS
    head, row = capsys.readouterr().out.splitlines()
    assert head == "principal,name,kind,answer,operation,gives,scope,chain"
    assert row.startswith(f"{guid('id-app')},id-app,identity,yes,{SECRET},,{VAULT},")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--to", "kv", "--principal", "id-app"),
        ("--to", "kv", "--action", SECRET),
        ("--nobody-but", "settings.yaml"),
        ("--to", "kv", "--no-new-than", "x.json"),
    ],
)
def test_options_of_different_questions_are_refused_together(
    arguments: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error(capsys, small(tmp_path, *PARTS), *arguments)


def test_an_operation_of_another_provider_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--action", "Microsoft.CognitiveServices/accounts/regenerateKey/action", "--scope", "kv")
    assert "means nothing at kv" in error(capsys, small(tmp_path, *PARTS), *asked)
