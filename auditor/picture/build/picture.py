"""What a picture of the estate shows: worked out of the estate and the finished result, without drawing a line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from auditor.audit.audit import estate_of
from auditor.estate import Estate
from auditor.model import ArmId, AuditResult, NotKnown
from auditor.picture.build.links import links_of
from auditor.picture.build.managed_network import managed_of
from auditor.picture.build.networks import (
    addresses_of,
    identities_of,
    item_of,
    networks_of,
)
from auditor.picture.build.services import services_of
from auditor.picture.build.tally import Homes, tallies
from auditor.picture.model import (
    INTERNET,
    WORKLOAD,
    IdentityPicture,
    Item,
    ManagedPicture,
    NetworkPicture,
    Picture,
    SubnetPicture,
    Tally,
)
from auditor.snapshot import Snapshot
from auditor.workload.architecture import Architecture
from auditor.workload.parts import Pins, Workload, workloads
from auditor.workload.pins import Pin, pins_of

_LISTS = (
    "microsoft.network/virtualnetworks",
    "microsoft.network/privateendpoints",
    "microsoft.network/publicipaddresses",
    "microsoft.network/applicationgateways",
    "microsoft.network/bastionhosts",
    "microsoft.network/networkinterfaces",
    "microsoft.compute/virtualmachines",
    "microsoft.web/sites",
    "microsoft.machinelearningservices/workspaces",
    "microsoft.managedidentity/userassignedidentities",
)
"""Types whose absence from the picture must not be taken for their absence from the estate."""


def picture(
    snapshot: Snapshot,
    result: AuditResult,
    pins: Iterable[Pin] = (),
    service_tags: Mapping[str, Any] | None = None,
    estate: Estate | None = None,
    *,
    architectures: Sequence[Architecture] = (),
) -> Picture:
    """The picture of what `audit` was asked about: give it the same snapshot, pins, tags and estate, and its result."""
    estate = estate_of(snapshot, service_tags) if estate is None else estate
    try:
        described = architectures[0] if len(architectures) == 1 else None
        return picture_of(estate, result, pins_of(estate, pins, described), architectures)
    except NotKnown as gap:
        # A picture with a hole in it would show less than there is, and nobody would see the hole.
        why = f"there is no picture, since what it shows cannot be determined: {gap.unknown.because}"
        title = ", ".join(w.name for w in result.workloads if w.name) or "no workload"
        return Picture(title=title, internet=Item(INTERNET, "Internet", INTERNET), gaps=(why,))


def picture_of(
    estate: Estate, result: AuditResult, pins: Pins | None = None, architectures: Sequence[Architecture] = ()
) -> Picture:
    """The picture of the workloads of an estate, with the findings of `result` counted where they belong.

    Pure, and in one order for one estate. What could not be read is stated in `gaps`.
    """
    judged = {ArmId(w.anchor) for w in result.workloads if w.anchor}
    several = [w for each in architectures or (None,) for w in workloads(estate, pins, each)]
    found = tuple(w for w in several if not judged or (w.anchor is not None and w.anchor.id in judged))
    drawn = _drawn(estate, found, _parts(result))
    homes = Homes(estate, {item.key for item in drawn.items()})
    counted = tallies(result, homes)
    others = _others(estate, result, homes, found)
    linked = replace(drawn, others=others, links=links_of(estate, found, result, drawn))
    return _with_tallies(linked, counted)


def _drawn(estate: Estate, found: tuple[Workload, ...], parts: Mapping[str, str]) -> Picture:
    networks = networks_of(estate, found, parts)
    managed = managed_of(estate, found)
    taken = {item.key for network in networks for subnet in network.subnets for item in subnet.items}
    services = services_of(estate, found, networks, managed, parts)
    keys = taken | {service.key for service in services} | {item.key for m in managed for item in m.items}
    return Picture(
        title=", ".join(w.name for w in found if w.name) or "no workload",
        internet=Item(INTERNET, "Internet", INTERNET),
        addresses=addresses_of(estate, found, keys),
        networks=networks,
        services=services,
        managed=managed,
        identities=identities_of(estate, found, keys),
        gaps=_gaps(estate, found),
    )


def _parts(result: AuditResult) -> Mapping[str, str]:
    """By lower-case id: the part that something plays, in the words of the result."""
    return {ArmId(id_).key: part for w in reversed(result.workloads) for part, ids in w.parts.items() for id_ in ids}


def _gaps(estate: Estate, found: Iterable[Workload]) -> tuple[str, ...]:
    """Why something may be missing from the picture."""
    gaps = [gap for gap in map(estate.coverage.gap, _LISTS) if gap is not None]
    for w in found:
        for part in ("networks", "outbound_rules", "online_endpoints"):
            try:
                getattr(w, part)
            except NotKnown as missing:
                gaps.append(missing.unknown)
    said = [gap.because + (f" (needs {gap.permission})" if gap.permission else "") for gap in gaps]
    return tuple(dict.fromkeys(said))


def _others(estate: Estate, result: AuditResult, homes: Homes, found: tuple[Workload, ...]) -> tuple[Item, ...]:
    """What has a problem and no place in the picture yet: each gets one, so that no finding is lost from it."""
    made: dict[str, Item] = {}
    for finding in result.findings:
        if finding.outcome not in homes.problems:
            continue
        key = homes.of_finding(finding)
        if key in homes.drawn or key in made:
            continue
        id_ = finding.verdict.resource
        top = homes.top(id_) if id_ is not None else None
        if top is None:
            made[key] = Item(key, finding.workload or "the workload", WORKLOAD, "what it lacks")
        else:
            made[key] = item_of(estate, top, {})
    return tuple(sorted(made.values(), key=lambda item: (item.type != WORKLOAD, item.type, item.key)))


# --- findings into places ---------------------------------------------------------------------------------------------


def _with_tallies(drawn: Picture, counted: Mapping[str, Tally]) -> Picture:
    def told(item: Item) -> Item:
        return replace(item, tally=counted[item.key]) if item.key in counted else item

    def subnet(each: SubnetPicture) -> SubnetPicture:
        return replace(each, item=told(each.item), items=tuple(map(told, each.items)))

    def network(each: NetworkPicture) -> NetworkPicture:
        return replace(each, item=told(each.item), subnets=tuple(map(subnet, each.subnets)))

    def managed(each: ManagedPicture) -> ManagedPicture:
        return replace(
            each, item=told(each.item), items=tuple(map(told, each.items)), rules=tuple(map(told, each.rules))
        )

    def identity(each: IdentityPicture) -> IdentityPicture:
        return replace(each, item=told(each.item))

    return replace(
        drawn,
        addresses=tuple(map(told, drawn.addresses)),
        networks=tuple(map(network, drawn.networks)),
        services=tuple(map(told, drawn.services)),
        managed=tuple(map(managed, drawn.managed)),
        identities=tuple(map(identity, drawn.identities)),
        others=tuple(map(told, drawn.others)),
    )
