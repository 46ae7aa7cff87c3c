"""What an expansion gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.arm.values import Unknown, Value


@dataclass(frozen=True)
class Source:
    """Where something stands: a file by the name it was given, and a JSON pointer in it."""

    file: str
    pointer: str


@dataclass(frozen=True)
class Deployed:
    """A resource that a deployment makes, or may make."""

    id: str | Unknown
    type: str
    scope: str
    """The id of the scope that it is deployed to; empty for the tenant, or where it is not known."""
    body: Mapping[str, Any]
    """Its document: values with `Unknown` in it; id, type and name in full, without null properties."""
    source: Source
    condition: Unknown | None = None
    """The condition of which it hangs whether it is deployed, where only Azure can tell."""
    symbol: str = ""
    """The symbolic name."""


@dataclass(frozen=True)
class Gap:
    """A deployment, or a loop of resources, of which nothing tells what it makes."""

    id: str | Unknown
    scope: str
    """The id of the scope that it deploys to; empty where that is the tenant or not known."""
    type: str
    """The type of what it makes; empty where that may be anything."""
    because: str
    source: Source


@dataclass(frozen=True)
class Fault:
    """What makes Azure refuse the template: one sentence, where it stands, and the expression (empty: none)."""

    sentence: str
    source: Source
    expression: str = ""


@dataclass
class Expansion:
    """A template with everything worked out that does not hang on Azure."""

    resources: list[Deployed] = field(default_factory=list)
    """In the order of the template, each nested deployment before what it makes."""
    skipped: list[str] = field(default_factory=list)
    """Ids of what a false condition leaves out."""
    existing: list[str] = field(default_factory=list)
    """Ids of resources that the template takes to be there."""
    set_aside: list[tuple[str, Source]] = field(default_factory=list)
    """What belongs to an extension and so is no resource of Resource Manager, in words."""
    gaps: list[Gap] = field(default_factory=list)
    outputs: dict[str, Value] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Parameters of the main template that need a value and have none."""
