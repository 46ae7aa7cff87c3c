"""A property of a part against the values that a baseline allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from auditor.documents.defaults import region_has_zones, setting
from auditor.model import NotKnown, Resource, Unknown, Verdict
from auditor.model.change import Change, set_to
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.text.shell import q
from auditor.workload.parts import Workload

Value = str | bool | int


class SettingTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A property, and the values that it may have.

    `path` goes from the top of the document (`properties/minimalTlsVersion`); `*` stands for every item of a list, and
    then every item has to fit, and there has to be one. `values` may hold `*` in texts. `child` is the relative id of
    the document that holds the property, where that is not the part's own: `config/web`. `absent` says that a missing
    property is as good as one of the values, with the source that says so.
    """

    path: str
    values: tuple[Value, ...]
    child: str = ""
    absent: str = ""
    lost: str = ""


def _none(w: Workload) -> Iterable[Resource]:
    return ()


@decides(on=_none, part="part with this setting", terms=SettingTerms)
def setting_differs(part: Resource, w: Workload, terms: SettingTerms) -> Iterator[Verdict]:
    """A setting is not what the architecture asks for.

    What is read: the property that the terms name, of each resource that plays the part. Where it is absent, Azure's
    default counts if Azure states one; else it is unknown.

    Why it matters: the requirement says it; the setting is the whole of it.

    What is wrong: the value in force is none of those that the terms list.

    How to put it right: `az resource update --ids <id> --set <path>=<value>`.

    References: the article that the baseline names.
    """
    document = part
    if terms.child:
        found = w.estate.child(part, *terms.child.split("/"))
        if found is None:
            yield unknown(part, Unknown(f"{terms.child} of {part.name} is not in this snapshot", absent=True))
            return
        document = found
    steps = terms.path.split("/")
    if "*" in steps:
        yield _every(part, document, steps, terms)
        return
    evidence = document.at(*steps)
    if evidence.value is None and terms.absent:
        yield holds(part, f"{steps[-1]} of {part.name} is not set: {terms.absent}", evidence)
        return
    stated = setting(document, *steps)
    if _fits(stated.value, terms):
        yield holds(part, f"{steps[-1]} of {part.name} is {stated}", stated.evidence)
    else:
        says = f"{steps[-1]} of {part.name} is {stated}, not {_wanted(terms)}"
        yield broken(part, says, stated.evidence, fix=_fix(document, terms), changes=_changes(document, terms))


def _every(part: Resource, document: Resource, steps: list[str], terms: SettingTerms) -> Verdict:
    cut = steps.index("*")
    head, rest = steps[:cut], steps[cut + 1 :]
    items = list(document.items(*head))
    if not items:
        return unknown(part, Unknown(f"{'/'.join(head)} of {part.name} is empty or absent", absent=True))
    wrong = []
    for index, _ in items:
        evidence = document.at(*head, index, *rest)
        if not _fits(evidence.value, terms):
            wrong.append(evidence)
    if wrong:
        where = f"{rest[-1]} of {part.name} is {_text(wrong[0].value)} for {len(wrong)} of {len(items)}"
        says = f"{where}, not {_wanted(terms)}"
        return broken(part, says, *wrong[:4])
    says = f"{rest[-1]} of {part.name} is {_wanted(terms)} for each of {len(items)}"
    return holds(part, says, *(document.at(*head, index, *rest) for index, _ in items[:4]))


def _fits(value: object, terms: SettingTerms) -> bool:
    from auditor.model.wildcard import like

    if value is None:
        return False
    text = _text(value)
    return any(like(text, _text(wanted)) for wanted in terms.values)


def _text(value: object) -> str:
    if value is None:
        return "not set"
    return str(value).casefold() if isinstance(value, bool) else str(value)


def _wanted(terms: SettingTerms) -> str:
    return " or ".join(_text(value) for value in terms.values)


def _fix(document: Resource, terms: SettingTerms) -> str:
    value = _text(terms.values[0])
    return (
        ""
        if "*" in value
        else f"az resource update --ids {q(document.id.text)} --set {q(terms.path.replace('/', '.'))}={q(value)}"
    )


def _changes(document: Resource, terms: SettingTerms) -> list[Change]:
    value = terms.values[0]
    if isinstance(value, str) and "*" in value:
        return []
    return [set_to(document.id, terms.path, value, warning=terms.lost)]


@decides(on=_none, part="part with this setting", terms=SettingTerms)
def setting_was_not_chosen(part: Resource, w: Workload, terms: SettingTerms) -> Answer:
    """A setting that is a choice has not been made so; nothing is asked then.

    What is read: the property that the terms name, as the document states it.

    Why it matters: the article describes the choice for those who need it.

    What is wrong: nothing; with another value the requirement does not apply, and the report names the value.

    How to put it right: set the property where the choice is made.

    References: the article that the baseline names.
    """
    evidence = part.at(*(int(step) if step.isdecimal() else step for step in terms.path.split("/")))
    if _fits(evidence.value, terms):
        return holds(part, f"{terms.path} of {part.name} is {_text(evidence.value)}", evidence)
    return not_applicable(part, f"{terms.path} of {part.name} is {_text(evidence.value)}", evidence)


class ZoneTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In how many zones a resource has to stand."""

    zones: int


@decides(on=_none, part="part with zones", terms=ZoneTerms)
def stands_in_too_few_zones(part: Resource, w: Workload, terms: ZoneTerms) -> Answer:
    """A resource does not stand in as many availability zones as the architecture asks for.

    What is read: `zones` of the resource, and whether its region has zones.

    Why it matters: what stands in one zone falls with it.

    What is wrong: it is in fewer zones than the terms ask for. In a region without zones this does not apply.

    How to put it right: make the resource again with zones 1, 2 and 3; zones cannot be changed afterwards.

    References: learn.microsoft.com/azure/reliability/availability-zones-overview.
    """
    evidence = part.at("zones")
    zones = evidence.value if isinstance(evidence.value, list) else []
    if len(zones) >= terms.zones:
        return holds(part, f"{part.name} stands in zones {', '.join(map(str, zones))}", evidence)
    has_zones = region_has_zones(part)
    if isinstance(has_zones, Unknown):
        return unknown(part, has_zones, evidence)
    if not has_zones:
        return not_applicable(part, f"the region of {part.name} has no availability zones", part.at("location"))
    says = f"{part.name} stands in {len(zones)} availability zones, not in {terms.zones}"
    return broken(part, says, evidence, fix=f"make {q(part.id.text)} again with zones 1, 2 and 3")


class RegionTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The part whose region others must share."""

    part: str


@decides(on=_none, part="part with a region", terms=RegionTerms)
def stands_in_another_region(part: Resource, w: Workload, terms: RegionTerms) -> Answer:
    """A resource stands in another region than what it works with.

    What is read: `location` of both; of a Cosmos DB account also its write locations.

    Why it matters: traffic between regions is slower and costs more, and some services refuse it.

    What is wrong: the regions differ.

    How to put it right: make the resource again in the region of the others.

    References: learn.microsoft.com/azure/foundry/agents/how-to/virtual-networks.
    """
    homes = {home.location: home for home in w.part(terms.part)}
    if not homes:
        return not_applicable(part, f"this workload has no {terms.part.replace('_', ' ')}")
    own = {part.location, *(_region(row.get("locationName")) for _, row in part.items("properties", "writeLocations"))}
    evidence = part.at("location")
    if own & set(homes):
        return holds(part, f"{part.name} stands in {part.location}, as its account does", evidence)
    if not part.location:
        raise NotKnown(Unknown(f"{part.name} states no region", absent=True))
    home = next(iter(homes.values()))
    says = f"{part.name} stands in {part.location}, and {home.name} in {home.location}"
    return broken(part, says, evidence, home.at("location"), fix=f"make {q(part.id.text)} again in {home.location}")


def _region(name: object) -> str:
    return str(name or "").replace(" ", "").casefold()


class ChildrenTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A property of the children of a type, its values, and names of children that must be there."""

    type: str
    path: str
    values: tuple[Value, ...]
    names: tuple[str, ...] = ()


@decides(on=_none, part="part with these children", terms=ChildrenTerms)
def children_differ(part: Resource, w: Workload, terms: ChildrenTerms) -> Iterator[Verdict]:
    """A child of a resource has a setting that is not what the architecture asks for.

    What is read: the children of the type below the resource, and the property that the terms name.

    Why it matters: the requirement says it; the setting is the whole of it.

    What is wrong: the value of a child is none of those that the terms list.

    How to put it right: `az resource update --ids <id> --set <path>=<value>`.

    References: the article that the baseline names.
    """
    asked = SettingTerms(path=terms.path, values=terms.values)
    found = w.estate.all(terms.type, under=part.id)
    by_name = {child.id.name.casefold(): child for child in found}
    for name in terms.names:
        if name.casefold() not in by_name:
            because = f"{terms.type.rpartition('/')[2]} {name} of {part.name} is not in this snapshot"
            yield unknown(part, Unknown(because, absent=True), aspect=name)
    if not found and not terms.names:
        yield not_applicable(part, f"{part.name} has no {terms.type.rpartition('/')[2]}")
    for child in found:
        evidence = child.at(*terms.path.split("/"))
        aspect = child.id.name
        if _fits(evidence.value, asked):
            says = f"{terms.path} of {child.id.name} is {_text(evidence.value)}"
            yield holds(part, says, evidence, aspect=aspect)
        else:
            says = f"{terms.path} of {child.id.name} of {part.name} is {_text(evidence.value)}, not {_wanted(asked)}"
            yield broken(part, says, evidence, aspect=aspect, changes=_changes(child, asked))
