"""Roles of Azure Cosmos DB for NoSQL, which are no roles of Azure: definitions and assignments below an account."""

from __future__ import annotations

from auditor.documents.view import View, parts, text, texts, word


class SqlPermissions(View):
    """One set of data actions, without those that are left out of it."""

    allowed = texts("dataActions")
    left_out = texts("notDataActions")


class SqlRoleDefinition(View, kind="microsoft.documentdb/databaseaccounts/sqlroledefinitions"):
    """A role of one account. Two are built in, and the same in every account."""

    label = text("properties", "roleName")
    kind_of_role = word("properties", "type")
    permissions = parts(SqlPermissions, "properties", "permissions")


class SqlRoleAssignment(View, kind="microsoft.documentdb/databaseaccounts/sqlroleassignments"):
    """A role given to an object id at an account, a database (`/dbs/x`) or a container (`/dbs/x/colls/y`) of it."""

    principal = word("properties", "principalId")
    role = word("properties", "roleDefinitionId")
    scope = text("properties", "scope")
