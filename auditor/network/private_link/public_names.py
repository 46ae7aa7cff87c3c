"""Whether a network's machines find a service's public endpoint by its name, where it has private endpoints too.

A private endpoint turns the service's public name into an alias of its `privatelink` zone. Whoever has a zone of that
name gets the answer of the zone: a private address, or NXDOMAIN where it has no such record, unless the link falls back
to the Internet (learn.microsoft.com/azure/private-link/private-endpoint-dns and /azure/dns/private-dns-fallback).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.documents.private_dns import A_RECORDS, ZONE, RecordSet
from auditor.documents.private_endpoint import TargetSide
from auditor.estate import Estate, Relation
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.network.private_link.dns_zones import answering, answers_of, forwarded, link_to, name_servers
from auditor.network.private_link.needed_zones import NeededZone, expected_record, needed_zones
from auditor.network.private_link.private_endpoints import ENDPOINT, connections
from auditor.sets.proof import Step

_FALLS_BACK = "nxdomainredirect"


def public_name(
    estate: Estate, service: Resource, target: Resource, hosts: Iterable[str], network: ArmId
) -> Step | None:
    """Why the names of a service do not, or may not, lead a network to its public endpoint; `None` where one does.

    `target` is what private endpoints of the service lead to: the service itself, or the workspace it belongs to.
    """
    groups = tuple(dict.fromkeys(_groups(estate, target)))
    if not groups:
        return None  # without a private endpoint the name is an ordinary public one
    servers = name_servers(estate, network)
    if any(step.holds is False for step in servers.steps):
        return next(step for step in servers.steps if step.holds is False)
    if isinstance(servers.answered_for, Unknown):
        says = f"to which address {network.name} resolves {service.name} is not known: {servers.answered_for.because}"
        return Step("private DNS", servers.answered_for, says, servers.steps[-1].evidence if servers.steps else ())
    zones = [z for group in groups for z in _zones(estate, target, group)]
    names = [*hosts]
    found: list[Step] = []
    for name, needed, record in _aliased(names, zones, target):
        step = _answer(estate, servers.answered_for, name, needed, record)
        if step is None:
            return None
        found.append(step)
    if any(all(zone.record_of(name) is None for zone in zones) for name in names):
        return None  # one of its names is no alias
    return next((step for step in found if isinstance(step.holds, Unknown)), found[0] if found else None)


def _groups(estate: Estate, target: Resource) -> Iterator[str]:
    """The group ids for which the target has private endpoints, as either side shows them."""
    for endpoint in estate.into(target, Relation.LEADS_TO, ENDPOINT):
        for connection in connections(endpoint):
            if connection.target == target.id:
                yield from connection.groups
    for side in estate.seen(f"{target.type}/privateendpointconnections", under=target.id):
        stated = TargetSide(side).groups.known
        yield from () if isinstance(stated, Unknown) else (group.casefold() for group in stated)


def _zones(estate: Estate, target: Resource, group: str) -> tuple[NeededZone, ...]:
    found = needed_zones(estate.snapshot.cloud, target.type, group, target.kind, (), target.location)
    return () if isinstance(found, Unknown) else found


def _aliased(names: list[str], zones: list[NeededZone], target: Resource) -> Iterator[tuple[str, NeededZone, str]]:
    """Each name that is an alias, with its zone and the record that it asks for."""
    told = [(name, zone, record) for zone in zones for name in names if (record := zone.record_of(name)) is not None]
    if told or names:
        yield from told
        return
    for zone in zones:
        record = expected_record(zone, target)
        if record is not None and zone.public:
            yield f"{record}.{zone.public[0]}", zone, record


def _answer(estate: Estate, network: ArmId, name: str, needed: NeededZone, record: str) -> Step | None:
    """What the network is told for an alias, where that is not its public address."""
    subject = needed.zone
    try:
        sent = forwarded(estate, name, network)
        if sent is not None and sent != network:
            return _sent(estate, sent, name, needed, record)
        for zone in estate.seen(ZONE):
            if zone.id.name.casefold() != needed.zone:
                continue
            link = link_to(estate, zone, network)
            if link is None:
                continue
            records = answering(record, estate.all(A_RECORDS, under=zone.id))
            if records is not None:
                addresses = ", ".join(answers_of(records))
                says = f"{network.name} resolves {name} to {addresses} ({zone.name}), not to its public address"
                return Step("private DNS", False, says, (RecordSet(records).addresses.evidence,), subject)
            policy = link.resolution_policy
            if policy.value == _FALLS_BACK:
                return None
            says = f"{network.name} is linked to {zone.name}, which has no record of {name}: the answer is NXDOMAIN"
            return Step("private DNS", False, says, (policy.evidence,), subject)
        sent = forwarded(estate, f"{record}.{needed.zone}", network)
    except NotKnown as gap:
        says = f"to which address {network.name} resolves {name} is not known: {gap.unknown.because}"
        return Step("private DNS", gap.unknown, says, subject=subject)
    return None if sent is None or sent == network else _sent(estate, sent, name, needed, record)


def _sent(estate: Estate, sent: ArmId | Unknown, name: str, needed: NeededZone, record: str) -> Step | None:
    """What a ruleset's servers answer: known where they ask Azure DNS in a network."""
    if isinstance(sent, Unknown):
        return Step("private DNS", sent, sent.because, subject=needed.zone)
    return _answer(estate, sent, name, needed, record)
