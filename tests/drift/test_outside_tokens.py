"""Federated credentials that came, went, or are written otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.access.federation import FEDERATED
from auditor.drift.documents import Pair
from auditor.drift.model import Effect
from auditor.drift.topics.outside_tokens import changes
from auditor.model import Read
from tests.builders.access_worlds import identity
from tests.builders.estates import WHOLE, estate_of

GITHUB = "https://token.actions.githubusercontent.com"
ID = identity("id-app")
UNREAD = Read("/x", "", 403, FEDERATED, "/", error="AuthorizationFailed")


def credential(name: str, subject: str) -> dict[str, Any]:
    kind = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"
    body = {"issuer": GITHUB, "subject": subject, "audiences": ["api://AzureADTokenExchange"]}
    return {"id": f"{ID['id']}/federatedIdentityCredentials/{name}", "type": kind, "name": name, "properties": body}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([], [credential("a", "repo:x")], [("outside_granted", Effect.WORSE)]),
        ([credential("a", "repo:x")], [], [("outside_lost", Effect.BETTER)]),
        ([credential("a", "repo:x")], [credential("b", "repo:x")], []),
        (
            [credential("a", "repo:x")],
            [credential("a", "repo:y")],
            [("outside_granted", Effect.WORSE), ("outside_lost", Effect.BETTER)],
        ),
    ],
)
def test_who_outside_can_act_as_an_identity_now(
    old: list[dict[str, Any]], new: list[dict[str, Any]], expected: list[tuple[str, Effect]]
) -> None:
    found = list(changes(Pair(estate_of([ID, *old]), estate_of([ID, *new]))))
    assert [(change.kind, change.effect) for change in found] == expected
    assert all(GITHUB in change.says and "identity id-app" in change.says for change in found)


def test_what_was_not_read_before_is_not_called_new() -> None:
    unread = estate_of([ID], reads=[WHOLE, UNREAD])
    (change,) = changes(Pair(unread, estate_of([ID, credential("a", "repo:x")])))
    assert change.effect is Effect.UNKNOWN
    assert "not certain" in change.says
