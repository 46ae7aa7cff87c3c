"""Collection while Azure is not kind: it ends, loses nothing that could be read, and says what could not."""

import functools
import json
import re
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from auditor.collect import Progress, Target, collect
from auditor.collect.connection.bounds import Bounds
from auditor.collect.pacing.retry import Deadline
from auditor.collect.pacing.throttle import RETRIES
from auditor.collect.plan.plan import Scope
from auditor.collect.reads.question import Answer, Question
from auditor.collect.reads.recipes import (
    Recipe,
    Shape,
    Where,
    recipes,
    recipes_below,
)
from auditor.collect.result import Gathered
from auditor.collect.wire import Wire
from auditor.model import ArmId, AuditorError, ExitCode, Read
from auditor.snapshot import Snapshot
from tests import collecting, worlds
from tests.collecting import PATIENCE, by_id, failed, small, world
from tests.faulty import Fault, Kind

SUB = worlds.subscription()
RG = f"{SUB}/resourceGroups/rg-chat-prod"
VAULTS = f"{SUB}/providers/Microsoft.KeyVault/vaults"
SECRETS = f"{RG}/providers/Microsoft.KeyVault/vaults/kv-aibase/secrets"


serving = functools.partial(collecting.serving, small())
from_standin = functools.partial(collecting.from_standin, served=small())


def read_of(snapshot: Snapshot, path: str) -> Read:
    (found,) = (read for read in snapshot.reads if read.path.casefold() == path.casefold())
    return found


# --- 403 at each single read -----------------------------------------------------------------------------------------


def resource_of(type_: str) -> str:
    namespace, *kinds = type_.split("/")
    return f"{RG}/providers/{namespace}" + "".join(f"/{kind}/some" for kind in kinds)


def everything() -> Snapshot:
    """The reference deployment with one resource of every type that leads to further questions."""
    kinds = {parent for recipe in recipes() for parent in recipe.parents if "managementgroups" not in parent}
    some = [{"id": resource_of(kind), "name": "some", "kind": "OpenAI", "properties": {}} for kind in sorted(kinds)]
    # A site and its slots always have these.
    sites = (resource_of("microsoft.web/sites"), resource_of("microsoft.web/sites/slots"))
    names = ("web", "authsettingsV2")
    settings = [{"id": f"{site}/config/{name}", "name": name, "properties": {}} for site in sites for name in names]
    return world([*worlds.documents(), *some, *settings])


def pattern(recipe: Recipe) -> str:
    """A regular expression for the paths of a recipe."""
    any_parent = "|".join(re.escape(resource_of(parent)).replace("some", "[^/]+") for parent in recipe.parents)
    blanks = {"scope": SUB, "subscription": SUB.rpartition("/")[2], "group": RG, "location": "[a-z0-9]+"}
    return f"^{recipe.path.format(parent=f'({any_parent})', **blanks)}$"


def depth(recipe: Recipe) -> int:
    """0 for what leads nowhere, then by how far it is from the top."""
    if not recipes_below().get(recipe.covers):
        return 0
    return 1 + max((recipe_depth(parent) for parent in recipe.parents if parent != recipe.covers), default=0)


def recipe_depth(type_: str) -> int:
    return max(depth(recipe) for recipe in recipes() if recipe.covers == type_)


# What hangs under a type that is refused is not asked, so each level is refused in a run of its own.
ASKED = [
    recipe
    for recipe in recipes()
    if recipe.where not in (Where.GROUP, Where.SEVERAL) and "managementg" not in recipe.covers
]
LEVELS = sorted({depth(recipe) for recipe in ASKED})


class Refused(NamedTuple):
    """A collection in which one level of reads was refused."""

    snapshot: Snapshot
    recipes: list[Recipe]


@pytest.fixture(scope="module", params=LEVELS)
def refused(request: pytest.FixtureRequest) -> Refused:
    level = [recipe for recipe in ASKED if depth(recipe) == request.param]
    faults = [Fault(pattern(recipe), Kind.FORBIDDEN, detail=recipe.permission) for recipe in level]
    served = everything()
    return Refused(from_standin(faults, served=served, subscriptions=served.subscriptions), level)


def test_a_refused_read_is_recorded_with_the_permission_that_would_mend_it(refused: Refused) -> None:
    for recipe in refused.recipes:
        expression = re.compile(pattern(recipe), re.IGNORECASE)
        reads = [read for read in refused.snapshot.reads if expression.search(read.path)]
        assert reads or _without_parents(refused, recipe), recipe.path
        for read in reads:
            told = (read.status, read.error, read.permission, read.count)
            assert told == (403, "AuthorizationFailed", recipe.permission, 0), read.path


