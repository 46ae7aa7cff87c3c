"""Terraform: azapi resources, whose bodies are Resource Manager's own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from auditor.causes.render.bodies import api_version, comment, full_name, in_words, others, settable, symbol, type_of
from auditor.model import ArmId
from auditor.model.change import Action, Change


def render(changes: Sequence[Change]) -> str:
    """`azapi_update_resource` for what is set, `azapi_resource` for what is created, comments for the rest."""
    said = [comment(note, "#") for c in changes for note in (c.question, c.warning) if note]
    for id_, body in settable(changes).items():
        said.append(_block("azapi_update_resource", id_, {"resource_id": id_.text}, body))
    for change in changes:
        if change.action is Action.CREATE:
            id_ = change.resource
            above = {"name": id_.name, "parent_id": _parent(id_)}
            said.append(_block("azapi_resource", id_, above, change.value))
        elif change.action is Action.DELETE:
            said.append(comment(f"take {full_name(change.resource)} out of the configuration, and apply", "#"))
    said += [comment(in_words(change), "#") for change in others(changes)]
    return "\n".join(said)


def _block(kind: str, id_: ArmId, arguments: Mapping[str, str], body: Mapping[str, Any]) -> str:
    lines = [f'resource "{kind}" "{symbol(id_)}" {{', f"  type = {_text(f'{type_of(id_)}@{api_version(id_)}')}"]
    lines += [f"  {key} = {_text(value)}" for key, value in arguments.items()]
    return "\n".join([*lines, f"  body = {_literal(body, 1)}", "}"])


def _parent(id_: ArmId) -> str:
    if id_.parent is not None and id_.parent.type:
        return id_.parent.text
    return id_.extends.text if id_.extends is not None else id_.text.rpartition("/providers/")[0]


def _literal(value: Any, depth: int) -> str:
    pad = "  " * (depth + 1)
    if isinstance(value, Mapping):
        rows = [f"{pad}{_key(key)} = {_literal(inner, depth + 1)}" for key, inner in value.items()]
        return "\n".join(["{", *rows, "  " * depth + "}"]) if rows else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(_literal(inner, depth) for inner in value) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _key(key: str) -> str:
    return key if key.isidentifier() and key.isascii() else _text(key)


def _text(value: str) -> str:
    """A string of HCL: templates in it are escaped, so that a name stays a name."""
    return json.dumps(value).replace("${", "$${").replace("%{", "%%{")
