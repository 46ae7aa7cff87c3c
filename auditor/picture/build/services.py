"""The services of the workloads: what private endpoints and outbound rules lead to, and what else belongs to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditor.estate import Estate, Relation
from auditor.model import ArmId
from auditor.network.private_link.private_endpoints import ENDPOINT
from auditor.picture.build.networks import item_of
from auditor.picture.model import Item, ManagedPicture, NetworkPicture
from auditor.services.paas_firewall import FIREWALLS
from auditor.services.public_doors import idle, takes_telemetry
from auditor.workload.parts import (
    ML,
    OPENAI,
    REGISTRY,
    SEARCH,
    SITE,
    STORAGE,
    VAULT,
    Workload,
)

_ORDER = (SITE, ML, OPENAI, SEARCH, STORAGE, VAULT, REGISTRY)
_INSIDE = (f"{ML}/onlineendpoints", f"{ML}/computes")
"""Services that are drawn in the managed network of their workspace."""


def services_of(
    estate: Estate,
    found: Iterable[Workload],
    networks: Iterable[NetworkPicture],
    managed: Iterable[ManagedPicture],
    parts: Mapping[str, str],
) -> tuple[Item, ...]:
    """Every service that is led to or owned, in the order in which the architecture tells of them."""
    ids = dict.fromkeys((*_led_to(estate, networks), *_ruled(estate, managed), *_owned(estate, found)))
    items = [item_of(estate, id_, parts) for id_ in ids if id_.type not in _INSIDE]
    return tuple(sorted(items, key=_rank))


def _led_to(estate: Estate, networks: Iterable[NetworkPicture]) -> Iterator[ArmId]:
    for network in networks:
        for subnet in network.subnets:
            for item in subnet.items:
                endpoint = estate.find(ArmId(item.id)) if item.type == ENDPOINT else None
                if endpoint is not None:
                    yield from estate.targets(endpoint, Relation.LEADS_TO)


def _ruled(estate: Estate, managed: Iterable[ManagedPicture]) -> Iterator[ArmId]:
    for each in managed:
        for item in each.rules:
            rule = estate.find(ArmId(item.id)) if item.id else None
            if rule is not None:
                yield from estate.targets(rule, Relation.MAY_REACH)


def _owned(estate: Estate, found: Iterable[Workload]) -> Iterator[ArmId]:
    for w in found:
        for type_ in (kind for kind in FIREWALLS if not takes_telemetry(kind)):
            yield from (resource.id for resource in estate.seen(type_) if w.may_own(resource) and not idle(resource))


def _rank(item: Item) -> tuple[int, bool, str, str]:
    order = _ORDER.index(item.type) if item.type in _ORDER else len(_ORDER)
    # The chat UI before the other sites, and the workspace's own storage before any other.
    return order, not item.part, item.part, item.key
