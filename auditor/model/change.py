"""A fix as data: what has to change in which resource, before anybody writes it as a command."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from auditor.model.arm_id import ArmId


class Action(StrEnum):
    """What is done to a resource."""

    SET = "set"
    """Give the property at `pointer` the value."""
    ADD = "add"
    """Append the value to the list at `pointer`."""
    REMOVE = "remove"
    """Take away the property or list item at `pointer`."""
    CREATE = "create"
    """Create the resource; the value is its body without `id`, `name` and `type`."""
    DELETE = "delete"
    """Delete the resource."""


@dataclass(frozen=True)
class Change:
    """One change to one resource.

    `pointer` is a JSON pointer (RFC 6901) into the resource as Resource Manager sends it; empty for CREATE and DELETE.
    `question` is set where only a person knows the value: `value` is then an example that serves the proof. `warning`
    says what today's users of the setting lose.
    """

    action: Action
    resource: ArmId
    pointer: str = ""
    value: Any = None
    question: str = ""
    warning: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Equal for changes that do the same: the example of a question is no difference."""
        return self.action.value, self.resource.key, self.pointer, "?" if self.question else repr(self.value)


def set_to(resource: ArmId, pointer: str, value: Any, question: str = "", warning: str = "") -> Change:
    """Give a property a value. `pointer` without its first slash reads like a path: `properties/httpsOnly`."""
    return Change(Action.SET, resource, "/" + pointer.lstrip("/"), value, question, warning)


def create(resource: ArmId, body: dict[str, Any], question: str = "", warning: str = "") -> Change:
    """Create a resource."""
    return Change(Action.CREATE, resource, "", body, question, warning)


def delete(resource: ArmId, warning: str = "") -> Change:
    """Delete a resource."""
    return Change(Action.DELETE, resource, warning=warning)
