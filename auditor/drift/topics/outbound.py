"""Outbound rules of managed networks: added, removed, leading elsewhere; and the mode in which they count at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.drift import settings as diff_settings
from auditor.drift.documents import Pair, canonical, doubted_absence
from auditor.drift.model import Change, Effect, Topic
from auditor.estate.naming import short
from auditor.model import ArmId, Resource
from auditor.sets.packet_set import FlowSet
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import ProtocolSet

RULE = "microsoft.machinelearningservices/workspaces/outboundrules"
_OWN = ("required", "dependency")
"""Categories of the rules that Azure makes itself when the workspace gets a dependency.

docs/azure/ai-services.md, section 1.2.
"""

_MEANS = ("type", "destination", "category", "status")


def changes(pair: Pair) -> Iterator[Change]:
    """The mode, then rule by rule."""
    yield from diff_settings.changes(pair, Topic.OUTBOUND)
    for id_ in sorted({rule.id for estate in (pair.old, pair.new) for rule in estate.seen(RULE)}):
        before, after = pair.old.find(id_), pair.new.find(id_)
        if before is not None and after is not None:
            yield from _changed(before, after)
        elif after is not None:
            yield _came_or_went(pair, after, added=True)
        elif before is not None:
            yield _came_or_went(pair.reversed, before, added=False)


def _came_or_went(pair: Pair, rule: Resource, *, added: bool) -> Change:
    """A rule that only the new side of the pair shows."""
    doubt = doubted_absence(pair.old, rule.id, pair.new)
    where = f"outbound rule {rule.name} of {_workspace(rule.id)}"
    if doubt is not None:
        says = f"whether {where} is {'new' if added else 'gone'} cannot be determined: {doubt.because}"
        detail = {**_detail(rule), "unknown": doubt.because, "permission": doubt.permission}
        return Change(Topic.OUTBOUND, "unread", Effect.UNKNOWN, says, rule.id, detail, rank=6)
    kind = "added" if added else "removed"
    effect = Effect.WORSE if added else Effect.BETTER
    if rule.text("properties", "category") in _OWN or not _active(rule):
        effect = Effect.OTHER
    side = "after" if added else "before"
    says = f"{where} is {'new: it leads' if added else 'gone: it led'} to {_leads_to(rule)}"
    return Change(Topic.OUTBOUND, kind, effect, says, rule.id, {side: _detail(rule)}, rank=1 if added else 3)


def _changed(before: Resource, after: Resource) -> Iterator[Change]:
    was, is_ = _detail(before), _detail(after)
    different = [key for key in _MEANS if canonical(was[key]) != canonical(is_[key])]
    if not different:
        return
    where = f"outbound rule {after.name} of {_workspace(after.id)}"
    says = f"{where} is other than before: {_leads_to(after)}, was {_leads_to(before)}"
    detail = {"before": was, "after": is_, "different": different}
    yield Change(Topic.OUTBOUND, "changed", _effect(before, after, different), says, after.id, detail, rank=2)


def _effect(before: Resource, after: Resource, different: list[str]) -> Effect:
    """Whether the rule lets out what it did not. Leading elsewhere is worse, whatever it no longer does."""
    if different == ["category"] or not (_active(before) or _active(after)):
        return Effect.OTHER
    if not (_active(before) and _active(after)):
        return Effect.WORSE if _active(after) else Effect.BETTER
    was, is_ = _to_tag(before), _to_tag(after)
    if was is None or is_ is None or was[0] != is_[0]:
        return Effect.WORSE
    return Effect.WORSE if is_[1] - was[1] != FlowSet.none() else Effect.BETTER


def _to_tag(rule: Resource) -> tuple[str, FlowSet] | None:
    """The service tag that a rule allows, with protocols and ports; `None` for every other rule."""
    where = ("properties", "destination")
    tag = rule.text(*where, "serviceTag")
    if not tag or rule.get(*where, "addressPrefixes") or rule.text(*where, "action") not in ("", "allow"):
        return None
    try:
        protocols = ProtocolSet.of(*(rule.text(*where, "protocol") or "*").split(","))
        ports = PortSet.of(*(rule.text(*where, "portRanges") or "*").split(","))
    except ValueError:
        return None
    return tag, FlowSet.box(protocols, destination_ports=ports)


def _active(rule: Resource) -> bool:
    """A rule does nothing while the network is not provisioned; where the status does not show, it may."""
    return rule.text("properties", "status") != "inactive"


def _detail(rule: Resource) -> dict[str, Any]:
    return {key: rule.get("properties", key) for key in _MEANS}


def _leads_to(rule: Resource) -> str:
    destination = rule.get("properties", "destination")
    state = "" if _active(rule) else ", inactive"
    if not isinstance(destination, dict):
        return f"{destination}{state}"
    target = rule.ref("properties", "destination", "serviceResourceId")
    if target is not None:
        return f"{short(target)} ({destination.get('subresourceTarget')}) by private endpoint{state}"
    return f"{destination.get('serviceTag')}, {destination.get('protocol')} {destination.get('portRanges')}{state}"


def _workspace(rule: ArmId) -> str:
    return rule.parent.name if rule.parent is not None else rule.name
