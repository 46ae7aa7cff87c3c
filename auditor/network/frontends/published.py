"""Platforms in a subnet that may be published to the Internet without a public address in any list."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditor.documents.load_balancer import LOAD_BALANCER
from auditor.documents.network_hosts import (
    AGENT_POOL,
    AgentPool,
    Cluster,
    ContainerEnvironment,
    HostingEnvironment,
    ManagedInstance,
)
from auditor.documents.pool_membership import SCALE_SET
from auditor.estate import Estate
from auditor.model import ArmId, Resource, Unknown


def may_be_published(estate: Estate, host: Resource) -> bool:
    """Whether a platform may take something in from the Internet at an address that no list shows.

    Left out is only what its document says to be internal. What its subnet stops is stopped all the same.
    """
    asked = _ASKED.get(host.type)
    return asked is not None and asked(estate, host)


def _pool(estate: Estate, host: Resource) -> bool:
    """Nodes with addresses of their own, or a node group whose load balancers and scale sets nobody listed."""
    if AgentPool(host).gives_addresses.known is not False:
        return True
    cluster = estate.find(host.id.parent)
    named = Cluster(cluster).node_group.known if cluster is not None else ""
    if isinstance(named, Unknown) or not named:
        return True
    group = ArmId(f"/subscriptions/{host.id.subscription}/resourceGroups/{named}")
    return any(estate.coverage.gap(type_, group) is not None for type_ in (LOAD_BALANCER, SCALE_SET))


def _environment(estate: Estate, host: Resource) -> bool:
    return ContainerEnvironment(host).is_internal.known is not True


def _app_service(estate: Estate, host: Resource) -> bool:
    mode = HostingEnvironment(host).internal_mode.known
    return isinstance(mode, Unknown) or "web" not in mode


def _sql(estate: Estate, host: Resource) -> bool:
    return ManagedInstance(host).has_public_endpoint.known is not False


_ASKED: Mapping[str, Callable[[Estate, Resource], bool]] = {
    AGENT_POOL: _pool,
    str(ContainerEnvironment.kind): _environment,
    str(HostingEnvironment.kind): _app_service,
    str(ManagedInstance.kind): _sql,
}
