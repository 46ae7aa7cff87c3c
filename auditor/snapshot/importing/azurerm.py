"""Resources of Terraform's azurerm provider as documents of Resource Manager (facts/azurerm.json).

Each attribute has a pointer into the document; what Terraform does not know before apply is an expression there, or the
id that the configuration refers to. What stands outside the facts is named, so that it is not taken for absent.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from importlib.resources import files
from typing import Any, Protocol

from auditor.arm import guid
from auditor.facts import load
from auditor.model import ArmId

AFTER_APPLY = "[known after apply]"
"""What stands for a value that Terraform does not know before it is applied: an expression, as other plans hold."""

_TOKEN = re.compile(r"([A-Za-z_]\w*)(\[0\]|\[\*\])?")
_HOLE = re.compile(r"\{([^}]*)\}")
_UNKNOWN = object()


class Instance(Protocol):
    """A resource of a plan or state: its address, values, and what of them is not known yet."""

    @property
    def address(self) -> str:
        """Its address."""

    @property
    def type(self) -> str:
        """Its type."""

    @property
    def values(self) -> Mapping[str, Any]:
        """What it states."""

    @property
    def unknown(self) -> Mapping[str, Any]:
        """What is not known before apply, in the form of the plan."""


class Resolver(Protocol):
    """Follows the references of a plan's configuration."""

    @property
    def subscription(self) -> str:
        """The subscription of the provider; empty where nothing tells it."""

    def expressions(self, each: Any) -> Mapping[str, Any]:
        """The expressions of the configuration of a resource."""

    def references(self, each: Any, expression: Any, wanted: str) -> list[Any]:
        """What an expression of an attribute refers to: ids, names, principals; `None` for what cannot be followed.

        `wanted` is the name of the attribute, which says what is meant where the configuration does not.
        """


