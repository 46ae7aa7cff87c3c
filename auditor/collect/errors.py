"""What an answer that is not the one hoped for means: nothing there, another api-version, or a read that failed."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from auditor.collect.reads.question import Question
from auditor.collect.reads.recipes import Recipe, absent_codes, absent_only, always_registered
from auditor.model import ArmId
from auditor.snapshot import redact_text

_ACTION = re.compile(r"perform action '([^']+)'", re.IGNORECASE)
_VERSIONS = re.compile(r"supported (?:api-)?versions are '([^']*)'", re.IGNORECASE)
_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})(-[a-z0-9.-]+)?", re.IGNORECASE)
_GONE = frozenset({"resourcenotfound", "notfound", "parentresourcenotfound", "resourcegroupnotfound"})
_NONE = frozenset({400, 403, 404, 409})
"""Statuses with which Azure says that there is nothing of a kind."""
_UNREGISTERED = "missingsubscriptionregistration"
_STABLE = len("2024-01-01")
LONGEST_MESSAGE = 600
"""Characters of Azure's message that are kept; some list every api-version there ever was."""


class Failed(Exception):  # noqa: N818 - an outcome that is recorded, not an error of the program
    """A read that did not come to an answer."""

    def __init__(self, status: int, error: str, message: str, permission: str = "") -> None:
        super().__init__(f"{error}: {message}")
        self.status = status
        self.error = error
        # Azure repeats in its messages what it was sent: an address with its signature, for one.
        self.message = redact_text(message)[:LONGEST_MESSAGE]
        self.permission = permission


@dataclass(frozen=True)
class Problem:
    """An error body of Resource Manager."""

    status: int
    code: str
    message: str

    def means_nothing_there(self, question: Question) -> bool:
        """Whether this answers a question with "none".

        Not where that cannot be: a code that belongs to other providers, or comes with a status that it never has; a
        provider that every subscription has, or that the resource in question is of.
        """
        code = self.code.casefold()
        if code not in absent_codes() or self.supported_versions or self.status not in _NONE:
            return False
        provider = question.recipe.covers.partition("/")[0]
        if code == _UNREGISTERED:
            parent = ArmId(question.parent).type.partition("/")[0]
            return self.status == 409 and provider not in always_registered() and provider != parent
        only = absent_only().get(code)
        return only is None or provider == only

    def means_gone(self, question: Question) -> bool:
        """Whether this may say that the resource in question was deleted after the list that showed it.

        A list over a scope that is not there is a failure.
        """
        return self.status == 404 and self.code.casefold() in _GONE and bool(question.recipe.parents)

    @property
    def supported_versions(self) -> tuple[str, ...]:
        """The api-versions that the message lists; empty where it lists none."""
        found = _VERSIONS.search(self.message)
        return tuple(part.strip() for part in found[1].split(",") if part.strip()) if found else ()

    def other_version(self, recipe: Recipe) -> str | None:
        """The supported api-version to ask with instead; `None` where there is none.

        The newest one that still shows what rules read; where Azure has retired all of those, the stable one that is
        nearest above.
        """
        offered = self.supported_versions
        known = newest_between(recipe.at_least, recipe.api_version, offered)
        return known or lowest_above(recipe.api_version, offered)

    def failure(self, question: Question) -> Failed:
        """This problem as a failed read, with the permission that would resolve it where that was the reason."""
        action = _ACTION.search(self.message)
        wanted = action[1] if action else question.recipe.permission
        return Failed(self.status, self.code, self.message, wanted if self.status in (401, 403) else "")


def problem_of(status: int, body: bytes) -> Problem:
    """Read an error body; one that is not Resource Manager's is told by its status."""
    try:
        parsed: Any = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        parsed = None
    stated = parsed.get("error", parsed) if isinstance(parsed, dict) else None
    if not isinstance(stated, dict):
        stated = {}
    code = str(stated.get("code") or stated.get("Code") or f"Http{status}")
    return Problem(status, code, str(stated.get("message") or stated.get("Message") or f"Azure answered {status}"))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; one that gives a key twice, as a code of which another part reads the other, is none."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def newest_between(oldest: str, newest: str, offered: Sequence[str]) -> str | None:
    """The newest of the offered api-versions that lies between two others, a stable one before a preview."""
    low, high = _rank(oldest), _rank(newest)
    fitting = [version for version in offered if _DATED.fullmatch(version) and low <= _rank(version) <= high]
    stable = [version for version in fitting if len(version) == _STABLE]
    return max(stable or fitting, key=_rank, default=None)


def lowest_above(newest: str, offered: Sequence[str]) -> str | None:
    """The lowest of the offered stable api-versions that is later than another one.

    What it calls what it shows was not known when this version was released; the nearest differs the least.
    """
    later = (v for v in offered if _DATED.fullmatch(v) and len(v) == _STABLE and _rank(v) > _rank(newest))
    return min(later, key=_rank, default=None)


def _rank(version: str) -> tuple[str, bool]:
    """Dates compare as text; of one date the stable version is the later one."""
    return version[:10], len(version) == _STABLE
