"""From the form that `az ... -o json` prints back to the one that Resource Manager answers.

Which names and shapes differ is data: facts/az_form.json.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from auditor.model import ArmId

_FACTS = Path(__file__).parent.parent.parent / "facts" / "az_form.json"

_GRAPH_COLUMNS = ("subscriptionId", "tenantId")


def arm_form(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document as Resource Manager answers it; itself where it has `properties` and so is in that form already.

    One without is told to be az's by the `resourceGroup` that az adds beside every id that has one.
    """
    type_ = ArmId(str(document["id"])).type
    lifted = _has_mark(document) or type_ in _table()["unmarked"]
    if "properties" in document or not lifted or is_index_entry(document):
        return document
    return _Lowering(type_).resource(document)


def without_additions(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document without what az and Resource Graph add to an answer: group, subscription and tenant."""
    id_ = ArmId(str(document["id"]))
    kept = {key: value for key, value in document.items() if not _is_graph_column(id_, key, value)}
    without: Mapping[str, Any] = _without_marks(kept)
    return without


def is_graph_row(document: Mapping[str, Any]) -> bool:
    """Whether Resource Graph printed this: it puts tenant and subscription beside whatever it shows."""
    id_ = ArmId(str(document["id"]))
    # Its own subscription and its tenant are in the answer of Resource Manager, too, of subscriptions alone.
    return "subscriptionId" in document and not id_.type.startswith("microsoft.resources/subscriptions")


def is_index_entry(document: Mapping[str, Any]) -> bool:
    """Whether this is only what a list of all resources shows, so that its settings are not known."""
    type_ = ArmId(str(document["id"])).type
    bare = "properties" not in document and type_ and not type_.startswith("microsoft.resources/")
    return bool(bare) and all(key in _table()["index"] for key in document)


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads(_FACTS.read_text(encoding="utf-8"))
    return table


def _has_mark(value: Mapping[str, Any]) -> bool:
    """Whether az added `resourceGroup`: it does so beside every id that has one."""
    group, id_ = value.get("resourceGroup"), value.get("id")
    if not isinstance(group, str) or not isinstance(id_, str):
        return False
    return ArmId(id_).resource_group == group.casefold() != ""


def _is_graph_column(id_: ArmId, key: str, value: Any) -> bool:
    if key not in _GRAPH_COLUMNS or "/" not in id_.type or id_.type.startswith("microsoft.resources/subscriptions"):
        return False
    return key == "tenantId" or (isinstance(value, str) and value.casefold() == id_.subscription)


def _without_marks(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {key: _without_marks(each) for key, each in value.items()}
        if _has_mark(value):
            del kept["resourceGroup"]
        return kept
    return [_without_marks(each) for each in value] if isinstance(value, list) else value


class _Lowering:
    """Puts the settings of one resource back below `properties`, and those of what is nested in it."""

    def __init__(self, type_: str) -> None:
        table = _table()
        self._envelope = frozenset(table["envelope"])
        self._inside = frozenset(table["inside"].get(type_, ()))
        self._nested = _matching(table["nested"], type_, frozenset[str]())
        self._without_id = frozenset(table["nested_without_id"])
        self._names: Mapping[str, str] = _matching(table["names"], type_, {})

    def resource(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        outside, inside = self._split(document, self._envelope - self._inside)
        return {**outside, "properties": inside}

    def _split(self, value: Mapping[str, Any], envelope: frozenset[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        marked = _has_mark(value)
        outside: dict[str, Any] = {}
        inside: dict[str, Any] = {}
        for key, each in value.items():
            if key == "resourceGroup" and marked:
                continue
            if key in envelope:
                outside[key] = _without_marks(each)
            else:
                name = self._names.get(key, key)
                inside[name] = self._value(name, each)
        return outside, inside

    def _value(self, key: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._value(key, each) for each in value]
        if not isinstance(value, Mapping):
            return value
        if key in self._nested and self._is_bare_reference(value):
            return {"id": value["id"]}
        if key in self._nested and self._is_lifted(key, value):
            outside, inside = self._split(value, self._envelope)
            return {**outside, "properties": inside} if inside else outside
        marked = _has_mark(value)
        return {
            self._names.get(name, name): self._value(self._names.get(name, name), each)
            for name, each in value.items()
            if not (marked and name == "resourceGroup")
        }

    def _is_bare_reference(self, value: Mapping[str, Any]) -> bool:
        """Whether only the id is stated: older commands print every attribute that they know as null beside it."""
        others = [each for key, each in value.items() if key not in ("id", "resourceGroup")]
        return "id" in value and all(each is None for each in others)

    def _is_lifted(self, key: str, value: Mapping[str, Any]) -> bool:
        return "properties" not in value and ("id" in value or "etag" in value or key in self._without_id)


def _matching(rows: Mapping[str, Any], type_: str, start: Any) -> Any:
    """Everything stated for the type or for a beginning of it."""
    for beginning, row in rows.items():
        if type_.startswith(beginning):
            start = start | (frozenset(row) if isinstance(row, list) else row)
    return start