@dataclass
class Made:
    """What one resource makes: documents, changes of documents, and what is named because it is not read."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    appended: list[tuple[str, str, Any]] = field(default_factory=list)
    """Document, pointer of a list in it, and the element that is added."""
    unread: list[str] = field(default_factory=list)
    """Arguments that are set and have no place in the facts."""


def is_known(type_: str) -> bool:
    """Whether the facts say what resources of this type write."""
    return type_ in _facts()["resources"] or type_ in _facts()["links"]


def type_of(type_: str) -> str:
    """The type in Azure of what a resource writes."""
    row: Mapping[str, Any] = _facts()["resources"].get(type_) or _facts()["links"].get(type_) or {}
    return str(row.get("type", ""))


def id_of(each: Instance, resolver: Resolver) -> str:
    """The id in Resource Manager of what a resource makes or changes; empty where it is not known before apply."""
    facts = _facts()
    link = facts["links"].get(each.type)
    if link is not None:
        return _filled(link["document"], each, resolver)
    row = facts["resources"][each.type]
    stated = each.values.get("id")
    own = isinstance(stated, str) and stated.startswith("/") and "|" not in stated
    if own and not row.get("partial") and not row.get("part"):
        return str(stated)
    for form in row["id"]:
        found = _filled(form, each, resolver)
        if found:
            return found
    return ""


def documents_of(each: Instance, resolver: Resolver) -> Made:
    """What a resource writes, whose id is known."""
    made = Made()
    facts = _facts()
    id_ = id_of(each, resolver)
    if each.type in facts["links"]:
        _link(each, resolver, facts["links"][each.type], id_, made)
        return made
    row = facts["resources"][each.type]
    body = _Body(each, resolver, row, id_)
    own, children = body.built()
    part = row.get("part")
    if part:
        element = {"name": each.values.get("name"), **own} if "name" in row["common"] else own
        made.appended.append((id_, part, element))
    else:
        whole = {"id": id_, "type": row["type"], "name": ArmId(id_).name, **own}
        (made.updates if row.get("partial") else made.documents).append(whole)
    made.documents.extend(children)
    made.unread = [name for name in row.get("not_mapped", ()) if _is_set(each.values.get(_head(name)))]
    return made


def _link(each: Instance, resolver: Resolver, link: Mapping[str, Any], id_: str, made: Made) -> None:
    """A resource that joins two others."""
    value = _one(each, resolver, link["from"])
    steps = link["pointer"].split("/")[1:]
    if "*" not in steps:
        made.updates.append({"id": id_, **_nested(steps, value)})
        return
    made.appended.append((id_, link["pointer"], value))


def _nested(steps: list[str], value: Any) -> dict[str, Any]:
    found: Any = value
    for step in reversed(steps):
        found = {step: found}
    assert isinstance(found, dict)
    return found


def _one(each: Instance, resolver: Resolver, name: str) -> Any:
    """The value of an attribute, followed where it is not known."""
    attribute = name.removesuffix("[*]")
    value = each.values.get(attribute)
    if each.unknown.get(attribute) or (value is None and attribute in resolver.expressions(each)):
        found = [one for one in resolver.references(each, resolver.expressions(each).get(attribute), attribute) if one]
        return found[0] if len(found) == 1 else AFTER_APPLY
    return value


def _filled(form: str, each: Instance, resolver: Resolver) -> str:
    """A form of an id with its parts in it; empty where one of them is not known."""
    parts: dict[str, str] = {}
    for hole in _HOLE.findall(form):
        found = _part(hole, each, resolver)
        if not found:
            return ""
        parts[hole] = found
    filled = _HOLE.sub(lambda match: parts[match.group(1)], form)
    return filled if filled.startswith("/") else ""


def _part(hole: str, each: Instance, resolver: Resolver) -> str:
    if hole == "sub":
        return resolver.subscription
    if hole == "rg":
        group = _one(each, resolver, "resource_group_name")
        known = resolver.subscription and isinstance(group, str) and not group.startswith("[")
        return f"/subscriptions/{resolver.subscription}/resourceGroups/{group}" if known else ""
    if hole.startswith("group of "):
        whole = _one(each, resolver, hole.removeprefix("group of "))
        return "/".join(str(whole).split("/")[:5]) if isinstance(whole, str) and whole.startswith("/") else ""
    if hole.startswith("account named "):
        return _account(each, resolver, hole.removeprefix("account named "))
    if hole == "name" and each.type in ("azurerm_role_assignment", "azurerm_cosmosdb_sql_role_assignment"):
        stated = each.values.get("name")
        return stated if isinstance(stated, str) and stated else guid([each.address])
    found = _one(each, resolver, hole)
    return found if isinstance(found, str) and not found.startswith("[") else ""


def _account(each: Instance, resolver: Resolver, name: str) -> str:
    """The storage account that is named by its name alone: the configuration says which one, or its id does."""
    stated = each.values.get("resource_manager_id")
    if isinstance(stated, str) and stated.startswith("/"):
        return stated.partition("/blobServices/")[0].partition("/fileServices/")[0]
    expression = resolver.expressions(each).get(name)
    references = expression.get("references") if isinstance(expression, Mapping) else None
    holders = [one for one in references or () if isinstance(one, str) and one.startswith("azurerm_storage_account.")]
    ids = {"references": [f"{one.removesuffix('.name')}.id" for one in holders[:1]]}
    found = [one for one in resolver.references(each, ids, "id") if isinstance(one, str) and one.startswith("/")]
    return found[0] if len(found) == 1 else ""


class _Body:
    """The documents of one resource, built attribute by attribute."""

    def __init__(self, each: Instance, resolver: Resolver, row: Mapping[str, Any], id_: str) -> None:
        self._each = each
        self._resolver = resolver
        self._row = row
        self._id = id_
        self._children: dict[str, dict[str, Any]] = {}
        self._own: dict[str, Any] = {}
        self._later: list[Callable[[], None]] = []

    def built(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The document without id and name, and the documents of its children."""
        self._envelope()
        for pointer, value in self._row.get("constants", {}).items():
            _put(self._own, pointer, (), value)
        for path, attribute in self._row["attributes"].items():
            self._take(path, attribute)
        # What is known goes first: of two attributes that fill one property the configuration states one.
        for place in self._later:
            place()
        self._absent()
        if self._each.type == "azurerm_private_endpoint":
            self._connections()
        children = [
            {"id": f"{self._id}/{suffix}", "name": suffix.rpartition("/")[2], **body}
            for suffix, body in self._children.items()
        ]
        return self._own, children

    def _envelope(self) -> None:
        values, common = self._each.values, self._row["common"]
        for key in ("location", "tags", "zones"):
            if key in common and values.get(key):
                self._own[key] = values[key]
        if "zone" in common and values.get("zone"):
            self._own["zones"] = [values["zone"]]
        if "identity" in common:
            self._identity()

    def _identity(self) -> None:
        stated = next(iter(self._each.values.get("identity") or ()), None)
        if not isinstance(stated, Mapping):
            return
        ids = [one for one in stated.get("identity_ids") or () if isinstance(one, str)]
        if not ids and "UserAssigned" in str(stated.get("type")):
            block = next(iter(_blocks(self._resolver.expressions(self._each).get("identity"))), {})
            references = self._resolver.references(self._each, block.get("identity_ids"), "identity_ids")
            ids = [one for one in references if isinstance(one, str) and one.startswith("/")]
        self._own["identity"] = {"type": stated.get("type")}
        for key, name in (("principal_id", "principalId"), ("tenant_id", "tenantId")):
            if stated.get(key):
                self._own["identity"][name] = stated[key]
        if ids:
            self._own["identity"]["userAssignedIdentities"] = {one: {} for one in ids}

    def _take(self, path: str, attribute: Mapping[str, Any]) -> None:
        tokens = [(match[1], match[2] or "") for match in _TOKEN.finditer(path)]
        if "join" in attribute and tokens[-1][1] == "[*]":
            tokens[-1] = (tokens[-1][0], "")
        expressions: Any = self._resolver.expressions(self._each)
        for index, value, expression in _walk(self._each.values, self._each.unknown, expressions, tokens, ()):
            self._place(path, attribute, index, value, expression)

    def _place(
        self, path: str, attribute: Mapping[str, Any], index: tuple[str | int, ...], value: Any, expression: Any
    ) -> None:
        target = self._target(attribute)
        if target is None:
            return
        if value is _UNKNOWN:
            self._later.append(partial(self._place_unknown, path, attribute, index, expression, target))
            return
        converted = self._converted(attribute, value)
        if converted is None:
            return
        _put(target, attribute["pointer"], index, converted)
        for pointer, more in attribute.get("also", {}).items():
            _put(target, pointer, index, more)

    def _target(self, attribute: Mapping[str, Any]) -> dict[str, Any] | None:
        """The document that an attribute belongs to; `None` where its name is not known."""
        if "child" not in attribute:
            return self._own
        suffix = attribute["child"]
        for hole in _HOLE.findall(suffix):
            tokens = [(match[1], match[2] or "") for match in _TOKEN.finditer(hole)]
            found = [value for _, value, _ in _walk(self._each.values, {}, {}, tokens, ())]
            if len(found) != 1 or not isinstance(found[0], str):
                return None
            suffix = suffix.replace(f"{{{hole}}}", found[0])
        return self._children.setdefault(suffix, {})

    def _place_unknown(
        self,
        path: str,
        attribute: Mapping[str, Any],
        index: tuple[str | int, ...],
        expression: Any,
        target: dict[str, Any],
    ) -> None:
        """Set what is known after apply: what the configuration refers to, else an expression."""
        pointer = attribute["pointer"]
        if expression is None and ("[*]." in path or attribute.get("silent") or _has(target, pointer, index)):
            return  # a block that the configuration is silent about: resources of their own fill it
        name = path.rpartition(".")[2].removesuffix("[*]").removesuffix("[0]")
        found = self._resolver.references(self._each, expression, name)
        sound = bool(found) and all(one is not None for one in found) and not attribute.get("how")
        if sound and pointer.count("*") == len(index) + 1:
            for n, one in enumerate(found):
                _put(target, pointer, (*index, n), one)
        elif sound and len(found) == 1:
            _put(target, pointer, index, found[0])
        elif sound and index and isinstance(index[-1], int) and index[-1] < len(found) and path.endswith("[*]"):
            _put(target, pointer, index, found[index[-1]])
        else:
            _put(target, pointer, index, AFTER_APPLY)

    def _converted(self, attribute: Mapping[str, Any], value: Any) -> Any:
        if not _is_set(value) and value is not False:
            return None
        how, _, word = str(attribute.get("how", "")).partition(" ")
        if how:
            return self._by(how, word, attribute, value)
        if "values" in attribute:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            return attribute["values"].get(text, attribute["values"].get(text.lower(), value))
        if "join" in attribute and isinstance(value, list):
            return attribute["join"].join(map(str, value))
        return value

    def _by(self, how: str, word: str, attribute: Mapping[str, Any], value: Any) -> Any:
        if how == "child":
            base = (
                self._id
                if self._each.type == "azurerm_application_gateway"
                else self._id.partition("/inboundNatRules/")[0]
            )
            return f"{base}/{word}/{value}"
        if how == "epoch":
            return _epoch(value)
        if how == "json":
            return _object_of(value)
        if how == "text":
            return str(value)
        if how == "prefix":
            return f"{word}{value}"
        if how == "constant":
            return attribute["constant"]
        if how == "role":
            name = _roles().get(str(value).casefold())
            subscription = ArmId(self._id).subscription
            above = f"/subscriptions/{subscription}" if subscription else ""
            return f"{above}/providers/Microsoft.Authorization/roleDefinitions/{name}" if name else AFTER_APPLY
        if how == "replication":
            values = self._each.values
            version = "V2" if values.get("provisioned_billing_model_version") == "V2" else ""
            return f"{values.get('account_tier')}{version}_{value}"
        return AFTER_APPLY

    def _absent(self) -> None:
        """What the provider sends where the configuration is silent about a block."""
        for name, row in self._row.get("absent", {}).items():
            if _is_set(self._each.values.get(name)) or name in self._resolver.expressions(self._each):
                continue
            if self._each.unknown.get(name) or not self._each.values.get("id"):
                for pointer, value in row.items():
                    if pointer.startswith("/"):
                        _put(self._own, pointer, (), value)

    def _connections(self) -> None:
        """The connection of a private endpoint stands in one of two lists, by whether somebody has to approve it."""
        properties = self._own.get("properties", {})
        block: Mapping[str, Any] = next(iter(self._each.values.get("private_service_connection") or ()), {})
        if block.get("is_manual_connection") is True and "privateLinkServiceConnections" in properties:
            made = properties.pop("privateLinkServiceConnections")
            for one, other in zip(made, properties.get("manualPrivateLinkServiceConnections", []), strict=False):
                one.setdefault("properties", {}).update(other.get("properties", {}))
            properties["manualPrivateLinkServiceConnections"] = made
        elif block.get("is_manual_connection") is False:
            properties.pop("manualPrivateLinkServiceConnections", None)


