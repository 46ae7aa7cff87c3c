"""Mutations of identities, role assignments and keys."""

from __future__ import annotations

from collections.abc import Iterator

from tests.mutations.every import WORLD, Mutation, broken
from tests.worlds import documents

_ROWS = {
    ("id-amlworkspace", "b24988ac"): "RBAC-01",
    ("id-amlworkspace", "ba92f5b4"): "RBAC-02",
    ("id-amlworkspace", "69566ab7"): "RBAC-03",
    ("id-amlworkspace", "00482a5a"): "RBAC-04",
    ("id-amlworkspace", "8311e382"): "RBAC-05",
    ("id-amlonlineendpoint", "7f951dda"): "RBAC-06",
    ("id-amlonlineendpoint", "2a2b9908"): "RBAC-07",
    ("id-amlonlineendpoint", "ea01e6af"): "RBAC-08",
    ("id-amlinstancecompute", "7f951dda"): "RBAC-09",
    ("id-amlinstancecompute", "2a2b9908"): "RBAC-10",
}


def mutations() -> Iterator[Mutation]:
    """The table's rows, then the settings."""
    yield from _rows()
    yield from _through_groups()
    yield from _settings()


def _assignments() -> Iterator[tuple[str, str, str]]:
    """Row, name of the assignment and name of the identity, as the world has them."""
    docs = documents(WORLD)
    principals = {
        d["properties"]["principalId"]: d["name"]
        for d in docs
        if str(d.get("type")).casefold() == "microsoft.managedidentity/userassignedidentities"
    }
    for document in docs:
        if str(document.get("type")).casefold() == "microsoft.authorization/roleassignments":
            identity = principals.get(document["properties"]["principalId"], "")
            role = document["properties"]["roleDefinitionId"].rpartition("/")[2][:8]
            if (identity, role) in _ROWS:
                yield _ROWS[identity, role], document["name"], identity


def _rows() -> Iterator[Mutation]:
    reader = "{subscription}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
    for row, name, identity in _assignments():
        who = f"userAssignedIdentities/{identity}"
        path = f"roleAssignments/{name}"
        yield broken(f"{row}: not granted", ("drop", path), by=f"{row} {who}")
        yield broken(
            f"{row}: another role instead", ("set", f"{path}/properties/roleDefinitionId", reader),
            by=f"{row} {who}, RBAC-11 {who}",
        )  # fmt: skip
        yield broken(
            f"{row}: under a condition", ("set", f"{path}/properties/condition", "@Resource[a] StringEquals 'b'"),
            by=f"{row} {who}",
        )  # fmt: skip


def _through_groups() -> Iterator[Mutation]:
    """A group holds a role beyond the table, and Azure says which of the three is in it."""
    group, reader = "77777777-0000-4000-8000-000000000001", "acdd72a7-3385-48ef-bd42-f606fba81ae7"
    given = {
        "id": "{group}/providers/Microsoft.Authorization/roleAssignments/aaaaaaaa-0000-4000-8000-000000000001",
        "properties": {
            "principalId": group,
            "principalType": "Group",
            "roleDefinitionId": "{subscription}/providers/Microsoft.Authorization/roleDefinitions/" + reader,
            "scope": "{group}",
        },
    }
    three = {
        document["name"]: document["properties"]["principalId"]
        for document in documents(WORLD)
        if document["name"] in {identity for identity, _ in _ROWS}
    }
    for member in sorted(three):
        answers = [("tell", id_, [group] if name == member else []) for name, id_ in three.items()]
        yield broken(
            f"RBAC-11: {member} is in a group that holds a role", ("add", given), *answers,
            by=f"RBAC-11 userAssignedIdentities/{member}",
        )  # fmt: skip


def _settings() -> Iterator[Mutation]:
    kv = "vaults/kv-aibase"
    # A vault that goes by access policies knows no roles in its data plane: whoever read by one reads no more.
    void = "IDN-06 sites/app-aibase, IDN-07 applicationGateways/agw-aibase"
    void += ", RBAC-04 userAssignedIdentities/id-amlworkspace"
    by_policies = ("set", f"{kv}/properties/enableRbacAuthorization", False)
    yield broken("vault by policies", by_policies, by=f"IDN-12 {kv}, {void}")
    yield broken(
        "registry admin",
        ("set", "registries/craibase/properties/adminUserEnabled", True),
        by="IDN-08 registries/craibase",
    )
    yield broken(
        "search keys",
        ("set", "searchServices/srch-aibase/properties/disableLocalAuth", False),
        by="IDN-10 searchServices/srch-aibase",
    )
    yield broken(
        "search by key",
        ("set", "connections/grounding/properties/authType", "ApiKey"),
        by="IDN-10 searchServices/srch-aibase",
    )
    yield broken(
        "compute local users",
        ("set", "computes/amli-aibase/properties/disableLocalAuth", False),
        by="IDN-11 computes/amli-aibase",
    )
    for account in ("staibase", "stmlaibase"):
        path = f"storageAccounts/{account}"
        yield broken(f"{account}: keys", ("set", f"{path}/properties/allowSharedKeyAccess", True), by=f"IDN-09 {path}")
    for store in ("workspaceblobstore", "workspaceartifactstore", "workspacefilestore", "workspaceworkingdirectory"):
        path = f"{store}/properties/credentials/credentialsType"
        yield broken(f"{store}: by key", ("set", path, "AccountKey"), by="IDN-09 storageAccounts/stmlaibase")
    auth = "app-aibase/config/authsettingsV2/properties"
    for name, path, value in (
        ("off", "platform/enabled", False),
        ("anonymous", "globalValidation/requireAuthentication", False),
        ("no provider", "identityProviders/azureActiveDirectory/enabled", False),
    ):
        yield broken(f"sign-in {name}", ("set", f"{auth}/{path}", value), by="IDN-05 sites/app-aibase")
    certificate = "agw-aibase/properties/sslCertificates/agw-aibase-ssl-certificate/properties/keyVaultSecretId"
    yield broken("certificate uploaded", ("unset", certificate), by="IDN-07 agw-aibase")
