"""What a malicious or careless hand writes in the place of a value, and how it spoils the documents of a world."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any

from tests import worlds

Document = dict[str, Any]
Path = tuple[str | int, ...]

SUB = worlds.subscription()
FOREIGN = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/x"
TEXTS = (
    "", " ", "*", "**", "?", "[", "[!", "\\", "/", "//", "/../../../etc/passwd", "a/../b", "~1~0", "-", "--help",
    "-o", "@file", "%2e%2e%2f", "%s%n", "{0}", "${7*7}", "{{7*7}}", "true", "True", "false", "null", "None", "NaN",
    "0", "-1", "1e5", "1_000", "0x10", "１０", "²", "٣", "9" * 5000, "65536", "0-65535", "80-", "-80", "90-80", "1-2-3",
    "80,443", "0.0.0.0/0", "::/0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "300.1.1.1", "1.2.3", "010.0.0.1",
    "10.0.0.1/0.0.0.255", "fe80::1%eth0", "::ffff:10.0.0.1", "10.0.0.1 ", "10.0.0.1-10.0.0.0",
    "0.0.0.0-255.255.255.255", "Internet", "VIRTUALNETWORK", "Storage.Nowhere", "AzureCloud", "Allow", "deny", "Any",
    "Inbound", "OUTBOUND", "Tcp", "256", "P99999999999D", "PT-1H", "2026-11-22T10:00:00", "9999-99-99",
    "0001-01-01T00:00:00+99:00", "TLS1_2", "1.9", "Enabled", "Disabled", "Deny", "(a+)+$", "a" * 3000 + "!",
    "*" * 300 + "x", "*a" * 200, "https://[x", "https://x:99999/", "http://\u2100", "//[::", "javascript:alert(1)",
    "[x](javascript:alert(1))", "</script><script>alert(1)</script>", "]]><x/>", "<!--", "-->", "&x;",
    "=cmd|' /C calc'!A0", "+1", "@x", "::error::x", "::set-output name=a::b", "##vso[task.setvariable variable=x]y",
    "##[group]", "\x1b[2J\x1b]0;x\x07", "\x9b31m", "a\x00b", "a\r\nb", "\u202egnp", "\u2066", "\ud800", "a\udfffb",
    "\uffff", "\U000e0041", "İ", "ß", "ﬁ", "ǅ", "K", "e\u0301" * 200, "x" * 20_000, "name\nsubgraph x", 'x"]; y["',
    "a --> b", "`", "```", "|", "\\|", "Microsoft.Network/*/read", "*/*/*/*", "Microsoft.Authorization/*", "*" * 100,
    "/subscriptions", "/subscriptions/", "/providers/", "/providers/Microsoft.X", "/subscriptions/x/resourceGroups",
    f"{SUB}/resourceGroups/rg/providers/A.B/c", f"{FOREIGN}/providers/Microsoft.Network/virtualNetworks/v/subnets/s",
    "[resourceId('x')]", "[reference('x').y]", "[parameters('a')]", "[[x]", "[", "(redacted)", "/" + "a/" * 5000,
)  # fmt: skip
NUMBERS = (0, 1, -1, 2, 100, 443, 4096, 65535, 65536, 2**31, 2**63, 10**30, -(10**30), 0.0, 0.5, -0.0, 1e308, 5e-324)


def junk(rng: Random) -> Any:
    """A value of any kind."""
    return rng.choice(
        (
            lambda: None,
            lambda: rng.choice((True, False)),
            lambda: rng.choice(NUMBERS),
            lambda: rng.choice(TEXTS),
            lambda: rng.choice(TEXTS),
            lambda: rng.choice(([], {}, [[]], [None], [{}], [0], [""], {"": ""}, {"id": None}, {"id": 5}, {"id": "/"})),
            lambda: [rng.choice(TEXTS) for _ in range(rng.randrange(4))],
            lambda: {rng.choice(TEXTS): rng.choice(TEXTS) for _ in range(rng.randrange(4))},
            lambda: {"properties": rng.choice((None, [], "x", 5, {}))},
            lambda: {"value": rng.choice(TEXTS), "name": rng.choice(NUMBERS)},
            lambda: nested(rng, rng.randrange(2, 60)),
        )
    )()


def nested(rng: Random, depth: int) -> Any:
    """Lists and objects inside each other."""
    value: Any = rng.choice(TEXTS)
    for _ in range(depth):
        value = [value] if rng.random() < 0.5 else {rng.choice(("properties", "id", "a", "value")): value}
    return value


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place of a value, itself included."""
    yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from places(inner, (*path, step))


def at(value: Any, path: Path) -> Any:
    """What stands at a path."""
    for step in path:
        value = value[step]
    return value


@cache
def pristine(world: str) -> tuple[Document, ...]:
    """The documents of a world, not to be changed."""
    return tuple(worlds.documents(world))


