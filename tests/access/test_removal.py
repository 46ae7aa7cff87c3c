"""The law of removal on what access is made of: cut short a document, and an answer may become unknown, not another.

What may be left out where there is none (a condition, one of the lists of a permission set) is no part of it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from auditor.access.effective import access_of
from auditor.access.grants import Answer
from auditor.model import ArmId
from tests.builders.access_worlds import RG, SUB, VAULT, deny, give, guid, role
from tests.builders.estates import WHOLE, estate_of

GET = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
Doc = dict[str, Any]
SECRETS = role("Secrets", data=[GET])
OTHER = f"{VAULT}-2"


def vault(id_: str, *policies: Doc) -> Doc:
    properties = {"enableRbacAuthorization": not policies, "accessPolicies": list(policies)}
    return {"id": id_, "type": "Microsoft.KeyVault/vaults", "properties": properties}


POLICY = {"objectId": guid("p"), "tenantId": guid("t"), "permissions": {"secrets": ["get"]}}
OFFER = f"{SUB}/providers/Microsoft.ManagedServices/registrationDefinitions/{guid('o')}"
REGISTRATION = f"{SUB}/providers/Microsoft.ManagedServices/registrationAssignments/{guid('r')}"
WORLDS: dict[str, tuple[list[Doc], str]] = {
    "role": ([vault(VAULT), SECRETS, give("p", "Secrets", RG, "User")], GET),
    "policy": ([vault(VAULT, POLICY)], GET),
    "denial": ([vault(VAULT), SECRETS, give("p", "Secrets", RG, "User"), deny("d", RG, data=[GET])], GET),
    "eligible": (
        [vault(VAULT), SECRETS, give("p", "Secrets", RG, "User", list_="roleEligibilityScheduleInstances")],
        GET,
    ),
    "lighthouse": (
        [
            vault(VAULT),
            role("Writer", ["Microsoft.KeyVault/vaults/write"]),
            {
                "id": OFFER,
                "type": "Microsoft.ManagedServices/registrationDefinitions",
                "properties": {"authorizations": [{"principalId": guid("p"), "roleDefinitionId": guid("Writer")}]},
            },
            {
                "id": REGISTRATION,
                "type": "Microsoft.ManagedServices/registrationAssignments",
                "properties": {"registrationDefinitionId": OFFER},
            },
        ],
        "Microsoft.KeyVault/vaults/write",
    ),
}
_LEFT_OUT = {
    "principalType",
    "actions",
    "dataActions",
    "notActions",
    "notDataActions",
    "secrets",
    "excludePrincipals",
    "scope",
}
_OF_THE_ASSIGNMENT = {"enableRbacAuthorization", "doNotApplyToChildScopes", "denyAssignmentName", "roleName", "type"}


def paths(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inside in steps:
        if isinstance(value, dict):
            yield (*path, step)
        yield from paths(inside, (*path, step))


def cut(document: Doc, path: tuple[Any, ...]) -> Doc:
    made = copy.deepcopy(document)
    at: Any = made
    for step in path[:-1]:
        at = at[step]
    del at[path[-1]]
    return made


def told(documents: list[Doc], operation: str) -> str:
    answer = access_of(estate_of(documents, reads=(WHOLE,))).who_can(operation, ArmId(VAULT), "getSecret" in operation)
    mine = {grant.answer for grant in answer.grants}
    if mine - {Answer.UNKNOWN}:
        return "can"
    return "unknown" if mine or answer.gaps else "cannot"


@pytest.mark.parametrize("name", WORLDS)
def test_a_document_that_was_cut_short_turns_no_answer_into_the_other(name: str) -> None:
    documents, operation = WORLDS[name]
    whole = told(documents, operation)
    for number, document in enumerate(documents):
        for path in paths(document["properties"], ("properties",)):
            if path[-1] in _LEFT_OUT | _OF_THE_ASSIGNMENT:
                continue
            less = [*documents[:number], cut(document, path), *documents[number + 1 :]]
            assert told(less, operation) in (whole, "unknown"), path