def _without_parents(refused: Refused, recipe: Recipe) -> bool:
    """Whether the world has none of what the recipe hangs under: then it is not asked."""
    shown = {ArmId(str(document["id"])).type for document in refused.snapshot.documents}
    return bool(recipe.parents) and not shown & {parent.casefold() for parent in recipe.parents}


def test_nothing_else_is_touched_by_a_refusal(refused: Refused) -> None:
    expressions = [re.compile(pattern(recipe), re.IGNORECASE) for recipe in refused.recipes]
    for read in failed(refused.snapshot):
        assert any(expression.search(read.path) for expression in expressions), read.path
    assert refused.snapshot.complete


def test_what_hangs_under_a_refused_list_is_not_asked() -> None:
    found = from_standin([Fault("/vaults$", Kind.FORBIDDEN)])
    assert [read.path for read in failed(found)] == [VAULTS]
    assert not [read.path for read in found.reads if "/vaults/" in read.path]


# --- faults that pass ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole() -> Snapshot:
    return from_standin()


@pytest.mark.parametrize(
    "fault",
    [
        Fault("/vaults$", Kind.THROTTLED, times=3),
        Fault("/vaults$", Kind.THROTTLED, times=2, detail="0.1"),
        Fault("/vaults$", Kind.BROKEN, times=2, detail="500"),
        Fault("/vaults$", Kind.BROKEN, times=2, detail="503"),
        Fault("/vaults$", Kind.RESET, times=2),
        Fault("/vaults$", Kind.NOT_JSON, times=2),
        Fault("/vaults$", Kind.UNAUTHORIZED, times=1),
        Fault("/vaults$", Kind.SLOW, seconds=0.3),
        Fault("diagnosticSettings$", Kind.THROTTLED, times=20, detail="0.05"),
        Fault("/providers/", Kind.THROTTLED, times=60),
        Fault("/providers/", Kind.RESET, times=30),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.times}-{fault.detail}",
)
def test_a_fault_that_passes_loses_nothing(fault: Fault, whole: Snapshot) -> None:
    found = from_standin([fault])
    assert failed(found) == []
    assert by_id(found) == by_id(whole)


def test_a_token_that_ends_in_mid_run_is_renewed(whole: Snapshot) -> None:
    with serving(latency=0.02, token_lifetime=0.2) as standin:
        found = collecting.taken(standin, concurrency=4)
        assert standin.authority.issued > 2
    assert failed(found) == []
    assert by_id(found) == by_id(whole)


def test_a_revoked_token_is_renewed_once_for_all_threads() -> None:
    with serving() as standin:
        watch = iter([standin.authority.revoke])

        def revoke_once(_: Progress) -> None:
            next(watch, lambda: None)()

        found = collect(Target(cloud="public", arm_endpoint=standin.url, patience=PATIENCE), revoke_once)
        assert standin.authority.issued == 2
    assert failed(found) == []


# --- faults that stay ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "error", "why"),
    [
        (Fault("/vaults$", Kind.THROTTLED), 429, "SubscriptionRequestsThrottled", "throttled for good"),
        (Fault("/vaults$", Kind.THROTTLED, detail="86400"), 429, "SubscriptionRequestsThrottled", "a wait of a day"),
        (Fault("/vaults$", Kind.BROKEN, detail="500"), 500, "InternalServerError", "down for good"),
        (Fault("/vaults$", Kind.RESET), 0, "IncompleteReadError", "always cut off"),
        (Fault("/vaults$", Kind.NOT_JSON), 200, "InvalidJson", "never JSON"),
        (Fault("/vaults$", Kind.LOOPING), 200, "LoopingNextLink", "a page that leads to itself"),
        (Fault("/vaults$", Kind.LOST_PAGE), 404, "ResourceNotFound", "a page that is not there"),
        (Fault("/vaults$", Kind.FOREIGN_PAGE), 200, "ForeignNextLink", "a page on another host"),
        (Fault("/vaults$", Kind.FOREIGN_PAGE, detail="http://127.0.0.1/x"), 200, "ForeignNextLink", "not over TLS"),
        (Fault("/vaults$", Kind.UNAUTHORIZED), 401, "ExpiredAuthenticationToken", "a token that is never right"),
        (Fault("/vaults$", Kind.GONE), 404, "ResourceNotFound", "a list does not vanish"),
        (Fault("/vaults$", Kind.STATUS, detail="400 BadRequest what?"), 400, "BadRequest", "a question it dislikes"),
        (Fault("/vaults$", Kind.STATUS, detail="302 Found elsewhere"), 302, "Found", "a redirection is not followed"),
    ],
    ids=lambda value: str(getattr(value, "kind", "")) or None,
)
def test_a_fault_that_stays_fails_one_read_and_no_other(fault: Fault, status: int, error: str, why: str) -> None:
    found = from_standin([fault])
    assert [read.path for read in failed(found)] == [VAULTS], why
    read = read_of(found, VAULTS)
    assert (read.status, read.error) == (status, error), why
    assert read.message
    assert found.complete
    assert len(found.documents) > 20