def _walk(
    value: Any, unknown: Any, expression: Any, tokens: list[tuple[str, str]], index: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Any, Any]]:
    """Index, value and expression of each place that a path leads to; `_UNKNOWN` for what is known after apply."""
    if unknown is True:
        yield index, _UNKNOWN, expression
        return
    if not tokens:
        yield index, value, expression
        return
    (name, kind), rest = tokens[0], tokens[1:]
    inside = value.get(name) if isinstance(value, Mapping) else None
    doubt = unknown.get(name) if isinstance(unknown, Mapping) else None
    stated = expression.get(name) if isinstance(expression, Mapping) else None
    if doubt is True:
        yield index, _UNKNOWN, stated
    elif kind == "[*]" and isinstance(inside, Mapping):
        for key, each in inside.items():
            yield from _walk(each, _within(doubt, key), stated, rest, (*index, key))
    elif kind:
        items = inside if isinstance(inside, list) else [] if inside is None else [inside]
        for n, each in enumerate(items[:1] if kind == "[0]" else items):
            further = (*index, n) if kind == "[*]" else index
            yield from _walk(each, _within(doubt, n), _item(stated, n), rest, further)
    elif inside is not None or doubt:
        yield from _walk(inside, doubt if not rest else doubt or {}, stated, rest, index)


