"""Which scope lies above which: resource, group, subscription, management group, and the root `/` above all."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from auditor.estate import Estate
from auditor.model import ArmId, Resource, Unknown

ROOT = ArmId("/")
GROUPS = "microsoft.management/managementgroups"
_SUBSCRIPTION = "microsoft.resources/subscriptions"


def is_management_group(scope: ArmId) -> bool:
    """Whether a scope is a management group."""
    return scope.type == GROUPS


def kind_of(scope: ArmId) -> str:
    """What a sentence calls a scope: `subscription c65c...`, `resource group rg-chat`, `kv-chat`, `the root scope`."""
    if scope == ROOT:
        return "the root scope"
    if is_management_group(scope):
        return f"management group {scope.name}"
    if scope.type == _SUBSCRIPTION:
        return f"subscription {scope.name}"
    if scope.type == "microsoft.resources/resourcegroups":
        return f"resource group {scope.name}"
    return scope.name


def place_of(scope: ArmId, asked: ArmId) -> str:
    """What a sentence calls a scope that may lie below the one that was asked about: `secret db in kv-chat`."""
    if scope == asked or not scope.is_within(asked) or scope.parent is None:
        return kind_of(scope)
    kind = scope.type.rpartition("/")[2].removesuffix("s")
    return f"{kind} {scope.name} in {kind_of(asked)}" if scope.type.count("/") > 1 else kind_of(scope)


_CERTIFICATES = "microsoft.keyvault/vaults/certificates"
_MIRRORED = ("microsoft.keyvault/", "microsoft.storage/")
"""Providers whose operations are named after the types that they are asked of, down to the smallest."""


def has_operation(place: ArmId, action: str) -> bool | Unknown:
    """Whether something inside a resource can have an operation at all: a queue has none that reads blobs.

    It is told of providers whose operations follow their types. Whether a role at a certificate opens the secret of
    its name is stated nowhere (not confirmed).
    """
    asked = action.strip().casefold()
    fixed = asked.partition("*")[0]
    kind = place.type + "/"
    if not kind.startswith(_MIRRORED) or not fixed.startswith(_MIRRORED) or fixed.startswith(kind):
        return True
    if "*" in asked and kind.startswith(fixed):
        return True
    if place.type == _CERTIFICATES and "/secrets/" in asked:
        return Unknown(f"whether a role at certificate {place.name} opens what belongs to it is not documented")
    return False


def is_asked_inside(place: ArmId, action: str) -> bool:
    """Whether an operation is asked of things inside a place too: reading secrets of a vault, but not writing it."""
    if "/providers/" not in place.key or is_management_group(place):
        return True
    asked = action.strip().casefold()
    if not asked.startswith(f"{place.type}/"):
        return False
    *below, verb = asked.removeprefix(f"{place.type}/").split("/")
    return bool(below[:-1] if verb == "action" else below)


def group_of(scope: ArmId) -> ArmId:
    """The resource group that a resource is in."""
    parts = scope.text.strip("/").split("/")
    return ArmId("/" + "/".join(parts[:4]))


class Hierarchy:
    """Management groups and what lies below them, as far as the snapshot shows it.

    An assignment list of a subscription shows what it inherits, so with one subscription every management group that
    an assignment names is above it. With several, the tree must be in the snapshot (documents of management groups,
    or subscriptions with `managementGroupAncestorsChain`, as Resource Graph gives it).
    """

    def __init__(self, estate: Estate) -> None:
        self._parent: dict[str, str] = {}
        self._tops: set[str] = set()
        for group in estate.seen(GROUPS):
            self._read_group(group)
        for subscription in estate.seen(_SUBSCRIPTION):
            chain = [a for _, a in subscription.items("properties", "managementGroupAncestorsChain")]
            keys = [subscription.id.key, *(f"/providers/{GROUPS}/{str(a.get('name')).lower()}" for a in chain)]
            self._parent |= dict(pairwise(keys))
            self._tops |= {keys[-1]} if chain else set()
        listed = (s.id.subscription for s in estate.seen(_SUBSCRIPTION))
        self._alone = len({s.lower() for s in estate.snapshot.subscriptions} | set(listed)) <= 1

    def _read_group(self, group: Resource) -> None:
        details = group.get("properties", "details", default={})
        above = group.ref("properties", "details", "parent")
        if above is not None:
            self._parent[group.id.key] = above.key
        elif isinstance(details, Mapping) and "parent" in details:
            self._tops.add(group.id.key)
        for _, child in group.items("properties", "children"):
            self._parent[ArmId(str(child.get("id"))).key] = group.id.key

    def covers(self, outer: ArmId, inner: ArmId) -> bool | Unknown:
        """Whether what is given at `outer` holds at `inner`, because it is the same scope or lies below it."""
        if not is_management_group(outer):
            return inner.is_within(outer)
        below = inner.key if is_management_group(inner) else f"/subscriptions/{inner.subscription}"
        if inner == ROOT or (not is_management_group(inner) and not inner.subscription):
            return False
        for _ in range(len(self._parent) + 1):
            if below == outer.key:
                return True
            if below not in self._parent:
                break
            below = self._parent[below]
        if below in self._tops:
            return False
        if self._alone and not is_management_group(inner):
            return True
        return Unknown(
            f"whether {kind_of(inner)} lies below {kind_of(outer)} is not in this snapshot",
            permission="Microsoft.Management/managementGroups/read",
        )