def test_a_refused_token_names_what_it_was_for() -> None:
    assert (
        read_of(from_standin([Fault("/vaults$", Kind.UNAUTHORIZED)]), VAULTS).permission
        == "Microsoft.KeyVault/vaults/read"
    )


@pytest.mark.parametrize("page_size", [1])
def test_a_list_is_lost_whole_when_one_page_is(page_size: int) -> None:
    """Half a list is worse than none: it would be taken for the whole."""
    with serving(faults=[Fault("/networkSecurityGroups$", Kind.LOST_PAGE, times=3)], page_size=page_size) as standin:
        found = collecting.taken(standin)
    assert read_of(found, f"{SUB}/providers/Microsoft.Network/networkSecurityGroups").error
    assert not [id_ for id_ in by_id(found) if ArmId(id_).type == "microsoft.network/networksecuritygroups"]


@pytest.mark.parametrize(
    ("fault", "error", "why"),
    [
        (
            Fault("/kv-aibase/secrets$", Kind.LOST_PAGE),
            "ResourceNotFound",
            "a page of a child list that is gone is no end",
        ),
        (Fault("/kv-aibase/secrets$", Kind.STATUS, detail="200 Odd x"), "Odd", "an error with status 200"),
    ],
)
def test_a_list_below_a_resource_is_not_believed_in_part(fault: Fault, error: str, why: str) -> None:
    assert read_of(from_standin([fault]), SECRETS).error == error, why


def test_an_answer_that_goes_on_where_none_should_is_not_believed() -> None:
    fault = Fault("/sites/app-aibase/config/web$", Kind.LOOPING)
    (read,) = failed(from_standin([fault]))
    assert (read.error, read.covers) == ("FurtherPages", "microsoft.web/sites/config")


def test_a_list_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.collect.wire.MAX_PAGES", 3)
    with serving(page_size=1) as standin:
        found = collecting.taken(standin)
    assert read_of(found, f"{SUB}/providers/Microsoft.Network/networkSecurityGroups").error == "EndlessList"


# --- nothing there ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["ResourceNotFound", "ResourceGroupNotFound"])
def test_a_resource_that_its_list_shows_and_its_own_path_denies_is_kept_and_what_rests_on_it_unknown(
    code: str, whole: Snapshot
) -> None:
    vault = ArmId(f"{RG}/providers/Microsoft.KeyVault/vaults/kv-aibase")
    found = from_standin([Fault("/kv-aibase($|/)", Kind.STATUS, detail=f"404 {code} it was deleted")])
    read = read_of(found, SECRETS)
    assert (read.answered, read.status, read.error) == (False, 404, "Vanished")
    assert all(ArmId(read.scope).is_within(vault) and read.error == "Vanished" for read in failed(found))
    assert not found.complete
    assert vault.key in by_id(found)
    assert by_id(found).items() <= by_id(whole).items()


