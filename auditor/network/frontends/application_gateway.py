"""Application gateways: listeners of layers 7 and 4, and the backends that their rules lead to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.documents.application_gateway import (
    ApplicationGateway,
    BackendSetting,
    Listener,
    PathMap,
    PathRule,
    RoutingRule,
    named,
    own_id,
)
from auditor.estate import Estate
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.network.frontends.pools import interface_of, pooled


@dataclass(frozen=True)
class Backend:
    """A member of a backend pool, by host name or address, or an interface; and the port that it is asked at."""

    host: str
    port: int | None
    interface: ArmId | None = None


@dataclass(frozen=True)
class Listened:
    """A listener: the public address or subnet of its front end, its port, and its backends."""

    name: str
    at: tuple[ArmId, ...]
    port: int
    backends: tuple[Backend, ...]
    evidence: Evidence


def listened(estate: Estate, gateway: Resource) -> Iterator[Listened]:
    """Every listener of a gateway, as far as it can be read."""
    yield from _read(estate, gateway)[0]


def unreadable(estate: Estate, gateway: Resource) -> tuple[Unknown, ...]:
    """Why a gateway may lead to more than `listened` says."""
    return _read(estate, gateway)[1]


def _read(estate: Estate, gateway: Resource) -> tuple[list[Listened], tuple[Unknown, ...]]:
    view = ApplicationGateway(gateway)
    found: list[Listened] = []
    gaps: list[Unknown] = [*pooled(estate).gaps]
    for listeners in (view.listeners, view.stream_listeners):
        if isinstance(listeners.known, Unknown):
            gaps.append(listeners.known)
            continue
        for listener in listeners.known:
            try:
                found += _listening(estate, view, listener)
            except NotKnown as gap:
                gaps.append(gap.unknown)
    return found, tuple(gaps)


def _listening(estate: Estate, view: ApplicationGateway, listener: Listener) -> Iterator[Listened]:
    front_port = named(view.front_ports.value, listener.front_port.value)
    if front_port is None:
        raise NotKnown(Unknown(f"the port of listener {listener.name} of {view.name} is not in its document"))
    front = named(view.front_ends.value, listener.front_end.value)
    at = (front.public_address.value, front.subnet.value) if front is not None else ()
    rules = _stream_rules(view, listener) if listener.is_layer_4 else _rules(view, listener)
    backends = tuple(dict.fromkeys(backend for pool, setting in rules for backend in _of(estate, view, pool, setting)))
    stands = tuple(id_ for id_ in at if id_ is not None)
    if not stands:
        raise NotKnown(Unknown(f"where listener {listener.name} of {view.name} can be asked is not in its document"))
    yield Listened(listener.name, stands, front_port.port.value, backends, listener.shown("name"))


_Way = tuple[ArmId | None, BackendSetting | None]
"""A pool and how its members are asked."""


def _stream_rules(view: ApplicationGateway, listener: Listener) -> Iterator[_Way]:
    for rule in (each for each in view.stream_rules.value if each.listener.value == own_id(listener)):
        yield rule.pool.value, named(view.stream_settings.value, rule.setting.value)


def _rules(view: ApplicationGateway, listener: Listener) -> Iterator[_Way]:
    for rule in (each for each in view.rules.value if each.listener.value == own_id(listener)):
        if rule.pool.value is None and rule.path_map.value is None and rule.redirect.value is None:
            raise NotKnown(Unknown(f"where rule {rule.name} of {view.name} leads is not in its document", absent=True))
        yield _way(view, rule)
        paths = named(view.path_maps.value, rule.path_map.value)
        if paths is not None:
            yield _way(view, paths)
            yield from (_way(view, each) for each in paths.rules.value)


def _way(view: ApplicationGateway, rule: RoutingRule | PathMap | PathRule) -> _Way:
    return rule.pool.value, named(view.settings.value, rule.setting.value)


def _of(
    estate: Estate, view: ApplicationGateway, pool: ArmId | None, setting: BackendSetting | None
) -> Iterator[Backend]:
    if pool is None:
        return
    found = named(view.pools.value, pool)
    if found is None or setting is None:
        what = "the pool" if found is None else "the backend setting"
        raise NotKnown(Unknown(f"{what} of a rule with pool {pool.name} is not in the document of {view.name}"))
    port = None if isinstance(setting.port.known, Unknown) else setting.port.known
    for address in found.addresses.value:
        host = address.host_name.value or address.address.value
        if host:
            yield Backend(host.rstrip(".").casefold(), port)
    stated = frozenset(map(interface_of, found.configurations.value))
    for interface in sorted(stated | pooled(estate).of(own_id(found))):
        yield Backend("", port, interface)
