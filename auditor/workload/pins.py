"""From what a person says plays a part, by id or by a pattern of ids, to the resources of an estate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.estate import Estate
from auditor.model import ArmId, AuditorError
from auditor.model.wildcard import like
from auditor.workload.architecture import Architecture, default_architecture
from auditor.workload.parts import SUBNET, Pins


@dataclass(frozen=True)
class Pin:
    """One id, or pattern of ids with `*`, for a part; `subnet` says in which of the two name spaces of parts.

    `where` is the place that says so, for messages.
    """

    part: str
    pattern: str
    subnet: bool = False
    where: str = ""

    def type(self, architecture: Architecture) -> str:
        """The type of what can play the part."""
        return SUBNET if self.subnet else architecture.pinnable[self.part]

    def ids(self, estate: Estate, architecture: Architecture) -> tuple[ArmId, ...]:
        """The resources that are meant; the pattern itself where there is none, which is then known to be missing."""
        if "*" not in self.pattern:
            return (ArmId(self.pattern),)
        found = tuple(r.id for r in estate.seen(self.type(architecture)) if like(r.id.key, self.pattern.rstrip("/")))
        return found or (ArmId(self.pattern),)


def pins_of(estate: Estate, pins: Iterable[Pin], architecture: Architecture | None = None) -> Pins:
    """The pins of an estate.

    One that leads nowhere stays, so that its part is unknown. For the anchor it raises `AuditorError`: without it
    there would be nothing to audit, and another is not the one that was meant.
    """
    described = architecture or default_architecture()
    parts: dict[str, dict[ArmId, None]] = defaultdict(dict)
    subnets: dict[str, dict[ArmId, None]] = defaultdict(dict)
    for pin in pins:
        found = pin.ids(estate, described)
        if pin.part == described.anchor and not pin.subnet and all(estate.find(id_) is None for id_ in found):
            where = f"{pin.where}: " if pin.where else ""
            says = f"{where}no {_called(described)} of this snapshot is {pin.pattern}"
            raise AuditorError(says, "correct the pin, or drop it")
        (subnets if pin.subnet else parts)[pin.part].update(dict.fromkeys(found))
    return Pins(_settled(parts), _settled(subnets))


def _called(architecture: Architecture) -> str:
    """What the anchor is called in a sentence."""
    return architecture.anchor.replace("_", " ")


def _settled(found: Mapping[str, Mapping[ArmId, None]]) -> Mapping[str, tuple[ArmId, ...]]:
    return {part: tuple(ids) for part, ids in found.items()}
