"""Values of a kind that Azure never sends: what they stand for is not known, so nobody may take them for anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from auditor.estate.planned import is_expression
from auditor.facts import load
from auditor.model import JSON, Resource, Unknown
from auditor.model.resource import escape

_WORDS = {"t": "text", "n": "a number", "b": "true or false"}
_NEVER = ", which Azure never sends"
_LONGEST_SHOWN = 60


class Oddities:
    """The places of a document whose values are of a kind that the published schemas do not have there.

    Such a value is neither a setting nor the absence of one. Whoever asks a resource for it, for something that holds
    it, or for something below it, gets `NotKnown` and never a default.
    """

    def __init__(self, name: str, found: Mapping[str, str]) -> None:
        self._name = name
        self._found = found

    def gap(self, resource: Resource, path: tuple[str | int, ...], value: JSON) -> Unknown | None:
        """Why what stands at a path does not tell anything; `None` where it does."""
        return self.near(resource.place(*path).pointer)

    def above(self, pointer: str) -> Unknown | None:
        """The first oddity at a place of the document, or above it."""
        for place, says in self._found.items():
            if pointer == place or pointer.startswith(f"{place}/"):
                return Unknown(f"{place.removeprefix('/')} of {self._name} is {says}")
        return None

    def near(self, pointer: str) -> Unknown | None:
        """The first oddity at, above or below a place of the document."""
        for place, says in self._found.items():
            if place == pointer or place.startswith(f"{pointer}/") or pointer.startswith(f"{place}/"):
                return Unknown(f"{place.removeprefix('/')} of {self._name} is {says}")
        return None


def oddities(type_: str, name: str, body: Mapping[str, Any], planned: bool = False) -> Oddities | None:
    """What is odd in a document of this type; `None` where nothing is. A plan may hold expressions in any place."""
    tree = _trees().get(type_)
    if tree is None or _fits(tree, body):
        return None
    found = dict(_odd(tree, body, "", planned))
    return Oddities(name, found) if found else None


@cache
def _trees() -> Mapping[str, Any]:
    """By lower-case type: what facts/property-kinds.json says of its documents."""
    found: Mapping[str, Any] = load("property-kinds")["types"]
    return found


def _fits(tree: Any, value: JSON) -> bool:
    """Whether nothing is odd. A quick look first: documents are many, and nearly all are as they should be."""
    if value is None:
        return True
    if isinstance(tree, str):
        return type(value) in _fitting(tree) if tree[0] != "=" else not _odd_word(tree, value)
    if isinstance(tree, list):
        if type(value) is not list:
            return False
        return not tree or all(item is not None and _fits(tree[0], item) for item in value)
    if type(value) is not dict:
        return False
    others = tree.get("*")
    for key, inner in value.items():
        branch = tree.get(key, others)
        if branch is None or inner is None:
            continue
        # Most values are words and numbers: a call for each would take most of the time.
        if not (type(branch) is str and type(inner) in _fitting(branch)) and not _fits(branch, inner):
            return False
    return True


@cache
def _fitting(letters: str) -> frozenset[type]:
    """The types of values that these letters stand for; none where it takes a look at the value itself."""
    kinds: Mapping[str, tuple[type, ...]] = {"t": (str,), "b": (bool,), "n": (int, float)}
    return frozenset(kind for letter in letters for kind in kinds[letter]) if letters[0] != "=" else frozenset()


def _odd(tree: Any, value: JSON, pointer: str, planned: bool) -> Iterator[tuple[str, str]]:
    """Pointers to what is of another kind than it should be, with a few words on each."""
    if value is None or (planned and isinstance(value, str) and is_expression(value)):
        return
    if isinstance(tree, str):
        says = _odd_word(tree, value) if tree[0] == "=" else _odd_scalar(tree, value)
        if says:
            yield pointer, says
    elif isinstance(tree, list):
        yield from _odd_list(tree, value, pointer, planned)
    elif not isinstance(value, Mapping):
        yield pointer, f"{kind_of(value)} and not an object{_NEVER}"
    else:
        others = tree.get("*")
        for key, inner in value.items():
            branch = tree.get(key, others)
            if branch is not None:
                yield from _odd(branch, inner, f"{pointer}/{escape(key)}", planned)


def _odd_list(tree: list[Any], value: JSON, pointer: str, planned: bool) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield pointer, f"{kind_of(value)} and not a list{_NEVER}"
        return
    for index, item in enumerate(value if tree else ()):
        if item is None:
            yield f"{pointer}/{index}", f"null in a list{_NEVER}"
        yield from _odd(tree[0], item, f"{pointer}/{index}", planned)


def _odd_word(words: str, value: JSON) -> str:
    known = _known(words)
    if isinstance(value, str) and all(each.strip().casefold() in known for each in value.split(",")):
        return ""
    return f"{kind_of(value)}, which this version does not know"


@cache
def _known(words: str) -> frozenset[str]:
    """The words of `=One|Two` in lower case; nothing at all is the absence of one."""
    return frozenset(("", *words[1:].casefold().split("|")))


def _odd_scalar(letters: str, value: JSON) -> str:
    if any(_is(letter, value) for letter in letters):
        return ""
    return f"{kind_of(value)} and not {' or '.join(_WORDS[letter] for letter in letters)}{_NEVER}"


def _is(letter: str, value: JSON) -> bool:
    if letter == "t":
        return isinstance(value, str)
    return isinstance(value, bool) if letter == "b" else isinstance(value, int | float) and not isinstance(value, bool)


def kind_of(value: JSON) -> str:
    """A value in a few words: `a list`, `an object`, or itself where it is short."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = repr(value) if isinstance(value, str) else str(value).lower()
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
