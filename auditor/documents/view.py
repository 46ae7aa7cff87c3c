"""Typed views of ARM documents: the one place where what a document says is read.

A view names the properties of one kind of document, each with its type. Reading one gives a `Reading`: the value in
force with its evidence, or why it is not known. What is absent has Azure's default where Azure states one
(facts/absent-settings.json), means "none" where Azure leaves out what is not there (the same file, `none`), and is
unknown otherwise: never a default that this program made up.

    class Peering(View, kind="microsoft.network/virtualnetworks/virtualnetworkpeerings"):
        state = word("properties", "peeringState")
        allows_access = flag("properties", "allowVirtualNetworkAccess")
        remote_network = reference("properties", "remoteVirtualNetwork")

    Peering(resource).state.value          # raises NotKnown where it cannot be determined
    Peering(resource).state.known          # the value or an Unknown
    Peering(resource).state.evidence       # place and raw value

Enumerations compare without letter case, as Azure compares them: `word` answers lower case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar, overload

from auditor.facts import load
from auditor.model import JSON, ArmId, Evidence, NotKnown, Place, Resource, Unknown

T = TypeVar("T")
V = TypeVar("V", bound="View")

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Reading(Generic[T]):
    """What one property of a document says.

    `known` is the value, or why there is none. `absent` is true where the document does not state it and the value is
    Azure's own default. `evidence` is the raw value with its place.
    """

    known: T | Unknown
    evidence: Evidence
    absent: bool = False

    @property
    def value(self) -> T:
        """The value in force. Raises `NotKnown` where it cannot be determined."""
        if isinstance(self.known, Unknown):
            raise NotKnown(self.known)
        return self.known

    @property
    def place(self) -> Place:
        """Where the value stands, or would stand."""
        return self.evidence.place

    def __bool__(self) -> bool:
        """Refuse: a reading is always there, and says nothing by being there."""
        raise TypeError(f"ask for the value of the reading at {self.evidence.place.pointer}")

    def __str__(self) -> str:
        """The value for a message, with a word where it is Azure's default rather than stated."""
        value = self.value
        said = str(value).lower() if isinstance(value, bool) else str(value)
        return f"absent, which Azure takes for {said}" if self.absent else said


