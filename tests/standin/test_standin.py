"""The stand-in answers as Resource Manager does."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from auditor.snapshot import Snapshot
from auditor.standin.tokens import CLIENT, SECRET
from tests import worlds
from tests.collecting import reference
from tests.faulty import Fault, FaultyStandIn, Kind

SUB = worlds.subscription()
RG = f"{SUB}/resourceGroups/rg-chat-prod"
NET = "2025-05-01"


class Caller:
    """A plain HTTP client that signed in."""

    def __init__(self, standin: FaultyStandIn) -> None:
        self.standin = standin
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = standin.ca_file
        self.session.headers["Authorization"] = f"Bearer {self.token()}"

    def token(self) -> str:
        form = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET}
        url = f"{self.standin.url}/{self.standin.authority.tenant}/oauth2/v2.0/token"
        return str(self.session.post(url, data=form).json()["access_token"])

    def get(self, path: str, version: str = NET, **query: str) -> requests.Response:
        asked = {"api-version": version, **query} if version else query
        return self.session.get(self.standin.url + path, params=asked)

    def names(self, path: str, version: str = NET) -> list[str]:
        return sorted(item["name"] for item in self.get(path, version).json()["value"])

    def code(self, path: str, version: str = NET) -> tuple[int, str]:
        answer = self.get(path, version)
        return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture(scope="module")
def azure() -> Iterator[Caller]:
    with FaultyStandIn(reference()) as standin:
        caller = Caller(standin)
        yield caller
        caller.session.close()


def test_a_resource_by_its_id_whatever_the_letter_case(azure: Caller) -> None:
    path = f"{RG}/providers/Microsoft.Network/virtualNetworks/vnet-aibase"
    assert azure.get(path).json() == azure.get(path.upper()).json()
    assert azure.get(path).json()["name"] == "vnet-aibase"


@pytest.mark.parametrize(
    ("path", "version", "count", "why"),
    [
        ("/subscriptions", "2022-12-01", 1, "the subscriptions that the caller sees"),
        (f"{SUB}/resourcegroups", "2021-04-01", 1, "the groups of one"),
        (f"{SUB}/providers/Microsoft.Network/networkSecurityGroups", NET, 8, "a type over a subscription"),
        (f"{RG}/providers/Microsoft.Network/networkSecurityGroups", NET, 8, "over a group"),
        (
            f"{RG}/providers/Microsoft.Network/networkSecurityGroups/nsg-bastionSubnet/securityRules",
            NET,
            11,
            "children",
        ),
        (f"{RG}/providers/Microsoft.Web/sites/app-aibase/config/configreferences/appsettings", "2024-04-01", 1, "deep"),
        (f"{RG}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io/A", "2024-06-01", 2, "records"),
        (f"{RG}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io/ALL", "2024-06-01", 3, "any kind"),
        (f"{SUB}/providers/Microsoft.Authorization/roleDefinitions", "2022-04-01", 26, "role definitions"),
        (f"{SUB}/providers/Microsoft.Search/searchServices", "2025-05-01", 0, "a type of which there is none"),
    ],
)
def test_lists(azure: Caller, path: str, version: str, count: int, why: str) -> None:
    answer = azure.get(path, version)
    assert (answer.status_code, len(answer.json()["value"])) == (200, count), why


def test_assignments_are_shown_at_and_below_a_scope(azure: Caller) -> None:
    assert len(azure.names(f"{SUB}/providers/Microsoft.Authorization/roleAssignments", "2022-04-01")) == 16
    vault = f"{RG}/providers/Microsoft.KeyVault/vaults/kv-aibase"
    seen = azure.get(f"{vault}/providers/Microsoft.Authorization/roleAssignments", "2022-04-01").json()["value"]
    scopes = {item["properties"]["scope"].casefold() for item in seen}
    assert all(vault.casefold() == s or vault.casefold().startswith(s + "/") for s in scopes)
    assert vault.casefold() in scopes


def test_an_assignment_of_a_management_group_is_seen_from_below() -> None:
    scope = "/providers/Microsoft.Management/managementGroups/top"
    id_ = f"{scope}/providers/Microsoft.Authorization/roleAssignments/a"
    above = {"id": id_, "name": "above", "properties": {"scope": scope, "principalId": "p"}}
    root = {"id": "/providers/Microsoft.Authorization/roleAssignments/r", "name": "root", "properties": {"scope": "/"}}
    base = reference()
    with FaultyStandIn(Snapshot((*base.documents, above, root), (), tenant=base.tenant)) as standin:
        caller = Caller(standin)
        assert {"above", "root"} <= set(
            caller.names(f"{RG}/providers/Microsoft.Authorization/roleAssignments", "2022-04-01")
        )
        caller.session.close()


def test_settings_of_one_resource_are_its_own(azure: Caller) -> None:
    settings = "providers/Microsoft.Insights/diagnosticSettings"
    version = "2021-05-01-preview"
    assert len(azure.names(f"{RG}/providers/Microsoft.KeyVault/vaults/kv-aibase/{settings}", version)) == 1
    network = f"{RG}/providers/Microsoft.Network/virtualNetworks/vnet-aibase"
    assert azure.names(f"{network}/{settings}", version) == []
    blobs = f"{RG}/providers/Microsoft.Storage/storageAccounts/staibase/blobServices/default"
    assert len(azure.names(f"{blobs}/{settings}", version)) == 1


def test_the_inventory_shows_everything_without_properties(azure: Caller) -> None:
    listed = azure.get(f"{SUB}/resources", "2021-04-01", **{"$top": "1000"}).json()["value"]
    assert len(listed) > 60
    assert not [item for item in listed if "properties" in item]
    assert not [item for item in listed if item["type"].count("/") > 1]
    wanted = {"$filter": "resourceType eq 'Microsoft.KeyVault/vaults'"}
    assert [item["name"] for item in azure.get(f"{SUB}/resources", "2021-04-01", **wanted).json()["value"]] == [
        "kv-aibase"
    ]
    odd = {"$filter": "name eq 'x'"}
    assert azure.get(f"{SUB}/resources", "2021-04-01", **odd).json()["value"] == []


def test_a_provider_tells_whether_it_is_registered(azure: Caller) -> None:
    told = azure.get(f"{SUB}/providers/Microsoft.KeyVault", "2021-04-01").json()
    assert told["registrationState"] == "Registered"
    types = {row["resourceType"]: row["apiVersions"] for row in told["resourceTypes"]}
    assert types["vaults"][0] > types["vaults"][-1]


@pytest.mark.parametrize(
    ("path", "version", "status", "code", "why"),
    [
        (f"{RG}/providers/Microsoft.KeyVault/vaults/nix", "2023-07-01", 404, "ResourceNotFound", "no such vault"),
        (f"{RG}/providers/Microsoft.KeyVault/vaults/nix/secrets", "2023-07-01", 404, "ResourceNotFound", "no parent"),
        (f"{SUB}/resourceGroups/nix", "2021-04-01", 404, "ResourceGroupNotFound", "no such group"),
        (f"{SUB}/resourceGroups/nix/resources", "2021-04-01", 404, "ResourceGroupNotFound", "nothing of it either"),
        ("/subscriptions/nix/resourcegroups", "2021-04-01", 404, "SubscriptionNotFound", "no such subscription"),
        (f"{SUB}/providers/Microsoft.Nix/x", "2021-04-01", 404, "InvalidResourceType", "no such type"),
        (
            f"{SUB}/providers/Microsoft.Network/virtualNetworks",
            "2099-01-01",
            400,
            "InvalidApiVersionParameter",
            "future",
        ),
        (f"{SUB}/resourcegroups", "2099-01-01", 400, "InvalidApiVersionParameter", "also of Resource Manager itself"),
        (f"{SUB}/resourcegroups", "", 400, "MissingApiVersionParameter", "every request needs one"),
        (
            f"{SUB}/providers/Microsoft.Network/locations/eastus2/serviceTags",
            NET,
            404,
            "ResourceNotFound",
            "it has none",
        ),
        ("/providers/Microsoft.Nix", "2021-04-01", 404, "InvalidResourceType", "a namespace is no resource"),
        ("/nix", "2021-04-01", 404, "NotFound", "no path of Resource Manager"),
        (
            f"{RG}/providers/Microsoft.KeyVault/vaults/nix/providers/Microsoft.Insights/diagnosticSettings",
            "2021-05-01-preview",
            404,
            "ResourceNotFound",
            "settings of nothing",
        ),
    ],
)
def test_refusals(azure: Caller, path: str, version: str, status: int, code: str, why: str) -> None:
    assert azure.code(path, version) == (status, code), why


def test_an_unknown_version_tells_the_known_ones(azure: Caller) -> None:
    message = azure.get(f"{SUB}/providers/Microsoft.Web/sites", "2099-01-01").json()["error"]["message"]
    assert "The supported versions are '" in message
    assert "2024-04-01" in message


def test_a_child_that_only_its_parents_document_shows_is_found() -> None:
    documents = [d for d in worlds.documents() if "/subnets/" not in d["id"]]
    with FaultyStandIn(Snapshot(tuple(documents), ())) as standin:
        caller = Caller(standin)
        path = f"{RG}/providers/Microsoft.Network/virtualNetworks/vnet-aibase/subnets/snet-jumpbox"
        assert caller.get(path).json()["name"] == "snet-jumpbox"
        caller.session.close()


def test_pages_are_linked_until_everything_was_shown() -> None:
    with FaultyStandIn(reference(), page_size=3) as standin:
        caller = Caller(standin)
        seen, link = [], f"{standin.url}{SUB}/providers/Microsoft.Network/networkSecurityGroups?api-version={NET}"
        while link:
            page = caller.session.get(link).json()
            assert len(page["value"]) <= 3
            seen += [item["name"] for item in page["value"]]
            link = page.get("nextLink")
        assert len(seen) == len(set(seen)) == 8
        caller.session.close()


def test_every_answer_carries_resource_managers_headers(azure: Caller) -> None:
    headers = azure.get(f"{SUB}/resourcegroups", "2021-04-01").headers
    assert headers["x-ms-request-id"]
    assert int(headers["x-ms-ratelimit-remaining-subscription-reads"]) > 0


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_what_is_not_a_read_is_refused_and_recorded(method: str) -> None:
    with FaultyStandIn(reference()) as standin:
        caller = Caller(standin)
        answer = caller.session.request(method, f"{standin.url}{RG}?api-version=2021-04-01")
        assert answer.status_code == 405
        assert [(r.method, r.path) for r in standin.refused] == [(method, RG)]
        caller.session.close()


def test_a_post_that_is_not_for_a_token_is_refused_and_recorded() -> None:
    with FaultyStandIn(reference()) as standin:
        caller = Caller(standin)
        assert caller.session.post(f"{standin.url}{SUB}/providers/Microsoft.Web/register").status_code == 405
        assert [r.method for r in standin.refused] == ["POST"]
        caller.session.close()


@pytest.mark.parametrize(
    ("header", "code", "why"),
    [("", "AuthenticationFailed", "no token"), ("Bearer made-up", "ExpiredAuthenticationToken", "not one of ours")],
)
def test_nothing_is_shown_without_a_token(azure: Caller, header: str, code: str, why: str) -> None:
    headers = {"Authorization": header} if header else {"Authorization": ""}
    answer = azure.session.get(f"{azure.standin.url}{RG}?api-version=2021-04-01", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, code), why
    assert answer.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")


def test_a_wrong_secret_opens_nothing(azure: Caller) -> None:
    url = f"{azure.standin.url}/{azure.standin.authority.tenant}/oauth2/v2.0/token"
    answer = azure.session.post(url, data={"client_id": CLIENT, "client_secret": "guess"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_the_sign_in_describes_itself(azure: Caller) -> None:
    base = azure.standin.url
    assert azure.get("/tenant/v2.0/.well-known/openid-configuration", "").json()["issuer"] == f"{base}/tenant/v2.0"
    found = azure.get("/common/discovery/instance", "").json()["tenant_discovery_endpoint"]
    assert found.startswith(base)


def test_tokens_end_and_can_be_revoked() -> None:
    with FaultyStandIn(reference(), token_lifetime=0.0) as standin:
        assert not standin.authority.accepts(f"Bearer {Caller(standin).token()}")
    with FaultyStandIn(reference()) as standin:
        token = Caller(standin).token()
        assert standin.authority.accepts(f"Bearer {token}")
        standin.authority.revoke()
        assert not standin.authority.accepts(f"Bearer {token}")


# --- faults ----------------------------------------------------------------------------------------------------------

GROUPS = f"{SUB}/resourcegroups"


def met(fault: Fault, path: str = GROUPS) -> requests.Response:
    with FaultyStandIn(reference(), [fault]) as standin:
        caller = Caller(standin)
        try:
            return caller.get(path, "2021-04-01")
        finally:
            caller.session.close()


@pytest.mark.parametrize(
    ("kind", "detail", "status", "code"),
    [
        (Kind.FORBIDDEN, "Microsoft.Resources/x/read", 403, "AuthorizationFailed"),
        (Kind.UNAUTHORIZED, "", 401, "ExpiredAuthenticationToken"),
        (Kind.GONE, "", 404, "ResourceNotFound"),
        (Kind.UNREGISTERED, "", 409, "MissingSubscriptionRegistration"),
        (Kind.THROTTLED, "", 429, "SubscriptionRequestsThrottled"),
        (Kind.BROKEN, "503", 503, "InternalServerError"),
        (Kind.BROKEN, "", 500, "InternalServerError"),
        (Kind.STATUS, "418 Teapot short and stout", 418, "Teapot"),
    ],
)
def test_faults_answer_as_azure_does(kind: Kind, detail: str, status: int, code: str) -> None:
    answer = met(Fault("resourcegroups$", kind, detail=detail))
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_refusal_names_action_and_scope() -> None:
    message = met(Fault(".", Kind.FORBIDDEN, detail="a/b/read")).json()["error"]["message"]
    assert "perform action 'a/b/read' over scope" in message


def test_throttling_tells_how_long_to_wait() -> None:
    assert met(Fault(".", Kind.THROTTLED, detail="7")).headers["Retry-After"] == "7"
    assert "Retry-After" not in met(Fault(".", Kind.THROTTLED)).headers


def test_a_body_that_is_cut_off_is_an_error_of_the_connection() -> None:
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="122 more expected"):
        met(Fault(".", Kind.RESET))


@pytest.mark.parametrize(
    ("fault", "link"),
    [
        (Fault(".", Kind.LOOPING), f"{GROUPS}?api-version=2021-04-01&$skiptoken=0"),
        (Fault(".", Kind.LOST_PAGE), "/lost?"),
        (Fault(".", Kind.FOREIGN_PAGE), "https://example.org/next"),
        (Fault(".", Kind.FOREIGN_PAGE, detail="https://evil.example/x"), "https://evil.example/x"),
    ],
)
def test_links_that_lead_astray(fault: Fault, link: str) -> None:
    assert link in met(fault).json()["nextLink"]


def test_half_a_page_is_not_json() -> None:
    with pytest.raises(requests.exceptions.JSONDecodeError):
        met(Fault(".", Kind.NOT_JSON)).json()


def test_a_slow_answer_is_the_right_one() -> None:
    answer = met(Fault(".", Kind.SLOW, seconds=0.1))
    assert answer.elapsed.total_seconds() >= 0.1
    assert len(answer.json()["value"]) == 1


def test_a_fault_strikes_as_often_as_it_may_and_where_it_may() -> None:
    faults = [Fault("resourcegroups$", Kind.BROKEN, times=2), Fault("RESOURCEGROUPS$", Kind.GONE, times=1)]
    with FaultyStandIn(reference(), faults) as standin:
        caller = Caller(standin)
        statuses = [caller.get(GROUPS, "2021-04-01").status_code for _ in range(4)]
        assert statuses == [500, 500, 404, 200]
        assert caller.get("/subscriptions", "2022-12-01").status_code == 200
        assert [r.status for r in standin.requests if r.path == GROUPS] == statuses
        caller.session.close()


def test_a_provider_that_was_never_registered_answers_nothing() -> None:
    with FaultyStandIn(reference(), unregistered=("Microsoft.Search",)) as standin:
        caller = Caller(standin)
        path = f"{SUB}/providers/Microsoft.Search"
        assert caller.code(f"{path}/searchServices", "2025-05-01") == (409, "MissingSubscriptionRegistration")
        assert caller.get(path, "2021-04-01").json()["registrationState"] == "NotRegistered"
        caller.session.close()


def test_latency_is_added_to_every_answer() -> None:
    with FaultyStandIn(reference(), latency=0.1) as standin:
        caller = Caller(standin)
        assert caller.get(GROUPS, "2021-04-01").elapsed.total_seconds() >= 0.1
        caller.session.close()


def test_nothing_is_left_behind() -> None:
    before = threading.active_count()
    with FaultyStandIn(reference()) as standin:
        caller = Caller(standin)
        folder = standin._files.authority.parent
        assert folder.exists()
        caller.get(GROUPS)
        caller.session.close()
    assert not folder.exists()
    assert threading.active_count() <= before + 1
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(standin.url.rpartition(":")[2])), timeout=1)


def test_the_key_is_for_its_owner_alone() -> None:
    with FaultyStandIn(reference()) as standin:
        assert standin._files.key.stat().st_mode & 0o077 == 0


def test_its_certificate_is_not_trusted_by_chance(azure: Caller) -> None:
    stranger: Any = requests.Session()
    stranger.trust_env = False
    with pytest.raises(requests.exceptions.SSLError):
        stranger.get(azure.standin.url)
    stranger.close()
