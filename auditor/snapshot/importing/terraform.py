"""Plans and states of Terraform, as `terraform show -json` prints them.

Resources of the azapi provider hold a body in the form of Resource Manager, and are taken. Those of azurerm are put
into that form attribute by attribute (azurerm.py, facts/azurerm.json). What stands outside of the facts is named and
not read: the kinds that it makes are unknown (facts/terraform-types.json).
Format: developer.hashicorp.com, "JSON output format" (format_version 1.x); the provider: registry.terraform.io,
Azure/azapi 2.x, azapi_resource and azapi_update_resource.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.facts import load
from auditor.model import ArmId, Read
from auditor.snapshot.importing import azurerm
from auditor.snapshot.importing.azurerm import AFTER_APPLY
from auditor.snapshot.importing.merge import overlaid
from auditor.snapshot.importing.origin import Origin
from auditor.snapshot.importing.plans import not_predicted

_OF_AZURE = ("azurerm_", "azuread_", "azapi_", "azurestack_")

_SHOW = "import what `terraform show -json PLAN` prints"
_INSTANCE = re.compile(r"\[[^\]]*\]$")
_REFERENCE = re.compile(r"(data\.)?([A-Za-z_]\w*)\.([\w-]+)(\[[^\]]*\])?(.*)", re.DOTALL)
_MODULE = re.compile(r"module\.([\w-]+)(\[[^\]]*\])?\.([\w-]+)")
_DEEPEST = 30
_READS_NOTHING = ("azapi_resource_action", "azapi_resource_list", "azapi_client_config", "azapi_resource_id")


@dataclass
class Terraform:
    """What a plan or state holds."""

    plan: bool
    documents: list[Mapping[str, Any]] = field(default_factory=list)
    updates: list[Mapping[str, Any]] = field(default_factory=list)
    """What changes some settings of a resource and leaves the others as they are."""
    unchanged: list[Mapping[str, Any]] = field(default_factory=list)
    deleted: list[ArmId] = field(default_factory=list)
    existing: list[ArmId] = field(default_factory=list)
    """What data sources read: it is there, and no document of it is."""
    reads: list[Read] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Managed:
    """A resource of Terraform: its address, type, values, what of them is not known yet, and what becomes of it."""

    address: str
    type: str
    values: Mapping[str, Any]
    unknown: Mapping[str, Any]
    actions: tuple[str, ...]

    @property
    def module(self) -> str:
        """The address of the module that it stands in, with the dot behind it; empty for the root."""
        return self.address[: self.address.rfind(f"{self.type}.")]


def is_terraform(value: Mapping[str, Any]) -> bool:
    """Whether this is a plan or state of Terraform or OpenTofu, in whatever form."""
    return "terraform_version" in value or ("format_version" in value and "planned_values" in value)


def terraform(value: Mapping[str, Any], origin: Origin) -> Terraform:
    """Read a plan or a state. Raises `AuditorError` for the raw file of a state, which is of no published form."""
    changes, state = value.get("resource_changes"), value.get("values")
    if isinstance(changes, list):
        found = _Reader(value, [_changed(each) for each in changes if isinstance(each, Mapping)], plan=True)
    elif isinstance(value.get("planned_values"), Mapping):
        found = _Reader(value, list(_stated(value["planned_values"])), plan=True)
    elif isinstance(state, Mapping):
        found = _Reader(value, list(_stated(state)), plan=False)
    else:
        raise origin.fault("this is the state of Terraform in its raw form, or a plan of nothing", _SHOW)
    return found.read()


def _changed(value: Mapping[str, Any]) -> _Managed:
    change = _object(value.get("change"))
    actions = tuple(str(each) for each in change.get("actions") or ())
    gone = actions == ("delete",)
    return _Managed(
        str(value.get("address", "")),
        str(value.get("type", "")) if value.get("mode", "managed") == "managed" else "",
        _object(change.get("before" if gone else "after")),
        _object(change.get("after_unknown")),
        actions,
    )


def _stated(values: Mapping[str, Any]) -> Iterator[_Managed]:
    waiting = [_object(values.get("root_module"))]
    while waiting:
        module = waiting.pop()
        waiting.extend(each for each in module.get("child_modules") or () if isinstance(each, Mapping))
        for each in module.get("resources") or ():
            if isinstance(each, Mapping) and each.get("mode", "managed") == "managed":
                yield _Managed(str(each.get("address")), str(each.get("type")), _object(each.get("values")), {}, ())


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


class _Reader:
    def __init__(self, value: Mapping[str, Any], resources: list[_Managed], plan: bool) -> None:
        self._resources = [each for each in resources if each.type]
        self._by_address = {each.address: each for each in self._resources}
        self._data = dict(_data_in(value))
        self._plan = plan
        self._root = _object(_object(value.get("configuration")).get("root_module"))
        self._variables = _object(value.get("variables"))
        self.subscription = _subscription(value, self._resources)
        self._resolving: set[str] = set()
        self._depth = 0

    def read(self) -> Terraform:
        """Everything that the resources say."""
        found = Terraform(self._plan)
        ids = (values.get("id") for values in self._data.values())
        found.existing.extend(ArmId(id_) for id_ in ids if isinstance(id_, str) and id_.startswith("/"))
        unread: Counter[str] = Counter()
        appended: list[tuple[str, str, Any]] = []
        for each in self._resources:
            if each.type in ("azapi_resource", "azapi_update_resource"):
                self._take(each, found)
            elif azurerm.is_known(each.type):
                self._take_azurerm(each, found, appended)
            elif each.type.startswith(_OF_AZURE) and each.type not in _READS_NOTHING:
                unread[each.type] += 1
        self._append(appended, found)
        for type_, count in sorted(unread.items()):
            found.reads.extend(self._unread(type_))
            found.notes.append(
                f"{count} of {type_} of Terraform {'is' if count == 1 else 'are'} not read:"
                f" {_what_it_makes(type_)} (the facts about the provider do not hold it)"
            )
        return found

    def _unread(self, type_: str) -> Iterator[Read]:
        table: Mapping[str, str] = load("terraform-types")["types"]
        told = f"a resource of Terraform, {type_}, makes or changes it, and that is not read"
        if type_ not in table:
            yield not_predicted(type_, told)
        elif table[type_]:
            yield not_predicted(type_, told, table[type_])

    def _take(self, each: _Managed, found: Terraform) -> None:
        id_, type_ = self._id_of(each), _type_of(each)
        if not id_.startswith("/"):
            found.reads.append(not_predicted(each.address, "Terraform knows its id only after apply", type_))
            found.notes.append(f"only apply determines the id of {each.address}, so what it makes is unknown")
        elif each.actions == ("delete",):
            found.deleted.append(ArmId(id_))
        else:
            document = self._document(each, id_, type_)
            leaves = each.actions in (("no-op",), ("read",))
            updates = found.updates if each.type == "azapi_update_resource" else found.documents
            (found.unchanged if self._plan and leaves else updates).append(document)

    def _take_azurerm(self, each: _Managed, found: Terraform, appended: list[tuple[str, str, Any]]) -> None:
        """Take what a resource of azurerm writes."""
        id_ = self._id_of(each)
        type_ = azurerm.type_of(each.type)
        if not id_.startswith("/"):
            found.reads.append(not_predicted(each.address, "Terraform knows its id only after apply", type_))
            found.notes.append(f"only apply determines the id of {each.address}, so what it makes is unknown")
            return
        made = azurerm.documents_of(each, self)
        if each.actions == ("delete",):
            found.deleted.extend(ArmId(str(one["id"])) for one in made.documents)
            changed = [str(one["id"]) for one in made.updates] + [one for one, _, _ in made.appended]
            found.reads.extend(
                not_predicted(one, f"{each.address} of Terraform, which is removed, set a part of it")
                for one in changed
            )
            return
        leaves = self._plan and each.actions in (("no-op",), ("read",))
        (found.unchanged if leaves else found.documents).extend(made.documents)
        found.updates.extend(made.updates)
        appended.extend(made.appended)
        if made.unread:
            found.notes.append(f"{each.address} sets what is not read: {', '.join(sorted(set(made.unread))[:8])}")

    @staticmethod
    def _append(appended: list[tuple[str, str, Any]], found: Terraform) -> None:
        """Put elements that resources of their own add to a list of a document where they belong."""
        own = {ArmId(str(one["id"])): one for one in (*found.documents, *found.unchanged)}
        for id_, pointer, value in appended:
            document = own.get(ArmId(id_))
            if isinstance(document, dict):
                azurerm.append(document, pointer, value)
            else:
                told = "a resource of Terraform adds to it, and its own document is not in the plan"
                found.reads.append(not_predicted(id_, told))

    def _document(self, each: _Managed, id_: str, type_: str) -> Mapping[str, Any]:
        body = each.values.get("body")
        stated = json.loads(body) if isinstance(body, str) and body.lstrip().startswith("{") else _object(body)
        unknown = each.unknown.get("body")
        whole = _with_unknowns(stated, {"properties": True} if unknown is True else unknown)
        outside: dict[str, Any] = {"id": id_, "type": type_, "name": ArmId(id_).name}
        for key in ("location", "tags"):
            if each.values.get(key):
                outside[key] = each.values[key]
        identity = next((one for one in each.values.get("identity") or () if isinstance(one, Mapping)), None)
        if identity is not None:
            ids = identity.get("identity_ids") or ()
            outside["identity"] = {
                "type": identity.get("type"),
                **({"userAssignedIdentities": {str(one): {} for one in ids}} if ids else {}),
            }
        version = str(each.values.get("type", "")).partition("@")[2]
        result: Mapping[str, Any] = overlaid({**outside, **({"apiVersion": version} if version else {})}, whole)
        return result

    def _id_of(self, each: _Managed) -> str:
        """The id, which is the parent's with type and name behind it; empty where that is not known before apply."""
        if each.address in self._resolving or len(self._resolving) > _DEEPEST:
            return ""
        self._resolving.add(each.address)
        try:
            if azurerm.is_known(each.type):
                return azurerm.id_of(each, self)
            for key in ("id", "resource_id"):
                stated = each.values.get(key)
                if isinstance(stated, str) and stated.startswith("/"):
                    return stated
            if each.type == "azapi_update_resource" and "resource_id" in self.expressions(each):
                return self._referred(each, "resource_id")
            name, parent = each.values.get("name"), each.values.get("parent_id")
            parent = parent if isinstance(parent, str) and parent.startswith("/") else self._referred(each, "parent_id")
            return _below(parent, _type_of(each), name) if parent and isinstance(name, str) else ""
        finally:
            self._resolving.discard(each.address)

    def _referred(self, each: _Managed, key: str) -> str:
        """The id that an expression of the configuration refers to; empty where it is not a reference to one."""
        found = [one for one in self.references(each, self.expressions(each).get(key), key) if one]
        return found[0] if len(found) == 1 and isinstance(found[0], str) and found[0].startswith("/") else ""

    def references(self, each: _Managed, expression: Any, wanted: str) -> list[Any]:
        """As `Resolver.references`."""
        return self._followed(each.module, _index_of(each.address), expression, wanted)

    def _followed(self, module: str, index: str, expression: Any, wanted: str) -> list[Any]:
        constant = _object(expression).get("constant_value")
        if constant is not None:
            return constant if isinstance(constant, list) else [constant]
        stated = _references(expression)
        # A reference comes with what it is a part of: `a.b.id`, and then `a.b`.
        whole = [
            one
            for one in stated
            if not any(other != one and other.startswith((f"{one}.", f"{one}[")) for other in stated)
        ]
        kept = [one for one in whole if one.split(".")[0] not in ("each", "count", "path", "self", "terraform")]
        self._depth += 1
        try:
            return [self._value(module, index, one, wanted) for one in kept] if self._depth < _DEEPEST else []
        finally:
            self._depth -= 1

    def _value(self, module: str, index: str, reference: str, wanted: str) -> Any:
        """What a reference means; `None` where that cannot be followed."""
        if reference.startswith("var."):
            return self._variable(module, reference.split(".")[1], wanted)
        if reference.startswith("module."):
            return self._output(module, index, reference, wanted)
        match = _REFERENCE.fullmatch(reference)
        if match is None or match[2] == "local":
            return None
        data, type_, name, own, rest = match.groups()
        address = f"{module}{data or ''}{type_}.{name}"
        attribute = rest.removeprefix(".") or _meant(wanted)
        if data:
            values = self._data.get(f"{address}{own or ''}", self._data.get(f"{address}{index}", {}))
            return values.get(attribute)
        target = self._by_address.get(f"{address}{own or ''}") or self._by_address.get(f"{address}{index}")
        target = target or self._only(address)
        return self._attribute(target, attribute) if target is not None else None

    def _attribute(self, target: _Managed, attribute: str) -> Any:
        if attribute in ("id", "resource_id", "resource_manager_id", "resource_versionless_id"):
            return self._id_of(target) or None
        if attribute.endswith("principal_id"):
            return self._principal(target, attribute)
        head = re.split(r"[\[.]", attribute)[0]
        value = target.values.get(head)
        if isinstance(value, (str, int, float)):
            return value
        found = self.references(target, self.expressions(target).get(head), head)
        return found[0] if len(found) == 1 else None

    def _principal(self, target: _Managed, attribute: str) -> Any:
        """The principal of an identity: its object id where that is known, else a reference to the identity."""
        block = next(iter(target.values.get("identity") or ()), None)
        holder = target.values if target.type == "azurerm_user_assigned_identity" else _object(block)
        stated = holder.get("principal_id")
        if isinstance(stated, str) and stated:
            return stated
        id_ = self._id_of(target)
        own = "" if "userassignedidentities" in id_.casefold() else "identity."
        return f"[reference('{id_}').{own}principalId]" if id_ else None

    def _output(self, module: str, index: str, reference: str, wanted: str) -> Any:
        match = _MODULE.match(reference)
        if match is None:
            return None
        call, own, output = match.groups()
        inside = _object(_object(_object(self._module(module).get("module_calls")).get(call)).get("module"))
        expression = _object(_object(_object(inside.get("outputs")).get(output)).get("expression"))
        known = {each.module for each in self._resources}
        addresses = [f"{module}module.{call}{one}." for one in (own or "", index, "")]
        place = next((one for one in addresses if one in known), "")
        found = self._followed(place, "", expression, wanted) if place else []
        return found[0] if len(found) == 1 else None

    def _only(self, address: str) -> _Managed | None:
        """The resource of this address without an index, where there is one instance alone."""
        found = [each for known, each in self._by_address.items() if _INSTANCE.sub("", known) == address]
        return found[0] if len(found) == 1 else None

    def _variable(self, module: str, name: str, wanted: str) -> Any:
        if not module:
            return _object(self._variables.get(name)).get("value")
        above, call = _call_of(module)
        expression = _object(_object(self._module(above).get("module_calls")).get(call)).get("expressions")
        found = self._followed(above, _index_of(module.removesuffix(".")), _object(expression).get(name), wanted)
        return found[0] if len(found) == 1 else None

    def _module(self, module: str) -> Mapping[str, Any]:
        """The configuration of a module by its address."""
        if not module:
            return self._root
        above, call = _call_of(module)
        return _object(_object(_object(self._module(above).get("module_calls")).get(call)).get("module"))

    def expressions(self, each: _Managed) -> Mapping[str, Any]:
        """As `Resolver.expressions`."""
        own = _INSTANCE.sub("", each.address.removeprefix(each.module))
        for row in self._module(each.module).get("resources") or ():
            if isinstance(row, Mapping) and row.get("address") == own:
                return _object(row.get("expressions"))
        return {}


