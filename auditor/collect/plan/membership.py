"""Which groups the workload's identities are in, as far as groups hold roles: asked of Resource Manager, not of Graph.

The list of role assignments answers, for one principal, those of its groups as well. What Azure says of that, what it
does not say and whose identities are asked for are data: facts/assigned-to.json.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import cache

from auditor.access.assignments import ASSIGNMENT
from auditor.access.principals import IDENTITY, identities_stated
from auditor.collect.plan.plan import Scope
from auditor.collect.reads.question import Question
from auditor.collect.reads.recipes import Recipe, Shape, Where
from auditor.collect.wire import Document
from auditor.facts import load
from auditor.model import ArmId, Resource

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_Held = tuple[ArmId, str, AbstractSet[str]]
"""What a group holds: the scope, the group, and the subscriptions whose lists showed it where it is in none."""


def about_identities(
    documents: Iterable[Document], shown_to: Mapping[str, AbstractSet[str]], scopes: Sequence[Scope]
) -> Iterator[Question]:
    """One question for each identity, or more where groups hold roles in several of the scopes; none without such.

    `shown_to` says, by the key of a document that is in no subscription, whose lists showed it.
    """
    documents = tuple(documents)
    held = tuple(_held_by_groups(documents, shown_to))
    places = [(scope, path, _listed(held, ArmId(path))) for scope in scopes for path in scope.paths]
    for principal, home in sorted(_identities(documents).items()) if held else ():
        settled: set[str] = set()
        # Its own subscription first: there it has roles of its own, by which the answer can be trusted.
        for scope, path, groups in sorted(places, key=lambda place: place[0].subscription.casefold() != home):
            if groups - settled:
                settled |= groups
                yield _question(principal, path, scope.subscription)


def awaits(question: Question) -> bool:
    """Whether `about_identities` rests on the answer: on assignments, on identities and on what carries them."""
    return question.recipe.covers in (ASSIGNMENT, IDENTITY) or question.recipe.covers in _facts()["carriers"]


def _listed(held: Iterable[_Held], place: ArmId) -> frozenset[str]:
    """The groups in the list of a subscription or a resource group."""
    return frozenset(group for at, group, seen in held if _is_in_list(at, seen, place))


def _held_by_groups(documents: Iterable[Document], shown_to: Mapping[str, AbstractSet[str]]) -> Iterator[_Held]:
    for document in documents:
        id_ = ArmId(document["id"])
        stated = document.get("properties")
        if id_.type != ASSIGNMENT or not isinstance(stated, Mapping):
            continue
        kind, group = (str(stated.get(name) or "").casefold() for name in ("principalType", "principalId"))
        if group and (not kind or kind in _facts()["groups"]):
            scope = stated.get("scope")
            at = ArmId(scope) if isinstance(scope, str) and scope else id_.extends or ArmId("/")
            yield at, group, shown_to.get(id_.key, frozenset())


def _is_in_list(at: ArmId, seen: AbstractSet[str], place: ArmId) -> bool:
    """Whether the list of a subscription or a resource group shows what is assigned at a scope."""
    if at.subscription:
        return at.is_within(place) or place.is_within(at)
    return not seen or place.subscription in seen


def _identities(documents: Iterable[Document]) -> dict[str, str]:
    """By object id: the subscription of the first carrier. An id that is none leads nowhere and is left out."""
    carriers = [
        (id_, document)
        for document in documents
        if (id_ := ArmId(document["id"])).type in _facts()["carriers"] and isinstance(document.get("identity"), Mapping)
    ]
    apart = {id_.key: document for document in documents if (id_ := ArmId(document["id"])).type == IDENTITY}
    found: dict[str, str] = {}
    for id_, document in carriers:
        carrier = Resource(id_, document, id_)
        named = {principal.casefold() for principal in identities_stated(carrier).values()}
        assigned = carrier.stated("identity", "userAssignedIdentities")
        for text in assigned if isinstance(assigned, Mapping) else ():
            own = (apart.get(ArmId(str(text)).key) or {}).get("properties")
            named.add(str(own.get("principalId") or "").casefold() if isinstance(own, Mapping) else "")
        for principal in named:
            # What stands in a document becomes part of a URL here.
            if _GUID.fullmatch(principal):
                found.setdefault(principal, id_.subscription)
    return found


def _question(principal: str, path: str, subscription: str) -> Question:
    asked = _facts()["asked"]
    recipe = replace(_recipe(), query=asked["filter"].format(principal=principal))
    return Question(recipe, asked["path"].format(scope=path), path, subscription, about=principal)


@cache
def _recipe() -> Recipe:
    asked = _facts()["asked"]
    return Recipe(
        client=asked["client"],
        type=asked["type"],
        path=asked["path"],
        api_version=asked["api_version"],
        at_least=asked["at_least"],
        parents=(),
        only={},
        permission=asked["permission"],
        shape=Shape.LIST,
        where=Where.SCOPE,
        listed_by="",
        query="",
    )


@cache
def _facts() -> Mapping[str, Mapping[str, str]]:
    facts: Mapping[str, Mapping[str, str]] = load("assigned-to")
    return facts
