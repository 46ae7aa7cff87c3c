"""Frameworks as SARIF taxonomies: their controls are taxa, and a rule that supports one has a relationship to it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from auditor.frameworks.model import Controls, Framework
from auditor.report.sarif.rules import sentence
from auditor.text.sanitise import address, line

_NAMESPACE = uuid.UUID("a605dbef-2c10-5ac5-9355-59af6ddbd917")
"""Names of this program's own; a taxonomy has the same GUID in every file."""

_RELEVANT = "relevant"
"""The kind of relationship (SARIF 2.1.0, 3.53.3) that claims least: a requirement supports a control, no more."""


class Taxonomies:
    """The controls that the rules of a run support, with their indices."""

    def __init__(self, controls: Controls, requirements: Iterable[str]) -> None:
        self._controls = controls
        used: dict[str, set[str]] = {}
        for requirement in requirements:
            for framework, ids in controls.of(requirement).controls.items():
                used.setdefault(framework, set()).update(ids)
        self._taxa: Mapping[str, tuple[str, ...]] = {
            id_: tuple(control for control in framework.controls if control in used[id_])
            for id_, framework in controls.frameworks.items()
            if used.get(id_)
        }
        self._index = {id_: n for n, id_ in enumerate(self._taxa)}
        self._taxon = {id_: {control: n for n, control in enumerate(taxa)} for id_, taxa in self._taxa.items()}

    def run_part(self) -> dict[str, Any]:
        """`taxonomies` of a run; nothing where no rule supports any control."""
        made = [self._taxonomy(self._controls.frameworks[id_]) for id_ in self._taxa]
        return {"taxonomies": made} if made else {}

    def driver_part(self) -> dict[str, Any]:
        """`supportedTaxonomies` of the driver."""
        made = [self._reference(id_) | {"guid": _guid(id_)} for id_ in self._taxa]
        return {"supportedTaxonomies": made} if made else {}

    def rule_part(self, requirement: str) -> dict[str, Any]:
        """`relationships` of the rule of a requirement."""
        made = [
            {
                "target": {
                    "id": line(control, 80),
                    "index": self._taxon[id_][control],
                    "toolComponent": self._reference(id_),
                },
                "kinds": [_RELEVANT],
            }
            for id_, ids in self._controls.of(requirement).controls.items()
            for control in ids
        ]
        return {"relationships": made} if made else {}

    def _reference(self, id_: str) -> dict[str, Any]:
        return {"name": id_, "index": self._index[id_]}

    def _taxonomy(self, framework: Framework) -> dict[str, Any]:
        made: dict[str, Any] = {
            "name": framework.id,
            "version": line(framework.version, 80),
            "guid": _guid(framework.id),
            "fullName": line(framework.name, 200),
            "shortDescription": {"text": sentence(line(framework.name, 200))},
            "isComprehensive": False,
            "taxa": [
                {
                    "id": line(control, 80),
                    "shortDescription": {"text": sentence(line(framework.controls[control], 300))},
                }
                for control in self._taxa[framework.id]
            ],
        }
        if link := address(framework.source):
            made["informationUri"] = link
        return made


def _guid(id_: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, id_))
