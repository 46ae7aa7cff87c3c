"""What a snapshot shows of the kinds that the architecture is made of, where no workload was recognised."""

from __future__ import annotations

from auditor.estate import Estate
from auditor.model import Resource
from auditor.workload.architecture import Architecture, Part

_MOST_NAMES = 3


def seen_of(estate: Estate, architecture: Architecture) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The shown parts of which no resource of the kind is there, and the resources of their kinds that are, in words.

    A workspace of another kind (Hub, Project, FeatureStore) is there and still no workspace that holds a flow of its
    own: it is named with its kind, and the part is looked for in vain.
    """
    seen: list[str] = []
    played: set[str] = set()
    for part in architecture.parts.values():
        if not part.seen_as:
            continue
        by_kind: dict[str, list[Resource]] = {}
        for resource in estate.seen(part.type):
            by_kind.setdefault(_special_kind(resource, part), []).append(resource)
        for kind, found in sorted(by_kind.items()):
            seen.append(_counted(f"{part.seen_as} of kind {kind}" if kind else part.seen_as, found))
            played |= set() if kind else {part.label}
    return tuple(label for label in architecture.shown if label not in played), tuple(seen)


def _special_kind(resource: Resource, part: Part) -> str:
    """The kind that makes a resource none that plays the part; empty for any other resource."""
    kind = str(resource.stated("kind") or "")
    return "" if not part.plain_kinds or kind.casefold() in {k.casefold() for k in part.plain_kinds} else kind


def _counted(name: str, found: list[Resource]) -> str:
    names = ", ".join(resource.name for resource in found[:_MOST_NAMES])
    more = f" and {len(found) - _MOST_NAMES} more" if len(found) > _MOST_NAMES else ""
    return f"{name} {names}{more}"
