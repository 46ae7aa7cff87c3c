"""What an answer that is not the one hoped for means."""

import json

import pytest

from auditor.collect.errors import LONGEST_MESSAGE, newest_between, problem_of
from auditor.collect.reads.question import Question
from auditor.collect.reads.recipes import Recipe, recipes

S = "/subscriptions/s"


def recipe(type_: str) -> Recipe:
    return next(r for r in recipes() if r.type == type_)


VAULTS = Question(recipe("Microsoft.KeyVault/vaults"), f"{S}/providers/Microsoft.KeyVault/vaults", S, "s")
VAULT = f"{S}/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v"
SECRETS = Question(recipe("Microsoft.KeyVault/vaults/secrets"), f"{VAULT}/secrets", VAULT, "s", parent=VAULT)
FILES = Question(recipe("Microsoft.Storage/storageAccounts/fileServices"), f"{S}/a/fileServices", f"{S}/a", "s")
ROLES = Question(recipe("Microsoft.Authorization/roleAssignments"), f"{S}/r", S, "s")


def body(code: str, message: str = "") -> bytes:
    return json.dumps({"error": {"code": code, "message": message}}).encode()


@pytest.mark.parametrize(
    ("status", "code", "question", "gone", "why"),
    [
        (404, "ResourceNotFound", SECRETS, True, "the vault vanished after it was listed"),
        (404, "NotFound", SECRETS, True, "some providers say it shorter"),
        (404, "ResourceGroupNotFound", SECRETS, True, "its whole group vanished"),
        (404, "ResourceNotFound", VAULTS, False, "a list over a scope has nothing to vanish"),
        (404, "SubscriptionNotFound", SECRETS, False, "nothing can be said of a subscription that is not there"),
        (404, "ResourceGroupNotFound", VAULTS, False, "the group asked for is not there"),
        (403, "ResourceNotFound", SECRETS, False, "refused is not deleted"),
    ],
)
def test_gone(status: int, code: str, question: Question, gone: bool, why: str) -> None:
    problem = problem_of(status, body(code))
    assert problem.means_gone(question) is gone, why
    assert not problem.means_nothing_there(question)


@pytest.mark.parametrize(
    ("status", "code", "message", "nothing", "why"),
    [
        (409, "MissingSubscriptionRegistration", "", True, "without the provider there are no vaults"),
        (409, "missingsubscriptionregistration", "", True, "codes have no letter case"),
        (404, "InvalidResourceType", "could not be found", True, "the cloud has no such type"),
        (404, "InvalidResourceType", "The supported api-versions are '2010-01-01'.", False, "it has the type"),
        (404, "InvalidResourceType", "The supported api-versions are ''.", True, "no version, no type"),
        (400, "FeatureNotSupportedForAccount", "", True, "an account kind without the service"),
        (400, "AadPremiumLicenseRequired", "", True, "no licence, no eligible assignment"),
        (400, "BadRequest", "", False, "anything else is a failure"),
        (403, "AuthorizationFailed", "", False, "refused is not absent"),
    ],
)
def test_nothing_there(status: int, code: str, message: str, nothing: bool, why: str) -> None:
    question = {"FeatureNotSupportedForAccount": FILES, "AadPremiumLicenseRequired": ROLES}.get(code, VAULTS)
    assert problem_of(status, body(code, message)).means_nothing_there(question) is nothing, why


@pytest.mark.parametrize(
    ("status", "code", "question", "why"),
    [
        (500, "InvalidResourceType", VAULTS, "a service that is broken knows nothing"),
        (403, "MissingSubscriptionRegistration", VAULTS, "a status that this code never has"),
        (409, "MissingSubscriptionRegistration", SECRETS, "the vault itself is of that provider"),
        (409, "MissingSubscriptionRegistration", ROLES, "no subscription lacks this provider"),
        (400, "FeatureNotSupportedForAccount", VAULTS, "what storage accounts alone may lack"),
        (400, "AadPremiumLicenseRequired", VAULTS, "what eligible assignments alone may need"),
    ],
)
def test_what_cannot_mean_that_nothing_is_there(status: int, code: str, question: Question, why: str) -> None:
    assert not problem_of(status, body(code)).means_nothing_there(question), why


