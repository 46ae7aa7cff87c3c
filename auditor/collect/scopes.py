"""Which subscriptions a run reads."""

from __future__ import annotations

from auditor.collect.plan import Scope
from auditor.collect.question import Question
from auditor.collect.reads import Recipe, Shape, Where
from auditor.collect.target import Target
from auditor.collect.wire import Document, Wire
from auditor.model import AuditorError

_SUBSCRIPTIONS = Recipe(
    client="resources",
    type="Microsoft.Resources/subscriptions",
    path="/subscriptions",
    api_version="2022-12-01",
    at_least="2020-01-01",
    parents=(),
    only={},
    permission="Microsoft.Resources/subscriptions/read",
    shape=Shape.LIST,
    where=Where.SCOPE,
    listed_by="",
)


def chosen_scopes(target: Target, wire: Wire) -> tuple[Scope, ...]:
    """The subscriptions asked for, or what the credential sees.

    Raises `AuditorError` where it sees none, or several and nobody said which.
    """
    if target.subscriptions:
        return tuple(Scope(id_.casefold(), target.resource_groups) for id_ in dict.fromkeys(target.subscriptions))
    answer = wire.ask(Question(_SUBSCRIPTIONS, "/subscriptions", "/", ""))
    if not answer.read.answered:
        raise AuditorError(
            f"the subscriptions could not be listed: {answer.read.message}", tip="name one with --subscription"
        )
    seen = sorted(answer.documents, key=lambda document: str(document["id"]).casefold())
    if not seen:
        raise AuditorError(
            "the credential signs in but sees no subscription", tip="give it the role Reader on the subscription"
        )
    if len(seen) > 1 and not target.all_subscriptions:
        raise AuditorError(
            f"the credential sees {len(seen)} subscriptions: {'; '.join(map(_named, seen))}",
            tip="name one with --subscription (it may be given several times), or take --all-subscriptions",
        )
    return tuple(Scope(_id(document).casefold(), target.resource_groups) for document in seen)


def _id(document: Document) -> str:
    return str(document.get("subscriptionId") or str(document["id"]).rpartition("/")[2])


def _named(document: Document) -> str:
    return f"{document.get('displayName') or 'without a name'} ({_id(document)})"
