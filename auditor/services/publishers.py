"""What publishes something else to the Internet from Microsoft's side of it: Front Door, CDN, API Management.

An origin that is reached over a private link of Front Door's is published however its own public endpoint is shut
(learn.microsoft.com/azure/frontdoor/private-link, 2026-11-30). Traffic Manager answers names only and opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from auditor.documents.api_management import API, BACKEND, SERVICE, Api, Backend, host_of_url
from auditor.documents.front_door import (
    CDN_ENDPOINT,
    CLASSIC,
    EDGE,
    ORIGIN,
    ORIGIN_GROUP,
    PROFILE,
    ROUTE,
    CdnEndpoint,
    CdnOrigin,
    ClassicBackend,
    ClassicFrontDoor,
    Edge,
    Origin,
    Profile,
    Route,
)
from auditor.estate import Estate
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.services.firewall_verdict import FirewallVerdict, everybody, nobody, undecided

FRONT_DOORS = (PROFILE, CLASSIC)
"""Kinds that are reached from everywhere as soon as they publish something."""

PUBLISHERS = (*FRONT_DOORS, SERVICE)


@dataclass(frozen=True)
class Publication:
    """One thing that a publisher passes requests on to.

    `host` is the name or address it sends to; `target` the resource it names by id, if any. `private` says whether the
    way is a private link of the publisher's own, and `approved` whether that link carries traffic. `doubt` is why it is
    not known whether anything is passed on there at all.
    """

    host: str
    target: ArmId | None
    private: bool
    approved: bool | Unknown
    evidence: tuple[Evidence, ...]
    doubt: Unknown | None = None


def publications(estate: Estate, publisher: Resource) -> tuple[Publication, ...]:
    """What a publisher passes on to. Raises `NotKnown` where a part of it was not read."""
    match publisher.type:
        case "microsoft.cdn/profiles":
            found = _of_profile(estate, publisher)
        case "microsoft.network/frontdoors":
            found = _of_classic(publisher)
        case _:
            found = _of_api_management(estate, publisher)
    once: list[Publication] = []
    for one in found:
        if one not in once:
            once.append(one)
    return tuple(once)


def front_door_open_to(estate: Estate, publisher: Resource) -> FirewallVerdict:
    """Who may use a Front Door or CDN profile: everybody, where it publishes anything."""
    try:
        found = publications(estate, publisher)
    except NotKnown as gap:
        return undecided(publisher.id, gap.unknown)
    if not found:
        says = f"{publisher.name} publishes nothing: no enabled route leads to an enabled origin"
        return nobody(publisher.id, says, publisher.at("id"))
    what = ", ".join(dict.fromkeys(one.host or (one.target.name if one.target else "") for one in found))
    return everybody(publisher.id, f"{publisher.name} publishes {what} to everybody", *found[0].evidence)


def _of_profile(estate: Estate, profile: Resource) -> Iterator[Publication]:
    tier = Profile(profile).tier.known
    if isinstance(tier, Unknown) or tier.endswith("azurefrontdoor"):
        yield from _of_front_door(estate, profile)
    if isinstance(tier, Unknown) or not tier.endswith("azurefrontdoor"):
        for endpoint in estate.all(CDN_ENDPOINT, under=profile.id):
            for cdn_origin in CdnEndpoint(endpoint).origins.value:
                yield _publication(cdn_origin)


def _of_front_door(estate: Estate, profile: Resource) -> Iterator[Publication]:
    """The origins of the groups that routes lead to. A rule of a route may send requests to another group instead
    (frontdoor/front-door-rules-engine-actions, route configuration override), and rules are not read.
    """
    led: set[ArmId] = set()
    overridden: Route | None = None
    for edge in estate.all(EDGE, under=profile.id):
        if Edge(edge).state.value == "disabled":
            continue
        for found in estate.all(ROUTE, under=edge.id):
            route = Route(found)
            group = route.origin_group.value
            if route.state.value == "disabled":
                continue
            overridden = route if route.rule_sets.value else overridden
            if group is not None and group not in led:
                led.add(group)
                yield from map(_publication, _enabled(estate, group))
    for other in estate.seen(ORIGIN_GROUP, under=profile.id) if overridden is not None else ():
        if other.id not in led and overridden is not None:
            because = f"whether a rule of route {overridden.name} leads to {other.name} is not in this snapshot"
            for origin in _enabled(estate, other.id):
                yield replace(_publication(origin), doubt=Unknown(because, absent=True))


def _enabled(estate: Estate, group: ArmId) -> Iterator[Origin]:
    return (origin for origin in map(Origin, estate.all(ORIGIN, under=group)) if origin.state.value != "disabled")


def _of_classic(resource: Resource) -> Iterator[Publication]:
    front_door = ClassicFrontDoor(resource)
    if front_door.state.value == "disabled":
        return
    for pool in front_door.pools.value:
        for backend in pool.backends.value:
            if backend.state.value != "disabled":
                yield _publication(backend)


def _publication(origin: Origin | CdnOrigin | ClassicBackend) -> Publication:
    private = origin.private_target.value
    return Publication(
        origin.host.value.rstrip(".").casefold(),
        private,
        private is not None,
        True if private is None else _approved(origin),
        (origin.host.evidence,) if private is None else (origin.private_target.evidence, origin.private_state.evidence),
    )


def _approved(origin: Origin | CdnOrigin | ClassicBackend) -> bool | Unknown:
    state = origin.private_state.known
    if isinstance(state, Unknown):
        return state
    if not state:
        return Unknown(f"whether the private link of {origin.name} is approved is not in its document", absent=True)
    return state == "approved"


def _of_api_management(estate: Estate, service: Resource) -> Iterator[Publication]:
    for found in estate.all(BACKEND, under=service.id):
        backend = Backend(found)
        yield Publication(host_of_url(backend.url.value), None, False, True, (backend.url.evidence,))
    for found in estate.all(API, under=service.id):
        api = Api(found)
        if api.service_url.value:
            yield Publication(host_of_url(api.service_url.value), None, False, True, (api.service_url.evidence,))