def test_a_resource_that_its_list_does_not_show_any_more_is_gone_with_all_that_is_below_it() -> None:
    vault = ArmId(f"{RG}/providers/Microsoft.KeyVault/vaults/kv-aibase")
    secrets = next(recipe for recipe in recipes() if recipe.covers == "microsoft.keyvault/vaults/secrets")
    vaults = next(recipe for recipe in recipes() if recipe.covers == "microsoft.keyvault/vaults")
    listing = Question(vaults, f"{SUB}/providers/Microsoft.KeyVault/vaults", SUB, vault.subscription)
    asking = Question(secrets, SECRETS, vault.text, vault.subscription, parent=vault.text)
    for still_there, error in ((False, ""), (True, "Vanished")):
        gathered = Gathered()
        document = {"id": vault.text, "name": "kv-aibase"}
        gathered.take(Answer(listing, (document,), listing.answered(200, "v", 1, 0)))
        gathered.take(Answer(asking, (), asking.answered(404, "v", 0, 0), vault.text))
        assert gathered.denied == (vault,)
        again = (document,) if still_there else ()
        gathered.settle(vault, Answer(listing, again, listing.answered(200, "v", len(again), 0)))
        found = gathered.together((Scope(vault.subscription),))
        assert (vault.key in by_id(found)) is still_there
        assert read_of(found, SECRETS).error == read_of(found, vault.text).error == error
        assert read_of(found, vault.text).message
        assert found.complete is not still_there


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"value": [], "error": {"code": "Odd", "message": "m"}}', "Odd"),
        (b'{"value": [], "value": []}', "DuplicateKeys"),
        (b'{"value": [], "x": 1e999}', "NumberTooLarge"),
        (b'{"value": [], "x": 1' + b"0" * 400 + b"}", "NumberTooLarge"),
        (b'{"value": [], "totalCount": 1}', "CountMismatch"),
        (b'{"value": [{"id": "x"}]}', "NoId"),
        (b'{"value": [], "error": {"message": "no code"}}', "ErrorWithStatus200"),
        (b'{"value": [], "Error": "denied"}', "ErrorWithStatus200"),
        (b'{"value": [], "errors": [{"code": "A"}]}', "ErrorWithStatus200"),
        (b'{"value": [], "code": "AuthorizationFailed", "message": "m"}', "AuthorizationFailed"),
        (b'{"value": [{"id": "/a", "error": {"code": "Odd"}}]}', "Odd"),
        (b'{"value": [], "count": {"type": "Total", "value": 2}}', "CountMismatch"),
        (b'{"value": [], "totalCount": "2"}', "CountMismatch"),
        (b'{"value": [], "@odata.count": 2.0}', "CountMismatch"),
        (b'{"value": [], "nextLink": {}}', "ForeignNextLink"),
        (b'{"value": [], "nextLink": false}', "ForeignNextLink"),
        (b'{"value": [], "$skipToken": "abc"}', "FurtherPages"),
        (b'{"value": [{"id": "/a", "x": 1}, {"id": "/A", "x": 2}]}', "Contradiction"),
        (b"[" * 100_000, "InvalidJson"),
        (b'{"value": [], "x": NaN}', "InvalidJson"),
        (b'{"value": [], "x": "\xff"}', "InvalidJson"),
    ],
)
def test_an_answer_that_contradicts_itself_fails_that_read(body: bytes, error: str) -> None:
    recipe = next(recipe for recipe in recipes() if recipe.covers == "microsoft.keyvault/vaults")
    question = Question(recipe, f"{SUB}/providers/Microsoft.KeyVault/vaults", SUB, ArmId(SUB).subscription)
    assert wire_answering(body).ask(question).read.error == error


@pytest.mark.parametrize("key", ["nextLink", "nextlink", "NextLink", "@nextLink", "odata.nextLink", "@odata.nextLink"])
def test_a_list_goes_on_however_its_link_is_spelled(key: str) -> None:
    pages = [{"value": [{"id": "/a"}], key: "https://arm/2"}, {"value": [{"id": "/b"}]}]
    answer = wire_answering(*(json.dumps(page).encode() for page in pages)).ask(vaults_asked())
    assert [document["id"] for document in answer.documents] == ["/a", "/b"]


@pytest.mark.parametrize(
    ("page", "error", "why"),
    [
        ([{"id": "/a"}], "LoopingNextLink", "the same page under ever new links"),
        ([], "EndlessList", "empty pages without end"),
    ],
)
def test_pages_that_bring_nothing_end_a_list(page: list[object], error: str, why: str) -> None:
    bodies = (json.dumps({"value": page, "nextLink": f"https://arm/{n}"}).encode() for n in range(1_000))
    assert wire_answering(*bodies).ask(vaults_asked()).read.error == error, why


def test_a_list_has_a_bound_of_time_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = [json.dumps({"value": [{"id": f"/{n}"}], "nextLink": f"https://arm/{n}"}).encode() for n in range(100)]
    monkeypatch.setattr("auditor.collect.wire.MOST_BYTES", 1_000)
    assert wire_answering(*bodies).ask(vaults_asked()).read.error == "EndlessList"
    monkeypatch.undo()
    monkeypatch.setattr("auditor.collect.wire.MOST_SECONDS", -1.0)
    assert wire_answering(*bodies).ask(vaults_asked()).read.error == "EndlessList"


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (403, '{"error": {"code": "AuthorizationFailed", "code": "MissingSubscriptionRegistration"}}', "two codes"),
        (403, '{"error": {"code": "MissingSubscriptionRegistration"}}', "a status that this code never has"),
        (500, '{"error": {"code": "InvalidResourceType"}}', "a service that is broken"),
        (400, '{"error": {"code": "FeatureNotSupportedForAccount"}}', "what only storage accounts lack"),
        (403, '{"a":' * 100_000, "deeper than anybody reads"),
        (400, '{"error": {"code": "X", "message": 1e999}}', "a number beyond all others"),
    ],
)
def test_an_error_that_cannot_mean_none_is_none_but_an_error(status: int, body: str, why: str) -> None:
    read = wire_answering(body.encode(), status=status).ask(vaults_asked()).read
    assert (read.answered, read.status) == (False, status), why