def test_a_refusal_names_the_action_that_azure_missed() -> None:
    message = (
        "The client 'x' with object id 'x' does not have authorization to perform action"
        " 'Microsoft.KeyVault/vaults/read' over scope '/subscriptions/s' or the scope is invalid."
    )
    failure = problem_of(403, body("AuthorizationFailed", message)).failure(SECRETS)
    assert (failure.error, failure.permission) == ("AuthorizationFailed", "Microsoft.KeyVault/vaults/read")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_without_an_action_names_the_one_of_the_read(status: int) -> None:
    failure = problem_of(status, body("Forbidden", "no")).failure(SECRETS)
    assert failure.permission == "Microsoft.KeyVault/vaults/secrets/read"


def test_other_failures_name_no_permission() -> None:
    assert problem_of(500, body("InternalServerError")).failure(SECRETS).permission == ""


@pytest.mark.parametrize(
    ("content", "code", "why"),
    [
        (b"", "Http502", "a gateway answers without a body"),
        (b"<html>Bad gateway</html>", "Http502", "or with a page"),
        (b"[]", "Http502", "JSON that is no object"),
        (b'{"error": "x"}', "Http502", "an error that is no object"),
        (b'{"error": {"message": "m"}}', "Http502", "an error without a code"),
        (b'{"code": "Top", "message": "m"}', "Top", "some providers leave out the wrapping"),
        (b'{"Code": "Big", "Message": "m"}', "Big", "and App Service writes it large"),
        (b'{"error": {"code": "X"}}', "X", "a code without a message"),
        (b"\xff\xfe\x00", "Http502", "no text at all"),
    ],
)
def test_any_body_is_understood(content: bytes, code: str, why: str) -> None:
    problem = problem_of(502, content)
    assert problem.code == code, why
    assert problem.message


def test_a_long_message_is_cut() -> None:
    failure = problem_of(400, body("InvalidApiVersionParameter", "x" * 10_000)).failure(VAULTS)
    assert len(failure.message) == LONGEST_MESSAGE


@pytest.mark.parametrize(
    ("oldest", "newest", "offered", "chosen", "why"),
    [
        ("2023-01-01", "2025-01-01", "2022-01-01 2023-06-01 2024-06-01", "2024-06-01", "the newest between"),
        ("2023-01-01", "2025-01-01", "2022-01-01 2026-01-01", None, "none between"),
        ("2023-01-01", "2025-01-01", "2024-06-01 2024-12-01-preview", "2024-06-01", "stable before preview"),
        ("2023-01-01", "2025-01-01", "2024-12-01-preview", "2024-12-01-preview", "a preview if there is nothing else"),
        ("2023-01-01", "2025-01-01", "2025-01-01", "2025-01-01", "the ends count"),
        ("2023-01-01", "2025-01-01", "2023-01-01-preview", None, "a preview is older than its stable version"),
        (
            "2021-05-01-preview",
            "2021-05-01-preview",
            "2021-05-01-preview",
            "2021-05-01-preview",
            "where only a preview is",
        ),
        ("2023-01-01", "2025-01-01", "latest 2024 ../../x", None, "what is no version is no choice"),
        ("2023-01-01", "2025-01-01", "", None, "nothing offered"),
    ],
)
def test_the_other_version(oldest: str, newest: str, offered: str, chosen: str | None, why: str) -> None:
    assert newest_between(oldest, newest, offered.split()) == chosen, why


@pytest.mark.parametrize(
    "message",
    [
        "The api-version '2025-05-01' is invalid. The supported versions are '2023-07-01,2022-07-01'.",
        (
            "No registered resource provider found for location 'x' and API version '2025-05-01' for type 'vaults'."
            " The supported api-versions are '2022-07-01, 2023-07-01'. The supported locations are 'eastus'."
        ),
        (
            "The resource type 'vaults' could not be found in the namespace 'Microsoft.KeyVault' for api version"
            " '2025-05-01'. The supported api-versions are '2023-07-01'."
        ),
    ],
)
def test_the_three_ways_of_azure_to_say_which_versions_it_has(message: str) -> None:
    assert problem_of(400, body("X", message)).other_version(VAULTS.recipe) == "2023-07-01"
