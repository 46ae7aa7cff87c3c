"""The host names that Azure gives a resource by default, for resources of which only a plan is at hand."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.facts import load
from auditor.model import Resource


def planned_hosts(resource: Resource) -> tuple[str, ...]:
    """The names of a planned resource, lower case; none of a deployed one, whose document states them.

    A name that Azure makes unique by a hash cannot be foretold: a plan refers to it by an expression.
    """
    if resource.plan is None:
        return ()
    names: Mapping[str, list[str]] = load("until-deployed")["hosts"]
    return tuple(name.format(name=resource.name).casefold() for name in names.get(resource.type, ()))
