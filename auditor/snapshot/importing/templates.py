"""Templates of Resource Manager: what they would deploy, worked out here (auditor/arm), laid into a gathering."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from auditor.arm import (
    Deployed,
    Expansion,
    Fault,
    Gap,
    Open,
    Scope,
    Source,
    Unknown,
    expand,
    kind_of_schema,
    values_of,
)
from auditor.model import ArmId, AuditorError, Read
from auditor.model.resource import escape
from auditor.snapshot.importing.bicep import BicepFile, lines_in
from auditor.snapshot.importing.files import Input, text_of
from auditor.snapshot.importing.origin import Found, Origin
from auditor.snapshot.importing.plans import not_predicted
from auditor.snapshot.importing.sources import Lines, Offsets, lines_of
from auditor.snapshot.importing.stand_ins import ASSIGNMENTS, stand_in
from auditor.snapshot.strict import Cursor
from auditor.snapshot.text import Text, printable, shown

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DEPLOYMENTS = "microsoft.resources/deployments"
_DEEPEST = 8
_MAINS = ("main.json", "azuredeploy.json", "maintemplate.json")
_TIP = "auditor import TEMPLATE --parameters FILE --subscription ID --resource-group NAME --location REGION -o FILE"


@dataclass(frozen=True)
class Target:
    """Where templates are taken to be deployed, and with which parameters; empty is not given."""

    subscription: str = ""
    resource_group: str = ""
    location: str = ""
    management_group: str = ""
    tenant: str = ""
    parameters: tuple[str, ...] = ()
    """Names of the parameters files that were given for the templates, as the gathering calls them."""


@dataclass
class Planned:
    """What templates would deploy."""

    found: list[Found] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lines: dict[ArmId, Lines] = field(default_factory=dict)
    """Where the source states each document."""
    existing: list[tuple[ArmId, str]] = field(default_factory=list)
    """What the source takes to be there and does not state, with the source that says so."""


@dataclass(frozen=True)
class Stated:
    """A template or a parameters file among the input."""

    value: Mapping[str, Any]
    origin: Origin
    bicep: BicepFile | None = None
    """The file that it was compiled of."""
    own: Stated | None = None
    """Parameters that came with it."""

    @property
    def name(self) -> str:
        """The file's name."""
        return self.origin.source.name


def is_template(value: Mapping[str, Any]) -> bool:
    """Whether this is a template of Resource Manager."""
    if kind_of_schema(str(value.get("$schema", ""))) is not None:
        return True
    return "contentVersion" in value and isinstance(value.get("resources"), (list, dict))


def is_parameters(value: Mapping[str, Any]) -> bool:
    """Whether this is a parameters file of a template, with its schema or only in the form of one."""
    stated = value.get("parameters")
    if set(value) == {"parameters"} and isinstance(stated, Mapping) and stated:
        return all(isinstance(each, Mapping) and each.keys() & {"value", "reference"} for each in stated.values())
    return (
        isinstance(value.get("parameters"), Mapping)
        and "deploymentparameters" in str(value.get("$schema", "")).casefold()
    )


def planned(templates: Sequence[Stated], parameters: Sequence[Stated], target: Target) -> Planned:
    """Expand every template that is no part of another one.

    Raises `AuditorError` where something is needed that was not given, and where Azure would refuse a template.
    """
    _check(target)
    made = Planned()
    linked: set[str] = set()
    ordered = sorted(templates, key=lambda each: (Path(each.name).name.casefold() not in _MAINS, each.name))
    for each in ordered:
        if Path(each.name) in map(Path, linked):
            continue
        mains = [one for one in ordered if Path(one.name) not in map(Path, linked)]
        work = _Work(each, _parameters_of(each, mains, parameters, target), target)
        work.expand(made)
        linked |= work.read_files
    return made


def _check(target: Target) -> None:
    if target.subscription and not _GUID.fullmatch(target.subscription):
        raise AuditorError(
            f"{shown(target.subscription)} is no id of a subscription", "give its GUID: --subscription ID"
        )


def _parameters_of(
    template: Stated, mains: Sequence[Stated], files: Sequence[Stated], target: Target
) -> Sequence[Stated]:
    """The parameters files of a template: those that were given, else the one that is named after it, else the only."""
    own = [template.own] if template.own is not None else []
    given = [each for each in files if each.name in target.parameters]
    if given or own:
        return [*own, *given]
    stem = Path(template.name).with_suffix("").name.casefold()
    folder = Path(template.name).parent
    named = [
        each
        for each in files
        if Path(each.name).parent == folder and Path(each.name).name.casefold().startswith(f"{stem}.")
    ]
    exact = [each for each in named if Path(each.name).name.casefold() == f"{stem}.parameters.json"]
    if exact or len(named) == 1:
        return exact or named
    choice = named or (files if len(mains) == 1 else ())
    if len(choice) > 1:
        names = ", ".join(each.name for each in choice)
        raise AuditorError(
            f"{template.name}: there are several files of parameters: {names}", "name one: --parameters FILE"
        )
    return choice


