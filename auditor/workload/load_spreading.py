"""What stands in front of several regions, and whether it asks them for their health."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from auditor.estate import Estate
from auditor.model import Evidence, NotKnown, Resource, Unknown
from auditor.sets.proof import Step

GATEWAY = "microsoft.network/applicationgateways"
TRAFFIC_MANAGER = "microsoft.network/trafficmanagerprofiles"
FRONT_DOOR_CLASSIC = "microsoft.network/frontdoors"
FRONT_DOOR_GROUP = "microsoft.cdn/profiles/origingroups"
FRONT_DOOR_ORIGIN = "microsoft.cdn/profiles/origingroups/origins"
API_MANAGEMENT = "microsoft.apimanagement/service"
BACKEND = "microsoft.apimanagement/service/backends"

_BEHIND = (GATEWAY, TRAFFIC_MANAGER, FRONT_DOOR_CLASSIC, FRONT_DOOR_GROUP, BACKEND)


@dataclass(frozen=True)
class Spreader:
    """Something that spreads requests over hosts. `checks` is where it says how it finds out which of them is well."""

    resource: Resource
    hosts: frozenset[str]
    checks: Evidence

    @property
    def asks(self) -> bool:
        """Whether it checks the health of what it spreads to."""
        return bool(self.checks.value)


def host_of(address: object) -> str:
    """The host name of a URL or of a bare host, in lower case; empty where there is none."""
    text = str(address or "")
    try:
        return (urlsplit(text if "//" in text else f"//{text}").hostname or "").casefold()
    except ValueError:
        return ""  # no address, such as `[x`: it names no host


def spread_over(estate: Estate, regions: Mapping[str, frozenset[str]]) -> Step:
    """Whether something with health checks spreads requests over the hosts of at least two of these regions."""
    found = [s for s in _spreaders(estate) if sum(bool(s.hosts & hosts) for hosts in regions.values()) > 1]
    asking = [s for s in found if s.asks]
    where = ", ".join(sorted(regions))
    if asking:
        says = f"{asking[0].resource.name} spreads requests over {where} and checks their health"
        return Step("spread", True, says, (asking[0].checks,))
    if found:
        says = f"{found[0].resource.name} spreads requests over several regions and checks the health of none"
        return Step("spread", False, says, (found[0].checks,))
    gaps = [gap for gap in (estate.coverage.gap(kind) for kind in _BEHIND) if gap is not None]
    if gaps:
        return Step("spread", gaps[0], gaps[0].because)
    return Step("spread", False, f"nothing spreads requests over {where}")


def backends_to(estate: Estate, service: Resource, hosts: frozenset[str]) -> tuple[Spreader, ...]:
    """The backends of an API Management service that lead to one of these hosts; `checks` is the circuit breaker.

    Raises `NotKnown` where they were not read.
    """
    listed = estate.all(BACKEND, under=service.id)
    return tuple(b for b in map(_backend, listed) if b.hosts & hosts)


def hosts_of_account(account: Resource) -> frozenset[str]:
    """The host names that an Azure OpenAI account answers under; raises `NotKnown` where none shows."""
    ends = account.get("properties", "endpoints", default={})
    stated = [account.get("properties", "endpoint"), *(ends.values() if isinstance(ends, dict) else ())]
    found = frozenset(host_of(s) for s in stated) - {""}
    if not found:
        raise NotKnown(Unknown(f"the endpoint of {account.name} is not in its document", absent=True))
    return found


def _spreaders(estate: Estate) -> Iterator[Spreader]:
    for gateway in estate.seen(GATEWAY):
        # A gateway probes its backends whether or not it has probes of its own.
        yield Spreader(
            gateway,
            _hosts(gateway, "backendAddressPools", ("properties", "backendAddresses"), "fqdn"),
            gateway.at("properties", "backendAddressPools"),
        )
    for profile in estate.seen(TRAFFIC_MANAGER):
        ends = [host_of(e.get("properties", {}).get("target")) for _, e in profile.items("properties", "endpoints")]
        yield Spreader(profile, frozenset(ends), profile.at("properties", "monitorConfig"))
    for door in estate.seen(FRONT_DOOR_CLASSIC):
        yield Spreader(
            door,
            _hosts(door, "backendPools", ("properties", "backends"), "address"),
            door.at("properties", "healthProbeSettings"),
        )
    for group in estate.seen(FRONT_DOOR_GROUP):
        origins = estate.seen(FRONT_DOOR_ORIGIN, under=group.id)
        hosts = frozenset(host_of(o.get("properties", "hostName")) for o in origins)
        yield Spreader(group, hosts, group.at("properties", "healthProbeSettings"))
    yield from _pools(estate)


def _hosts(resource: Resource, pools: str, members: tuple[str, str], key: str) -> frozenset[str]:
    """The hosts of every pool that a document lists, each pool with a list of members of its own."""
    return frozenset(
        host_of(member.get(key))
        for index, _ in resource.items("properties", pools)
        for _, member in resource.items("properties", pools, index, *members)
    )


def _pools(estate: Estate) -> Iterator[Spreader]:
    """Backend pools of API Management: a circuit breaker on their members is how they leave out who is not well."""
    path = ("properties", "pool", "services")
    for pool in estate.seen(BACKEND):
        members = [pool.ref(*path, index) for index, _ in pool.items(*path)]
        found = [_backend(b) for b in (estate.find(m) for m in members) if b is not None]
        if found:
            hosts: frozenset[str] = frozenset().union(*(b.hosts for b in found))
            checks = next((b.checks for b in found if b.asks), found[0].checks)
            yield Spreader(pool, hosts, checks)


def _backend(backend: Resource) -> Spreader:
    host = host_of(backend.get("properties", "url"))
    return Spreader(backend, frozenset({host}), backend.at("properties", "circuitBreaker", "rules"))
