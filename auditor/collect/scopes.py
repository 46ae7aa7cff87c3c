"""Which subscriptions and resource groups a run reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from auditor.collect.plan import TENANT, Scope, group_of
from auditor.collect.question import Answer, Question
from auditor.collect.reads import Recipe, Shape, Where, recipes
from auditor.collect.target import Target
from auditor.collect.wire import Document, Wire
from auditor.model import AuditorError

_NO_GROUP = "resourcegroupnotfound"


def chosen_scopes(target: Target, wire: Wire) -> tuple[tuple[Scope, ...], tuple[Answer, ...]]:
    """The subscriptions and groups to read, and the answers that told which these are.

    Raises `AuditorError` where the credential sees no subscription, or several and nobody said which; and where a
    resource group that was asked for is in none of them.
    """
    stated = tuple(dict.fromkeys(id_.casefold() for id_ in target.subscriptions))
    known = [] if stated else list(_visible(target, wire))
    subscriptions = stated or tuple(answer.question.subscription for answer in known)
    if not target.resource_groups:
        return tuple(Scope(subscription) for subscription in subscriptions), tuple(known)
    asked = [_group(wire, id_, name) for id_ in subscriptions for name in dict.fromkeys(target.resource_groups)]
    there = [answer for answer in asked if answer.read.error.casefold() != _NO_GROUP]
    _raise_if_nowhere(target, asked, there)
    scopes = (Scope(id_, tuple(_names(there, id_))) for id_ in subscriptions)
    return tuple(scope for scope in scopes if scope.groups), (*known, *there)


def _visible(target: Target, wire: Wire) -> Iterator[Answer]:
    """The subscriptions that the credential sees, each as the answer to the question what it is."""
    recipe = _recipe(Where.SUBSCRIPTION)
    answer = wire.ask(Question(replace(recipe, shape=Shape.LIST), "/subscriptions", TENANT, ""))
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
    for document in seen:
        id_ = _id(document)
        question = Question(recipe, f"/subscriptions/{id_}", f"/subscriptions/{id_}", id_)
        yield Answer(question, (document,), replace(answer.read, scope=question.scope, count=1))


def _group(wire: Wire, subscription: str, name: str) -> Answer:
    path = group_of(subscription, name)
    return wire.ask(Question(_recipe(Where.GROUP), path, path, subscription))


def _recipe(where: Where) -> Recipe:
    """How a subscription, or a resource group, is read."""
    (found,) = (each for each in recipes() if each.where is where and not each.parents)
    return found


def _names(answers: Iterable[Answer], subscription: str) -> Iterator[str]:
    for answer in answers:
        if answer.question.subscription == subscription:
            yield answer.question.path.rpartition("/")[2]


def _raise_if_nowhere(target: Target, asked: Iterable[Answer], there: Iterable[Answer]) -> None:
    for answer in asked:
        if answer.unseen:
            raise AuditorError(*answer.unseen)
    found = {answer.question.path.rpartition("/")[2].casefold() for answer in there}
    missing = [name for name in target.resource_groups if name.casefold() not in found]
    if missing:
        raise AuditorError(
            f"there is no resource group {', '.join(missing)} in what was to be read",
            tip="`az group list -o table` shows the names",
        )


def _id(document: Document) -> str:
    return str(document.get("subscriptionId") or str(document["id"]).rpartition("/")[2]).casefold()


def _named(document: Document) -> str:
    return f"{document.get('displayName') or 'without a name'} ({_id(document)})"
