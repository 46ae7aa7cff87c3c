"""What belongs to a workload beside its parts: everything of a kind, the parts themselves first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.estate import Relation
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.workload.parts import REGISTRY, VAULT, Workload

SLOT = "microsoft.web/sites/slots"
GROUP = "microsoft.network/networksecuritygroups"
COMPONENT = "microsoft.insights/components"
LOG_ANALYTICS = "microsoft.operationalinsights/workspaces"
AUTOSCALE = "microsoft.insights/autoscalesettings"


def vaults_of(w: Workload) -> tuple[Resource, ...]:
    """The workspace's key vault and every other one that the workload owns, such as one of the chat UI alone."""
    return _with_owned(w, w.vaults, VAULT)


def registries_of(w: Workload) -> tuple[Resource, ...]:
    """The workspace's container registry and every other one that the workload owns."""
    return _with_owned(w, w.registries, REGISTRY)


def storages_of(w: Workload) -> tuple[Resource, ...]:
    """The workspace's storage account and every other one that the workload owns."""
    return (*w.storages, *w.other_storages)


def sites_and_slots(w: Workload) -> tuple[Resource, ...]:
    """Web apps with the deployment slots that the snapshot shows: a slot answers under a name of its own."""
    return tuple(one for site in w.sites for one in (site, *w.estate.all(SLOT, under=site.id)))


def security_groups_of(w: Workload) -> tuple[Resource, ...]:
    """Network security groups that guard the workload's subnets, and those in its groups."""
    guards = [guard for subnet in w.subnets.all for guard in w.estate.out(subnet, Relation.GUARDED_BY)]
    return _with_owned(w, _definite(guards), GROUP)


def telemetry_of(w: Workload) -> tuple[Resource, ...]:
    """Application Insights, the Log Analytics workspaces behind it, and autoscale settings of the workload."""
    components = _with_owned(w, w.insights, COMPONENT)
    stores = [store for component in components for store in w.estate.out(component, Relation.LOGS_TO)]
    seen = [store for store in stores if isinstance(store, Resource) and store.type == LOG_ANALYTICS]
    scaled = [s for s in w.estate.all(AUTOSCALE) if w.owns(s) or _scales_a_part(w, s)]
    return (*components, *_with_owned(w, seen, LOG_ANALYTICS), *scaled)


def group_of(w: Workload) -> ArmId | None:
    """The resource group of the workload's anchor; `None` where there is no anchor."""
    if not w.anchors or w.anchor is None:
        return None
    head, _, _ = w.anchor.id.text.partition("/providers/")
    return ArmId(head)


def _with_owned(w: Workload, own: Iterable[Resource], type_: str) -> tuple[Resource, ...]:
    owned = (r for r in w.estate.all(type_) if w.owns(r))
    return tuple(dict.fromkeys((*own, *owned)))


def _definite(found: Iterable[Resource | Unknown]) -> Iterator[Resource]:
    for one in found:
        if isinstance(one, Unknown):
            raise NotKnown(one)
        yield one


def _scales_a_part(w: Workload, scaler: Resource) -> bool:
    parts = {r.id for r in (*w.online_deployments, *w.plans)}
    return bool(parts & set(w.estate.targets(scaler, Relation.SCALES)))
