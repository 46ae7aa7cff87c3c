"""One question to Azure and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditor.collect.reads.recipes import Recipe, Where
from auditor.model import Read


@dataclass(frozen=True)
class Question:
    """A recipe with its blanks filled in. `scope` is what an answer is complete for, as `Read.scope` says.

    `about` is the principal of a question for what is assigned to one; `parent` the id of the resource that led to
    this question.
    """

    recipe: Recipe
    path: str
    scope: str
    subscription: str
    about: str = ""
    parent: str = ""

    @property
    def asked(self) -> str:
        """The path, with the query where that is what tells this question from others of the same path."""
        return f"{self.path}?{self.recipe.query}" if self.about else self.path

    def answered(self, status: int, version: str, count: int, seconds: float) -> Read:
        """The record of an answer that can be relied on."""
        covers = self.recipe.covers
        spent = round(seconds, 3)
        return Read(self.asked, version, status, covers, self.scope, count=count, seconds=spent, about=self.about)

    def failed(self, status: int, error: str, message: str, seconds: float = 0.0, permission: str = "") -> Read:
        """The record of an answer that never came whole."""
        return Read(
            self.asked,
            self.recipe.api_version,
            status,
            self.recipe.covers,
            self.scope,
            seconds=round(seconds, 3),
            error=error,
            message=message,
            permission=permission,
            about=self.about,
        )


@dataclass(frozen=True)
class Answer:
    """The documents as Azure sent them, and the record of the read; `gone` is the id of what was deleted meanwhile."""

    question: Question
    documents: tuple[Mapping[str, Any], ...]
    read: Read
    gone: str = ""

    @property
    def unseen(self) -> tuple[str, str] | None:
        """The sentence and the tip for a subscription that the credential does not see; `None` where it does.

        Only what is asked of the subscription and its groups themselves tells: a provider that a subscription never
        used may answer the same code.
        """
        own = self.question.recipe.where in (Where.SUBSCRIPTION, Where.GROUP) and self.question.recipe.about_scope
        if not own or self.read.error.casefold() not in _UNSEEN:
            return None
        return (
            f"the credential does not see subscription {self.question.subscription}: {self.read.message}",
            "check the id, and the tenant that the credential belongs to (`az account list --all` shows both)",
        )


_UNSEEN = frozenset({"subscriptionnotfound", "invalidsubscriptionid"})
