"""Which questions to put: one list for each type and scope, then what no list answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from auditor.collect.question import Answer, Question
from auditor.collect.reads import Recipe, Shape, Where, recipes, recipes_below
from auditor.collect.wire import Document
from auditor.model import ArmId


class Scope(NamedTuple):
    """A subscription, or the resource groups of it that were asked for."""

    subscription: str
    groups: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """The ids of what is listed over."""
        whole = f"/subscriptions/{self.subscription}"
        return tuple(f"{whole}/resourceGroups/{group}" for group in self.groups) or (whole,)


class Plan:
    """Hands out every question once."""

    def __init__(self, scopes: Sequence[Scope]) -> None:
        self._scopes = {scope.subscription.casefold(): scope for scope in scopes}
        self._asked: set[tuple[str, str]] = set()

    def first(self) -> list[Question]:
        """The lists over every scope; those that lead to further questions come first."""
        questions = [q for scope in self._scopes.values() for recipe in recipes() for q in _lists(recipe, scope)]
        return sorted(self._new(questions), key=lambda q: not recipes_below().get(q.recipe.covers))

    def then(self, answer: Answer) -> list[Question]:
        """What an answer makes it worth to ask."""
        if answer.question.recipe.shape is Shape.INVENTORY:
            return self._new(self._of_inventory(answer))
        return self._new([q for document in answer.documents for q in self._below(document)])

    def _of_inventory(self, answer: Answer) -> Iterator[Question]:
        for document in answer.documents:
            for question in self._below(document):
                if question.recipe.listed_by == answer.question.recipe.covers:
                    yield question

    def _below(self, document: Document) -> Iterator[Question]:
        id_ = ArmId(document["id"])
        for recipe in recipes_below().get(id_.type, ()):
            scope = self._scopes.get(id_.subscription)
            if (
                scope is None
                or not recipe.concerns(document)
                or (recipe.where is Where.WHOLE_SUBSCRIPTION and scope.groups)
            ):
                continue
            yield _about(recipe, document, id_, scope)

    def _new(self, questions: Iterator[Question] | list[Question]) -> list[Question]:
        fresh = []
        for question in questions:
            key = _key(question)
            if key not in self._asked:
                self._asked.add(key)
                fresh.append(question)
        return fresh


def _key(question: Question) -> tuple[str, str]:
    # Tags are the same in every region of a cloud: one region answers for all.
    path = question.recipe.path if question.recipe.where is Where.SUBSCRIPTION else question.path
    return path.casefold(), question.scope.casefold()


def _lists(recipe: Recipe, scope: Scope) -> Iterator[Question]:
    if recipe.parents:
        return
    whole = f"/subscriptions/{scope.subscription}"
    places = {
        Where.SCOPE: scope.paths,
        Where.SUBSCRIPTION: (whole,),
        Where.WHOLE_SUBSCRIPTION: () if scope.groups else (whole,),
        Where.GROUP: scope.paths if scope.groups else (),
    }
    for place in places[recipe.where]:
        path = recipe.path.format(scope=place, subscription=scope.subscription)
        yield Question(recipe, path, place, scope.subscription)


def _about(recipe: Recipe, document: Document, id_: ArmId, scope: Scope) -> Question:
    group = f"/subscriptions/{scope.subscription}/resourceGroups/{id_.resource_group}"
    location = str(document.get("location") or "").replace(" ", "").casefold()
    path = recipe.path.format(parent=id_.text, subscription=scope.subscription, group=group, location=location)
    if recipe.where is Where.SUBSCRIPTION:
        about = f"/subscriptions/{scope.subscription}"
    elif "{group}" in recipe.path:
        about = group
    else:
        about = path if recipe.shape is Shape.OBJECT else id_.text
    return Question(recipe, path, about, scope.subscription)
