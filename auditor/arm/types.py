"""Types and constraints of parameters and outputs.

Source: learn, "Parameters in ARM templates", "Type definitions in ARM templates". What is unknown is taken to fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.arm.values import TemplateError, Unknown, Value, has_unknown, key_of, kind_of, same

_SECURE = ("securestring", "secureobject")
_DEEPEST = 60
_KINDS = {
    "string": "string",
    "securestring": "string",
    "int": "int",
    "bool": "bool",
    "object": "object",
    "secureobject": "object",
    "array": "array",
}


def is_secure(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> bool:
    """Whether values of this type may not be shown."""
    return str(_meant(schema, definitions).get("type", "")).casefold() in _SECURE


def is_nullable(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> bool:
    """Whether a value may be left out, and is null then."""
    return _meant(schema, definitions).get("nullable") is True


def _meant(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """The type that a schema means; itself where its reference leads nowhere, which `check` says."""
    try:
        return _followed(schema, definitions)
    except TemplateError:
        return schema


def check(value: Value, schema: Any, definitions: Mapping[str, Any], what: str, depth: int = 0) -> None:
    """Raise `TemplateError` where a value does not fit its type; `what` names the value."""
    if isinstance(value, Unknown) or not isinstance(schema, Mapping) or depth > _DEEPEST:
        return
    type_ = _followed(schema, definitions)
    if value is None and type_.get("nullable") is True:
        return
    wanted = _KINDS.get(str(type_.get("type", "")).casefold())
    kind = kind_of(value)
    if wanted is not None and kind != wanted and not (wanted == "int" and kind == "float" and value == int(value)):
        raise TemplateError(f"{what} has to be {_a(wanted)}, and is {_a(kind)}")
    _check_allowed(value, type_, what)
    _check_bounds(value, type_, what)
    if isinstance(value, dict):
        chosen = {"discriminator": type_.get("discriminator"), **_chosen(value, type_, definitions, what)}
        _check_object(value, chosen, definitions, what, depth)
    if isinstance(value, list):
        _check_array(value, type_, definitions, what, depth)


def _followed(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """The type that `$ref` leads to; what stands beside the reference wins."""
    found: Mapping[str, Any] = schema
    for _ in range(20):
        reference = found.get("$ref")
        if not isinstance(reference, str):
            return found
        target: Any = {"definitions": definitions}
        for escaped in reference.removeprefix("#").strip("/").split("/"):
            step = escaped.replace("~1", "/").replace("~0", "~")
            if isinstance(target, list) and step.isdecimal() and int(step) < len(target):
                target = target[int(step)]
            elif isinstance(target, Mapping) and step in target:
                target = target[step]
            else:
                raise TemplateError(f"there is no definition {reference}")
        beside = {key: each for key, each in found.items() if key != "$ref"}
        found = {**(target if isinstance(target, Mapping) else {}), **beside}
    raise TemplateError("the definitions refer to each other in a circle")


def _check_allowed(value: Value, type_: Mapping[str, Any], what: str) -> None:
    allowed = type_.get("allowedValues")
    if not isinstance(allowed, list) or has_unknown(value):
        return
    wholly = any(same(value, each) for each in allowed)
    each_one = isinstance(value, list) and all(any(same(item, each) for each in allowed) for item in value)
    if not wholly and not each_one:
        names = ", ".join(map(str, allowed[:12]))
        raise TemplateError(f"{what} is {str(value)[:80]!r}, and only these are allowed: {names}")


def _check_bounds(value: Value, type_: Mapping[str, Any], what: str) -> None:
    if isinstance(value, int) and not isinstance(value, bool):
        size, words = value, ("minValue", "maxValue", "")
    elif isinstance(value, (str, list)):
        size, words = len(value), ("minLength", "maxLength", "the length of ")
    else:
        return
    least, most = type_.get(words[0]), type_.get(words[1])
    if isinstance(least, int) and size < least:
        raise TemplateError(f"{words[2]}{what} is {size}, and has to be at least {least}")
    if isinstance(most, int) and size > most:
        raise TemplateError(f"{words[2]}{what} is {size}, and has to be at most {most}")


def _chosen(
    value: Mapping[str, Value], type_: Mapping[str, Any], definitions: Mapping[str, Any], what: str
) -> Mapping[str, Any]:
    """The type of an object that a discriminator chooses; the type itself where there is none."""
    choice = type_.get("discriminator")
    if not isinstance(choice, Mapping) or not isinstance(choice.get("mapping"), Mapping):
        return type_
    name = str(choice.get("propertyName"))
    key = key_of(value, name)
    stated = value[key] if key is not None else None
    if isinstance(stated, Unknown):
        return {}
    mapping: Mapping[str, Any] = choice["mapping"]
    if not isinstance(stated, str) or stated not in mapping:
        raise TemplateError(f"{what}.{name} is {stated!r}, and has to be one of {', '.join(map(str, mapping))}"[:400])
    return _followed(mapping[stated], definitions) if isinstance(mapping[stated], Mapping) else {}


def _check_object(
    value: Mapping[str, Value], type_: Mapping[str, Any], definitions: Mapping[str, Any], what: str, depth: int
) -> None:
    stated = type_.get("properties")
    properties: Mapping[str, Any] = stated if isinstance(stated, Mapping) else {}
    for name, schema in properties.items():
        key = key_of(value, name)
        if key is not None:
            check(value[key], schema, definitions, f"{what}.{name}", depth + 1)
        elif isinstance(schema, Mapping) and not is_nullable(schema, definitions):
            raise TemplateError(f"{what} lacks the property {name}")
    more = type_.get("additionalProperties", True)
    if more is True:
        return
    known = {each.casefold() for each in properties}
    discriminator = type_.get("discriminator")
    if isinstance(discriminator, Mapping):
        known.add(str(discriminator.get("propertyName")).casefold())
    for key, each in value.items():
        if key.casefold() in known:
            continue
        if more is False:
            raise TemplateError(f"{what} may not have the property {key}")
        check(each, more, definitions, f"{what}.{key}", depth + 1)


def _check_array(
    value: list[Value], type_: Mapping[str, Any], definitions: Mapping[str, Any], what: str, depth: int
) -> None:
    stated = type_.get("prefixItems")
    prefix: list[Any] = stated if isinstance(stated, list) else []
    if len(value) < len(prefix):
        raise TemplateError(f"{what} has {len(value)} elements, and has to have at least {len(prefix)}")
    items = type_.get("items", True)
    if items is False and len(value) > len(prefix):
        raise TemplateError(f"{what} has {len(value)} elements, and may have {len(prefix)}")
    for n, each in enumerate(value):
        check(each, prefix[n] if n < len(prefix) else items, definitions, f"{what}[{n}]", depth + 1)


def _a(kind: str) -> str:
    return kind if kind == "null" else f"an {kind}" if kind[0] in "aio" else f"a {kind}"
