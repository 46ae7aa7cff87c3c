"""The JSON schema of settings files, for editors: made of the types that the files are read into."""

from __future__ import annotations

import inspect
import json
from typing import Any

import msgspec

from auditor.baseline.model import Baseline
from auditor.baseline.read import read_baseline
from auditor.rules import rules_by_name
from auditor.rules.rule import NoTerms
from auditor.settings.shape import Change, SettingsFile

_REF = "#/$defs/{name}"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_text() -> str:
    """The schema as it is published, with a line end."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def schema() -> dict[str, Any]:
    """The schema: every field of the file, and the terms of each requirement of the shipped baseline by its id."""
    baseline = read_baseline()
    named = rules_by_name()
    rules = {id_: named[row.rule] for id_, row in baseline.requirements.items() if row.rule in named}
    wanted = {id_: rules[id_].terms for id_ in baseline.terms if rules[id_].terms is not NoTerms}
    types = (SettingsFile, *dict.fromkeys(wanted.values()))
    made, components = msgspec.json.schema_components(types, ref_template=_REF)
    defs: dict[str, Any] = dict(sorted(components.items()))
    refs = {type_: ref["$ref"] for type_, ref in zip(types, made, strict=True)}
    for type_ in dict.fromkeys(wanted.values()):
        # An override names only the terms that it changes.
        defs[_name(refs[type_])].pop("required", None)
    defs[Change.__name__]["dependentRequired"] = {"disabled": ["reason"]}
    top = defs.pop(_name(refs[SettingsFile]))
    rows = {id_: _change(id_, baseline, refs.get(wanted.get(id_, NoTerms), "")) for id_ in baseline.requirements}
    top["properties"]["requirements"]["properties"] = rows
    found: dict[str, Any] = _plain({"$schema": _DIALECT, **top, "title": "Settings of auditor", "$defs": defs})
    return found


def _name(ref: str) -> str:
    return ref.rpartition("/")[2]


def _change(id_: str, baseline: Baseline, terms: str) -> dict[str, Any]:
    """The form of a change of one requirement; with the names of its terms where it has any."""
    about = {"description": baseline.requirements[id_].statement}
    change = {"$ref": _REF.format(name=Change.__name__)}
    if not terms:
        return {**about, "allOf": [change]}
    return {**about, "allOf": [change, {"properties": {"terms": {"$ref": terms}}}]}


def _plain(value: Any, names: bool = False) -> Any:
    """The same, whatever versions of Python and msgspec made it, and without what a field is where it is absent.

    msgspec adds those values, and an editor would write them out. Descriptions are docstrings: msgspec keeps their
    indentation before 0.23, and Python before 3.13. `names` says that the keys are names of fields, of which one may be
    called `default` or `description`.
    """
    if isinstance(value, dict):
        return {
            key: inspect.cleandoc(each)
            if key == "description" and isinstance(each, str)
            else _plain(each, names=key == "properties" and not names)
            for key, each in value.items()
            if names or key != "default"
        }
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