def test_no_subscription_lacks_role_assignments_for_want_of_their_provider() -> None:
    recipe = next(r for r in recipes() if r.covers == "microsoft.authorization/roleassignments" and not r.query)
    asked = Question(recipe, f"{SUB}/providers/Microsoft.Authorization/roleAssignments", SUB, ArmId(SUB).subscription)
    body = b'{"error": {"code": "MissingSubscriptionRegistration"}}'
    assert not wire_answering(body, status=409).ask(asked).read.answered


def test_an_answer_about_another_resource_is_none() -> None:
    recipe = next(recipe for recipe in recipes() if recipe.covers == "microsoft.sql/servers")
    path = f"{RG}/providers/Microsoft.Sql/servers/mine"
    asked = Question(recipe, path, path, ArmId(SUB).subscription, parent=path)
    other = json.dumps({"id": f"{path}-not", "properties": {"publicNetworkAccess": "Disabled"}}).encode()
    assert wire_answering(other).ask(asked).read.error == "OtherResource"


@pytest.mark.parametrize(
    "header",
    [
        {"Retry-After": "soon"},
        {"Retry-After": "1e999"},
        {"Retry-After": "nan"},
        {"Retry-After": "-5"},
        {"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"},
        {"x-ms-ratelimit-remaining-subscription-reads": "9" * 400},
    ],
    ids=str,
)
def test_a_header_that_is_no_number_or_time_costs_its_read_at_most(header: dict[str, str]) -> None:
    with serving() as standin:
        usual = standin.reply

        def reply(method: str, target: str, authorization: str, body: bytes) -> Any:
            found = usual(method, target, authorization, body)
            if "/vaults?" not in target:
                return found
            return replace(found, status=429 if "Retry-After" in header else 200, headers=header)

        standin.reply = reply  # type: ignore[method-assign]
        found = collecting.taken(standin)
    assert [read.path for read in failed(found)] in ([], [VAULTS])


def test_a_list_that_shows_less_than_the_inventory_is_not_believed(whole: Snapshot) -> None:
    """Silence is no absence: the inventory names the vault that the list of vaults leaves out."""
    with serving() as standin:
        usual = standin.reply

        def reply(method: str, target: str, authorization: str, body: bytes) -> Any:
            found = usual(method, target, authorization, body)
            return replace(found, body={"value": []}) if "/vaults?" in target else found

        standin.reply = reply  # type: ignore[method-assign]
        found = collecting.taken(standin)
    read = read_of(found, VAULTS)
    assert (read.error, found.complete) == ("Vanished", False)
    assert "kv-aibase" in read.message


def test_what_an_inventory_no_longer_shows_was_deleted() -> None:
    vault = ArmId(f"{RG}/providers/Microsoft.KeyVault/vaults/kv-aibase")
    recipe = next(recipe for recipe in recipes() if recipe.shape is Shape.INVENTORY)
    everything = Question(recipe, f"{SUB}/resources", SUB, vault.subscription)
    listed = vaults_asked()
    for again, left in (((), ()), (({"id": vault.text},), (VAULTS,))):
        gathered = Gathered()
        gathered.take(Answer(everything, ({"id": vault.text},), everything.answered(200, "v", 1, 0)))
        gathered.take(Answer(listed, (), listed.answered(200, "v", 0, 0)))
        assert gathered.left_out == (vault,)
        assert not gathered.so_far().together((Scope(vault.subscription),)).complete
        gathered.confirm(vault, Answer(everything, again, everything.answered(200, "v", len(again), 0)))
        found = gathered.together((Scope(vault.subscription),))
        assert tuple(read.path for read in failed(found)) == left


def vaults_asked() -> Question:
    recipe = next(recipe for recipe in recipes() if recipe.covers == "microsoft.keyvault/vaults")
    return Question(recipe, VAULTS, SUB, ArmId(SUB).subscription)