def _call_of(module: str) -> tuple[str, str]:
    """The module above, and the name of the call that makes this one: `module.a["x"].module.b.` to (..., `b`)."""
    whole = module.removesuffix(".")
    start = whole.rfind("module.")
    return whole[:start], _INSTANCE.sub("", whole[start + len("module.") :])


def _index_of(address: str) -> str:
    """The index at the end of an address, in its brackets; empty where there is none."""
    found = _INSTANCE.search(address)
    return found.group() if found else ""


def _meant(wanted: str) -> str:
    """The attribute that is meant where a reference names none: `azurerm_subnet.a[each.key].id` loses its end."""
    if wanted.endswith("principal_id"):
        return "principal_id"
    return "name" if wanted.endswith("name") else "id"


def _data_in(value: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Address and values of each data source whose values are known."""
    for part in (value.get("prior_state"), value.get("planned_values"), value):
        waiting = [_object(_object(_object(part).get("values")).get("root_module") or _object(part).get("root_module"))]
        while waiting:
            module = waiting.pop()
            waiting.extend(each for each in module.get("child_modules") or () if isinstance(each, Mapping))
            for each in module.get("resources") or ():
                if isinstance(each, Mapping) and each.get("mode") == "data":
                    yield str(each.get("address")), _object(each.get("values"))


def _references(expression: Any) -> list[str]:
    found = _object(expression).get("references")
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def _type_of(each: _Managed) -> str:
    return str(each.values.get("type", "")).partition("@")[0]


def _below(parent: str, type_: str, name: str) -> str:
    above = ArmId(parent).type
    if type_.casefold() == "microsoft.resources/resourcegroups":
        return f"{parent}/resourceGroups/{name}"
    if above and type_.casefold().startswith(f"{above}/"):
        return f"{parent}/{type_[len(above) + 1 :]}/{name}"
    return f"{parent.rstrip('/')}/providers/{type_}/{name}"


def _subscription(value: Mapping[str, Any], resources: list[_Managed]) -> str:
    """The subscription that the provider is configured with, or the only one that any id names."""
    configured = _object(_object(value.get("configuration")).get("provider_config"))
    for row in configured.values():
        stated = _object(_object(_object(row).get("expressions")).get("subscription_id"))
        if isinstance(stated.get("constant_value"), str):
            return str(stated["constant_value"])
    texts = (each.values.get(key) for each in resources for key in ("id", "parent_id", "resource_id"))
    named = {ArmId(text).subscription for text in texts if isinstance(text, str)} - {""}
    return named.pop() if len(named) == 1 else ""


def _with_unknowns(value: Any, unknown: Any) -> Any:
    """The value with an expression wherever Terraform says that it does not know it yet."""
    if unknown is True:
        return AFTER_APPLY
    if isinstance(unknown, Mapping):
        stated = _object(value)
        return {
            key: _with_unknowns(stated.get(key), unknown.get(key))
            for key in dict.fromkeys((*stated, *(k for k, each in unknown.items() if _is_unknown(each))))
        }
    if isinstance(unknown, list) and isinstance(value, list):
        padded = [*unknown, *[None] * (len(value) - len(unknown))]
        return [_with_unknowns(each, padded[n]) for n, each in enumerate(value)]
    return value


def _is_unknown(value: Any) -> bool:
    """Whether anything in a tree of `after_unknown` is not known."""
    if isinstance(value, Mapping):
        return any(map(_is_unknown, value.values()))
    return any(map(_is_unknown, value)) if isinstance(value, list) else value is True


def _what_it_makes(type_: str) -> str:
    table: Mapping[str, str] = load("terraform-types")["types"]
    if type_ not in table:
        return "whatever it makes is unknown"
    return f"{table[type_]} is unknown" if table[type_] else "it makes nothing of Resource Manager"
