"""Which architecture each workload of an estate is, and why: asked where nobody names a baseline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditor.estate import Estate
from auditor.model import ArmId, NotKnown, Resource
from auditor.model.wildcard import like
from auditor.workload.architecture import Architecture, Part
from auditor.workload.parts import Workload, workloads

_HALF = 0.5
"""A workload that has fewer of its shown parts than this is half there."""
_NAMES = 4
_ENOUGH = 3
"""So many of its shown parts make a workload of a general architecture: many a deployment has a site somewhere."""


@dataclass(frozen=True)
class Recognised:
    """The workloads of one architecture, by the name of its baseline, each with the sentence that says why."""

    name: str
    found: tuple[tuple[Workload, str], ...]


def recognise(estate: Estate, known: Mapping[str, Architecture]) -> tuple[tuple[Recognised, ...], tuple[str, ...]]:
    """The workloads by architecture, in the order of `known`; and sentences on what only resembles one.

    An architecture that is `general`, such as that of a web application, gives way: what plays a part in a workload of
    another is no workload of its own. A plan with a site alone is none either, nor one beside which a part of another
    stands: a site and an Azure OpenAI account are the start of a chat, whatever else is not deployed yet.
    """
    specific = {name: a for name, a in known.items() if not a.general}
    general = {name: a for name, a in known.items() if a.general}
    found = [Recognised(name, tuple(_of(estate, name, a))) for name, a in specific.items()]
    taken = {id_ for each in found for w, _ in each.found for id_ in _played(w)}
    for name, architecture in general.items():
        own = [(w, why) for w, why in _of(estate, name, architecture) if w.anchor is None or w.anchor.id not in taken]
        own = [(w, why) for w, why in own if len(_shown(w)[0]) >= _ENOUGH and not _begun(estate, w, specific) - taken]
        found.append(Recognised(name, tuple(own)))
    there = tuple(each for each in found if each.found)
    absent = [name for name in known if name not in {each.name for each in there}]
    return there, tuple(said for name in absent for said in _resembling(estate, name, known[name]))


def _begun(estate: Estate, w: Workload, specific: Mapping[str, Architecture]) -> set[ArmId]:
    """What is there, in no workload of a specific architecture, of kinds that only such an architecture shows."""
    own = {part.type for part in w.architecture.parts.values()}
    types = {part.type for other in specific.values() for part in other.parts.values() if part.shown} - own
    return {resource.id for type_ in types for resource in estate.seen(type_) if w.may_own(resource)}


def _of(estate: Estate, name: str, architecture: Architecture) -> Iterator[tuple[Workload, str]]:
    for workload in workloads(estate, None, architecture):
        if workload.anchor is not None:
            yield workload, _why(workload, name)


def _played(w: Workload) -> Iterator[ArmId]:
    """Whatever plays a part of a workload, as far as it is known."""
    for part in w.architecture.parts:
        try:
            yield from (resource.id for resource in w.part(part))
        except NotKnown:
            continue


def _why(w: Workload, name: str) -> str:
    """That a workload is of an architecture, by what is there of it; and what is missing, where that is much."""
    assert w.anchor is not None
    have, lack = _shown(w)
    anchor = w.architecture.parts[w.architecture.anchor].label
    rest = [label for label in have if label != anchor]
    says = f"{w.anchor.name} is a deployment of {name}: it is a {anchor}"
    says += f", with {_listed(rest)}" if rest else ", and nothing else of this architecture is there"
    if _is_half(w):
        says += f"; only half of it is there, without {_listed(lack)}"
    return says


def _is_half(w: Workload) -> bool:
    have, lack = _shown(w)
    return len(have) < _HALF * (len(have) + len(lack))


def _shown(w: Workload) -> tuple[list[str], list[str]]:
    """The parts that the architecture shows, by their labels: those that are there and those that are not."""
    have: list[str] = []
    lack: list[str] = []
    for label, part in w.architecture.shown.items():
        try:
            (have if w.part(part) else lack).append(label)
        except NotKnown:
            continue
    return have, lack


def _listed(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - _NAMES} more" if len(labels) > _NAMES else ""
    return ", ".join(labels[:_NAMES]) + more


def _resembling(estate: Estate, name: str, architecture: Architecture) -> Iterator[str]:
    """Resources that could anchor an architecture but for some of what its selector asks."""
    part = architecture.parts[architecture.anchor]
    for resource in estate.seen(part.type):
        met, unmet = _conditions(resource, part)
        if met and unmet:
            yield f"{resource.name} resembles the {part.label} of {name}, but its {', '.join(unmet)} is another"


def _conditions(resource: Resource, part: Part) -> tuple[list[str], list[str]]:
    met: list[str] = []
    unmet: list[str] = []
    for path, wanted in part.find.where.items():
        stated = resource.stated(*path.split("/"))
        text = "" if stated is None else str(stated).casefold()
        patterns = wanted if isinstance(wanted, tuple) else (str(wanted).casefold(),)
        (met if any(like(text, pattern) for pattern in patterns) else unmet).append(path.rpartition("/")[2])
    return met, unmet