@dataclass(frozen=True)
class View:
    """One document, or one part of it at `path`, read by name. Views compare by resource and path."""

    resource: Resource
    path: Path = ()

    kind: ClassVar[str] = ""
    """The lower-case ARM type whose documents this view reads; empty for parts of documents."""

    def __init_subclass__(cls, kind: str = "", **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if kind:
            cls.kind = kind

    @property
    def id(self) -> ArmId:
        """The id of the resource."""
        return self.resource.id

    @property
    def name(self) -> str:
        """The name that stands in this part of the document, or the resource's."""
        if not self.path:
            return self.resource.name
        stated = self.resource.stated(*self.path, "name")
        return stated if isinstance(stated, str) and stated else "/".join(map(str, self.path))

    def shown(self, *path: str | int) -> Evidence:
        """What stands at a path of this part, as evidence that decides nothing."""
        return self.resource.shown(*self.path, *path)

    def states(self, *path: str | int) -> bool:
        """Whether anything stands at a path of this part."""
        return self.resource.stated(*self.path, *path) is not None


class _NotThisKindError(Exception):
    """A value that is not of the kind that a property has."""


class Property(Generic[T]):
    """A property of a view: where it stands and what it is."""

    def __init__(self, path: Path, wanted: str, read: Callable[[View, Path, JSON], T], *, whole: bool = True) -> None:
        self._path, self._wanted, self._read, self._whole = path, wanted, read, whole

    @overload
    def __get__(self, view: None, type_: type[View]) -> Property[T]: ...

    @overload
    def __get__(self, view: View, type_: type[View]) -> Reading[T]: ...

    def __get__(self, view: View | None, type_: type[View]) -> Property[T] | Reading[T]:
        """Read the property of this view."""
        if view is None:
            return self
        resource, path = view.resource, view.path + self._path
        try:
            evidence = resource.at(*path) if self._whole else resource.around(*path)
        except NotKnown as gap:
            return Reading(gap.unknown, resource.shown(*path))
        if evidence.value is None:
            return self._absent(view, path, evidence)
        try:
            return Reading(self._read(view, path, evidence.value), evidence)
        except _NotThisKindError:
            where = "/".join(map(str, path))
            because = f"{where} of {resource.name} is not {self._wanted}, so it is not known what it stands for"
            return Reading(Unknown(because), evidence)
        except NotKnown as gap:
            return Reading(gap.unknown, evidence)

    def _absent(self, view: View, path: Path, evidence: Evidence) -> Reading[T]:
        known, default, why = absence(view.resource.type, path, str(view.resource.stated("apiVersion") or ""))
        if known:
            return Reading(self._read(view, path, default) if default is not None else self._none(), evidence, True)
        where = "/".join(map(str, path))
        return Reading(
            Unknown(f"{where} of {view.resource.name} is absent from its document: {why}", absent=True), evidence
        )

    def _none(self) -> T:
        return self._read(NOWHERE, (), None)


@cache
def absence(type_: str, path: Path, api_version: str = "") -> tuple[bool, JSON, str]:
    """Whether Azure says what an absence at this path means, the default (`None` for "none"), and else why not.

    `api_version` is the one that a document states: a plan is deployed with it, and defaults have changed.
    """
    facts = load("absent-settings")
    key = "/".join("*" if isinstance(step, int) else step for step in path)
    row: Mapping[str, Any] | None = facts["types"].get(type_, {}).get(key)
    if row is not None and api_version:
        for version, default in sorted(row.get("before", {}).items()):
            if api_version[:10] < version:
                return True, default, ""
    if row is not None and api_version:
        for version, default in sorted(row.get("since", {}).items(), reverse=True):
            if api_version[:10] >= version:
                return True, default, ""
    if row is not None:
        return ("absent" in row), row.get("absent"), row.get("undefined", "Azure states no default for it")
    none = any(key in group["paths"] for group in facts["none"].get(type_, ()))
    return none, None, "Azure states no default for it"


def _of(kind: type, value: JSON) -> JSON:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _NotThisKindError
    return value


def _flag(view: View, path: Path, value: JSON) -> bool:
    if isinstance(value, str) and value.strip().casefold() in ("true", "false"):
        return value.strip().casefold() == "true"  # exports write booleans as text now and then
    return bool(_of(bool, value)) if value is not None else False


def flag(*path: str) -> Property[bool]:
    """A property that is true or false."""
    return Property(path, "true or false", _flag)


def _text(view: View, path: Path, value: JSON) -> str:
    if isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return str(_of(str, value)).strip() if value is not None else ""


def text(*path: str) -> Property[str]:
    """Text as it is stated; empty where Azure says that an absence means none."""
    return Property(path, "text", _text)


def word(*path: str) -> Property[str]:
    """A word that Azure compares without letter case: lower case; empty where an absence means none."""
    return Property(path, "a word", lambda view, where, value: _text(view, where, value).casefold())


def number(*path: str) -> Property[int]:
    """A whole number; 0 where an absence means none."""

    def read(view: View, where: Path, value: JSON) -> int:
        if isinstance(value, str) and value.strip().isdecimal():
            return int(value)
        return int(_of(int, value)) if value is not None else 0

    return Property(path, "a whole number", read)


def _list(value: JSON) -> list[JSON]:
    found: list[JSON] = _of(list, value) if value is not None else []
    return found


def texts(*path: str) -> Property[tuple[str, ...]]:
    """A list of texts as they are stated."""
    return Property(path, "a list of texts", lambda v, p, value: tuple(_text(v, p, _of(str, i)) for i in _list(value)))


def words(*path: str) -> Property[tuple[str, ...]]:
    """A list of words that Azure compares without letter case."""
    return Property(
        path, "a list of words", lambda v, p, value: tuple(_text(v, p, _of(str, i)).casefold() for i in _list(value))
    )


def _id(value: JSON) -> ArmId | None:
    if isinstance(value, Mapping):
        if not value.get("id"):
            raise _NotThisKindError  # it points at something, and says not at what
        value = value["id"]
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not value.startswith("/"):
        raise _NotThisKindError
    return ArmId(value)


def reference(*path: str) -> Property[ArmId | None]:
    """The id of another resource, or an object with one under `id`; `None` where there is none."""
    return Property(path, "the id of a resource", lambda view, where, value: _id(value))


def references(*path: str) -> Property[tuple[ArmId, ...]]:
    """A list of ids of other resources, or of objects with one under `id`."""

    def read(view: View, where: Path, value: JSON) -> tuple[ArmId, ...]:
        found = tuple(_id(item) for item in _list(value))
        if any(item is None for item in found):
            raise _NotThisKindError
        return tuple(item for item in found if item is not None)

    return Property(path, "a list of ids of resources", read)


def part(view: type[V], *path: str) -> Property[V | None]:
    """A part of the document that is an object, as a view of its own; `None` where there is none."""

    def read(owner: View, where: Path, value: JSON) -> V | None:
        if value is None:
            return None
        _of(dict, value)
        return view(owner.resource, where)

    return Property(path, "an object", read, whole=False)


def parts(view: type[V], *path: str) -> Property[tuple[V, ...]]:
    """The objects of a list, each as a view of its own; empty where Azure leaves an empty list out."""

    def read(owner: View, where: Path, value: JSON) -> tuple[V, ...]:
        return tuple(
            view(owner.resource, (*where, i)) for i, item in enumerate(_list(value)) if _of(dict, item) is item
        )

    return Property(path, "a list of objects", read, whole=False)


def entries(view: type[V], *path: str) -> Property[Mapping[str, V]]:
    """The objects of a map, by key, each as a view of its own."""

    def read(owner: View, where: Path, value: JSON) -> Mapping[str, V]:
        found: Mapping[str, JSON] = _of(dict, value) if value is not None else {}
        return {key: view(owner.resource, (*where, key)) for key, item in found.items() if _of(dict, item) is item}

    return Property(path, "an object of objects", read, whole=False)


NOWHERE = View(Resource(ArmId("/"), {}, ArmId("/")))
"""The owner of what is not there: reading none of something needs no document."""
