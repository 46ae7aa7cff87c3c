"""What settings allow beyond a baseline: read with every mistake placed, and laid into the terms of the rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from auditor.baseline.mistakes import Mistakes, meant
from auditor.baseline.model import Baseline
from auditor.baseline.nodes import Fields, Items, Node
from auditor.baseline.settings_shape import Flow, Role
from auditor.baseline.shape import check_reason, fields_of
from auditor.baseline.terms import Reader
from auditor.model import ArmId
from auditor.rules.allowances import GUID, AllowedRole
from auditor.rules.security_groups import FlowRow, GroupRow
from auditor.semantics.addresses import AddressSet
from auditor.semantics.ports import PortSet
from auditor.semantics.protocols import ProtocolSet
from auditor.semantics.subnets import PARTS
from auditor.semantics.tags import is_tag

_WHY = "why this may be"


@dataclass(frozen=True)
class Allowed:
    """Everything that settings allow, each with the node that says so."""

    flows: tuple[tuple[Flow, Node], ...] = ()
    roles: tuple[tuple[Role, Node], ...] = ()


def read_allowed(node: Node, reader: Reader) -> Allowed:
    """What `allow` says; notes every mistake in it."""
    fields = fields_of(node, "`allow`", reader.mistakes, optional=("flows", "roles"))
    flows = tuple(_rows(fields.get("flows"), Flow, "an allowed flow", "`flows` of `allow`", reader))
    roles = tuple(_rows(fields.get("roles"), Role, "an allowed role", "`roles` of `allow`", reader))
    for flow, at in flows:
        _check_flow(flow, at, reader.mistakes)
    for role, at in roles:
        _check_role(role, at, reader.mistakes)
    return Allowed(flows, roles)


def _rows(node: Node | None, type_: type[Any], what: str, all_of_them: str, reader: Reader) -> Iterator[Any]:
    if isinstance(node, Items):
        for item in node.items:
            row = reader.read(item, type_, what)
            if row is not None:
                yield row, item
    elif node is not None:
        reader.mistakes.at(node, f"{all_of_them} must be a list")


def _check_flow(flow: Flow, at: Node, mistakes: Mistakes) -> None:
    for name, word in (("from", flow.source), ("to", flow.to)):
        problem = _not_an_end(word)
        if problem:
            mistakes.at(_part(at, name), f"`{name}` of an allowed flow: {problem}")
    for name, word, parse in (("ports", flow.ports, _ports), ("protocol", flow.protocol, ProtocolSet.of)):
        try:
            parse(word)
        except ValueError as problem:
            mistakes.at(_part(at, name), f"`{name}` of an allowed flow: {problem}")
    check_reason(flow.why or "-", _part(at, "why"), _WHY, mistakes)


def _ports(word: str) -> PortSet:
    return PortSet.of(*word.split(","))


def _not_an_end(word: str) -> str:
    """Why a word names no end of a flow; empty where it does."""
    text = word.strip()
    kind, colon, part = text.partition(":")
    if kind == "subnet" and colon:
        return "" if part in PARTS else f"no subnet plays a part called `{part}`{meant(part, PARTS)}"
    if text in ("self", "*") or text.casefold() == "any" or is_tag(text):
        return ""
    try:
        AddressSet.of(text)
    except ValueError:
        known = ("self", "VirtualNetwork", "Internet", *(f"subnet:{each}" for each in PARTS))
        hint = meant(text, known) or "; write `self`, `subnet:<part>`, `*`, a prefix or a service tag"
        return f"`{word}` is no address and no service tag that is known here{hint}"
    return ""


def _check_role(role: Role, at: Node, mistakes: Mistakes) -> None:
    if not role.principal.strip(" *"):
        mistakes.at(_part(at, "principal"), "`principal` of an allowed role names nobody: write an object id or a name")
    if "*" in role.role or not role.role.strip():
        says = f"`role` of an allowed role must be the GUID or the name of one role, not `{role.role}`"
        mistakes.at(_part(at, "role"), says)
    if not role.scope.startswith(("/", "*")):
        says = f"`{role.scope}` is no scope: write its ARM id, or a pattern of ids with `*`"
        mistakes.at(_part(at, "scope"), says)
    check_reason(role.why or "-", _part(at, "why"), _WHY, mistakes)


def _part(node: Node, name: str) -> Node:
    """The node of a field, or what holds it where it is not there."""
    return (node.get(name) if isinstance(node, Fields) else None) or node


def with_allowed(baseline: Baseline, allowed: Allowed, mistakes: Mistakes) -> Baseline:
    """The baseline with all that laid into the terms of its rules. Notes what no requirement would ask for."""
    terms: dict[str, msgspec.Struct] = dict(baseline.terms)
    for flow, at in allowed.flows:
        rows = {i: t for i, t in terms.items() if isinstance(t, GroupRow) and t.part == flow.subnet}
        if not rows:
            mistakes.at(
                at, f"no requirement of {baseline.info.name} asks for the `{flow.subnet}` subnet's security group"
            )
        terms |= {id_: _with_flow(row, flow) for id_, row in rows.items()}
    if allowed.roles:
        extra = tuple(
            AllowedRole(r.principal.strip(), r.role.strip(), r.scope.strip(), r.why) for r, _ in allowed.roles
        )
        asking = {id_: t for id_, t in terms.items() if "besides" in t.__struct_fields__}
        if not asking:
            mistakes.at(allowed.roles[0][1], f"no requirement of {baseline.info.name} asks for role assignments")
        terms |= {id_: _with_roles(t, extra) for id_, t in asking.items()}
    return replace(baseline, terms=terms)


def _with_flow(row: GroupRow, flow: Flow) -> GroupRow:
    added = FlowRow(flow.source, flow.to, flow.ports, flow.protocol, needed=False, why=flow.why)
    changed: Mapping[str, Any] = {flow.direction: (*getattr(row, flow.direction), added)}
    return msgspec.structs.replace(row, **changed)


def _with_roles(terms: Any, extra: Iterable[AllowedRole]) -> Any:
    return msgspec.structs.replace(terms, besides=(*terms.besides, *extra))


def remarks_of(allowed: Allowed) -> Iterator[str]:
    """What is allowed, in sentences that every report shows."""
    for flow, at in allowed.flows:
        way = "into" if flow.direction == "inbound" else "out of"
        what = f"{flow.protocol} {flow.ports} from {flow.source} to {flow.to} {way} the {flow.subnet} subnet"
        yield f"allowed by the settings ({_place(at)}): {what}, because {flow.why}"
    for role, at in allowed.roles:
        name = f"role {role.role}" if GUID.fullmatch(role.role) else role.role
        scope = role.scope if "*" in role.scope else ArmId(role.scope).text
        yield f"allowed by the settings ({_place(at)}): {name} for {role.principal} at {scope}, because {role.why}"


def _place(node: Node) -> str:
    return f"{node.path}:{node.line}"
