"""Private DNS, proved end to end: does a network resolve a private endpoint's names to the endpoint's addresses?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from auditor.documents.private_dns import ZONE
from auditor.documents.private_endpoint import ZONE_GROUP, ZoneConfig, ZoneGroup
from auditor.estate import Estate
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.network.private_link.dns_zones import forwarded, link_to, linked_zone, name_servers, record_step
from auditor.network.private_link.needed_zones import NeededZone, expected_record, needed_zones
from auditor.network.private_link.private_endpoints import (
    Connection,
    EndpointAddress,
    addresses,
    approval,
    connections,
)
from auditor.sets.proof import Step, together

_LINK_SERVICE = "microsoft.network/privatelinkservices"

_GROUP_STEP = "zone group"


@dataclass(frozen=True)
class Resolution:
    """The chain from a network to a private endpoint's name, link by link; each broken one has its own sentence.

    Steps are named `approval`, `zone group`, `zone`, `record`, `link` and `name server`.
    """

    endpoint: ArmId
    network: ArmId
    steps: tuple[Step, ...]

    @property
    def holds(self) -> bool | Unknown:
        """Whether names lead to the endpoint and Azure keeps the records itself (zone group)."""
        return together(self.steps)

    @property
    def broken(self) -> tuple[Step, ...]:
        """Every link that is known not to hold."""
        return tuple(step for step in self.steps if step.holds is False)

    @property
    def zones(self) -> tuple[str, ...]:
        """The names of the zones that were needed."""
        return tuple(dict.fromkeys(step.subject for step in self.steps if step.subject))


def resolve(estate: Estate, endpoint: Resource, network: ArmId) -> Resolution:
    """Prove that machines in `network` (a virtual network) resolve `endpoint` privately, or say which link fails."""
    found = connections(endpoint)
    steps: list[Step] = []
    if not found:
        steps.append(Step("approval", False, f"{endpoint.name} has no connection to anything"))
    for connection in found:
        steps.append(approval(estate, connection))
        steps.extend(_of_connection(estate, connection, network))
    return Resolution(endpoint.id, network, tuple({(step.name, step.says): step for step in steps}.values()))


def _of_connection(estate: Estate, connection: Connection, network: ArmId) -> Iterator[Step]:
    if connection.target.type == _LINK_SERVICE:
        return  # a private link service of one's own has no name of Azure's to resolve
    known = _addresses(estate, connection.endpoint)
    names = () if isinstance(known, Unknown) else tuple(name for a in known for name in a.names)
    target = estate.find(connection.target)
    kind = target.kind if target else None
    region = target.location if target else ""
    for group in connection.groups or ("",):
        zones = needed_zones(estate.snapshot.cloud, connection.target.type, group, kind, names, region)
        if isinstance(zones, Unknown):
            yield Step("zone", zones, zones.because)
            continue
        for needed in zones:
            yield from _of_zone(estate, connection, needed, known, network)
    yield from name_servers(estate, network).steps


def _addresses(estate: Estate, endpoint: Resource) -> tuple[EndpointAddress, ...] | Unknown:
    """The addresses of an endpoint; of one that is yet to be made Azure gives them, and its zones are stated."""
    try:
        return addresses(estate, endpoint)
    except NotKnown as gap:
        return gap.unknown


def _of_zone(
    estate: Estate,
    connection: Connection,
    needed: NeededZone,
    known: tuple[EndpointAddress, ...] | Unknown,
    network: ArmId,
) -> Iterator[Step]:
    group, written = _zone_group(estate, connection.endpoint, needed)
    yield group
    answers = _answering_for(estate, needed, network)
    zone = linked_zone(estate, needed.zone, written.zone if written else None, answers, connection.endpoint)
    yield from zone.steps
    if isinstance(known, Unknown):
        says = f"whether {needed.zone} leads to {connection.endpoint.name} cannot be determined: {known.because}"
        yield Step("record", known, says, subject=needed.zone)
    elif zone.zone is not None:
        yield from _records(estate, zone.zone, needed, connection, _wanted(estate, connection, needed, known, written))


def _answering_for(estate: Estate, needed: NeededZone, network: ArmId) -> ArmId | Unknown:
    """The network whose linked zones answer a name of this zone.

    A ruleset for the public name, which a machine asks for first, comes before the zone of its alias; one for the alias
    counts where no such zone is linked (dns/private-resolver-endpoints-rulesets).
    """
    own = name_servers(estate, network).answered_for
    if isinstance(own, Unknown):
        return own
    try:
        sent = next((to for name in needed.public if (to := forwarded(estate, f"x.{name}", own)) is not None), None)
        if sent is not None:
            return sent
        zones = [zone for zone in estate.seen(ZONE) if zone.id.name.casefold() == needed.zone]
        if any(link_to(estate, zone, own) is not None for zone in zones):
            return own
        sent = forwarded(estate, f"x.{needed.zone}", own)
    except NotKnown as gap:
        return gap.unknown
    return own if sent is None else sent


@dataclass(frozen=True)
class _Written:
    """What a zone group's configuration says: the zone it writes to, and the record sets that it wrote there."""

    zone: ArmId
    records: tuple[tuple[str, tuple[str, ...]], ...]


