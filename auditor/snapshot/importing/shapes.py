"""What the JSON of a file is: a resource, a list of them, a page, a table, a world, a snapshot, a prediction."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from auditor.facts import load
from auditor.model import ArmId, Read
from auditor.snapshot.ids import id_in, with_slash
from auditor.snapshot.importing.az_cli_form import arm_form, is_graph_row, is_index_entry
from auditor.snapshot.importing.bicep import BicepFile, bicep_of, compiled
from auditor.snapshot.importing.children import STACKS, apart
from auditor.snapshot.importing.forms import (
    FROM_TEMPLATE,
    from_powershell,
    named_by_stack,
    named_by_validation,
    refused_form,
)
from auditor.snapshot.importing.membership import is_about_one, read_about_one
from auditor.snapshot.importing.origin import Found, Origin
from auditor.snapshot.importing.plans import (
    PLAN_TIP,
    changes_in,
    extension_of,
    is_final,
    leaves_alone,
    left_out,
    not_predicted,
    outcome_of,
    potential_changes,
)
from auditor.snapshot.importing.sources import Lines
from auditor.snapshot.importing.stand_ins import ASSIGNMENTS, scope_in, stand_in
from auditor.snapshot.importing.templates import Stated, Target, is_parameters, is_template, planned
from auditor.snapshot.importing.terraform import is_terraform, terraform
from auditor.snapshot.model import FORMAT, Snapshot
from auditor.snapshot.read import parse_snapshot
from auditor.snapshot.seal import digest
from auditor.snapshot.strict import Cursor
from auditor.snapshot.text import Text, printable, shown

_WORLD = "arm-world"
_BICEP_SETTINGS = "bicepconfig.json"
_SNAPSHOT = FORMAT.partition("/")[0]
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TIP = "`auditor import` takes resources and lists of them as az, Resource Manager and Resource Graph print them"
_NOTHING = "this is no resource, for it has no id that begins with /, nor a list of resources"
_PROJECT_TIP = "query whole rows: no `project`, or one that keeps id, type and properties"


@dataclass(frozen=True)
class OpenList:
    """A list that goes on elsewhere: the type and scope it lists, and what says so."""

    type: str
    scope: ArmId
    origin: Origin


@dataclass
class Gathering:
    """Everything that the files hold, in their order."""

    found: list[Found] = field(default_factory=list)
    index: list[Found] = field(default_factory=list)
    """Entries of lists of all resources, which lack the settings."""
    open_lists: list[OpenList] = field(default_factory=list)
    closed_lists: list[tuple[ArmId, ...]] = field(default_factory=list)
    """The ids in each list that says it ends."""
    declared: list[str] = field(default_factory=list)
    """Subscriptions that a world declares to be whole."""
    snapshots: list[Snapshot] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    tenants: set[str] = field(default_factory=set)
    planned: list[Found] = field(default_factory=list)
    """What a deployment would leave, which replaces what is there."""
    unchanged: list[Found] = field(default_factory=list)
    """What a deployment would leave alone, as far as it shows it."""
    deleted: list[ArmId] = field(default_factory=list)
    """What a deployment would delete."""
    again: list[Found] = field(default_factory=list)
    """What a plan deploys once more, and otherwise."""
    listed: list[tuple[ArmId, ...]] = field(default_factory=list)
    """The ids of each list that holds resources of one type alone, and does not go on."""
    foretold: bool = False
    notes: list[str] = field(default_factory=list)
    """What a person should hear."""
    templates: list[Stated] = field(default_factory=list)
    parameters: list[Stated] = field(default_factory=list)
    """Files of parameters of templates."""
    lines: dict[ArmId, Lines] = field(default_factory=dict)
    """Where the source of a deployment states a planned document."""
    existing: list[tuple[ArmId, str]] = field(default_factory=list)
    """What a plan takes to be there and does not state, with the file that says so."""

    def take_bicep(self, path: Path, name: str, alone: bool = False) -> None:
        """Take a Bicep file, or a file of parameters with the template that it uses, as the Bicep CLI compiles it.

        `alone`: of a file of parameters take these, for the template is given, too.
        """
        made = compiled(path)
        own = None
        if made.parameters:
            values = Text(name if alone else f"{name} (parameters)", made.parameters)
            own = Stated(_object_in(values), Origin(values, 0))
        if own is not None and alone:
            self.parameters.append(own)
            return
        source = Text(f"{name} (compiled)", made.template)
        self.templates.append(Stated(_object_in(source), Origin(source, 0), BicepFile(bicep_of(path)), own))

    def expand(self, target: Target) -> None:
        """Take what templates among the input would deploy. Raises `AuditorError` where that cannot be worked out."""
        if not self.templates:
            if self.parameters:
                raise self.parameters[0].origin.fault(
                    "these are the parameters of a template, and no resources", "give the template, too"
                )
            return
        made = planned(self.templates, self.parameters, target)
        self.foretold = True
        self.planned.extend(made.found)
        self.reads.extend(made.reads)
        self.notes.extend(made.notes)
        self.lines.update(made.lines)
        self.existing.extend(made.existing)

    def take_text(self, source: Text) -> None:
        """Take every JSON value of a text: one, several after another, or one a line."""
        cursor = Cursor(source)
        while cursor.peek():
            start = cursor.at
            self.take(cursor.value(), Origin(source, start))

    def take(self, value: Any, origin: Origin) -> None:
        """Take a value, whatever its shape. Raises `AuditorError` where it is none that holds resources."""
        if isinstance(value, list):
            self._take_list(value, origin)
        elif not isinstance(value, Mapping):
            raise origin.fault("expected a resource or a list of resources here", _TIP)
        elif id_in(value):
            self._take_resource(with_slash(value), origin)
        elif isinstance(value.get("format"), str):
            self._take_format(value, origin)
        else:
            self._take_wrapper(value, origin)

    def _take_list(self, items: list[Any], origin: Origin) -> None:
        """Take a list; one of a single type that stands for itself is the answer of a command that lists."""
        found = len(self.found)
        self._take_items(items, origin)
        self.listed.append(tuple(each.id for each in self.found[found:]))

    def _take_items(self, items: list[Any], origin: Origin) -> None:
        for index, item in enumerate(items):
            self.take(item, origin.below(index))

    def _take_resource(self, value: Mapping[str, Any], origin: Origin) -> None:
        """Take a resource and the children that stand in it."""
        if FROM_TEMPLATE in value:
            self.foretold = True
            self._take_planned({key: each for key, each in value.items() if key != FROM_TEMPLATE}, origin)
            return
        for steps, document in apart(value):
            self._take_document(document, origin.below(*steps))
        stack = named_by_stack(value)
        if stack:
            self.index.extend(Found(each, origin) for each in stack)
            self.notes.append(
                f"{origin}: a deployment {'stack ' if ArmId(value['id']).type == STACKS else ''}names {len(stack)}"
                " resources and shows the settings of none: read them with `az resource show --ids`"
            )
        validated = named_by_validation(value)
        if validated:
            self.foretold = True
            told = "the validation of a deployment names it and does not show it"
            self.reads.extend(not_predicted(each, told) for each in validated)
            self.notes.append(
                f"{origin}: the validation of a deployment names {len(validated)} resources and shows the settings of"
                " none: import what `az deployment group what-if --no-pretty-print -o json` prints"
            )

    def _take_document(self, document: Mapping[str, Any], origin: Origin) -> None:
        id_ = ArmId(document["id"])
        if not id_.name:
            raise origin.fault("this resource has an empty id", "leave it out, or correct its id")
        if "creation_context" in document or "resource_group" in document:
            tip = "az ml prints a form of its own: use `az resource show --ids ID -o json` or `az rest` instead"
            raise origin.fault(f"{shown(id_.text)} is not in the form of Resource Manager", tip)
        if is_index_entry(document) and _is_read(id_.type):
            self.index.append(Found(document, origin))
        else:
            self.found.append(Found(arm_form(document), origin, graph=is_graph_row(document)))
        tenant = document.get("tenantId")
        if "subscriptionId" in document and isinstance(tenant, str):
            self.tenants.add(tenant)

    def _take_format(self, value: Mapping[str, Any], origin: Origin) -> None:
        family, _, version = value["format"].partition("/")
        if family == _SNAPSHOT:
            self._take_snapshot(value["format"], origin)
        elif family == _WORLD and version == "1" and isinstance(value.get("documents"), list):
            self._take_world(value, origin)
        else:
            sentence = f"{shown(value['format'])} is a format that this auditor does not know"
            raise origin.below("format").fault(sentence, f'it knows "{FORMAT}" and "{_WORLD}/1"')

    def _take_snapshot(self, format_: str, origin: Origin) -> None:
        if format_ != FORMAT:
            sentence = f"this snapshot has the format {shown(format_)}; this auditor reads {shown(FORMAT)}"
            raise origin.below("format").fault(sentence, "use the auditor that wrote it, or a newer one")
        snapshot = parse_snapshot(origin.source, origin.offset)
        if digest(snapshot, snapshot.documents) != snapshot.sha256:
            # An edited snapshot becomes a sound one by being imported, and says so by its source.
            snapshot = replace(snapshot, source="import")
            self.notes.append(f"{origin}: this snapshot was edited since it was written")
        self.snapshots.append(snapshot)
        self.reads.extend(snapshot.reads)
        for document in snapshot.documents:
            start = snapshot.offsets[ArmId(document["id"])]
            self.found.append(Found(document, Origin(origin.source, start), kept=True))

    def _take_world(self, value: Mapping[str, Any], origin: Origin) -> None:
        subscription, tenant = value.get("subscriptionId"), value.get("tenantId")
        if not isinstance(subscription, str) or not subscription:
            raise origin.fault("this world names no subscriptionId", "add the subscription that it shows whole")
        self.declared.append(subscription)
        if isinstance(tenant, str):
            self.tenants.add(tenant)
        for index, document in enumerate(value["documents"]):
            self._take_whole(document, origin.below("documents", index))

    def _take_whole(self, document: Any, origin: Origin) -> None:
        """Take a document of a world: it is in the form of Resource Manager, and nothing is missing in it."""
        if not ArmId(id_in(document)).name:
            raise origin.fault(
                "this document of a world has no id that begins with /", "give it the id that Azure gives"
            )
        self.found.append(Found(with_slash(document), origin))

    def _take_wrapper(self, value: Mapping[str, Any], origin: Origin) -> None:
        error = value.get("error")
        if isinstance(error, Mapping) and "code" in error:
            sentence = f"this is no resource but an error that Azure answered: {shown(str(error['code']))}"
            raise origin.fault(sentence, "repeat the command that wrote it, or leave this file out")
        value = from_powershell(value)
        changes = changes_in(value)
        if is_terraform(value):
            self._take_terraform(value, origin)
        elif is_about_one(value):
            self.reads.append(read_about_one(value, origin))
            self._take_items(value["value"], origin.below("value"))
        elif changes is not None:
            self._take_changes(*changes, origin)
            self._take_diagnostics(value, origin)
        elif isinstance(value.get("predictedResources"), list):
            self._take_predictions(value["predictedResources"], origin.below("predictedResources"))
            self._take_diagnostics(value, origin)
        elif "data" in value:
            self._take_table(value, origin)
        elif isinstance(value.get("documents"), list):
            self._take_items(value["documents"], origin.below("documents"))
        elif isinstance(value.get("value"), list):
            self._take_page(value, origin)
        else:
            self._take_rest(value, origin)

    def _take_rest(self, value: Mapping[str, Any], origin: Origin) -> None:
        account = _subscription_of(value)
        if account:
            self.take(account, origin)
        elif is_template(value):
            self.templates.append(Stated(value, origin))
        elif isinstance(value.get("template"), Mapping) and is_template(value["template"]):
            self.templates.append(Stated(value["template"], origin.below("template")))
        elif isinstance(value.get("templateJson"), str):
            self._take_built(value, origin)
        elif is_parameters(value):
            self.parameters.append(Stated(value, origin))
        elif Path(origin.source.name).name.casefold() == _BICEP_SETTINGS:
            self.notes.append(f"{origin.source.name}: settings of the Bicep compiler are set aside")
        else:
            raise origin.fault(*(refused_form(value) or (_NOTHING, _TIP)))

    def _take_built(self, value: Mapping[str, Any], origin: Origin) -> None:
        """Take what `bicep build-params --stdout` prints: template and parameters, each as a text."""
        name = origin.source.name
        source = Text(f"{name} (template)", str(value["templateJson"]))
        own = None
        if isinstance(value.get("parametersJson"), str):
            values = Text(f"{name} (parameters)", value["parametersJson"])
            own = Stated(_object_in(values), Origin(values, 0))
        self.templates.append(Stated(_object_in(source), Origin(source, 0), None, own))

    def _take_page(self, value: Mapping[str, Any], origin: Origin) -> None:
        found, index = len(self.found), len(self.index)
        self._take_items(value["value"], origin.below("value"))
        ids = tuple(each.id for each in (*self.found[found:], *self.index[index:]))
        link = value.get("nextLink") or value.get("@odata.nextLink")
        if link:
            self.open_lists.extend(_open_lists(str(link), ids, origin.below("nextLink")))
        else:
            self.closed_lists.append(ids)
            self.listed.append(ids)

    def _take_table(self, value: Mapping[str, Any], origin: Origin) -> None:
        data = value["data"]
        rows = _rows_of(data)
        if rows is None:
            raise origin.below("data").fault("expected the rows of a Resource Graph answer here", _TIP)
        before = len(self.found)
        for index, row in enumerate(rows):
            at = origin.below("data", index) if isinstance(data, list) else origin.below("data", "rows", index)
            if not isinstance(row, Mapping) or not isinstance(row.get("id"), str) or "properties" not in row:
                raise at.fault("this row of Resource Graph lacks the column id or properties", _PROJECT_TIP)
            self.take(row, at)
        self.found[before:] = [replace(each, graph=True) for each in self.found[before:]]
        more = [value.get(key) for key in ("$skipToken", "skipToken", "skip_token")]
        if any(more) or str(value.get("resultTruncated", "")).casefold() == "true":
            ids = tuple(each.id for each in self.found[before:])
            self.open_lists.extend(_open_lists("", ids, origin))

    def _take_changes(self, changes: list[Any], steps: tuple[str, ...], origin: Origin) -> None:
        self.foretold = True
        for index, change in enumerate(changes):
            at = origin.below(*steps, index)
            if self._is_set_aside(change, at, "resourceId"):
                continue
            outcome = outcome_of(change, at)
            if isinstance(outcome, Read):
                self._take_unpredicted(outcome, at)
            elif outcome:
                document = {"id": change["resourceId"], **change[outcome]}
                self._take_planned(document, at.below(outcome), leaves_alone(change))
            elif ArmId(change["resourceId"]).type:
                self.deleted.append(ArmId(change["resourceId"]))

    def _take_predictions(self, items: list[Any], origin: Origin) -> None:
        self.foretold = True
        for index, item in enumerate(items):
            self._take_planned(item, origin.below(index))

    def _take_diagnostics(self, value: Mapping[str, Any], origin: Origin) -> None:
        for read in left_out(value):
            self.reads.append(read)
            name = shown(ArmId(read.path).name or read.path)
            self.notes.append(f"{origin}: the plan leaves out what the nested deployment {name} makes")
        for change in potential_changes(value):
            id_ = change.get("resourceId")
            if isinstance(id_, str):
                told = "whether it is deployed depends on a condition that only the deployment evaluates"
                self._take_unpredicted(not_predicted(id_, told), origin)

    def _take_terraform(self, value: Mapping[str, Any], origin: Origin) -> None:
        found = terraform(value, origin)
        self.foretold = self.foretold or found.plan
        documents = self.planned if found.plan else self.found
        documents.extend(Found(document, origin) for document in found.documents)
        documents.extend(Found(document, origin, partial=found.plan) for document in found.updates)
        self.unchanged.extend(Found(document, origin) for document in found.unchanged)
        self.deleted.extend(found.deleted)
        self.existing.extend((id_, origin.source.name) for id_ in found.existing)
        self.reads.extend(found.reads)
        self.notes.extend(f"{origin}: {note}" for note in found.notes)

    def _take_unpredicted(self, read: Read, origin: Origin) -> None:
        self.reads.append(read)
        self.notes.append(
            f"{origin}: the deployment determines what {shown(read.path, 200)} will be: {printable(read.message[:300])}"
        )

    def _take_planned(self, value: Any, origin: Origin, unchanged: bool = False) -> None:
        if self._is_set_aside(value, origin, "id"):
            return
        for steps, document in apart(with_slash(value)):
            at = origin.below(*steps)
            if is_final(document["id"]):
                (self.unchanged if unchanged else self.planned).append(Found(document, at))
            elif not self._stands_in(document, at):
                self._set_aside_expression(document["id"], str(document.get("type") or ""), at)

    def _stands_in(self, document: Mapping[str, Any], origin: Origin) -> bool:
        """Take a role assignment of which nothing but the name is not known; whether it was one."""
        scope = scope_in(document["id"]) if str(document.get("type")).casefold() == ASSIGNMENTS else ""
        if not scope:
            return False
        id_ = stand_in(scope, document)
        self.planned.append(Found({**document, "id": id_, "name": ArmId(id_).name}, origin))
        self.notes.append(
            f"{origin}: the deployment determines the name of this role assignment: {ArmId(id_).name} stands for it"
        )
        return True

    def _set_aside_expression(self, id_: str, type_: str, origin: Origin) -> None:
        told = "its id is an expression that it evaluates"
        if "subscription()" in id_ or "resourceGroup()" in id_ or not id_.startswith(("/", "[")):
            told += "; --subscription-id and --resource-group of `bicep snapshot` settle those that hang on them"
        self._take_unpredicted(not_predicted(id_, told, type_), origin)

    def _is_set_aside(self, value: Any, origin: Origin, key: str) -> bool:
        """Whether an entry of a plan is no resource of Resource Manager that could be known, and so was set aside.

        Raises `AuditorError` where it is nothing that a plan holds.
        """
        extension = extension_of(value)
        if extension:
            self.notes.append(f"{origin}: {printable(extension)} is no resource of Resource Manager and is set aside")
            return True
        id_ = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(id_, str):
            return False
        type_ = value.get("type") if isinstance(value, Mapping) else None
        if not isinstance(type_, str) or "/" not in type_:
            if key == "resourceId":
                raise origin.fault("this change names no resourceId", PLAN_TIP)
            tip = "pass --subscription-id and --resource-group to `bicep snapshot`, so that it knows every id"
            raise origin.fault("this planned resource has no resolved id", tip)
        self._take_unpredicted(not_predicted(str(value.get("name") or type_), "it has no id", type_), origin)
        return True


def _object_in(source: Text) -> Mapping[str, Any]:
    value = Cursor(source).value()
    if not isinstance(value, Mapping):
        raise source.fault(0, "expected an object here", "update the Bicep CLI")
    return value


@cache
def _read_types() -> frozenset[str]:
    return frozenset(row["type"].casefold() for row in load("arm-reads")["reads"])


def _is_read(type_: str) -> bool:
    """Whether a collection reads the settings of this type; of others it keeps the entry, as an import does."""
    return type_ in _read_types()


def _subscription_of(value: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The subscription that `az account show` prints in a form of its own."""
    id_, tenant = value.get("id"), value.get("tenantId")
    if not isinstance(id_, str) or not _GUID.fullmatch(id_) or not isinstance(tenant, str):
        return None
    return {
        "id": f"/subscriptions/{id_}",
        "subscriptionId": id_,
        "tenantId": tenant,
        "displayName": value.get("name"),
        "state": value.get("state"),
    }


