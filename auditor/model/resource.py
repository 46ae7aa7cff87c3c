"""A resource as Azure sent it, with a way to cite any value in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from auditor.model.arm_id import ArmId
from auditor.model.finding import Evidence, Place
from auditor.model.lazily import lazily
from auditor.model.unknown import NotKnown, Unknown

JSON = Any
"""A value of parsed JSON."""

_NOTHING: Mapping[str, Any] = {}


def escape(segment: str | int) -> str:
    """Write one step of a JSON pointer (RFC 6901)."""
    return str(segment).replace("~", "~0").replace("/", "~1")


def objects(value: JSON) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The objects of a list with their index; nothing of what is no list."""
    for index, item in enumerate(value if isinstance(value, list) else []):
        if isinstance(item, Mapping):
            yield index, item


class Doubts(Protocol):
    """What a document does not tell although it shows it."""

    def gap(self, resource: Resource, path: tuple[str | int, ...], value: JSON) -> Unknown | None:
        """Why the value at a path of a resource's document does not tell what is or will be; `None` if it does."""


class Oddities(Doubts, Protocol):
    """Doubts about values of a kind that Azure never sends."""

    def above(self, pointer: str) -> Unknown | None:
        """Why what stands at a place, or around it, tells nothing; what stands inside it is not asked."""


@dataclass(frozen=True, eq=False)
class Resource:
    """The raw document of one resource, never changed, and where it stands in the snapshot.

    A child that only its parent's document shows (a subnet in its network) is a resource too: its `document` is the
    parent's, its `pointer` leads to it. Two resources are equal when their ids are. `plan` is set where the document
    is not Azure's but foretold: asking it for what only its deployment tells raises `NotKnown`. `odd` is set where the
    document holds values of a kind that Azure never sends: asking for one of those raises `NotKnown` too.
    """

    id: ArmId
    body: Mapping[str, Any]
    document: ArmId
    pointer: str = ""
    plan: Doubts | None = None
    odd: Oddities | None = None

    @lazily
    def type(self) -> str:
        """Lower case, e.g. `microsoft.network/virtualnetworks`."""
        return self.id.type or str(self.body.get("type") or "").casefold()

    @property
    def name(self) -> str:
        """The name as Azure shows it."""
        return str(self.body.get("name") or self.id.name)

    @property
    def kind(self) -> str:
        """The top-level `kind` in lower case, or empty."""
        return str(self.body.get("kind") or "").casefold()

    @lazily
    def location(self) -> str:
        """The region as `eastus2`: ARM writes it `East US 2` too (docs/azure/collection.md, section 9)."""
        return str(self.get("location") or "").replace(" ", "").casefold()

    @property
    def properties(self) -> Mapping[str, Any]:
        """The `properties` object; empty where the document has none."""
        found = self.body.get("properties")
        return found if isinstance(found, Mapping) else _NOTHING

    def get(self, *path: str | int, default: JSON = None) -> JSON:
        """Follow a path from the top of the document; `default` where a step is missing or null.

        Raises `NotKnown` where the document is a plan and does not tell the value, or the value is of a kind that Azure
        never sends.
        """
        value = self.stated(*path)
        gap = self.odd.gap(self, path, value) if self.odd is not None else None
        if gap is None and self.plan is not None:
            gap = self.plan.gap(self, path, value)
        if gap is not None:
            raise NotKnown(gap)
        return default if value is None else value

    def stated(self, *path: str | int) -> JSON:
        """What stands at a path of the document, planned or not; `None` where a step is missing or null."""
        value: JSON = self.body
        for step in path:
            if isinstance(value, Mapping) and isinstance(step, str):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
                value = value[step]
            else:
                return None
        return value

    def text(self, *path: str | int) -> str:
        """Follow a path to a word that Azure compares without letter case; lower case, empty where absent.

        Raises `NotKnown` where an object or a list stands there.
        """
        found = self.get(*path, default="")
        if isinstance(found, (Mapping, list)):
            raise NotKnown(self._odd(path, "a word"))
        return str(found).strip().casefold()

    def items(self, *path: str | int) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """The objects of a list with their index; nothing where the list is absent or null.

        Raises `NotKnown` where something else stands there, or in the list.
        """
        found = self.get(*path, default=[])
        if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
            raise NotKnown(self._odd(path, "a list of objects"))
        yield from enumerate(found)

    def ref(self, *path: str | int) -> ArmId | None:
        """Follow a path to an ARM id, or to an object with one under `id`; `None` where there is none.

        Raises `NotKnown` where something else stands there.
        """
        found = self.get(*path)
        if isinstance(found, Mapping):
            found = found.get("id")
        if found is None or found == "":
            return None
        if isinstance(found, str) and found.startswith("/"):
            return ArmId(found)
        raise NotKnown(self._odd(path, "the id of a resource"))

    def _odd(self, path: tuple[str | int, ...], wanted: str) -> Unknown:
        where = "/".join(map(str, path))
        return Unknown(f"{where} of {self.name} is not {wanted}, so it is not known what it stands for")

    def place(self, *path: str | int) -> Place:
        """The place of a value, whether it is there or not."""
        return Place(self.document, self.pointer + "".join("/" + escape(step) for step in path))

    def at(self, *path: str | int) -> Evidence:
        """The value at a path as evidence; `None` stands for absent. Raises `NotKnown` as `get` does."""
        return Evidence(self.place(*path), self.get(*path))

    def around(self, *path: str | int) -> Evidence:
        """As `at`, for what is read part by part: what is odd inside is met by who reads that part."""
        odd = self.odd.above(self.place(*path).pointer) if self.odd is not None else None
        if odd is not None:
            raise NotKnown(odd)
        found = self.shown(*path)
        gap = self.plan.gap(self, path, found.value) if self.plan is not None else None
        if gap is not None:
            raise NotKnown(gap)
        return found

    def shown(self, *path: str | int) -> Evidence:
        """What stands at a path as evidence that decides nothing, planned or not."""
        return Evidence(self.place(*path), self.stated(*path))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Resource) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"Resource({self.id.text})"