def _zone_group(estate: Estate, endpoint: Resource, needed: NeededZone) -> tuple[Step, _Written | None]:
    try:
        groups = estate.all(ZONE_GROUP, under=endpoint.id)
    except NotKnown as gap:
        says = f"the DNS zone groups of {endpoint.name} are not known: {gap.unknown.because}"
        return Step(_GROUP_STEP, gap.unknown, says, subject=needed.zone), None
    others: list[str] = []
    for group in groups:
        for row in ZoneGroup(group).zones.value:
            zone = row.zone.value
            if zone is None:
                continue
            if zone.name.casefold() == needed.zone:
                step = Step(
                    _GROUP_STEP,
                    True,
                    f"{endpoint.name} keeps its records in {zone.name}",
                    (row.zone.evidence,),
                    needed.zone,
                )
                with suppress(NotKnown):  # records that Azure is yet to write
                    return step, _Written(zone, tuple(_record_sets(row)))
                return step, _Written(zone, ())
            others.append(zone.name)
    wrong = f"; it writes to {', '.join(sorted(others))}" if others else ""
    says = f"{endpoint.name} has no DNS zone group for {needed.zone}{wrong}"
    return Step(_GROUP_STEP, False, says, ((groups or (endpoint,))[0].at("id"),), needed.zone), None


def _record_sets(config: ZoneConfig) -> Iterator[tuple[str, tuple[str, ...]]]:
    for row in config.record_sets.value:
        if row.kind_of_record.value in ("a", "") and row.record.value:
            yield row.record.value.casefold(), row.addresses.value


def _records(
    estate: Estate, zone: Resource, needed: NeededZone, connection: Connection, wanted: list[tuple[str, str]]
) -> Iterator[Step]:
    if not wanted:
        because = f"which names {connection.endpoint.name} serves in {needed.zone} is not in this snapshot"
        yield Step("record", Unknown(because), because, subject=needed.zone)
    for name, address in wanted:
        yield record_step(estate, zone, name, address)


def _wanted(
    estate: Estate,
    connection: Connection,
    needed: NeededZone,
    known: tuple[EndpointAddress, ...],
    written: _Written | None,
) -> list[tuple[str, str]]:
    """Record set and address, from the best source there is: the interface, the zone group, the target's own name."""
    pairs = [(name, str(a.address)) for a in known for fqdn in a.names if (name := needed.record_of(fqdn)) is not None]
    if pairs:
        return pairs
    own = {str(a.address) for a in known}
    if written and written.records:
        return [(name, ip) for name, ips in written.records for ip in (ips or sorted(own)) if ip in own or not ips]
    target = estate.find(connection.target)
    name = expected_record(needed, target) if target else None
    return [(name, str(known[0].address))] if name and len(known) == 1 else []
