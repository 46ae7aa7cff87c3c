"""The law of removal: what is taken away from a world may make an answer unknown, never the other certainty.

A property is taken out of its document; a document is taken out and its read recorded as failed; a list is recorded as
refused and its documents are taken out. Only properties that the audit asks for are worth taking away: they are noted
while a world is audited once.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.documents.view import absence
from auditor.estate.children import children_in
from auditor.model import ArmId, Finding, Outcome, Read, Resource
from auditor.snapshot import Snapshot
from tests import worlds

WORLDS = ("reference-implementation", "compliant")
CERTAIN = (Outcome.PASS, Outcome.FAIL)
Place = tuple[str, ArmId | None, str]
Verdicts = Mapping[Place, frozenset[Outcome]]


@dataclass(frozen=True)
class Removal:
    """One thing taken away from a world: a property at `pointer` of a document, a whole document, or a list."""

    world: str
    document: str = ""
    pointer: tuple[str | int, ...] = ()
    list_of: str = ""

    def __str__(self) -> str:
        what = self.list_of or self.document.rpartition("/providers/")[2]
        return f"{self.world}: {what}" + (f" {'/'.join(map(str, self.pointer))}" if self.pointer else "")

    @property
    def kind(self) -> str:
        """What is taken away, without names and numbers."""
        steps = "/".join("*" if isinstance(step, int) else step for step in self.pointer)
        return f"{ArmId(self.document).type} {steps}".strip() if self.document else f"list {self.list_of}"


def verdicts(snapshot: Snapshot) -> Verdicts:
    """The outcomes of each statement about each resource."""
    found: dict[Place, set[Outcome]] = {}
    for finding in audit(snapshot, read_baseline("openai-chat")).findings:
        found.setdefault(_place(finding), set()).add(finding.outcome)
    return {place: frozenset(outcomes) for place, outcomes in found.items()}


@cache
def whole(world: str) -> Verdicts:
    """The verdicts on a world from which nothing was taken."""
    return verdicts(worlds.snapshot(name=world))


@cache
def removals(world: str) -> tuple[Removal, ...]:
    """Everything that can be taken away from a world and that an audit asks for, in a fixed order."""
    asked = _asked(world)
    found: list[Removal] = []
    for document in worlds.documents(world):
        id_ = str(document["id"])
        found.append(Removal(world, id_))
        for pointer in sorted(asked.get(ArmId(id_), ()), key=str):
            if pointer and pointer[0] not in ("id", "name", "type") and _there(document, pointer):
                found.append(Removal(world, id_, pointer))
    types = sorted({ArmId(str(d["id"])).type for d in worlds.documents(world)})
    return (*found, *(Removal(world, list_of=type_) for type_ in types))


def without(removal: Removal) -> Snapshot:
    """The world without what is taken away; a document or a list that is gone could not be read."""
    docs = worlds.documents(removal.world)
    scope = worlds.subscription(removal.world)
    reads = [*worlds.whole(scope)]
    if removal.list_of:
        docs = [d for d in docs if ArmId(str(d["id"])).type != removal.list_of]
        reads.append(worlds.refused(removal.list_of, scope))
        reads.append(worlds.refused(removal.list_of, "/"))
    elif removal.pointer:
        _take(next(d for d in docs if d["id"] == removal.document), removal.pointer)
    else:
        docs = [d for d in docs if d["id"] != removal.document]
        gone = ArmId(removal.document)
        reads.append(Read(removal.document, "v", 403, gone.type, removal.document, error="AuthorizationFailed"))
    return worlds.snapshot(docs, reads, removal.world)


@dataclass(frozen=True)
class Flip:
    """A certainty that became the other one, or vanished without a word."""

    removal: Removal
    place: Place
    before: frozenset[Outcome]
    after: frozenset[Outcome]

    def __str__(self) -> str:
        requirement, resource, aspect = self.place
        about = f"{resource.name if resource else 'workload'}{'#' + aspect if aspect else ''}"
        return f"{self.removal}: {requirement} {about} {_words(self.before)} -> {_words(self.after)}"


def flips(removal: Removal) -> Iterator[Flip]:
    """What the law forbids, after this removal."""
    before, after = whole(removal.world), verdicts(without(removal))
    unknown = {requirement for (requirement, _, _), found in after.items() if Outcome.UNKNOWN in found}
    for place in sorted({*before, *after}, key=str):
        was, now = before.get(place, frozenset()), after.get(place, frozenset())
        if _allowed(was, now, place[0] in unknown):
            continue
        yield Flip(removal, place, was, now)


def _allowed(was: frozenset[Outcome], now: frozenset[Outcome], unknown: bool) -> bool:
    """Whether certain verdicts stayed what they were, or the requirement says that something is not known."""
    known, gained = was & set(CERTAIN), (now - was) & set(CERTAIN)
    if Outcome.ERROR in now:
        return False
    if not known and not was:
        return not gained or unknown  # a subject that was not judged before
    return not (gained and not gained <= was) and (bool(now & known) or not known or unknown)


def defined(removal: Removal) -> bool:
    """Whether Azure itself says what the absence of this property means (facts/absent-settings.json)."""
    document = next(d for d in worlds.documents(removal.world) if d["id"] == removal.document)
    return any(absence(type_, path)[0] for type_, path in _readers(ArmId(removal.document), document, removal.pointer))


def _readers(id_: ArmId, document: Any, pointer: tuple[str | int, ...]) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """By which types and paths a property is read: in its document, and in the children that this one shows."""
    yield id_.type, pointer
    parent = Resource(id_, document, id_)
    for child in children_in(parent):
        steps = tuple(_step(s) for s in child.pointer.split("/")[1:])
        if pointer[: len(steps)] == steps and len(pointer) > len(steps):
            yield child.type, pointer[len(steps) :]


def _place(finding: Finding) -> Place:
    return finding.requirement, finding.verdict.resource, finding.verdict.aspect


def _words(outcomes: frozenset[Outcome]) -> str:
    return "/".join(sorted(outcomes)) or "nothing"


@cache
def _asked(world: str) -> Mapping[ArmId, frozenset[tuple[str | int, ...]]]:
    """By document: the pointers that an audit follows, noted at the one place where documents are read."""
    noted: dict[ArmId, set[tuple[str | int, ...]]] = {}
    read = Resource.stated

    def noting(self: Resource, *path: str | int) -> Any:
        above = tuple(_step(s) for s in self.pointer.split("/")[1:]) if self.pointer else ()
        noted.setdefault(self.document, set()).add((*above, *path))
        return read(self, *path)

    Resource.stated = noting  # type: ignore[method-assign]
    try:
        audit(worlds.snapshot(name=world), read_baseline("openai-chat"))
    finally:
        Resource.stated = read  # type: ignore[method-assign]
    return {document: frozenset(pointers) for document, pointers in noted.items()}


def _step(text: str) -> str | int:
    return int(text) if text.isdecimal() else text.replace("~1", "/").replace("~0", "~")


def _there(document: Any, pointer: tuple[str | int, ...]) -> bool:
    value = document
    for step in pointer:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return False
    return value is not None


def _take(document: Any, pointer: tuple[str | int, ...]) -> None:
    *way, last = pointer
    for step in way:
        document = document[step]
    if isinstance(document, list):
        assert isinstance(last, int)
        document[last] = copy.deepcopy({})  # an item without anything: taking it out would be another list
    else:
        del document[last]
