"""From a template and its parameters to the documents that it deploys."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from auditor.arm.evaluate import Env, evaluate
from auditor.arm.frame import Frame, Instance, Read, Run, with_fault
from auditor.arm.result import Deployed, Expansion, Fault, Gap, Source
from auditor.arm.scope import Scope
from auditor.arm.syntax import is_expression, unescaped
from auditor.arm.values import TemplateError, Unknown, Value, has_unknown

_NOT_OF_THE_BODY = frozenset(
    ("condition", "copy", "dependson", "comments", "resources", "scope", "existing", "import", "extension", "id",
     "type", "name", "$metadata", "metadata", "asserts", "subscriptionid", "resourcegroup", "@options")
)  # fmt: skip


def expand(
    template: Mapping[str, Any],
    parameters: Mapping[str, Value],
    scope: Scope,
    file: str = "template",
    read: Read | None = None,
) -> Expansion:
    """Work out everything of a template that does not hang on Azure.

    `parameters` are values by name, literal as in a parameters file; `file` is the name by which places call the
    template; `read` gives linked templates by their path. Never raises: what makes Azure refuse the template is a
    fault, and what only Azure can tell is an `Unknown`.
    """
    run = Run(read or (lambda path, origin: None))
    made = Expansion(faults=run.faults, gaps=run.gaps)
    frame = Frame(template, Source(file, ""), scope, parameters, run=run)
    made.missing.extend(frame.missing())
    made.faults.extend(
        Fault(f"the template declares no parameter {name}", Source(file, "/parameters")) for name in frame.undeclared()
    )
    with_fault(frame, "", partial(_all_of, frame, made))
    return made


def _all_of(frame: Frame, made: Expansion) -> None:
    frame.check_parameters()
    _resources_of(frame, made)
    made.outputs.update(frame.outputs)


def value_of(
    expression: str, parameters: Mapping[str, Value] | None = None, scope: Scope | None = None
) -> Value | Fault:
    """The value of one expression: known, unknown, or the fault for which Azure would refuse it. Never raises."""
    declared = {name: {"type": "object"} for name in parameters or {}}
    frame = Frame({"parameters": declared}, Source("expression", ""), scope or Scope(), {}, run=Run(lambda *_: None))
    frame._parameters.update({name.casefold(): value for name, value in (parameters or {}).items()})
    try:
        found = evaluate(expression, Env(frame)) if is_expression(expression) else unescaped(expression)
        has_unknown(found)
    except TemplateError as problem:
        return Fault(problem.sentence, frame.source, problem.expression)
    return found


def _resources_of(frame: Frame, made: Expansion) -> None:
    for each in frame.instances:
        with_fault(frame, each.source.pointer, partial(_resource, each, made))


def _resource(each: Instance, made: Expansion) -> None:
    if each.extension:
        name = each.declaration.get("type") or each.symbol
        made.set_aside.append((f"{str(name).partition('@')[0]} of the extension {each.extension}", each.source))
        return
    id_, condition = each.id, each.condition
    if each.existing:
        if isinstance(id_, str):
            made.existing.append(id_)
        return
    if condition is False:
        if isinstance(id_, str):
            made.skipped.append(id_)
        return
    scope = each.scope_id
    made.resources.append(
        Deployed(
            id_,
            each.type,
            scope if isinstance(scope, str) else "",
            _body(each),
            each.source,
            condition if isinstance(condition, Unknown) else None,
            each.symbol,
        )
    )
    if each.is_deployment:
        _nested(each, made)


def _nested(each: Instance, made: Expansion) -> None:
    if each.nested is None:
        made.gaps.append(Gap(each.id, each.target.id or "", "", each.unread, each.source))
        return
    first = len(made.resources)
    _resources_of(each.nested, made)
    if isinstance(each.condition, Unknown):
        for n in range(first, len(made.resources)):
            inside = made.resources[n]
            if inside.condition is None:
                made.resources[n] = Deployed(
                    inside.id, inside.type, inside.scope, inside.body, inside.source, each.condition, inside.symbol
                )


def _body(each: Instance) -> dict[str, Value]:
    found: dict[str, Value] = {"id": each.id, "type": each.type, "name": each.name}
    for key in each.declaration:
        if key.casefold() in _NOT_OF_THE_BODY or (each.is_deployment and key.casefold() == "properties"):
            continue
        value = each.stated(key)
        has_unknown(value)
        found[key] = without_nulls(value)
    if each.is_deployment and each.nested is None:
        found["properties"] = {"templateLink": Unknown("[deployment().properties.templateLink]")}
    return {key: value for key, value in found.items() if value is not None}


def without_nulls(value: Value) -> Value:
    """The value without properties that are null: Azure takes them for absent."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value
