"""What the security groups of subnets let through, rule by rule, and which of their rules do nothing there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from auditor.estate import Estate
from auditor.estate.naming import find_resource
from auditor.model import NotKnown, Resource, Unknown
from auditor.network.nsg.redundant_rules import UselessRule, useless_rules
from auditor.network.topology.service_tags import ServiceTags
from auditor.network.topology.virtual_networks import SUBNET
from auditor.query.conditions import conditions_of
from auditor.sets.packet_set import FlowSet
from auditor.workload.nsg_table import Part, compare, reach_of


@dataclass(frozen=True)
class Guarded:
    """One direction of a subnet. `group` is `None` where none guards it, so that everything passes.

    `lets` are the packets that each rule lets through, in the order of the rules; admin rules that decide before the
    group are taken off. `unknowns` say why there may be more.
    """

    subnet: Resource
    direction: str
    group: Resource | None = None
    lets: tuple[Part, ...] = ()
    useless: tuple[UselessRule, ...] = ()
    unknowns: tuple[Unknown, ...] = ()
    unless: tuple[Unknown, ...] = ()


def guarded(
    estate: Estate, subnet: str | None = None, tags: ServiceTags | None = None, *, likely: bool = False
) -> tuple[Guarded, ...]:
    """Both directions of one subnet, or of every subnet that the snapshot shows, in order of id.

    `likely` gives the likeliest answer with its conditions where there is no certain one.
    Raises `AuditorError` where no subnet has that name.
    """
    shown = estate.seen(SUBNET)
    if subnet is not None:
        shown = (find_resource(estate, subnet, lambda found: found.type == SUBNET),)
    found = tuple(found for each in shown for found in _both(estate, each, tags))
    return tuple(_likeliest(estate, each, tags) for each in found) if likely else found


def _likeliest(estate: Estate, certain: Guarded, tags: ServiceTags | None) -> Guarded:
    if not certain.unknowns:
        return certain
    ways = _both(estate.as_likely, certain.subnet, tags)
    found = next(each for each in ways if each.direction == certain.direction)
    conditions = conditions_of(certain.unknowns, found.unknowns)
    return replace(found, unless=conditions) if conditions else certain


def _both(estate: Estate, subnet: Resource, tags: ServiceTags | None) -> Iterator[Guarded]:
    for direction in ("inbound", "outbound"):
        try:
            # Of an empty table everything that gets through is in excess.
            found = compare(estate, subnet, direction, FlowSet.none(), tags=tags)
        except NotKnown as gap:
            yield Guarded(subnet, direction, unknowns=(gap.unknown,))
            continue
        rules = found.evaluation
        useless = useless_rules(rules, reach_of(subnet, direction)) if rules is not None else ()
        yield Guarded(subnet, direction, found.group, found.excess, useless, found.unknowns)
