"""What is asked of Azure, as data: the table in `facts/arm-reads.json`, typed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from auditor.facts import load


class Shape(StrEnum):
    """What an answer looks like."""

    LIST = "list"
    OBJECT = "object"
    INVENTORY = "inventory"
    """A list of everything by id and type, without properties."""


class Where(StrEnum):
    """How often a question is put."""

    SCOPE = "scope"
    """Once for each subscription, or for each resource group where those were named."""
    SUBSCRIPTION = "subscription"
    WHOLE_SUBSCRIPTION = "whole subscription"
    """Once for each subscription that is not narrowed to resource groups."""
    SEVERAL = "several subscriptions"
    """Once for the tenant, where more than one subscription is read, or a management group."""
    GROUP = "group"
    """Once for each resource group that was named."""
    MANAGEMENT_GROUP = "management group"
    """Once for each management group that was named."""


@dataclass(frozen=True)
class Recipe:
    """One row of the table: how a type is read. The table's own `about` explains the columns."""

    client: str
    type: str
    path: str
    api_version: str
    at_least: str
    parents: tuple[str, ...]
    only: Mapping[str, tuple[str, ...]]
    permission: str
    shape: Shape
    where: Where
    listed_by: str
    query: str

    @property
    def covers(self) -> str:
        """What an answer is complete for: the type in lower case."""
        return self.type.casefold()

    @property
    def about_scope(self) -> bool:
        """Whether what is asked about is a subscription, a group of resources or a management group itself."""
        return not self.parents and self.covers.startswith(("microsoft.resources/", "microsoft.management/"))

    def concerns(self, parent: Mapping[str, Any]) -> bool:
        """Whether the question makes sense for this parent, such as content filters for an OpenAI account."""
        return all(str(parent.get(key) or "").casefold() in allowed for key, allowed in self.only.items())


@cache
def recipes() -> tuple[Recipe, ...]:
    """The whole table, in its order."""
    return tuple(_recipe(row) for row in load("arm-reads")["reads"])


@cache
def recipes_below() -> Mapping[str, tuple[Recipe, ...]]:
    """By lower-case type of a parent: what is asked of each resource of that type."""
    found: dict[str, list[Recipe]] = defaultdict(list)
    for recipe in recipes():
        for parent in recipe.parents:
            found[parent].append(recipe)
    return {parent: tuple(rows) for parent, rows in found.items()}


@cache
def absent_codes() -> frozenset[str]:
    """Error codes that say that there is nothing of the kind, lower case."""
    return frozenset(code.casefold() for code in load("arm-reads")["absent"])


@cache
def absent_only() -> Mapping[str, str]:
    """By lower-case error code: the provider whose answers alone mean by it that there is nothing of the kind."""
    return {code.casefold(): provider for code, provider in load("arm-reads")["absent_only"].items()}


@cache
def always_registered() -> frozenset[str]:
    """The providers, lower case, that no subscription lacks."""
    return frozenset(load("arm-reads")["always_registered"]["providers"])


def _recipe(row: Mapping[str, Any]) -> Recipe:
    stated = row.get("parent", [])
    parents = [stated] if isinstance(stated, str) else stated
    return Recipe(
        client=row["client"],
        type=row["type"],
        path=row["path"],
        api_version=row["api_version"],
        at_least=row["at_least"],
        parents=tuple(parent.casefold() for parent in parents),
        only={key: tuple(value.casefold() for value in values) for key, values in row.get("only", {}).items()},
        permission=row.get("permission") or f"{row['type']}/read",
        shape=Shape(row.get("shape", Shape.LIST)),
        where=Where(row.get("where", Where.SCOPE)),
        listed_by=row.get("listed_by", "").casefold(),
        query=row.get("query", ""),
    )