class _Work:
    """One template on its way."""

    def __init__(self, template: Stated, parameters: Sequence[Stated], target: Target) -> None:
        self._template = template
        self._parameters = parameters
        self._target = target
        self._texts: dict[str, tuple[Text, int]] = {template.name: (template.origin.source, template.origin.offset)}
        self._offsets: dict[str, Offsets] = {}
        self._wants_location = False

    @property
    def read_files(self) -> set[str]:
        """The files that the template links."""
        return set(self._texts) - {self._template.name}

    def expand(self, made: Planned) -> None:
        kind = kind_of_schema(str(self._template.value.get("$schema", ""))) or "resourceGroup"
        target = self._target
        own = kind == "resourceGroup"
        scope = Scope(
            kind,
            target.subscription if kind in ("resourceGroup", "subscription") else "",
            target.resource_group if own else "",
            target.location if own else "",
            target.tenant,
            target.management_group if kind == "managementGroup" else "",
            deployment=Path(self._template.name).stem,
        )
        given: dict[str, Any] = {}
        for each in self._parameters:
            stated = each.value.get("parameters")
            given.update(values_of(stated if isinstance(stated, Mapping) else {}, None))
        found = expand(self._template.value, given, scope, self._template.name, self._linked)
        self._refuse(found, scope)
        for resource in found.resources:
            self._take(resource, made)
        for gap in found.gaps:
            self._take_gap(gap, made)
        made.existing.extend((ArmId(id_), self._template.name) for id_ in found.existing)
        for words, source in found.set_aside:
            made.notes.append(
                f"{self._at(source)}: {printable(words)} is no resource of Resource Manager and is set aside"
            )
        if self._wants_location:
            made.notes.append(f"{self._template.name}: --location would give the region of the resource group")

    def _refuse(self, found: Expansion, scope: Scope) -> None:
        needs = []
        if scope.kind in ("resourceGroup", "subscription") and not scope.subscription:
            needs.append("--subscription")
        if scope.kind == "resourceGroup" and not scope.group:
            needs.append("--resource-group")
        if scope.kind == "managementGroup" and not scope.management_group:
            needs.append("--management-group")
        if found.missing:
            plural = "s" if len(found.missing) > 1 else ""
            needs.append(f"--parameters with a value for the parameter{plural} {', '.join(found.missing)}")
        if needs:
            listed = " and ".join((", ".join(needs[:-1]), needs[-1])) if len(needs) > 1 else needs[0]
            raise AuditorError(f"{printable(self._template.name)}: this template needs {printable(listed)}", _TIP)
        if found.faults:
            raise self._fault(found.faults[0], len(found.faults) - 1)

    def _fault(self, fault: Fault, others: int) -> AuditorError:
        where = f", in the expression {printable(fault.expression[:300])}" if fault.expression else ""
        more = f" (and {others} more)" if others else ""
        tip = "correct the template: Azure would refuse it"
        return AuditorError(f"{self._at(fault.source)}: {printable(fault.sentence)}{where}{more}", tip)

    def _linked(self, path: str, origin: str) -> tuple[str, Mapping[str, Any]] | None:
        """A linked template beside the one that links it; `None` where it is not there, or no template."""
        place = Path(origin).parent / path
        name = printable(str(place))
        try:
            text = text_of(Input(place, name))
            value = Cursor(text).value()
        except AuditorError:
            return None
        self._texts[name] = (text, 0)
        return (name, value) if isinstance(value, Mapping) else None

    def _offsets_of(self, file: str) -> Offsets:
        if file not in self._offsets:
            self._offsets[file] = Offsets(self._texts[file][0])
        return self._offsets[file]

    def _offset(self, source: Source) -> int:
        return self._offsets_of(source.file).of(source.pointer, self._texts[source.file][1])

    def _at(self, source: Source) -> str:
        if source.file not in self._texts:
            return printable(source.file)
        at = self._texts[source.file][0].position(self._offset(source))
        return f"{source.file}:{at.line}:{at.column}"

    def _take(self, each: Deployed, made: Planned) -> None:
        if each.type.casefold() == _DEPLOYMENTS:
            return
        document = self._document(each)
        id_ = each.id if isinstance(each.id, str) else self._stand_in(each, document, made)
        if id_ is None:
            told = "its name is an expression that only the deployment evaluates"
            self._unpredicted(each.id.as_expression() if isinstance(each.id, Unknown) else "", told, each, made)
        elif each.condition is not None:
            condition = each.condition.as_expression()
            told = f"whether it is deployed depends on {condition}, which only the deployment evaluates"
            self._unpredicted(id_, told, each, made)
        else:
            text, start = self._texts[each.source.file]
            origin = Origin(text, start, each.source.pointer)
            made.found.append(Found({**document, "id": id_, "name": ArmId(id_).name}, origin))
            made.lines[ArmId(id_)] = self._lines(each)

    def _lines(self, each: Deployed) -> Lines:
        """Where the source states it: the Bicep file where that is known, else the template."""
        file = each.source.file
        bicep = self._template.bicep or _beside(self._template)
        if bicep is not None and file == self._template.name:
            found = lines_in(bicep, self._template.value, each.source.pointer, list(_pointers(each.body)))
            if found is not None:
                return found
        offsets = self._offsets_of(file)
        return lines_of(each.body, each.source.pointer, offsets, file, self._texts[file][1])

    def _document(self, each: Deployed) -> dict[str, Any]:
        plain = self._plain(each.body)
        assert isinstance(plain, dict)
        return plain

    def _plain(self, value: Any) -> Any:
        """The value as a plan writes it: an expression for what is not known, and no text that looks like one."""
        if isinstance(value, Unknown):
            text = value.as_expression()
            self._wants_location = self._wants_location or "resourceGroup().location" in text
            return text
        if isinstance(value, Open):
            return value.base.as_expression()
        if isinstance(value, dict):
            return {key: self._plain(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._plain(each) for each in value]
        if isinstance(value, str) and value.startswith("[") and value.endswith("]") and not value.startswith("[["):
            return f"[{value}"
        return value

    def _stand_in(self, each: Deployed, document: Mapping[str, Any], made: Planned) -> str | None:
        """An id for a role assignment whose name is made of what only the deployment knows; `None` for all else."""
        if each.type.casefold() != ASSIGNMENTS or not each.scope:
            return None
        id_ = stand_in(each.scope, document)
        made.notes.append(
            f"{self._at(each.source)}: the deployment determines the name of this role assignment: {ArmId(id_).name}"
            " stands for it"
        )
        return id_

    def _unpredicted(self, id_: str, told: str, each: Deployed, made: Planned) -> None:
        read = not_predicted(id_, told, each.type)
        if read.scope == "/" and each.scope:
            read = replace(read, scope=each.scope)
        made.reads.append(read)
        made.notes.append(f"{self._at(each.source)}: {each.type} {shown(id_, 200)}: {printable(told[:300])}")

    def _take_gap(self, gap: Gap, made: Planned) -> None:
        name = gap.id if isinstance(gap.id, str) else gap.id.as_expression()
        read = not_predicted("", gap.because, gap.type or "*")
        made.reads.append(replace(read, path=name, scope=gap.scope or "/"))
        what = gap.type or f"what the deployment {shown(ArmId(name).name or name, 200)} makes"
        made.notes.append(f"{self._at(gap.source)}: {printable(what)} is unknown: {printable(gap.because[:300])}")


def _beside(template: Stated) -> BicepFile | None:
    """The Bicep file that lies beside a template which says that the Bicep compiler wrote it."""
    metadata = template.value.get("metadata")
    generator = metadata.get("_generator") if isinstance(metadata, Mapping) else None
    if not isinstance(generator, Mapping) or str(generator.get("name")).casefold() != "bicep":
        return None
    path = Path(template.name).with_suffix(".bicep")
    return BicepFile(path) if path.is_file() else None


def _pointers(value: Any, above: str = "", depth: int = 0) -> Iterator[str]:
    """Pointers of the properties of a document, as deep as they stand in objects alone."""
    if isinstance(value, dict) and depth < _DEEPEST:
        for key, each in value.items():
            pointer = f"{above}/{escape(key)}"
            yield pointer
            yield from _pointers(each, pointer, depth + 1)


def recorded(made: Mapping[ArmId, Lines], id_: ArmId) -> tuple[str, ...]:
    """Where the source states a document, as the read of it keeps it."""
    found = made.get(id_)
    if found is None:
        return ()
    path, here = Path(found.file), Path.cwd()
    file = path.relative_to(here) if path.is_absolute() and path.is_relative_to(here) else path
    return (file.as_posix(), *found.places)
