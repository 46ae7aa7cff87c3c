"""What deployments of one architecture have and lack for another: by part, with the requirements that speak of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from auditor.baseline import Baseline
from auditor.estate import Estate
from auditor.model import ArmId, NotKnown, Resource
from auditor.workload.architecture import Architecture, Part
from auditor.workload.parts import NAMED, Workload, workloads
from auditor.workload.selectors import Selector, meets


@dataclass(frozen=True)
class PartCompared:
    """A part of the other architecture: what of the deployment could play it, or why that cannot be determined.

    `requirements` are the ids of the other baseline that speak of it.
    """

    part: str
    label: str
    candidates: tuple[ArmId, ...]
    requirements: tuple[str, ...]
    unknown: str = ""

    @property
    def lacking(self) -> bool:
        """Whether it is known that nothing could play it."""
        return not self.candidates and not self.unknown


@dataclass(frozen=True)
class Migration:
    """One workload, and what each part of the other architecture finds in it."""

    workload: str
    anchor: ArmId
    parts: tuple[PartCompared, ...]


def compared(estate: Estate, own: Architecture, other: Baseline) -> tuple[Migration, ...]:
    """Every workload of an architecture, held against the parts that another one's reports list.

    A resource could play a part if it stands in the workload's groups and is of the part's type and kind: what leads
    to it, such as a connection, is made on the way. Whether it is set as the other asks is what its requirements say.
    """
    return tuple(
        Migration(w.name, w.anchor.id, tuple(_parts(w, other))) for w in workloads(estate, None, own) if w.anchor
    )


def _parts(w: Workload, other: Baseline) -> Iterator[PartCompared]:
    for name, part in other.architecture.parts.items():
        if not part.shown or not part.type:
            continue
        speaking = tuple(_speaking(other, name))
        try:
            found = tuple(r.id for r in w.estate.all(part.type) if w.owns(r) and _is_of_kind(r, part, w))
        except NotKnown as gap:
            yield PartCompared(name, part.label, (), speaking, gap.unknown.because)
            continue
        yield PartCompared(name, part.label, found, speaking)


def _is_of_kind(r: Resource, part: Part, w: Workload) -> bool:
    """Whether what a selector asks of the resource itself holds, whatever leads to it."""
    return meets(Selector(type=part.find.type, where=part.find.where), r, w, NAMED)


def _speaking(other: Baseline, part: str) -> Iterator[str]:
    """The requirements whose subjects or terms name a part."""
    for id_, row in other.requirements.items():
        terms = other.terms.get(id_)
        named: Any = msgspec.to_builtins(terms) if terms is not None else {}
        if "subnet" in named:
            continue  # a row on the security group of a subnet, whose parts are names of their own
        if part in row.on or any(named.get(key) == part for key in ("part", "target", "identity", "scope")):
            yield id_