def test_a_budget_without_its_first_slash_is_read() -> None:
    recipe = next(recipe for recipe in recipes() if recipe.covers == "microsoft.consumption/budgets")
    path = f"{SUB}/providers/Microsoft.Consumption/budgets"
    body = json.dumps({"value": [{"id": f"{path[1:]}/b", "name": "b", "properties": {}}]}).encode()
    answer = wire_answering(body).ask(Question(recipe, path, SUB, ArmId(SUB).subscription))
    assert [document["id"] for document in answer.documents] == [f"{path}/b"]


def wire_answering(*bodies: bytes, status: int = 200) -> Wire:
    """A wire on which questions have these answers one after the other, and the last one for good."""
    session = SimpleNamespace(
        cloud=SimpleNamespace(endpoint="https://arm"),
        deadline=Deadline(None),
        patience=0.0,
        trusts=lambda link: True,
        bounds=Bounds(),
    )
    left = list(bodies)

    def send(_: object) -> SimpleNamespace:
        return SimpleNamespace(status_code=status, headers={}, content=left.pop(0) if len(left) > 1 else left[0])

    return Wire(session, lambda client, subscription: send)  # type: ignore[arg-type, return-value]


def test_a_list_that_is_not_there_although_its_resource_is_proves_nothing(whole: Snapshot) -> None:
    found = from_standin([Fault("/kv-aibase/secrets$", Kind.GONE)])
    assert [(read.path, read.status) for read in failed(found)] == [(SECRETS, 404)]
    assert by_id(found).keys() == {id_ for id_ in by_id(whole) if not id_.startswith(f"{SECRETS}/".casefold())}


def test_a_resource_that_can_not_be_asked_for_is_not_taken_for_deleted() -> None:
    vault = Fault("/vaults/kv-aibase$", Kind.FORBIDDEN)
    found = from_standin([vault, Fault("/kv-aibase/secrets$", Kind.GONE)])
    assert [(read.path, read.status) for read in failed(found)] == [(SECRETS, 404)]


def test_a_provider_that_is_not_registered_has_no_resources_and_is_not_registered_by_us() -> None:
    with serving(unregistered=("Microsoft.Search", "Microsoft.ApiManagement")) as standin:
        found = collecting.taken(standin)
        assert [r.path for r in standin.requests if r.method == "POST"] == [
            f"/{standin.authority.tenant}/oauth2/v2.0/token"
        ]
        assert standin.refused == []
    assert failed(found) == []
    read = read_of(found, f"{SUB}/providers/Microsoft.Search/searchServices")
    assert (read.answered, read.status, read.count) == (True, 409, 0)


@pytest.mark.parametrize("name", ["network", "search", "authorization", "cognitive", "machinelearning", "resources"])
def test_no_client_answers_a_409_with_a_post(name: str) -> None:
    paths = {recipe.path.partition("/providers/")[2] for recipe in recipes() if recipe.client == name}
    faults = [Fault(re.escape(path) + "$", Kind.UNREGISTERED) for path in sorted(paths) if path]
    with serving(faults=faults) as standin:
        found = collecting.taken(standin)
        assert standin.refused == []
    # The inventory shows what these deny, and no subscription lacks Microsoft.Authorization: they are not believed.
    assert {read.error for read in failed(found)} <= {"Vanished", "MissingSubscriptionRegistration"}


@pytest.mark.parametrize(
    ("detail", "why"),
    [
        ("404 InvalidResourceType The resource type 'x' could not be found.", "the cloud has no such type"),
        ("400 FeatureNotSupportedForAccount File is not supported for the account.", "a blob account has no files"),
    ],
)
def test_what_a_cloud_or_an_account_does_not_have(detail: str, why: str) -> None:
    found = from_standin([Fault("/fileServices$", Kind.STATUS, detail=detail)])
    assert failed(found) == [], why
    assert not [id_ for id_ in by_id(found) if "/fileservices/" in id_ and "diagnostic" not in id_]


# --- api-versions ----------------------------------------------------------------------------------------------------

SITES = f"{SUB}/providers/Microsoft.Web/sites"


def versions(offered: str) -> Fault:
    message = f"400 InvalidApiVersionParameter The api-version is invalid. The supported versions are '{offered}'."
    return Fault("/providers/Microsoft.Web/sites$", Kind.STATUS, times=1, detail=message)


def test_a_cloud_that_is_behind_is_asked_in_a_version_it_knows(whole: Snapshot) -> None:
    found = from_standin([versions("2025-03-01,2023-12-01,2023-01-01,2020-06-01")])
    read = read_of(found, SITES)
    assert (read.answered, read.api_version, read.count) == (True, "2023-12-01", 2)
    assert by_id(found) == by_id(whole)


