"""The managed network of each workspace: what runs in it, and the outbound rules by which traffic leaves it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.estate import Estate, Relation
from auditor.model import Resource
from auditor.picture.build.networks import item_of
from auditor.picture.model import (
    MANAGED_NETWORK,
    RULE_ANY,
    RULE_HOST,
    RULE_PRIVATE,
    RULE_REQUIRED,
    RULE_TAG,
    Item,
    ManagedPicture,
)
from auditor.workload.parts import ML, Workload

_OPEN = "allowinternetoutbound"
_OWN = ("required", "dependency")
"""Categories of the rules that Azure adds itself (docs/azure/ai-services.md, section 1.2)."""


def managed_of(estate: Estate, found: Iterable[Workload]) -> tuple[ManagedPicture, ...]:
    """One managed network for each Machine Learning workspace that anchors a workload."""
    return tuple(_managed(estate, w.anchor) for w in found if w.anchor is not None and w.anchor.type == ML)


def _managed(estate: Estate, workspace: Resource) -> ManagedPicture:
    mode = str(workspace.get("properties", "managedNetwork", "isolationMode", default="") or "")
    item = Item(f"{workspace.id.key}#{MANAGED_NETWORK}", workspace.name, MANAGED_NETWORK, id=workspace.id.text)
    return ManagedPicture(item, mode, tuple(_inside(estate, workspace)), tuple(_rules(estate, workspace)))


def _inside(estate: Estate, workspace: Resource) -> Iterator[Item]:
    """Online endpoints, each before its deployments, and computes that sit in no network of one's own."""
    for endpoint in estate.seen(f"{ML}/onlineendpoints", under=workspace.id):
        yield item_of(estate, endpoint, {})
        for deployment in estate.seen(f"{ML}/onlineendpoints/deployments", under=endpoint.id):
            yield item_of(estate, deployment, {})
    for compute in estate.seen(f"{ML}/computes", under=workspace.id):
        if not estate.targets(compute, Relation.IN_SUBNET):
            yield item_of(estate, compute, {}, str(compute.get("properties", "computeType", default="") or ""))


def _rules(estate: Estate, workspace: Resource) -> Iterator[Item]:
    """Rules that a person added one by one, private endpoints one by one, and the rest of Azure's own as one."""
    required: list[str] = []
    for rule in estate.seen(f"{ML}/outboundrules", under=workspace.id):
        kind = rule.text("properties", "type")
        if kind == "privateendpoint":
            group = str(rule.get("properties", "destination", "subresourceTarget", default="") or "")
            yield Item(rule.id.key, group or rule.name, RULE_PRIVATE, id=rule.id.text)
        elif rule.text("properties", "category") in _OWN:
            required.append(_destination(rule))
        else:
            word = RULE_HOST if kind == "fqdn" else RULE_TAG
            yield Item(rule.id.key, _destination(rule), word, rule.name, id=rule.id.text)
    if required:
        names = ", ".join(sorted(set(required)))
        yield Item(f"{workspace.id.key}#{RULE_REQUIRED}", f"{len(required)} service tags", RULE_REQUIRED, names)
    if workspace.text("properties", "managedNetwork", "isolationMode") == _OPEN:
        yield Item(f"{workspace.id.key}#{RULE_ANY}", "any destination", RULE_ANY, id=workspace.id.text)


def _destination(rule: Resource) -> str:
    found = rule.get("properties", "destination")
    if isinstance(found, str):
        return found
    tag = rule.get("properties", "destination", "serviceTag", default="")
    ports = str(rule.get("properties", "destination", "portRanges", default="") or "")
    shown = f"{tag}:{ports}" if ports not in ("", "*") else str(tag)
    return shown or rule.name
