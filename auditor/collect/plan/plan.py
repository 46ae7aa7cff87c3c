"""Which questions to put: one list for each type and scope, then what no list answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from auditor.collect.reads.question import Answer, Question
from auditor.collect.reads.recipes import (
    Recipe,
    Shape,
    Where,
    recipes,
    recipes_below,
)
from auditor.collect.wire import Document
from auditor.model import ArmId, Read

TENANT = "/"


class Scope(NamedTuple):
    """A subscription, or the resource groups of it that were asked for."""

    subscription: str
    groups: tuple[str, ...] = ()

    @property
    def whole(self) -> str:
        """The subscription as an id."""
        return f"/subscriptions/{self.subscription}"

    @property
    def paths(self) -> tuple[str, ...]:
        """The ids of what is listed over."""
        return tuple(group_of(self.subscription, group) for group in self.groups) or (self.whole,)


def group_of(subscription: str, name: str) -> str:
    """A resource group as an id."""
    return f"/subscriptions/{subscription}/resourceGroups/{name}"


class Plan:
    """Hands out every question once.

    `known` are answers and `kept` reads that were there before it; `tenant` says whether what lies above the
    subscriptions is read where there is only one.
    """

    def __init__(
        self, scopes: Sequence[Scope], known: Iterable[Answer] = (), kept: Iterable[Read] = (), tenant: bool = False
    ) -> None:
        self._scopes = {scope.subscription.casefold(): scope for scope in scopes}
        self._asked = {_key(answer.question) for answer in known} | {_kept_key(read) for read in kept}
        self._tenant = tenant or len(self._scopes) > 1

    def first(self) -> list[Question]:
        """The lists over every scope; those that lead to further questions come first."""
        questions = [q for scope in self._scopes.values() for recipe in recipes() for q in _lists(recipe, scope)]
        if self._tenant:
            several = [recipe for recipe in recipes() if recipe.where is Where.SEVERAL]
            questions += [Question(recipe, recipe.path, TENANT, self._anyone) for recipe in several]
        return sorted(self.new(questions), key=lambda q: not recipes_below().get(q.recipe.covers))

    def then(self, answer: Answer) -> list[Question]:
        """What an answer makes it worth to ask."""
        inventory = answer.question.recipe.shape is Shape.INVENTORY
        # An inventory names everything; only what has no list of its own is asked for because of it.
        listed_by = answer.question.recipe.covers if inventory else ""
        return self._about_all(answer.documents, answer.question.subscription, listed_by)

    def rest(self, documents: Iterable[Document], still_open: Iterable[Question]) -> list[Question]:
        """What documents of an earlier run make it worth to ask, and what that run left open."""
        return [*self._about_all(documents, self._anyone, ""), *self.new(still_open)]

    def new(self, questions: Iterable[Question]) -> list[Question]:
        """Those of some questions that were not handed out yet."""
        fresh = []
        for question in questions:
            key = _key(question)
            if key not in self._asked:
                self._asked.add(key)
                fresh.append(question)
        return fresh

    def list_of(self, id_: ArmId) -> Question | None:
        """The list that shows a resource, to be asked once more; `None` where none of the scopes has it."""
        scope = self._scopes.get(id_.subscription)
        if scope is None:
            return None
        for recipe in recipes():
            if recipe.covers != id_.type or recipe.shape is not Shape.LIST:
                continue
            if not recipe.parents:
                for question in _lists(recipe, scope):
                    if id_.is_within(ArmId(question.scope)):
                        return question
            elif id_.parent is not None and id_.parent.type in recipe.parents:
                return _about(recipe, {"id": id_.parent.text}, id_.parent, scope)
        return None

    def inventory_of(self, id_: ArmId) -> Question | None:
        """The inventory that shows a resource, to be asked once more; `None` where none of the scopes has it."""
        scope = self._scopes.get(id_.subscription)
        inventories = (recipe for recipe in recipes() if recipe.shape is Shape.INVENTORY)
        questions = (q for recipe in inventories for q in (_lists(recipe, scope) if scope else ()))
        return next((q for q in questions if id_.is_within(ArmId(q.scope))), None)

    @property
    def _anyone(self) -> str:
        """A subscription whose client can ask what belongs to none."""
        return next(iter(self._scopes))

    def _about_all(self, documents: Iterable[Document], asked_in: str, listed_by: str) -> list[Question]:
        questions = (q for document in documents for q in self._below(document, asked_in))
        return self.new(q for q in questions if q.recipe.listed_by == listed_by)

    def _below(self, document: Document, asked_in: str) -> Iterator[Question]:
        id_ = ArmId(document["id"])
        scope = self._scopes.get(id_.subscription or asked_in.casefold())
        if scope is None:
            return
        for recipe in recipes_below().get(id_.type, ()):
            narrowed = recipe.where is Where.WHOLE_SUBSCRIPTION and scope.groups
            if recipe.concerns(document) and not narrowed:
                yield _about(recipe, document, id_, scope)


def _key(question: Question) -> tuple[str, str]:
    # Service tags are the same in every region of a cloud: one region answers for all.
    path = question.recipe.path if question.recipe.where is Where.SUBSCRIPTION else question.asked
    return path.casefold(), question.scope.casefold()


def _kept_key(read: Read) -> tuple[str, str]:
    return (_ANYWHERE.get(read.covers) or read.path).casefold(), read.scope.casefold()


_ANYWHERE = {recipe.covers: recipe.path for recipe in recipes() if recipe.where is Where.SUBSCRIPTION}
"""By type: the path of what is asked once for each subscription, wherever the question came up."""


def _lists(recipe: Recipe, scope: Scope) -> Iterator[Question]:
    """The questions of a recipe that no document has to prompt."""
    places = {
        Where.SCOPE: scope.paths,
        Where.SUBSCRIPTION: (scope.whole,),
        Where.WHOLE_SUBSCRIPTION: () if scope.groups else (scope.whole,),
        Where.GROUP: scope.paths if scope.groups else (),
        Where.SEVERAL: (),
        Where.MANAGEMENT_GROUP: (),
    }
    for place in () if recipe.parents else places[recipe.where]:
        yield Question(
            recipe, recipe.path.format(scope=place, subscription=scope.subscription), place, scope.subscription
        )


def _about(recipe: Recipe, document: Document, id_: ArmId, scope: Scope) -> Question:
    """The question of a recipe about one document."""
    group = group_of(scope.subscription, id_.resource_group)
    location = str(document.get("location") or "").replace(" ", "").casefold()
    path = recipe.path.format(parent=id_.text, subscription=scope.subscription, group=group, location=location)
    if recipe.where is Where.SUBSCRIPTION:
        about = scope.whole
    elif "{group}" in recipe.path:
        about = group
    else:
        about = path if recipe.shape is Shape.OBJECT else id_.text
    return Question(recipe, path, about, scope.subscription, parent=id_.text)
