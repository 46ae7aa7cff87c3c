"""Application gateways: listeners, and the backends that their rules lead to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.model import ArmId, Evidence, Resource

Item = tuple[int, Mapping[str, Any]]


@dataclass(frozen=True)
class Listener:
    """A listener: the public address or subnet of its frontend, its port, and backends as host and port."""

    name: str
    at: tuple[ArmId, ...]
    port: int
    backends: tuple[tuple[str, int | None], ...]
    evidence: Evidence


def listened(gateway: Resource) -> Iterator[Listener]:
    """Every listener of a gateway whose frontend and port are stated."""
    for index, listener in gateway.items("properties", "httpListeners"):
        path = ("properties", "httpListeners", index)
        at = _frontend(gateway, gateway.ref(*path, "properties", "frontendIPConfiguration"))
        port = _port(gateway, gateway.ref(*path, "properties", "frontendPort"))
        if port is None:
            continue
        own = gateway.ref(*path) or gateway.id.child("httpListeners", str(listener.get("name")))
        backends = tuple(dict.fromkeys(_backends(gateway, own)))
        yield Listener(str(listener.get("name")), at, port, backends, gateway.at(*path, "name"))


def _part(gateway: Resource, kind: str, id_: ArmId | None) -> int | None:
    """The index of the part of this kind that a reference means."""
    if id_ is None:
        return None
    for index, item in gateway.items("properties", kind):
        if gateway.ref("properties", kind, index) == id_ or str(item.get("name")).casefold() == id_.name.casefold():
            return index
    return None


def _frontend(gateway: Resource, id_: ArmId | None) -> tuple[ArmId, ...]:
    index = _part(gateway, "frontendIPConfigurations", id_)
    if index is None:
        return ()
    path = ("properties", "frontendIPConfigurations", index, "properties")
    refs = (gateway.ref(*path, "publicIPAddress"), gateway.ref(*path, "subnet"))
    return tuple(ref for ref in refs if ref is not None)


def _port(gateway: Resource, id_: ArmId | None) -> int | None:
    index = _part(gateway, "frontendPorts", id_)
    found = None if index is None else gateway.get("properties", "frontendPorts", index, "properties", "port")
    return found if isinstance(found, int) else None


def _backends(gateway: Resource, listener: ArmId) -> Iterator[tuple[str, int | None]]:
    for index, _ in gateway.items("properties", "requestRoutingRules"):
        path: tuple[str | int, ...] = ("properties", "requestRoutingRules", index, "properties")
        if gateway.ref(*path, "httpListener") == listener:
            yield from _pair(gateway, path, "backendAddressPool", "backendHttpSettings")
            at = _part(gateway, "urlPathMaps", gateway.ref(*path, "urlPathMap"))
            if at is not None:
                yield from _by_path(gateway, ("properties", "urlPathMaps", at, "properties"))


def _by_path(gateway: Resource, path: tuple[str | int, ...]) -> Iterator[tuple[str, int | None]]:
    yield from _pair(gateway, path, "defaultBackendAddressPool", "defaultBackendHttpSettings")
    for index, _ in gateway.items(*path, "pathRules"):
        rule = (*path, "pathRules", index, "properties")
        yield from _pair(gateway, rule, "backendAddressPool", "backendHttpSettings")


def _pair(gateway: Resource, path: tuple[str | int, ...], pool: str, settings: str) -> Iterator[tuple[str, int | None]]:
    members = _part(gateway, "backendAddressPools", gateway.ref(*path, pool))
    how = _part(gateway, "backendHttpSettingsCollection", gateway.ref(*path, settings))
    if members is None or how is None:
        return
    port = gateway.get("properties", "backendHttpSettingsCollection", how, "properties", "port")
    for _, member in gateway.items("properties", "backendAddressPools", members, "properties", "backendAddresses"):
        host = str(member.get("fqdn") or member.get("ipAddress") or "")
        if host:
            yield host.rstrip(".").casefold(), port if isinstance(port, int) else None
