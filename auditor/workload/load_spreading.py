"""What stands in front of several regions, and whether it asks them for their health."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from auditor.documents.api_management import BACKEND, Backend
from auditor.documents.application_gateway import APPLICATION_GATEWAY, ApplicationGateway
from auditor.documents.front_door import CLASSIC, ORIGIN, ORIGIN_GROUP, ClassicFrontDoor, Origin
from auditor.documents.traffic_manager import TRAFFIC_MANAGER, TrafficManager
from auditor.estate import Estate
from auditor.model import Evidence, NotKnown, Resource, Unknown
from auditor.sets.proof import Step


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
    unread: list[Unknown] = []
    found = [s for s in _spreaders(estate, unread) if sum(bool(s.hosts & hosts) for hosts in regions.values()) > 1]
    asking = [s for s in found if s.asks]
    where = ", ".join(sorted(regions))
    if asking:
        says = f"{asking[0].resource.name} spreads requests over {where} and checks their health"
        return Step("spread", True, says, (asking[0].checks,))
    gaps = [*unread, *(gap for gap in map(estate.coverage.gap, _MAKE) if gap is not None)]
    if gaps:
        return Step("spread", gaps[0], gaps[0].because)
    if found:
        says = f"{found[0].resource.name} spreads requests over several regions and checks the health of none"
        return Step("spread", False, says, (found[0].checks,))
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


def _spreaders(estate: Estate, gaps: list[Unknown]) -> Iterator[Spreader]:
    """What spreads requests, as far as its document can be read; what cannot be read goes into `gaps`."""
    for type_, make in _MAKE.items():
        for resource in estate.seen(type_):
            try:
                yield from make(estate, resource)
            except NotKnown as gap:
                gaps.append(gap.unknown)


def _gateway(estate: Estate, resource: Resource) -> Iterator[Spreader]:
    """A gateway probes its backends whether or not it has probes of its own."""
    pools = ApplicationGateway(resource).pools
    hosts = (address.host_name.value for pool in pools.value for address in pool.addresses.value)
    yield Spreader(resource, frozenset(map(host_of, hosts)), pools.evidence)


def _traffic_manager(estate: Estate, resource: Resource) -> Iterator[Spreader]:
    ends = (end for end in TrafficManager(resource).endpoints.value if end.state.value != _OFF)
    hosts = frozenset(host_of(end.host.value) for end in ends)
    yield Spreader(resource, hosts, resource.at("properties", "monitorConfig"))


def _classic_front_door(estate: Estate, resource: Resource) -> Iterator[Spreader]:
    backends = (backend for pool in ClassicFrontDoor(resource).pools.value for backend in pool.backends.value)
    hosts = frozenset(host_of(backend.host.value) for backend in backends if backend.state.value != _OFF)
    yield Spreader(resource, hosts, resource.at("properties", "healthProbeSettings"))


def _origin_group(estate: Estate, resource: Resource) -> Iterator[Spreader]:
    origins = (Origin(origin) for origin in estate.seen(ORIGIN, under=resource.id))
    hosts = frozenset(host_of(origin.host.value) for origin in origins if origin.state.value != _OFF)
    yield Spreader(resource, hosts, resource.at("properties", "healthProbeSettings"))


def _pool(estate: Estate, resource: Resource) -> Iterator[Spreader]:
    """A pool of API Management: a circuit breaker on its members is how it leaves out the one that fails."""
    members = (member.backend.value for member in Backend(resource).pool_members.value)
    found = [_backend(b) for b in map(estate.find, members) if b is not None]
    if found:
        hosts: frozenset[str] = frozenset().union(*(b.hosts for b in found))
        checks = next((b.checks for b in found if b.asks), found[0].checks)
        yield Spreader(resource, hosts, checks)


def _backend(resource: Resource) -> Spreader:
    hosts = frozenset({host_of(Backend(resource).url.value)})
    return Spreader(resource, hosts, resource.at("properties", "circuitBreaker", "rules"))


_OFF = "disabled"

_MAKE: Mapping[str, Callable[[Estate, Resource], Iterator[Spreader]]] = {
    APPLICATION_GATEWAY: _gateway,
    TRAFFIC_MANAGER: _traffic_manager,
    CLASSIC: _classic_front_door,
    ORIGIN_GROUP: _origin_group,
    BACKEND: _pool,
}
"""By lower-case type: how it spreads requests."""
