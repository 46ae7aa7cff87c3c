"""An architecture as its baseline describes it: what anchors a workload, its parts, and whose each subnet is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

import msgspec

from auditor.shipped import shipped
from auditor.workload.selectors import Selector, Words, needs, words
from auditor.yaml_tree.compose import compose, read_text
from auditor.yaml_tree.mistakes import Mistakes, meant
from auditor.yaml_tree.nodes import plain

DEFAULT = "openai-chat"
"""The architecture that is meant where none is named."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One part: what reports call it, and how it is found.

    `pin` says, where a person may pin the part, what is pinned. `shown` parts are listed in reports. `sign` parts are
    those that only a deployment of this architecture has. `seen_as` is what a resource of the type is called where no
    workload was recognised, `plain_kinds` the kinds of it that need no word.
    """

    label: str
    find: Selector
    plural: str = ""
    pin: str = ""
    shown: bool = False
    sign: bool = False
    seen_as: str = ""
    plain_kinds: tuple[str, ...] = ()
    drawn: str = ""

    @property
    def type(self) -> str:
        """The type of what can play the part, in lower case; empty where the selector leads there by itself."""
        return self.find.type.casefold()

    @property
    def called(self) -> str:
        """What several of them are called."""
        return self.plural or f"{self.label}s"


class SubnetPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the subnet of one purpose is found: by its delegation, by what sits in it, by who points at it.

    `azure_name` is a name that Azure itself asks for. `fullest` leaves the one that holds most of what marks it.
    `unless` are parts whose marks weigh more. `spare` subnets may stand empty: then `words` in a name break the tie,
    and after these the order of addresses.
    """

    label: str
    pin: str = ""
    delegated_to: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    pointed_at_by: tuple[str, str] | None = None
    azure_name: str = ""
    fullest: bool = False
    spare: bool = False
    unless: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class Architecture(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The section `architecture` of a baseline.

    `anchor` is the part that each workload has one of; `groups_of` are parts whose resource groups are the workload's,
    beside the anchor's own. A `general` architecture gives way to others: what plays a part in a deployment of another
    anchors none of this one.
    """

    anchor: str
    parts: dict[str, Part]
    subnets: dict[str, SubnetPart] = {}
    groups_of: tuple[str, ...] = ()
    general: bool = False

    @property
    def pinnable(self) -> Mapping[str, str]:
        """The parts that a person may pin, and the type of what plays each."""
        return {name: part.type for name, part in self.parts.items() if part.pin}

    @property
    def spare(self) -> tuple[str, ...]:
        """The subnets that nothing marks while they are empty."""
        return tuple(name for name, subnet in self.subnets.items() if subnet.spare)

    @property
    def shown(self) -> Mapping[str, str]:
        """By what reports call it: each part that they list."""
        return {part.label: name for name, part in self.parts.items() if part.shown}


Place = tuple[str | int, ...]
_TYPE = re.compile(r"[a-z][a-z0-9]*(\.[a-z0-9]+)+(/[a-z0-9]+)+", re.IGNORECASE)
_LEADS = ("among", "child_of", "pointed_at_by", "joined_from", "identity_of", "named", "first_of")


def faults(architecture: Architecture, named: Mapping[str, object]) -> Iterator[tuple[Place, str]]:
    """What is wrong with an architecture beyond its form: each with the keys that lead to the place."""
    parts = architecture.parts
    if architecture.anchor not in parts:
        yield ("anchor",), f"`{architecture.anchor}` is no part of this architecture{meant(architecture.anchor, parts)}"
    for index, name in enumerate(architecture.groups_of):
        if name not in parts:
            yield ("groups_of", index), f"`{name}` is no part of this architecture{meant(name, parts)}"
    for name, part in parts.items():
        at = ("parts", name, "find")
        yield from ((at + place, says) for place, says in _faults_of(part.find, architecture, named, part.type))
        if part.pin and not part.type:
            yield ("parts", name, "pin"), f"`{name}` is pinned and its selector lacks `type`, which a pin must be of"
    for name in parts:
        circle = _circle(name, parts)
        if circle:
            yield ("parts", name, "find"), f"`{name}` is found through itself: {' -> '.join(circle)}"
    for name, subnet in architecture.subnets.items():
        for index, other in enumerate(subnet.unless):
            if other not in architecture.subnets:
                yield ("subnets", name, "unless", index), f"no subnet is called `{other}`{meant(other, parts)}"
        if subnet.pointed_at_by is not None and subnet.pointed_at_by[0] not in parts:
            yield ("subnets", name, "pointed_at_by"), f"`{subnet.pointed_at_by[0]}` is no part of this architecture"


def _faults_of(
    s: Selector, architecture: Architecture, named: Mapping[str, object], type_: str, inner: bool = False
) -> Iterator[tuple[Place, str]]:
    parts = architecture.parts
    if s.type and not _TYPE.fullmatch(s.type):
        yield ("type",), f"`{s.type}` is no type of a resource such as Microsoft.Storage/storageAccounts"
    leads = [field for field in _LEADS if getattr(s, field)]
    if not s.type and not type_ and not leads and not inner:
        yield (), "a selector needs a `type`, or a field that leads to resources: " + ", ".join(_LEADS)
    if s.child_of and not (s.type or type_):
        yield ("child_of",), "`child_of` needs a `type`: the children of a part are of several"
    for name in dict.fromkeys((*needs(msgspec.structs.replace(s, any=(), first_of=())), *s.of)):
        if name not in parts:
            yield _place_of(s, name), f"`{name}` is no part of this architecture{meant(name, parts)}"
    if s.named and s.named not in named:
        yield ("named",), f"there is no named selector `{s.named}`{meant(s.named, named)}"
    if s.in_subnet_of and s.in_subnet_of not in architecture.subnets:
        yield ("in_subnet_of",), f"no subnet is called `{s.in_subnet_of}`{meant(s.in_subnet_of, architecture.subnets)}"
    for field in ("any", "first_of"):
        for index, each in enumerate(getattr(s, field)):
            found = _faults_of(each, architecture, named, s.type or type_, inner=True)
            yield from (((field, index, *place), says) for place, says in found)


def _place_of(s: Selector, name: str) -> Place:
    """The field of a selector that names a part."""
    for field in ("among", "child_of", "identity_of", "but_not", "of"):
        stated: Words = getattr(s, field)
        if name in words(stated):
            key = "not" if field == "but_not" else field
            return (key,) if isinstance(stated, str) else (key, stated.index(name))
    for field in ("pointed_at_by", "points_at", "named_by"):
        if getattr(s, field) is not None and getattr(s, field).part == name:
            return (field, "part")
    if s.joined_from is not None and name in s.joined_from.parts:
        return ("joined_from", "parts", s.joined_from.parts.index(name))
    if s.named_by is not None:
        return ("named_by", "listed", "part")
    return ("backend_of",) if s.backend_of == name else ("in_network_of",)


def _circle(start: str, parts: Mapping[str, Part]) -> tuple[str, ...]:
    """The way from a part back to itself; empty where there is none."""
    seen: set[str] = set()
    open_: list[tuple[str, ...]] = [(start,)]
    while open_:
        way = open_.pop()
        for name in needs(parts[way[-1]].find):
            if name == start:
                return (*way, start)
            if name in parts and name not in seen:
                seen.add(name)
                open_.append((*way, name))
    return ()


@cache
def default_architecture() -> Architecture:
    """The architecture of the shipped baseline that is asked where none is named."""
    return shipped_architecture(DEFAULT)


@cache
def shipped_architecture(name: str) -> Architecture:
    """The section `architecture` of a shipped baseline, read by itself: the rest of the file is not asked for here."""
    path = shipped("baselines") / f"{name}.yaml"
    mistakes = Mistakes()
    node = compose(_section(path), str(path), mistakes)
    mistakes.speak()
    return msgspec.convert(plain(node)["architecture"], Architecture)


@cache
def shipped_architectures() -> Mapping[str, Architecture]:
    """Every architecture that travels with the program, by the name of its baseline; one that only extends has none."""
    names = sorted(path.stem for path in shipped("baselines").iterdir() if path.suffix == ".yaml")
    names.sort(key=lambda name: name != DEFAULT)
    texts = {name: read_text(shipped("baselines") / f"{name}.yaml") for name in names}
    whole = [name for name, text in texts.items() if "\narchitecture:\n" in text and "\nextends:" not in text]
    return {name: shipped_architecture(name) for name in whole}


def _section(path: Path) -> str:
    """The lines of a file from `architecture:` to the next key of its level."""
    lines = read_text(path).splitlines()
    start = lines.index("architecture:")
    end = next((n for n in range(start + 1, len(lines)) if re.match(r"[a-z]", lines[n])), len(lines))
    return "\n".join(lines[start:end])


_SPOKEN: ContextVar[Architecture | None] = ContextVar("architecture", default=None)


@contextmanager
def speaking_of(architecture: Architecture) -> Iterator[None]:
    """Within it, words of tables and terms are words of this architecture."""
    token = _SPOKEN.set(architecture)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def spoken_of() -> Architecture:
    """The architecture whose words are read now."""
    return _SPOKEN.get() or default_architecture()


def subnet_names() -> tuple[str, ...]:
    """The parts that a subnet can play, in the order of the architecture."""
    return tuple(spoken_of().subnets)
