"""What a plan does not tell of the resources that it would make: what Azure fills in, and what others make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.facts import load
from auditor.model import JSON, Resource, Unknown

_LATER = "this is unknown until deployed"


class Foretold:
    """The plan of the resources that a what-if or a Bicep snapshot shows (facts/until-deployed.json)."""

    def gap(self, resource: Resource, path: tuple[str | int, ...], value: JSON) -> Unknown | None:
        """An expression that is not evaluated yet, or a value that only Azure writes; `None` where neither is."""
        if value is None:
            return self._unwritten(resource, path)
        found = _expression_in(value)
        if found is None:
            return None
        where = "/".join(map(str, path))
        says = f"{where} of {resource.id.name} is the expression {found}, which the deployment evaluates: {_LATER}"
        return Unknown(says, absent=True)

    @staticmethod
    def _unwritten(resource: Resource, path: tuple[str | int, ...]) -> Unknown | None:
        words = "/".join("*" if isinstance(step, int) else step for step in path).casefold()
        for written, why in _written_by_azure(resource.type).items():
            if words == written or words.startswith(f"{written}/"):
                if written.startswith("identity/") and not _has_own_identity(resource):
                    return None
                return Unknown(f"{'/'.join(map(str, path))} of {resource.id.name}: {why}, so {_LATER}", absent=True)
        return None


def is_expression(text: str) -> bool:
    """Whether this is an expression of a template: in brackets, the first of which is not doubled to mean itself."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def filled_elsewhere(type_: str) -> str:
    """Why the list of this type is never whole in a plan; empty where a plan may hold all there will be."""
    lists: Mapping[str, str] = _facts()["lists"]
    return next((why for kind, why in lists.items() if type_ == kind or type_.endswith(kind.removeprefix("*"))), "")


def _facts() -> Mapping[str, Any]:
    found: Mapping[str, Any] = load("until-deployed")
    return found


def _written_by_azure(type_: str) -> Mapping[str, str]:
    """Lower-case paths of properties that no template states, and who writes them."""
    properties = _facts()["properties"]
    found: Mapping[str, str] = properties["*"] | properties.get(type_, {})
    return found


def _has_own_identity(resource: Resource) -> bool:
    kind = resource.stated("identity", "type")
    return isinstance(kind, str) and "systemassigned" in kind.casefold()


def _expression_in(value: JSON) -> str | None:
    """The first expression anywhere in a value."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str) and is_expression(each):
            return each
        if isinstance(each, Mapping):
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
    return None
