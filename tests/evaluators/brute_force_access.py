"""Access by Azure's own steps, one principal, one operation and one place at a time, with nothing kept between them.

Conditions are evaluated by trying every value of what they compare: a grant is certain where all of these let the
operation through, impossible where none does, and else hangs on the condition.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Condition: TypeAlias = "Action | Atom | Not | Both | Either"


@dataclass(frozen=True)
class Action:
    """`ActionMatches{'pattern'}`."""

    pattern: str

    def __str__(self) -> str:
        """As Azure writes it."""
        return f"ActionMatches{{'{self.pattern}'}}"


@dataclass(frozen=True)
class Atom:
    """A comparison of an attribute that no snapshot tells."""

    name: str

    def __str__(self) -> str:
        """As Azure writes it."""
        return f"@Request[{self.name}] StringEquals 'x'"


@dataclass(frozen=True)
class Not:
    """The opposite."""

    inner: Condition

    def __str__(self) -> str:
        """As Azure writes it."""
        return f"(!({self.inner}))"


@dataclass(frozen=True)
class Both:
    """Both of two."""

    left: Condition
    right: Condition

    def __str__(self) -> str:
        """As Azure writes it."""
        return f"({self.left} AND {self.right})"


@dataclass(frozen=True)
class Either:
    """One of two, or both."""

    left: Condition
    right: Condition

    def __str__(self) -> str:
        """As Azure writes it."""
        return f"({self.left} || {self.right})"


def matches(pattern: str, operation: str) -> bool:
    """Whether a pattern names an operation: `*` is any run of characters, and `/*/` may be nothing but a slash."""
    text = re.escape(pattern.casefold()).replace(r"\*", ".*").replace("/.*/", "(?:/.*)?/")
    return re.fullmatch(text, operation.casefold()) is not None


def names_in(condition: Condition) -> list[str]:
    """What a condition compares, as often as it does."""
    if isinstance(condition, Atom):
        return [condition.name]
    if isinstance(condition, Not):
        return names_in(condition.inner)
    if isinstance(condition, Both | Either):
        return names_in(condition.left) + names_in(condition.right)
    return []


def true(condition: Condition, operation: str, values: Mapping[str, bool]) -> bool:
    """Whether a condition is met for an operation, all that it compares being known."""
    if isinstance(condition, Action):
        return matches(condition.pattern, operation)
    if isinstance(condition, Atom):
        return values[condition.name]
    if isinstance(condition, Not):
        return not true(condition.inner, operation, values)
    left, right = (true(side, operation, values) for side in (condition.left, condition.right))
    return left and right if isinstance(condition, Both) else left or right


def outcomes(condition: Condition, operation: str) -> set[bool]:
    """What a condition can come to, whatever is compared."""
    names = sorted(set(names_in(condition)))
    worlds = (dict(zip(names, w, strict=True)) for w in itertools.product((False, True), repeat=len(names)))
    return {true(condition, operation, world) for world in worlds}


@dataclass(frozen=True)
class Given:
    """A role at a place, perhaps under a condition."""

    holder: str
    actions: tuple[str, ...]
    data_actions: tuple[str, ...]
    place: str
    condition: Condition | None = None


@dataclass(frozen=True)
class Denied:
    """What is taken from everybody but some, at a place and in it, or at the place only, perhaps under a condition."""

    place: str
    actions: tuple[str, ...]
    data_actions: tuple[str, ...]
    spared: tuple[str, ...] = ()
    here_only: bool = False
    condition: Condition | None = None


@dataclass
class World:
    """Roles, denials, and a vault that goes by roles or by access policies."""

    vault: str
    by_roles: bool
    given: list[Given]
    denied: list[Denied] = field(default_factory=list)
    policies: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def answer(self, holder: str, operation: str, place: str, *, data: bool) -> str:
        """`yes`, `conditional`, `unknown` (a denial that hangs on what is compared) or `no` at one place."""
        stopped = set()
        for denial in self.denied:
            inside = place == denial.place if denial.here_only else within(place, denial.place)
            listed = denial.data_actions if data else denial.actions
            if inside and holder not in denial.spared and any(matches(p, operation) for p in listed):
                stopped.add(frozenset({True} if denial.condition is None else outcomes(denial.condition, operation)))
        if frozenset({True}) in stopped:
            return "no"
        found = set(self._answers(holder, operation, place, data))
        if found and any(True in comes for comes in stopped):
            return "unknown"
        return "yes" if "yes" in found else "conditional" if found else "no"

    def _answers(self, holder: str, operation: str, place: str, data: bool) -> Iterator[str]:
        vault_data = (
            data and within(place, self.vault) and operation.casefold().startswith("microsoft.keyvault/vaults/")
        )
        if vault_data and not self.by_roles:
            mine = (p for who, permissions in self.policies if who == holder for p in permissions)
            yield from ("yes" for permission in mine if operation in POLICY[permission])
            return
        for one in self.given:
            listed = one.data_actions if data else one.actions
            if one.holder == holder and within(place, one.place) and any(matches(p, operation) for p in listed):
                comes = {True} if one.condition is None else outcomes(one.condition, operation)
                if comes == {True}:
                    yield "yes"
                elif True in comes:
                    yield "conditional"

    def anywhere_in(self, holder: str, operation: str, place: str, places: Iterable[str], *, data: bool) -> str:
        """The firmest answer at a place or at anything in it."""
        asked = (each for each in places if each == place or (within(each, place) and can_have(each, operation)))
        found = {self.answer(holder, operation, each, data=data) for each in asked}
        return next(answer for answer in ("yes", "conditional", "unknown", "no") if answer in found)


def within(place: str, outer: str) -> bool:
    """Whether a place is another one, or lies in it."""
    return place == outer or place.startswith(f"{outer.rstrip('/')}/")


def can_have(place: str, operation: str) -> bool:
    """Whether a place inside a resource has an operation: those of the kind that it is, and of what lies in it."""
    provider, _, rest = place.partition("/providers/")[2].partition("/")
    kinds = [provider, *rest.split("/")[::2]] if provider else []
    return operation.casefold().startswith("/".join(kinds).casefold())


_SECRETS = "Microsoft.KeyVault/vaults/secrets/"
POLICY = {
    "get": {f"{_SECRETS}getSecret/action", f"{_SECRETS}readMetadata/action"},
    "list": {f"{_SECRETS}readMetadata/action"},
    "set": {f"{_SECRETS}setSecret/action", f"{_SECRETS}update/action"},
    "delete": {f"{_SECRETS}delete"},
}
"""What a permission for secrets of an access policy comes to, as the data actions of roles are called."""