def test_a_cloud_that_is_too_far_behind_is_not_believed() -> None:
    read = read_of(from_standin([versions("2020-06-01,2018-02-01")]), SITES)
    assert (read.error, read.status) == ("InvalidApiVersionParameter", 400)
    assert "2020-06-01" in read.message


# --- time ------------------------------------------------------------------------------------------------------------


def test_a_slow_service_does_not_hold_up_the_others() -> None:
    with serving(faults=[Fault("/Microsoft.KeyVault/", Kind.SLOW, seconds=3.0)]) as standin:
        collecting.taken(standin)
        slow = {r.path for r in standin.requests if "Microsoft.KeyVault" in r.path}
        others = [r.at for r in standin.requests if r.path not in slow]
        assert sum(at < 2.9 for at in others) > 0.9 * len(others), sorted(others)[-10:]


def test_a_slow_service_that_takes_every_thread_does_not_hold_up_the_others() -> None:
    """There are more questions about networks than threads, and they come first."""
    with serving(faults=[Fault("/providers/Microsoft.Network/", Kind.SLOW, seconds=3, times=4)]) as standin:
        found = collecting.taken(standin, concurrency=4)
        others = [r.at for r in standin.requests if "Microsoft.Network" not in r.path]
    assert failed(found) == []
    assert max(others) < 2.9


def test_a_service_that_wants_a_rest_does_not_hold_up_the_others() -> None:
    fault = Fault("diagnosticSettings$", Kind.THROTTLED, times=4, detail="1")
    with serving(faults=[fault]) as standin:
        found = collecting.taken(standin)
        settings = [r.at for r in standin.requests if r.path.endswith("diagnosticSettings")]
        others = [r.at for r in standin.requests if not r.path.endswith("diagnosticSettings")]
    assert failed(found) == []
    assert max(others) < min(settings) + 1.0 < max(settings)


def test_a_run_that_ends_before_it_is_known_what_to_read_says_so() -> None:
    with serving(faults=[Fault("^/subscriptions$", Kind.THROTTLED, detail="60")]) as standin:
        with pytest.raises(AuditorError, match="ended before it was known what to read") as told:
            collecting.taken(standin, timeout=0.5)
    assert told.value.exit_code == ExitCode.INCOMPLETE


def test_the_time_limit_ends_with_what_was_read() -> None:
    with serving(latency=0.15) as standin:
        begun = time.monotonic()
        found = collecting.taken(standin, timeout=0.8, concurrency=8)
        assert time.monotonic() - begun < 2.5
    assert not found.complete
    assert found.documents
    assert {read.error for read in failed(found)} == {"Interrupted"}
    assert len(found.reads) > len(failed(found)) > 0


def test_a_hanging_request_does_not_outlive_the_time_limit() -> None:
    with serving(faults=[Fault("/vaults$", Kind.SLOW, seconds=30)]) as standin:
        begun = time.monotonic()
        found = collecting.taken(standin, timeout=1.0)
        assert time.monotonic() - begun < 20
    # A busy machine may not get to the others in time; the one that hangs is told in any case.
    assert VAULTS in [read.path for read in failed(found)]
    assert {read.error for read in failed(found)} == {"Interrupted"}
    assert not found.complete


def test_a_long_wait_does_not_outlive_the_time_limit() -> None:
    found = from_standin([Fault("/vaults$", Kind.THROTTLED, detail="200")], timeout=1.5)
    assert VAULTS in [read.path for read in failed(found)]
    assert {read.error for read in failed(found)} == {"Interrupted"}
    assert not found.complete


def test_a_pause_does_not_outlive_the_time_limit() -> None:
    found = from_standin([Fault("/vaults$", Kind.NOT_JSON)], timeout=1.5, patience=100)
    assert [(read.path, read.error) for read in failed(found)] == [(VAULTS, "Interrupted")]


def test_ctrl_c_ends_with_what_was_read() -> None:
    def impatient(state: Progress) -> None:
        if state.done >= 30:
            raise KeyboardInterrupt

    with serving(latency=0.02) as standin:
        found = collect(Target(cloud="public", arm_endpoint=standin.url), impatient)
    assert not found.complete
    # Answers that had come in by then are kept, however many; what had not been asked by then no longer is.
    assert sum(read.answered for read in found.reads) >= 30
    assert {read.error for read in failed(found)} == {"Interrupted"}


# --- who and where ---------------------------------------------------------------------------------------------------


def second() -> dict[str, str]:
    id_ = "22222222-2222-4222-8222-222222222222"
    return {"id": f"/subscriptions/{id_}", "subscriptionId": id_, "displayName": "Sandbox"}


