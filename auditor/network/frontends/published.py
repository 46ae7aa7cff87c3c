"""Kubernetes nodes that may be published to the Internet without a public address in any list."""

from __future__ import annotations

from auditor.documents.load_balancer import LOAD_BALANCER
from auditor.documents.network_hosts import AgentPool, Cluster
from auditor.documents.pool_membership import SCALE_SET
from auditor.estate import Estate
from auditor.model import ArmId, Resource, Unknown


def may_be_published(estate: Estate, pool: Resource) -> bool:
    """Whether nodes of a pool may take something in from the Internet at an address that no list shows.

    They have addresses of their own, or load balancers and scale sets of their resource group were not listed. What
    their subnet stops is stopped all the same.
    """
    if AgentPool(pool).gives_addresses.known is not False:
        return True
    cluster = estate.find(pool.id.parent)
    named = Cluster(cluster).node_group.known if cluster is not None else ""
    if isinstance(named, Unknown) or not named:
        return True
    group = ArmId(f"/subscriptions/{pool.id.subscription}/resourceGroups/{named}")
    return any(estate.coverage.gap(type_, group) is not None for type_ in (LOAD_BALANCER, SCALE_SET))
