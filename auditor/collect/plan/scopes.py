"""Which subscriptions and resource groups a run reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from auditor.collect.connection.target import Target
from auditor.collect.plan.plan import TENANT, Scope, group_of
from auditor.collect.reads.question import Answer, Question
from auditor.collect.reads.recipes import (
    Recipe,
    Shape,
    Where,
    recipes,
)
from auditor.collect.wire import Document, Wire
from auditor.model import ArmId, AuditorError

_NO_GROUP = "resourcegroupnotfound"
_SUBSCRIPTION = "microsoft.resources/subscriptions"
_MANAGEMENT_GROUP = re.compile(r"(?:/?providers/Microsoft\.Management/managementGroups/)?([^/\s?#]+)/?", re.IGNORECASE)
_ID = re.compile(r"[0-9a-z][0-9a-z-]*", re.IGNORECASE)


def chosen_scopes(target: Target, wire: Wire) -> tuple[tuple[Scope, ...], tuple[Answer, ...]]:
    """The subscriptions and groups to read, and the answers that told which these are.

    Raises `AuditorError` where the credential sees no subscription, or several and nobody said which; where a
    management group cannot be read or holds none; and where a resource group that was asked for is in none of them.
    """
    subscriptions, known = _subscriptions(target, wire)
    odd = [id_ for id_ in subscriptions if not _ID.fullmatch(id_)]
    if odd:
        raise AuditorError(f"{odd[0]!r} is not the id of a subscription", tip="`az account list` shows the ids")
    if not target.resource_groups:
        return tuple(Scope(subscription) for subscription in subscriptions), known
    asked = [_group(wire, id_, name) for id_ in subscriptions for name in dict.fromkeys(target.resource_groups)]
    there = [a for a in asked if a.read.error.casefold() != _NO_GROUP and not a.unseen]
    _raise_if_nowhere(target, asked, there)
    scopes = (Scope(id_, tuple(_names(there, id_))) for id_ in subscriptions)
    return tuple(scope for scope in scopes if scope.groups), (*known, *there)


def _subscriptions(target: Target, wire: Wire) -> tuple[tuple[str, ...], tuple[Answer, ...]]:
    """The ids of the subscriptions to read, each once, and the answers that told them."""
    stated = [id_.casefold() for id_ in target.subscriptions]
    below = tuple(_descendants(wire, group) for group in dict.fromkeys(target.management_groups))
    held = [id_ for answer in below for id_ in _held(answer)]
    if stated or below:
        return tuple(dict.fromkeys([*stated, *held])), below
    visible = tuple(_visible(target, wire))
    return tuple(answer.question.subscription for answer in visible), visible


def _descendants(wire: Wire, group: str) -> Answer:
    """What lies below a management group, at any depth."""
    named = _MANAGEMENT_GROUP.fullmatch(group)
    if named is None:
        raise AuditorError(f"{group!r} is not a management group", tip="`az account management-group list` shows names")
    recipe = _recipe(Where.MANAGEMENT_GROUP)
    path = recipe.path.format(name=named[1])
    answer = wire.ask(Question(recipe, path, path.rpartition("/")[0], ""))
    if not answer.read.answered:
        tip = f"give the credential {answer.read.permission} there" if answer.read.permission else "check its name"
        raise AuditorError(f"the management group {named[1]} could not be read: {answer.read.message}", tip=tip)
    if not list(_held(answer)):
        raise AuditorError(
            f"the management group {named[1]} holds no subscription that the credential sees",
            tip="`az account management-group show --expand --recurse --name NAME` shows what it holds",
        )
    return answer


def _held(answer: Answer) -> Iterator[str]:
    """The ids of the subscriptions in an answer, in their order."""
    ids = sorted(ArmId(document["id"]) for document in answer.documents)
    yield from (id_.subscription for id_ in ids if id_.type == _SUBSCRIPTION)


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
    """How a subscription, a resource group, or what a management group holds is read."""
    (found,) = (each for each in recipes() if each.where is where and each.about_scope)
    return found


def _names(answers: Iterable[Answer], subscription: str) -> Iterator[str]:
    for answer in answers:
        if answer.question.subscription == subscription:
            yield answer.question.path.rpartition("/")[2]


def _raise_if_nowhere(target: Target, asked: Sequence[Answer], there: Sequence[Answer]) -> None:
    unseen = [answer.unseen for answer in asked if answer.unseen]
    if unseen and not there:
        raise AuditorError(*unseen[0])
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