def test_of_several_subscriptions_one_has_to_be_chosen() -> None:
    with pytest.raises(AuditorError, match="sees 2 subscriptions") as told:
        from_standin(served=world([*small().documents, second()]))
    assert "Sandbox (22222222-2222-4222-8222-222222222222)" in told.value.message
    assert "Contoso Chat - Production" in told.value.message
    assert "--subscription" in told.value.tip


def test_a_credential_that_sees_nothing() -> None:
    with pytest.raises(AuditorError, match="sees no subscription"):
        from_standin(served=world([]))


def test_subscriptions_that_cannot_be_listed() -> None:
    with pytest.raises(AuditorError, match="could not be listed") as told:
        from_standin([Fault("^/subscriptions$", Kind.FORBIDDEN, detail="Microsoft.Resources/subscriptions/read")])
    assert "--subscription" in told.value.tip


@pytest.mark.parametrize("options", [{}, {"resource_groups": ("rg-chat-prod",)}])
def test_a_subscription_that_the_credential_does_not_see(options: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(AuditorError, match="does not see subscription 3333"):
        from_standin(subscriptions=("3333",), **options)


def test_a_resource_group_that_is_nowhere() -> None:
    with pytest.raises(AuditorError, match="no resource group rg-nix"):
        from_standin(resource_groups=("rg-chat-prod", "rg-nix"))


def test_a_resource_group_that_must_not_be_seen_is_a_failed_read() -> None:
    found = from_standin(
        [Fault("/resourceGroups/rg-chat-prod$", Kind.FORBIDDEN, detail="a/read")], resource_groups=("rg-chat-prod",)
    )
    assert [(read.path, read.permission) for read in failed(found)] == [(RG, "a/read")]


def test_a_group_is_read_in_the_subscription_that_has_it() -> None:
    served = world([*small().documents, second()])
    found = from_standin(served=served, all_subscriptions=True, resource_groups=("rg-chat-prod",))
    assert failed(found) == []
    assert found.subscriptions == (SUB.rpartition("/")[2],)


def test_a_wrong_secret_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as standin, monkeypatch.context() as changed:
        changed.setenv("AZURE_CLIENT_SECRET", "guess")
        with pytest.raises(AuditorError, match="AADSTS7000215"):
            collecting.taken(standin)


def test_a_certificate_that_is_not_trusted_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving() as standin, monkeypatch.context() as changed:
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            changed.delenv(name)
        with pytest.raises(AuditorError) as told:
            collecting.taken(standin)
        assert "CA file" in told.value.tip
        assert failed(collecting.taken(standin, ca_file=standin.ca_file)) == []


# --- odd content -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a b", "a#b", "a?b=c", "a%2Fb", "ü–é", "a&b+c", "{parent}", "a\\b"])
def test_any_name_can_stand_in_a_path(name: str) -> None:
    id_ = f"{RG}/providers/Microsoft.Insights/autoscaleSettings/{name}"
    with collecting.serving(world([*small().documents, {"id": id_, "name": name, "properties": {}}])) as standin:
        found = collecting.taken(standin)
        assert f"{id_}/providers/Microsoft.Insights/diagnosticSettings" in {r.path for r in standin.requests}
    assert failed(found) == []


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"name": "x"}, "without an id"),
        ({"id": "x"}, "with an id that is none"),
        ({"id": None}, "with a null for an id"),
    ],
)
def test_a_list_with_something_that_is_no_resource_is_not_believed(document: dict[str, str], why: str) -> None:
    with serving() as standin:
        standin._world._by_type["microsoft.keyvault/vaults"].append((ArmId(f"{VAULTS}/odd"), document))
        found = collecting.taken(standin)
    assert [(read.path, read.error) for read in failed(found)] == [(VAULTS, "NoId")], why


def test_a_document_of_a_hundreds_of_levels_fails_one_read() -> None:
    deep: object = None
    for _ in range(500):
        deep = [deep]
    odd = {"id": f"{VAULTS}/odd", "name": "odd", "properties": {"x": deep}}
    with serving() as standin:
        standin._world._by_type["microsoft.keyvault/vaults"].append((ArmId(f"{VAULTS}/odd"), odd))
        found = collecting.taken(standin)
    assert [(read.path, read.error) for read in failed(found)] == [(VAULTS, "TooDeep")]


def test_a_cloud_that_is_down_is_given_up_in_good_time() -> None:
    with serving(faults=[Fault("/providers/", Kind.BROKEN)]) as standin:
        found = collecting.taken(standin)
        assert len(standin.requests) < len(found.reads) + RETRIES + 20
    assert len(failed(found)) > 50
    assert found.complete