@cache
def kinds_of_places(world: str) -> tuple[tuple[tuple[int, Path], ...], ...]:
    """The places of a world by kind: document type and path without the numbers of items.

    A rare place is then met as often as one that every rule of every security group has.
    """
    found: dict[tuple[Any, ...], list[tuple[int, Path]]] = defaultdict(list)
    for index, document in enumerate(pristine(world)):
        type_ = str(document.get("type", "")).casefold()
        for path in places(document):
            if path and path != ("id",):
                found[type_, *("*" if isinstance(step, int) else step for step in path)].append((index, path))
    return tuple(tuple(each) for each in found.values())


class Spoiler:
    """Spoils documents in as many places as it is asked to."""

    def __init__(self, rng: Random, world: str, only: Callable[[Document], bool] = lambda _: True) -> None:
        self.rng = rng
        self._world = world
        self._kept = [index for index, document in enumerate(pristine(world)) if only(document)]
        self.documents: list[Document] = copy.deepcopy([pristine(world)[index] for index in self._kept])
        self._where = {index: position for position, index in enumerate(self._kept)}

    def spoil(self, times: int) -> list[Document]:
        """Spoil, and answer documents with ids that no two share, letter case aside."""
        for _ in range(times):
            spoil = self.rng.choices(
                (self._value, self._kind, self._key, self._drop, self._item, self._reference, self._document),
                (8, 4, 2, 4, 4, 3, 1),
            )[0]
            spoil()
        sound = [each for each in self.documents if isinstance(each.get("id"), str) and each["id"].startswith("/")]
        return list({each["id"].rstrip("/").casefold(): each for each in sound}.values())

    def _place(self) -> tuple[Any, str | int] | None:
        """A container that is still there and a step into it."""
        index, path = self.rng.choice(self.rng.choice(kinds_of_places(self._world)))
        position = self._where.get(index)
        if position is None:
            return None
        holder: Any = self.documents[position]
        try:
            holder = at(holder, path[:-1])
            holder[path[-1]]
        except (KeyError, IndexError, TypeError):
            return None
        return (holder, path[-1]) if isinstance(holder, (dict, list)) else None

    def _value(self) -> None:
        where = self._place()
        if where:
            where[0][where[1]] = junk(self.rng)

    def _kind(self) -> None:
        """The same in another kind: `true` as text, a text as list, a list as object."""
        where = self._place()
        if where is None:
            return
        holder, step = where
        old = holder[step]
        holder[step] = self.rng.choice(
            (
                lambda: str(old),
                lambda: [old],
                lambda: {"value": old},
                lambda: old[0] if isinstance(old, list) and old else None,
                lambda: old.swapcase() if isinstance(old, str) else 1,
                lambda: f" {old} ",
                lambda: {str(n): each for n, each in enumerate(old)} if isinstance(old, list) else [],
                lambda: list(old.values()) if isinstance(old, dict) else {},
                lambda: 1 if old is True else 0 if old is False else bool(old),
            )
        )()

    def _key(self) -> None:
        where = self._place()
        if where and isinstance(where[0], dict):
            holder, step = where
            holder[self.rng.choice((*TEXTS, str(step).swapcase(), f"{step} ", "id", "name", "properties"))] = holder[
                step
            ]
            if step != "id" and self.rng.random() < 0.5:
                del holder[step]

    def _drop(self) -> None:
        where = self._place()
        if where:
            del where[0][where[1]]

    def _item(self) -> None:
        """Something more in a list: a copy, junk, or very many."""
        where = self._place()
        if where and isinstance(where[0][where[1]], list):
            items = where[0][where[1]]
            more = copy.deepcopy(self.rng.choice(items)) if items and self.rng.random() < 0.6 else junk(self.rng)
            items.extend([more] * self.rng.choice((1, 1, 2, 50)))
        elif where and isinstance(where[0], list):
            self.rng.shuffle(where[0])

    def _reference(self) -> None:
        """Any id in the place of another: its own, one of the same type, one of another."""
        found = [each for each in (self._place() for _ in range(12)) if each and _is_reference(each[0][each[1]])]
        if found:
            holder, step = found[0]
            own = next((d for d in self.documents if holder is d), self.rng.choice(self.documents))
            others = [other[0][other[1]] for other in found[1:]]
            ids = [
                own.get("id"),
                self.rng.choice(self.documents).get("id"),
                *others,
                str(holder[step]).upper() + "/",
                SUB,
            ]
            holder[step] = self.rng.choice(ids)

    def _document(self) -> None:
        """Whole documents: gone, twice, with another's properties, another's id, or an id of any form."""
        one, other = self.rng.choice(self.documents), self.rng.choice(self.documents)
        if not isinstance(one.get("id"), str) or not isinstance(other.get("id"), str):
            return
        what = self.rng.randrange(6)
        if what == 0:
            one.clear()
            one["id"] = ""
        elif what == 1:
            one["properties"] = copy.deepcopy(other.get("properties"))
        elif what == 2:
            one["id"], other["id"] = other["id"], one["id"]
        elif what == 3:
            one["id"] = "/" + self.rng.choice(TEXTS).lstrip("/") + "x"
        elif what == 4:
            self.documents.append({**copy.deepcopy(one), "id": f"{one['id']}-copy"})
        else:
            self.documents.append(copy.deepcopy(self.rng.choice((one, {**one, "id": f"{one['id']}/x/y"}))))


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("/") and value.count("/") > 3
