"""Parts that have to be there, and children of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from auditor.model import Resource, Verdict
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable
from auditor.workload.architecture import spoken_of
from auditor.workload.parts import Workload


class PartTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the architecture, how many of it there must be at least, and how one is made."""

    part: str
    at_least: int = 1
    fix: str = ""

    def __post_init__(self) -> None:
        """Refuse a part that the architecture has not."""
        if self.part not in spoken_of().parts:
            raise ValueError(f"`{self.part}` is no part of this architecture")


@decides(part="workload", terms=PartTerms)
def part_is_missing(w: Workload, terms: PartTerms) -> Answer:
    """A part that the architecture is made of is not there.

    What is read: whatever the selector of the part reads; the baseline's `architecture` section says it.

    Why it matters: what the part does for the architecture, nothing does.

    What is wrong: fewer resources play the part than the terms ask for.

    How to put it right: deploy it; the terms name a command where one will do.

    References: the article that the baseline names.
    """
    described = w.architecture.parts[terms.part]
    found = w.part(terms.part)
    if len(found) >= terms.at_least:
        names = ", ".join(resource.name for resource in found[:3])
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        are = f"is the {described.label}" if len(found) == 1 else f"are the {described.called}"
        says = f"{names}{more} {are}"
        return holds(found[0], says, *(resource.at("name") for resource in found[:3]))
    if not found:
        return broken(w.anchor, f"there is no {described.label}", fix=terms.fix)
    says = f"there are {len(found)} {described.called}, and {terms.at_least} are asked for"
    return broken(found[0], says, found[0].at("name"), fix=terms.fix)


@decides(part="workload", terms=PartTerms)
def part_was_not_chosen(w: Workload, terms: PartTerms) -> Answer:
    """A part that is only there by choice is not there, so that nothing more is asked of it.

    What is read: whatever the selector of the part reads.

    Why it matters: the article describes the part for those who need what it does.

    What is wrong: nothing; without the part the requirement does not apply, and with it the report names it.

    How to put it right: deploy it where what it does is needed.

    References: the article that the baseline names.
    """
    found = w.part(terms.part)
    label = w.architecture.parts[terms.part].label
    if not found:
        return not_applicable(w.anchor, f"this workload has no {label}")
    return holds(found[0], f"{found[0].name} is the {label}", found[0].at("name"))


class ChildTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Children of a type that a part must have: one of a `name`, or any."""

    type: str
    called: str
    name: str = ""
    fix: str = ""


def _none(w: Workload) -> Iterable[Resource]:
    return ()


@decides(on=_none, part="part with children", terms=ChildTerms)
def child_is_missing(owner: Resource, w: Workload, terms: ChildTerms) -> Iterator[Verdict]:
    """A resource lacks a child that the architecture needs, such as a project or a database.

    What is read: the children of the type below the resource, as the list of the type shows them.

    Why it matters: the resource without it is an empty shell: what the architecture does with it happens in the child.

    What is wrong: there is no child of the type, or none of the name that the terms state.

    How to put it right: create the child.

    References: the article that the baseline names.
    """
    found = w.estate.all(terms.type, under=owner.id)
    fitting = [c for c in found if not terms.name or c.id.name.casefold() == terms.name.casefold()]
    if fitting:
        names = ", ".join(child.id.name for child in fitting[:3])
        yield holds(owner, f"{owner.name} has the {terms.called} {names}", *(child.at("name") for child in fitting[:3]))
        return
    wanted = f"{terms.called} {terms.name}".strip()
    others = f"; it has {', '.join(child.id.name for child in found[:3])}" if found else ""
    yield broken(owner, f"{owner.name} has no {wanted}{others}", owner.at("name"), fix=terms.fix)
