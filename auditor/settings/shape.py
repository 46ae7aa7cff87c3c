"""The form of a settings file, field by field: what is read, and what the JSON schema for editors is made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from auditor.model import Level, Severity
from auditor.workload.architecture import shipped_architectures

Ids = tuple[str, ...]
FailOn = Literal["must", "should", "critical", "high", "medium", "low", "never"]
Direction = Literal["inbound", "outbound"]


def _pins(stated: Iterable[tuple[str, str]]) -> list[tuple[str, Any, Ids]]:
    """A field a part, with what it pins; where several architectures have one of that name, each is told."""
    said: dict[str, dict[str, None]] = {}
    for name, pin in stated:
        if pin:
            said.setdefault(name, {})[pin] = None
    return [(name, Annotated[Ids, Meta(description=" Or: ".join(pins))], ()) for name, pins in said.items()]


_ARCHITECTURES = tuple(shipped_architectures().values())
_SUBNETS = tuple(dict.fromkeys(name for each in _ARCHITECTURES for name in each.subnets))
SubnetPart: TypeAlias = Literal[_SUBNETS]  # type: ignore[valid-type]  # a table of names, which mypy does not see through

Parts = msgspec.defstruct(
    "Parts",
    _pins((name, part.pin) for each in _ARCHITECTURES for name, part in each.parts.items()),
    namespace={
        "__doc__": "Which resource plays which part, where structure leaves it open: ARM ids, or patterns with `*`."
    },
    frozen=True,
    forbid_unknown_fields=True,
)

Subnets = msgspec.defstruct(
    "Subnets",
    _pins((name, subnet.pin) for each in _ARCHITECTURES for name, subnet in each.subnets.items()),
    namespace={
        "__doc__": "Which subnet plays which part of the segmentation: ARM ids of subnets, or patterns of ids with `*`."
    },
    frozen=True,
    forbid_unknown_fields=True,
)


class Flow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"source": "from"}):
    """A flow that may pass one subnet's security group beyond its row of the article's table."""

    subnet: Annotated[SubnetPart, Meta(description="The part of the subnet that it passes.")]
    direction: Annotated[Direction, Meta(description="Into the subnet, or out of it.")]
    source: Annotated[str, Meta(description="`self`, `subnet:<part>`, `*`, a prefix, or a service tag.")]
    to: Annotated[str, Meta(description="`self`, `subnet:<part>`, `*`, a prefix, or a service tag.")]
    ports: Annotated[str, Meta(description='Destination ports as text: "443", "8080-8090", "80,443", or "*".')]
    protocol: Annotated[str, Meta(description="Tcp, Udp, Icmp, Esp, Ah, or `*`.")]
    why: Annotated[str, Meta(description="Why it may pass. Every report shows it.")]


class Role(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role assignment that may exist beyond the article's table (RBAC-11, IDN-13, IDN-14, KEY-09)."""

    principal: Annotated[str, Meta(description="Object id, or the name of an identity or group, `*` for what varies.")]
    role: Annotated[str, Meta(description="GUID of the role definition, which is exact, or its name.")]
    scope: Annotated[str, Meta(description="ARM id of the assignment's scope, `*` for what varies.")]
    why: Annotated[str, Meta(description="Why it may exist. Every report shows it.")]
    owner: Annotated[str, Meta(description="Who answers for it.")] = ""
    expires: Annotated[str, Meta(description="The last day on which it counts, such as 2027-06-30.")] = ""


class Allow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is allowed beyond the architecture, each with its reason."""

    flows: Annotated[tuple[Flow, ...], Meta(description="Flows through the security groups of subnets.")] = ()
    roles: Annotated[tuple[Role, ...], Meta(description="Role assignments.")] = ()


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `auditor snapshot` and `auditor scan` read, where their options do not say it."""

    subscriptions: Annotated[tuple[str, ...], Meta(description="Ids of subscriptions.")] = ()
    resource_groups: Annotated[tuple[str, ...], Meta(description="Names of resource groups in them.")] = ()


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is changed of one requirement, as the overrides of a baseline of one's own say it."""

    level: Annotated[Level, Meta(description="How much it is wanted.")] | UnsetType = UNSET
    severity: Annotated[Severity, Meta(description="How bad it is where it does not hold.")] | UnsetType = UNSET
    look_at: Annotated[str, Meta(description="What a person looks at; the level is `manual`.")] | UnsetType = UNSET
    terms: Annotated[dict[str, Any], Meta(description="Numbers and names; others stay as they are.")] | UnsetType = (
        UNSET
    )
    disabled: Annotated[Literal[True], Meta(description="Leaves it out; `reason` is needed.")] | UnsetType = UNSET
    reason: Annotated[str, Meta(description="Why. Every report shows it if the row is disabled.")] | UnsetType = UNSET


class SettingsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of an audit. Paths are relative to this file. Given with `--settings FILE`, never read by itself."""

    baseline: Annotated[str, Meta(description="A shipped baseline by its name, or a file of yours.")] | UnsetType = (
        UNSET
    )
    waivers: Annotated[str, Meta(description="The file of waivers.")] | UnsetType = UNSET
    service_tags: Annotated[str, Meta(description="A ServiceTags_Public_*.json, gzipped or not.")] | UnsetType = UNSET
    parts: Parts | UnsetType = UNSET  # type: ignore[valid-type]  # made of the shipped architectures
    subnets: Subnets | UnsetType = UNSET  # type: ignore[valid-type]
    requirements: (
        Annotated[dict[str, Change], Meta(description="Changes to rows of the baseline, by id.")] | UnsetType
    ) = UNSET
    allow: Allow | UnsetType = UNSET
    scope: Scope | UnsetType = UNSET
    fail_on: Annotated[FailOn, Meta(description="What makes the exit code 1; --fail-on overrides it.")] | UnsetType = (
        UNSET
    )
    strict: (
        Annotated[
            bool | Literal["until-deployed"],
            Meta(
                description="Exit with 3 on an unknown; `until-deployed` accepts those that only a deployment decides."
            ),
        ]
        | UnsetType
    ) = UNSET
    frameworks: (
        Annotated[
            list[str],
            Meta(description="Frameworks whose controls reports show, by name or file; --framework overrides them."),
        ]
        | UnsetType
    ) = UNSET
