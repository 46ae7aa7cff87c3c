"""What settings allow beyond a baseline: read with every mistake placed, and laid into the terms of the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeAlias

import msgspec

from auditor.access.approved import GUID, AllowedRole
from auditor.baseline.model import Baseline
from auditor.baseline.terms import Reader
from auditor.model import ArmId
from auditor.model.day import day
from auditor.rules.network.security_groups import FlowRow, GroupRow
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import ProtocolSet
from auditor.settings.shape import Flow, Role
from auditor.workload.architecture import subnet_names
from auditor.workload.nsg_table import is_end
from auditor.yaml_tree.fields import check_reason, fields_of
from auditor.yaml_tree.mistakes import Mistakes, meant
from auditor.yaml_tree.nodes import (
    Fields,
    Items,
    Node,
    Scalar,
)

_WHY = "why this may be"
Checks: TypeAlias = Mapping[str, Callable[[str], str]]
"""For a field, what says why its text will not do; empty where it will."""


@dataclass(frozen=True)
class Allowed:
    """Everything that settings allow, each with the node that says so."""

    flows: tuple[tuple[Flow, Node], ...] = ()
    roles: tuple[tuple[Role, Node], ...] = ()


def read_allowed(node: Node, reader: Reader) -> Allowed:
    """What `allow` says; notes every mistake in it."""
    fields = fields_of(node, "`allow`", reader.mistakes, optional=("flows", "roles"))
    flows = _rows(fields.get("flows"), Flow, "an allowed flow", _FLOW_CHECKS, reader)
    roles = _rows(fields.get("roles"), Role, "an allowed role", _ROLE_CHECKS, reader)
    return Allowed(tuple(flows), tuple(roles))


def _rows(node: Node | None, type_: type[Any], what: str, checks: Checks, reader: Reader) -> Iterator[Any]:
    if node is not None and not isinstance(node, Items):
        reader.mistakes.at(node, f"`{type_.__name__.casefold()}s` of `allow` must be a list")
    for item in node.items if isinstance(node, Items) else ():
        before = len(reader.mistakes.found)
        _check(item, what, checks, reader.mistakes)
        row = reader.read(item, type_, what)
        # A row with a mistake in it cannot become one of the terms, which would refuse it.
        if row is not None and len(reader.mistakes.found) == before:
            yield row, item


def _check(row: Node, what: str, checks: Checks, mistakes: Mistakes) -> None:
    """Look at each text of a row by itself, so that one wrong field hides no other."""
    for name, problem_of in checks.items():
        at = row.get(name) if isinstance(row, Fields) else None
        if isinstance(at, Scalar) and isinstance(at.value, str):
            problem = problem_of(at.value)
            if problem:
                mistakes.at(at, f"`{name}` of {what}: {problem}")
    if isinstance(row, Fields) and isinstance(why := row.get("why"), Scalar):
        check_reason(why.text.strip() or "-", why, _WHY, mistakes)


def _not_ports(word: str) -> str:
    return _said_by(lambda: PortSet.of(*word.split(",")))


def _not_a_protocol(word: str) -> str:
    return _said_by(lambda: ProtocolSet.of(word))


def _said_by(parse: Callable[[], object]) -> str:
    try:
        parse()
    except ValueError as problem:
        return str(problem)
    return ""


def _not_an_end(word: str) -> str:
    """Why a word names no end of a flow; empty where it does."""
    text = word.strip()
    kind, colon, part = text.partition(":")
    if kind == "subnet" and colon:
        return "" if part in subnet_names() else f"no subnet plays a part called `{part}`{meant(part, subnet_names())}"
    if is_end(text):
        return ""
    known = ("self", "VirtualNetwork", "Internet", *(f"subnet:{each}" for each in subnet_names()))
    hint = meant(text, known) or "; write `self`, `subnet:<part>`, `*`, a prefix or a service tag"
    return f"`{word}` is no address and no service tag that is known here{hint}"


def _nobody(word: str) -> str:
    return "" if word.strip(" *") else "it names no principal: write an object id or a name"


def _not_one_role(word: str) -> str:
    return f"`{word}` is not the GUID or the name of one role" if "*" in word or not word.strip() else ""


def _no_scope(word: str) -> str:
    return (
        "" if word.startswith(("/", "*")) else f"`{word}` is no scope: write its ARM id, or a pattern of ids with `*`"
    )


def _not_a_day(word: str) -> str:
    try:
        day(word.strip())
    except ValueError:
        return f"it must be a day such as 2027-06-30, not `{word}`"
    return ""


_FLOW_CHECKS: Checks = {"from": _not_an_end, "to": _not_an_end, "ports": _not_ports, "protocol": _not_a_protocol}
_ROLE_CHECKS: Checks = {"principal": _nobody, "role": _not_one_role, "scope": _no_scope, "expires": _not_a_day}


def on_day(allowed: Allowed, today: date) -> tuple[Allowed, tuple[str, ...]]:
    """What still counts on a day, and of what does not, a sentence that every report shows."""
    ended = [(r, at) for r, at in allowed.roles if r.expires and day(r.expires.strip()) < today]
    left = tuple(pair for pair in allowed.roles if pair not in ended)
    said = (
        f"no longer allowed by the settings ({_place(at)}), since its last day was {r.expires.strip()}:"
        f" {r.role} for {r.principal}{_owned(r)}"
        for r, at in ended
    )
    return replace(allowed, roles=left), tuple(said)


def _owned(role: Role) -> str:
    return f", which {role.owner} answers for" if role.owner else ""


def allowed_roles(allowed: Allowed) -> tuple[AllowedRole, ...]:
    """The role assignments that are allowed, as rules ask for them."""
    return tuple(AllowedRole(r.principal.strip(), r.role.strip(), r.scope.strip(), _why(r)) for r, _ in allowed.roles)


def _why(role: Role) -> str:
    """The reason with the owner and the last day, where they are stated."""
    more = [role.owner.strip()] if role.owner.strip() else []
    more += [f"until {role.expires.strip()}"] if role.expires else []
    return f"{role.why}; {', '.join(more)}" if more else role.why


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
        extra = allowed_roles(allowed)
        asking = {id_: t for id_, t in terms.items() if "besides" in t.__struct_fields__}
        if not asking:
            mistakes.at(allowed.roles[0][1], f"no requirement of {baseline.info.name} asks for role assignments")
        terms |= {id_: _with_roles(t, extra) for id_, t in asking.items()}
    return replace(baseline, terms=terms)


def _with_flow(row: GroupRow, flow: Flow) -> GroupRow:
    added = FlowRow(flow.source, flow.to, flow.ports, flow.protocol, why=flow.why)
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
        yield f"allowed by the settings ({_place(at)}): {name} for {role.principal} at {scope}, because {_why(role)}"


def _place(node: Node) -> str:
    return f"{node.path}:{node.line}"
