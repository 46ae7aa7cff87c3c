"""A baseline as OSCAL: a component definition, a profile of the controls that it supports, and a catalog if need be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.frameworks.model import Controls, Framework
from auditor.model import BaselineInfo, Requirement
from auditor.report.json_ import json_text
from auditor.report.oscal.parts import (
    NIST,
    Node,
    catalog_href,
    control_id,
    metadata,
    name,
    prop,
    prose,
    said,
    statement_id,
)

_TRESTLE = "https://oscal-compass.github.io/compliance-trestle/schemas/oscal/cd"
"""The namespace in which compliance-trestle and its kin look for rules and checks."""


def documents(
    info: BaselineInfo, requirements: Mapping[str, Requirement], controls: Controls, framework: str
) -> dict[str, str]:
    """File names and their texts: what a baseline asks, in the controls of one framework.

    A catalog is among them only where the framework has none in OSCAL.
    """
    asked = controls.frameworks[framework]
    made = {
        "component-definition.json": {"component-definition": _definition(info, requirements, controls, asked)},
        "profile.json": {"profile": _profile(info, controls, asked)},
    }
    if framework != NIST:
        made["catalog.json"] = {"catalog": _catalog(asked)}
    return {file: json_text(document, indent=2, lossless=False) + "\n" for file, document in made.items()}


def _supported(controls: Controls, framework: Framework) -> dict[str, tuple[str, ...]]:
    return {control: ids for control, ids in controls.by_control[framework.id].items() if ids}


def _profile(info: BaselineInfo, controls: Controls, framework: Framework) -> Node:
    ids = [control_id(framework, control) for control in _supported(controls, framework)]
    selected: Node = {"href": catalog_href(framework)}
    selected["include-controls"] = [{"with-ids": ids}]
    return {
        "uuid": name("profile", info.name, info.version, framework.id),
        "metadata": metadata(f"Controls of {framework.name} that {info.name} supports", framework.date, info.version),
        "imports": [selected],
        "merge": {"as-is": True},
    }


def _catalog(framework: Framework) -> Node:
    return {
        "uuid": name("catalog", framework.id, framework.version),
        "metadata": metadata(f"{framework.name}: ids and titles", framework.date, framework.version),
        "controls": [
            {
                "id": control_id(framework, control),
                "title": said(title, 300),
                "props": [{"name": "label", "value": said(control, 80)}],
                "parts": [{"id": statement_id(framework, control), "name": "statement", "prose": said(title, 300)}],
            }
            for control, title in framework.controls.items()
        ],
    }


def _definition(
    info: BaselineInfo, requirements: Mapping[str, Requirement], controls: Controls, framework: Framework
) -> Node:
    component: Node = {
        "uuid": name("baseline", info.name, info.version),
        "type": "service",
        "title": said(f"{info.name} {info.version}", 200),
        "description": prose(f"A workload that is built as the reference architecture says: {info.source}"),
        "props": [*_rules(requirements)],
    }
    implemented = [
        _implemented(info, framework, control, ids, controls)
        for control, ids in _supported(controls, framework).items()
    ]
    if implemented:
        component["control-implementations"] = [
            {
                "uuid": name("implementation", info.name, info.version, framework.id),
                "source": "profile.json",
                "description": said(f"How {info.name} supports {framework.name}"),
                "implemented-requirements": implemented,
            }
        ]
    return {
        "uuid": name("component-definition", info.name, info.version, framework.id),
        "metadata": metadata(f"{info.name}: component definition", framework.date, info.version),
        "components": [component],
    }


def _rules(requirements: Mapping[str, Requirement]) -> Iterator[Node]:
    """A rule for each requirement, and the check that decides it, as compliance-trestle reads them."""
    for id_, requirement in requirements.items():
        for key, value in (
            ("Rule_Id", id_),
            ("Rule_Description", requirement.statement),
            ("Check_Id", requirement.rule or "manual"),
        ):
            yield {"name": key, "ns": _TRESTLE, "value": said(value), "remarks": f"rule_set_{id_}"}


def _implemented(
    info: BaselineInfo, framework: Framework, control: str, ids: tuple[str, ...], controls: Controls
) -> Node:
    return {
        "uuid": name("implemented", info.name, info.version, framework.id, control),
        "control-id": control_id(framework, control),
        "description": prose(" ".join(f"{id_}: {controls.of(id_).why}." for id_ in ids)),
        "props": [
            *({"name": "Rule_Id", "ns": _TRESTLE, "value": id_} for id_ in ids),
            *(prop("basis", controls.basis(id_, framework.id, control), id_) for id_ in ids),
        ],
    }