def _within(unknown: Any, key: str | int) -> Any:
    if isinstance(unknown, Mapping):
        return unknown.get(key)
    return unknown[key] if isinstance(unknown, list) and isinstance(key, int) and key < len(unknown) else None


def _item(expression: Any, number: int) -> Any:
    """The expressions of one block; an expression of a whole list stays the same for each of its items."""
    if isinstance(expression, list):
        return expression[number] if number < len(expression) else None
    return expression


def _blocks(expression: Any) -> list[Mapping[str, Any]]:
    return [each for each in expression if isinstance(each, Mapping)] if isinstance(expression, list) else []


def _put(document: dict[str, Any], pointer: str, index: tuple[str | int, ...], value: Any) -> None:
    """Set a value in a document: each `*` of the pointer is the next of the index; one without ends the pointer."""
    steps: list[str | int] = []
    waiting = list(index)
    for word in pointer.split("/")[1:]:
        if word == "*":
            if not waiting:
                break
            steps.append(waiting.pop(0))
        else:
            steps.append(int(word) if word.isdecimal() else word)
    at: Any = document
    for n, step in enumerate(steps):
        last = n == len(steps) - 1
        following: Any = None if last else [] if isinstance(steps[n + 1], int) else {}
        if isinstance(at, list):
            assert isinstance(step, int)
            at.extend({} for _ in range(step + 1 - len(at)))
            if last:
                at[step] = value
            elif not isinstance(at[step], (dict, list)) or (isinstance(following, list) and not at[step]):
                at[step] = following
            at = at[step]
        elif last:
            at[str(step)] = value
        else:
            if not isinstance(at.get(str(step)), (dict, list)):
                at[str(step)] = following
            at = at[str(step)]