def _rows_of(data: Any) -> list[Any] | None:
    """The rows of `data` as objects: it is a list of them, or columns and rows (the old table form)."""
    if isinstance(data, list):
        return data
    if not isinstance(data, Mapping) or not isinstance(data.get("columns"), list):
        return None
    names = [column.get("name") if isinstance(column, Mapping) else column for column in data["columns"]]
    rows = data.get("rows")
    if not isinstance(rows, list):
        return None
    return [dict(zip(names, row, strict=False)) if isinstance(row, list) else row for row in rows]


def _open_lists(link: str, ids: tuple[ArmId, ...], origin: Origin) -> list[OpenList]:
    """What the missing rest of a list would hold: what its link asks for, else more of what it held so far."""
    asked = _asked_by(link)
    if asked:
        return [OpenList(*asked, origin)]
    kinds = {(id_.type, _home_of(id_).key): _home_of(id_) for id_ in ids}
    return [OpenList(type_, scope, origin) for (type_, _), scope in sorted(kinds.items(), key=lambda kind: kind[0])]


def _asked_by(link: str) -> tuple[str, ArmId] | None:
    """The type and scope that the path of a list names: `.../virtualNetworks`, `.../workspaces/W/computes`."""
    try:
        path = urlsplit(link).path
    except ValueError:
        return None
    segments = [each for each in path.split("/") if each]
    beginnings = [
        n for n, each in enumerate(segments[:-1]) if each.casefold() == "providers" and "." in segments[n + 1]
    ]
    type_ = ArmId(path).type
    if not type_ or not beginnings:
        return (type_, ArmId("/" + "/".join(segments[:-1]))) if type_ else None
    below = segments[beginnings[-1] + 2 :]
    if len(below) % 2 == 0:
        return None
    return type_, ArmId("/" + "/".join(segments[:-1] if len(below) > 1 else segments[: beginnings[-1]]))


def _home_of(id_: ArmId) -> ArmId:
    """What one would list to find this resource: its parent for a child, else its subscription."""
    if id_.type.count("/") > 1 and id_.parent is not None:
        return id_.parent
    return ArmId(f"/subscriptions/{id_.subscription}" if id_.subscription else "/")
