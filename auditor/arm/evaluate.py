"""The value of an expression: known, known in part, or unknown.

Nothing here asks Azure. Order and laziness are those of Resource Manager: the branch of `if` that is not taken, and
what stands behind the deciding argument of `and`, `or` and `coalesce`, is not evaluated.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from auditor.arm.functions import FUNCTIONS
from auditor.arm.functions.table import text_in, whole_in
from auditor.arm.functions.texts import as_text
from auditor.arm.scope import Scope, id_of, is_type
from auditor.arm.syntax import Access, Call, Literal, Node, is_expression, parse, unescaped
from auditor.arm.values import (
    NotWorkedOutError,
    Open,
    TemplateError,
    Unknown,
    Value,
    has_unknown,
    key_of,
    kind_of,
    same,
)

MOST_COPIES = 800
"""How often a loop may run (learn, "Template limits")."""


class Names(Protocol):
    """What the template that an expression stands in declares."""

    @property
    def scope(self) -> Scope:
        """Where it is deployed."""

    def parameter(self, name: str) -> Value:
        """The value of a parameter."""

    def variable(self, name: str) -> Value:
        """The value of a variable."""

    def user_function(self, name: str) -> UserFunction | None:
        """A function of the template, by namespace and name in lower case."""

    def reference(self, target: str, full: bool) -> Value:
        """The state of a resource as far as the template tells it."""

    def references(self, symbol: str, full: bool) -> Value:
        """The states of a loop of nested deployments; unknown for any other loop."""

    def resource_info(self, symbol: str) -> Value:
        """Id, name, type and api-version of a resource by its symbolic name."""

    def group_location(self) -> str:
        """The region of the resource group that is deployed to; empty where nothing tells it."""


@dataclass(frozen=True)
class UserFunction:
    """A function of a template: the names of its parameters, and the value that it gives."""

    parameters: tuple[str, ...]
    value: Any


@dataclass(frozen=True)
class Env:
    """What an expression can see where it stands."""

    names: Names
    loops: Mapping[str, int] = field(default_factory=dict)
    """The index of each loop around it, by its name in lower case."""
    index: int | None = None
    """The index of the loop of its resource or output."""
    variables: Mapping[str, Value] = field(default_factory=dict)
    """The variables of the lambdas around it, in lower case."""
    arguments: Mapping[str, Value] | None = None
    """Within a function of the template: what it was called with, by name in lower case."""

    def looped(self, name: str, index: int, own: bool) -> Env:
        """The same within one turn of a loop; `own`: of the resource or output itself."""
        loops = {**self.loops, name.casefold(): index} if name else self.loops
        return replace(self, loops=loops, index=index if own else self.index)


def evaluate(text: str, env: Env) -> Value:
    """The value of an expression in its brackets. Raises `TemplateError` where Azure would refuse it."""
    try:
        found = _Evaluation(text, env).of(parse(text))
    except TemplateError as problem:
        problem.expression = problem.expression or text
        raise
    except RecursionError:
        raise TemplateError("the expression nests too deep", text) from None
    if callable(found):
        raise TemplateError("a lambda is no value", text)
    return replace(found, text=text) if isinstance(found, Unknown) else found


def resolve(value: Any, env: Env) -> Value:
    """A value of a template with every expression in it evaluated, keys of objects and loops of properties too."""
    if isinstance(value, str):
        return evaluate(value, env) if is_expression(value) else unescaped(value)
    if isinstance(value, dict):
        return _resolved_object(value, env)
    if isinstance(value, list):
        found = []
        for n, each in enumerate(value):
            found.append(_at(n, each, env))
        return found
    return value


def _at(step: str | int, value: Any, env: Env) -> Value:
    try:
        return resolve(value, env)
    except TemplateError as problem:
        if problem.pointer is None:
            problem.steps.append(step)
        raise


def _resolved_object(value: Mapping[str, Any], env: Env) -> Value:
    found: dict[str, Value] = {}
    for key, each in value.items():
        if key.casefold() == "copy" and loops_in(each):
            continue
        name = resolve(key, env) if is_expression(key) else unescaped(key)
        if isinstance(name, Unknown):
            return name
        found[text_in(name, "a text as a key")] = _at(key, each, env)
    for n, loop in enumerate(loops_in(value.get("copy"))):
        try:
            found[str(resolve(loop["name"], env))] = copied(loop, env)
        except TemplateError as problem:
            if problem.pointer is None:
                problem.steps.extend((n, "copy"))
            raise
    return found


def loops_in(value: Any) -> list[Mapping[str, Any]]:
    """The loops in the `copy` of properties or variables; none where it is a property of that name."""
    if not isinstance(value, list):
        return []
    whole = all(isinstance(each, dict) and {"name", "count", "input"} <= each.keys() for each in value)
    return value if whole else []


def copied(loop: Mapping[str, Any], env: Env, own: bool = False) -> Value:
    """The array that a loop of properties, variables, parameters or outputs makes."""
    name = str(loop.get("name") or "")
    count = counted(loop.get("count"), env)
    if isinstance(count, Unknown):
        return count
    return [_at("input", loop.get("input"), env.looped(name, n, own)) for n in range(count)]


def counted(count: Any, env: Env) -> int | Unknown:
    """How often a loop runs."""
    found = _at("count", count, env)
    if isinstance(found, Unknown):
        return found
    number = whole_in(found)
    if not 0 <= number <= MOST_COPIES:
        raise TemplateError(f"a loop runs 0 to {MOST_COPIES} times, and not {number}")
    return number


def member(base: Value, key: Value) -> Value:
    """A property or an element. Raises `TemplateError` where there is none, `NotWorkedOutError` where Azure tells."""
    if isinstance(base, dict):
        if isinstance(key, bool) or not isinstance(key, (str, int)):
            raise TemplateError(f"a property is named by a text and not by {kind_of(key)}")
        known = key_of(base, str(key))
        if known is not None:
            return base[known]
        if isinstance(base, Open):
            raise NotWorkedOutError
        names = ", ".join(list(base)[:12])
        raise TemplateError(f"the object has no property {str(key)[:80]!r}; it has: {names or 'none'}")
    if isinstance(base, list):
        at = whole_in(key)
        if not 0 <= at < len(base):
            raise TemplateError(f"the array has {len(base)} elements, and none at {at}")
        return base[at]
    raise TemplateError(f"{kind_of(base)} has no property or element {str(key)[:80]!r}")


class _Evaluation:
    """Of one expression, whose text its unknown parts quote."""

    def __init__(self, text: str, env: Env) -> None:
        self._text = text
        self._env = env

    def of(self, node: Node) -> Value:
        if isinstance(node, Literal):
            return node.value
        if isinstance(node, Access):
            return self._access(node)
        special = _SPECIAL.get(node.name)
        if special is not None:
            return special(self, node)
        return self._call(node)

    def _slice(self, node: Node) -> str:
        return self._text[node.start : node.end]

    def _unknown(self, node: Node, reduced: str) -> Unknown:
        return Unknown(f"[{self._slice(node)}]", reduced)

    def _shown(self, value: Value, node: Node) -> str:
        """A value as it would stand in an expression."""
        if isinstance(value, Unknown):
            return value.reduced or value.text[1:-1]
        if isinstance(value, str):
            quoted = value.replace("'", "''")
            return f"'{quoted}'"
        if isinstance(value, bool):
            return "true()" if value else "false()"
        if value is None:
            return "null()"
        return str(value) if isinstance(value, int) else self._slice(node)

    def _access(self, node: Access) -> Value:
        base = self._value(node.base)
        key = self._value(node.key)
        if not isinstance(base, Unknown) and not isinstance(key, Unknown):
            try:
                found = member(base, key)
            except NotWorkedOutError:
                found = None
                base = base.base
            else:
                return replace(found, text=f"[{self._slice(node)}]") if isinstance(found, Unknown) else found
        before = self._shown(base, node.base)
        dotted = isinstance(node.key, Literal) and self._text[node.key.start - 1] == "."
        behind = f".{node.key.value}" if dotted and isinstance(node.key, Literal) else f"[{self._shown(key, node.key)}]"
        return self._unknown(node, before + behind)

    def _call(self, node: Call) -> Value:
        known = FUNCTIONS.get(node.name)
        if known is not None:
            _count(node, known.least, known.most)
            values = [self.of(each) for each in node.arguments]
            if any(callable(each) != (n in known.lambdas) for n, each in enumerate(values)):
                raise TemplateError(
                    f"{node.written} takes other arguments: lambdas stand where a function applies them"
                )
            if known.partial or not any(map(has_unknown, values)):
                try:
                    return known.body(*values)
                except NotWorkedOutError:
                    pass
            return self._left(node, values)
        own = self._env.names.user_function(node.name)
        if own is not None:
            return self._user_function(node, own)
        if "." in node.name:
            namespace, _, plain = node.name.partition(".")
            if namespace in ("sys", "az"):
                return self.of(replace(node, name=plain))
            raise TemplateError(f"the template has no function {node.written}")
        # list*, reference to what is elsewhere, functions that are newer than this table: Azure answers them.
        return self._left(node, [self._value(each) for each in node.arguments])

    def _value(self, node: Node) -> Value:
        found = self.of(node)
        if callable(found):
            raise TemplateError("a lambda is no value")
        return found

    def _left(self, node: Call, values: list[Value]) -> Unknown:
        shown = ", ".join(self._shown(each, at) for each, at in zip(values, node.arguments, strict=True))
        return self._unknown(node, f"{node.written}({shown})")

    def _user_function(self, node: Call, own: UserFunction) -> Value:
        _count(node, len(own.parameters), len(own.parameters))
        values = [self._value(each) for each in node.arguments]
        arguments = dict(zip(own.parameters, values, strict=True))
        found = resolve(own.value, Env(self._env.names, arguments=arguments))
        return replace(found, text=f"[{self._slice(node)}]") if isinstance(found, Unknown) else found

    def _named(self, node: Call) -> str | Unknown:
        _count(node, 1, 1)
        name = self._value(node.arguments[0])
        return name if isinstance(name, Unknown) else text_in(name)

    def _again(self, node: Call, value: Value) -> Value:
        return replace(value, text=f"[{self._slice(node)}]") if isinstance(value, Unknown) else value

    # Functions that do not evaluate every argument, or that see what is around the expression.

    def _if(self, node: Call) -> Value:
        _count(node, 3, 3)
        condition = self._value(node.arguments[0])
        if isinstance(condition, bool):
            return self._value(node.arguments[1] if condition else node.arguments[2])
        if not isinstance(condition, (Unknown, Open)):
            raise TemplateError(f"the condition of if has to be true or false, and not {kind_of(condition)}")
        branches = [self._tried(each) for each in node.arguments[1:]]
        if same(branches[0], branches[1]):
            return branches[0]
        return self._left(node, [condition, *branches])

    def _tried(self, node: Node) -> Value:
        """The value of a branch that may not be taken: a fault in it is no fault of the template."""
        try:
            return self._value(node)
        except TemplateError:
            return self._unknown(node, "")

    def _and(self, node: Call) -> Value:
        return self._any_of(node, False)

    def _or(self, node: Call) -> Value:
        return self._any_of(node, True)

    def _any_of(self, node: Call, deciding: bool) -> Value:
        _count(node, 2, None)
        values: list[Value] = []
        doubt = False
        for each in node.arguments:
            value = self._tried(each) if doubt else self._value(each)
            if isinstance(value, (Unknown, Open)):
                doubt = True
            elif not isinstance(value, bool):
                raise TemplateError(f"{node.written} takes true or false, and not {kind_of(value)}")
            elif value == deciding:
                return deciding
            values.append(value)
        return self._left(node, values) if doubt else not deciding

    def _coalesce(self, node: Call) -> Value:
        _count(node, 1, None)
        values: list[Value] = []
        for each in node.arguments:
            value = self._tried(each) if values else self._value(each)
            if values or isinstance(value, Unknown):
                values.append(value)
            elif value is not None:
                return value
        return self._left(replace(node, arguments=node.arguments[-len(values) :]), values) if values else None

    def _parameters(self, node: Call) -> Value:
        name = self._named(node)
        if isinstance(name, Unknown):
            return self._left(node, [name])
        if self._env.arguments is None:
            return self._again(node, self._env.names.parameter(name))
        if name.casefold() not in self._env.arguments:
            raise TemplateError(f"the function has no parameter {name}")
        return self._again(node, self._env.arguments[name.casefold()])

    def _variables(self, node: Call) -> Value:
        name = self._named(node)
        if isinstance(name, Unknown):
            return self._left(node, [name])
        if self._env.arguments is not None:
            raise TemplateError("a function of a template sees no variables")
        return self._again(node, self._env.names.variable(name))

    def _copy_index(self, node: Call) -> Value:
        _count(node, 0, 2)
        values = [self._value(each) for each in node.arguments]
        if any(isinstance(each, Unknown) for each in values):
            return self._left(node, values)
        name = values.pop(0) if values and isinstance(values[0], str) else ""
        index = self._env.loops.get(name.casefold()) if name else self._env.index
        if index is None:
            raise TemplateError(f"copyIndex stands outside of the loop {name}" if name else "copyIndex needs a loop")
        return index + (whole_in(values[0]) if values else 0)

    def _lambda(self, node: Call) -> Value:
        _count(node, 1, None)
        *heads, body = node.arguments
        names = [str(each.value).casefold() for each in heads if isinstance(each, Literal)]
        if len(names) != len(heads):
            raise TemplateError("the variables of a lambda are texts")

        def apply(*values: Value) -> Value:
            bound = dict(zip(names, values, strict=False))
            if len(bound) < len(names):
                raise TemplateError("the lambda has more variables than it is given values")
            inner = replace(self._env, variables={**self._env.variables, **bound})
            return _Evaluation(self._text, inner)._value(body)

        return apply

    def _lambda_variables(self, node: Call) -> Value:
        name = self._named(node)
        if isinstance(name, Unknown):
            return self._left(node, [name])
        if name.casefold() not in self._env.variables:
            raise TemplateError(f"no lambda around this has a variable {name}")
        return self._again(node, self._env.variables[name.casefold()])

    def _fail(self, node: Call) -> Value:
        _count(node, 1, 1)
        raise TemplateError(f"the template stops here: {as_text(self._value(node.arguments[0]))}"[:500])

    def _reference(self, node: Call) -> Value:
        _count(node, 1, 3)
        values = [self._value(each) for each in node.arguments]
        target = values[0]
        if isinstance(target, str):
            full = len(values) > 2 and str(values[2]).casefold() == "full"
            found = self._env.names.reference(target, full)
            if not isinstance(found, Unknown):
                return found
            if found.reduced and not (is_type(target) or target.startswith("/")):
                # Its id says more than the symbolic or plain name by which the template calls it.
                values = [found.reduced, *values[1:]]
        return self._left(node, values)

    def _references(self, node: Call) -> Value:
        _count(node, 1, 2)
        values = [self._value(each) for each in node.arguments]
        if isinstance(values[0], str):
            full = len(values) > 1 and str(values[1]).casefold() == "full"
            found = self._env.names.references(values[0], full)
            if not isinstance(found, Unknown):
                return found
        return self._left(node, values)

    def _resource_info(self, node: Call) -> Value:
        name = self._named(node)
        if isinstance(name, Unknown):
            return self._left(node, [name])
        return self._env.names.resource_info(name)

    def _resource_group(self, node: Call) -> Value:
        _count(node, 0, 0)
        scope = self._env.names.scope
        if scope.kind != "resourceGroup":
            raise TemplateError(f"resourceGroup() is not known in a deployment to a {_KINDS[scope.kind]}")
        base = self._unknown(node, "resourceGroup()")
        location = self._env.names.group_location()
        known = {
            "id": scope.id,
            "name": scope.group,
            "type": "Microsoft.Resources/resourceGroups",
            "location": location,
        }
        return Open({key: value for key, value in known.items() if value}, base)

    def _subscription(self, node: Call) -> Value:
        _count(node, 0, 0)
        scope = self._env.names.scope
        if scope.kind not in ("resourceGroup", "subscription"):
            raise TemplateError(f"subscription() is not known in a deployment to a {_KINDS[scope.kind]}")
        id_ = f"/subscriptions/{scope.subscription}" if scope.subscription else ""
        known = {"id": id_, "subscriptionId": scope.subscription, "tenantId": scope.tenant}
        return Open({key: value for key, value in known.items() if value}, self._unknown(node, "subscription()"))

    def _tenant(self, node: Call) -> Value:
        _count(node, 0, 0)
        known = {"tenantId": self._env.names.scope.tenant} if self._env.names.scope.tenant else {}
        return Open(known, self._unknown(node, "tenant()"))

    def _management_group(self, node: Call) -> Value:
        _count(node, 0, 0)
        scope = self._env.names.scope
        if scope.kind != "managementGroup":
            raise TemplateError(f"managementGroup() is not known in a deployment to a {_KINDS[scope.kind]}")
        name = scope.management_group
        type_ = "/providers/Microsoft.Management/managementGroups"
        known = {"id": f"{type_}/{name}", "name": name, "type": type_} if name else {}
        return Open(known, self._unknown(node, "managementGroup()"))

    def _deployment(self, node: Call) -> Value:
        _count(node, 0, 0)
        name = self._env.names.scope.deployment
        return Open({"name": name} if name else {}, self._unknown(node, "deployment()"))

    def _environment(self, node: Call) -> Value:
        _count(node, 0, 0)
        base = self._unknown(node, "environment()")
        clouds: Mapping[str, Value] = _environments()["clouds"]
        found = clouds.get(self._env.names.scope.cloud)
        return found if found is not None else Open({"name": self._env.names.scope.cloud}, base)

    def _id(self, node: Call, base: Callable[[list[str]], tuple[str | None, list[str]]]) -> Value:
        _count(node, 2, None)
        values = [self._value(each) for each in node.arguments]
        if any(isinstance(each, (Unknown, Open)) for each in values):
            return self._left(node, values)
        scope, rest = base([text_in(each) for each in values])
        if scope is None:
            return self._left(node, values)
        if not rest or not is_type(rest[0]):
            raise TemplateError(f"{node.written} needs a type such as Microsoft.Network/virtualNetworks")
        if not rest[1:]:
            raise TemplateError(f"{node.written} needs a name for each segment of the type")
        return id_of(scope, rest[0].rstrip("/"), rest[1:])

    def _resource_id(self, node: Call) -> Value:
        return self._id(node, self._leading)

    def _leading(self, texts: list[str]) -> tuple[str | None, list[str]]:
        scope = self._env.names.scope
        at = next((n for n, each in enumerate(texts) if is_type(each)), len(texts))
        if at == 0:
            return (scope.id if scope.kind in ("resourceGroup", "subscription") else ""), texts
        if at > 2:
            raise TemplateError("resourceId needs a type such as Microsoft.Network/virtualNetworks")
        if scope.kind == "subscription" and at == 1:
            return f"/subscriptions/{texts[0]}", texts[1:]
        subscription = texts[0] if at == 2 else scope.subscription
        return (f"/subscriptions/{subscription}/resourceGroups/{texts[at - 1]}" if subscription else None), texts[at:]

    def _subscription_resource_id(self, node: Call) -> Value:
        def base(texts: list[str]) -> tuple[str | None, list[str]]:
            own = self._env.names.scope.subscription
            stated, rest = (own, texts) if is_type(texts[0]) else (texts[0], texts[1:])
            return (f"/subscriptions/{stated}" if stated else None), rest

        return self._id(node, base)

    def _management_group_resource_id(self, node: Call) -> Value:
        def base(texts: list[str]) -> tuple[str | None, list[str]]:
            own = self._env.names.scope.management_group
            stated, rest = (own, texts) if is_type(texts[0]) else (texts[0], texts[1:])
            return (f"/providers/Microsoft.Management/managementGroups/{stated}" if stated else None), rest

        return self._id(node, base)

    def _tenant_resource_id(self, node: Call) -> Value:
        return self._id(node, lambda texts: ("", texts))

    def _extension_resource_id(self, node: Call) -> Value:
        return self._id(node, lambda texts: (texts[0].rstrip("/"), texts[1:]))


def _count(node: Call, least: int, most: int | None) -> None:
    given = len(node.arguments)
    if given < least or (most is not None and given > most):
        wanted = str(least) if least == most else f"at least {least}" if most is None else f"{least} to {most}"
        raise TemplateError(f"{node.written} takes {wanted} arguments, and not {given}")


@cache
def _environments() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(Path(__file__).with_name("environments.json").read_text(encoding="utf-8"))
    return found


_KINDS = {
    "resourceGroup": "resource group",
    "subscription": "subscription",
    "managementGroup": "management group",
    "tenant": "tenant",
}

_SPECIAL: dict[str, Callable[[_Evaluation, Call], Value]] = {
    "if": _Evaluation._if,
    "and": _Evaluation._and,
    "or": _Evaluation._or,
    "coalesce": _Evaluation._coalesce,
    "parameters": _Evaluation._parameters,
    "variables": _Evaluation._variables,
    "copyindex": _Evaluation._copy_index,
    "lambda": _Evaluation._lambda,
    "lambdavariables": _Evaluation._lambda_variables,
    "fail": _Evaluation._fail,
    "reference": _Evaluation._reference,
    "references": _Evaluation._references,
    "resourceinfo": _Evaluation._resource_info,
    "resourcegroup": _Evaluation._resource_group,
    "subscription": _Evaluation._subscription,
    "tenant": _Evaluation._tenant,
    "managementgroup": _Evaluation._management_group,
    "deployment": _Evaluation._deployment,
    "environment": _Evaluation._environment,
    "resourceid": _Evaluation._resource_id,
    "subscriptionresourceid": _Evaluation._subscription_resource_id,
    "managementgroupresourceid": _Evaluation._management_group_resource_id,
    "tenantresourceid": _Evaluation._tenant_resource_id,
    "extensionresourceid": _Evaluation._extension_resource_id,
}