def _has(document: Mapping[str, Any], pointer: str, index: tuple[str | int, ...]) -> bool:
    """Whether something stands at a pointer."""
    at: Any = document
    waiting = list(index)
    for step in pointer.split("/")[1:]:
        key: Any = (waiting.pop(0) if waiting else None) if step == "*" else step
        if (isinstance(at, Mapping) and key in at) or (isinstance(at, list) and isinstance(key, int) and key < len(at)):
            at = at[key]
        else:
            return False
    return True


def _head(name: str) -> str:
    return re.split(r"[\[.]", name)[0]


def _is_set(value: Any) -> bool:
    return value not in (None, "", [], {}, False)


def _epoch(value: Any) -> Any:
    try:
        return int(datetime.fromisoformat(str(value)).timestamp())
    except ValueError:
        return AFTER_APPLY


def _object_of(value: Any) -> Any:
    try:
        return json.loads(value)
    except (ValueError, TypeError, RecursionError):
        return AFTER_APPLY


@cache
def _roles() -> Mapping[str, str]:
    """GUIDs of built-in roles by their names in lower case."""
    raw = files("auditor.facts").joinpath("built-in-roles.json.gz").read_bytes()
    return {name.casefold(): id_ for id_, name, *_ in json.loads(gzip.decompress(raw))["roles"]}


def _facts() -> Mapping[str, Any]:
    found: Mapping[str, Any] = load("azurerm")
    return found


def append(document: dict[str, Any], pointer: str, value: Any) -> None:
    """Add an element to the lists of a document: `/a/*/b/*/id` adds `{id: value}` to b of each element of a."""
    steps = pointer.split("/")[1:]
    _append(document, steps, value)


def _append(at: Any, steps: list[str], value: Any) -> None:
    head, rest = steps[0], steps[1:]
    if not isinstance(at, dict):
        return
    if not rest or set(rest) == {"*"}:
        known = at.get(head)
        at[head] = [*known, value] if isinstance(known, list) else [value] if known is None else known
        return
    if rest[0] != "*":
        _append(at.setdefault(head, {}), rest, value)
        return
    further = rest[1:]
    if "*" not in further:
        element = _nested(further, value) if further else value
        known = at.get(head)
        at[head] = [*known, element] if isinstance(known, list) else [element] if known is None else known
        return
    known = at.get(head)
    for each in known if isinstance(known, list) else ():
        _append(each, further, value)
