"""Which private DNS zones a private endpoint needs: data by cloud, target type and group id."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from auditor.facts import load
from auditor.model import Resource, Unknown


@dataclass(frozen=True)
class NeededZone:
    """A zone and the public suffixes whose names it answers. `record` is a pattern, empty where none can be told."""

    zone: str
    public: tuple[str, ...]
    record: str

    def record_of(self, fqdn: str) -> str | None:
        """The record set's name for a public name, relative to the zone; `None` where it is not this zone's."""
        for suffix in sorted(self.public, key=len, reverse=True):
            if fqdn.endswith("." + suffix):
                return fqdn[: -len(suffix) - 1]
        return None


def needed_zones(  # noqa: PLR0917 - the first four say which row of the table is meant
    cloud: str, target_type: str, group: str, kind: str | None, names: tuple[str, ...] = (), region: str = ""
) -> tuple[NeededZone, ...] | Unknown:
    """The zones that names of this target need for this group id, in the page's order.

    `region` is the target's, `westeurope`: some zones are named after it.

    `kind` is the target's; with `None` (the target was not read) those of every kind that one of `names` belongs to.
    `Unknown` where the cloud, the type or the group id is not in the table: then nobody here can tell.
    """
    found = _of_group(cloud, target_type, group.casefold(), kind, names)
    if isinstance(found, Unknown):
        return found
    placed = tuple(_placed(zone, region) for zone in found)
    odd = next((zone.zone for zone in placed if "{" in zone.zone), None)
    if odd is not None:
        return Unknown(f"the private DNS zone {odd} of {target_type} is named after what is not in this snapshot")
    return placed


@cache
def _domains_of_azure() -> frozenset[str]:
    """The last two labels of the names of Azure's services, such as `azure.net`."""
    zones = (zone for rows in load("private-dns-zones")["clouds"].values() for row in rows for zone in row["zones"])
    return frozenset(".".join(zone["zone"].split(".")[-2:]) for zone in zones)


def is_of_azure(name: str) -> bool:
    """Whether a name is in a domain that is reserved for Azure's services."""
    return ".".join(name.rstrip(".").split(".")[-2:]) in _domains_of_azure()


def _placed(zone: NeededZone, region: str) -> NeededZone:
    if not region:
        return zone
    names = (zone.zone, *zone.public, zone.record)
    first, *public, record = (name.replace("{regionName}", region) for name in names)
    return NeededZone(first, tuple(public), record)


def _of_group(
    cloud: str, target_type: str, group: str, kind: str | None, names: tuple[str, ...]
) -> tuple[NeededZone, ...] | Unknown:
    rows = _table().get(cloud.casefold())
    if rows is None:
        return Unknown(f"the private DNS zones of the cloud {cloud!r} are not known to this version")
    by_kind = rows.get((target_type.casefold(), group))
    if by_kind is None and group.startswith("sites-"):
        slot = group.removeprefix("sites-")
        slots = _of_group(cloud, target_type, "sites-{slot}", kind, names)
        if isinstance(slots, Unknown):
            return slots
        return tuple(NeededZone(z.zone, z.public, z.record.replace("{slot}", slot)) for z in slots)
    if by_kind is None:
        return Unknown(f"the private DNS zone for {target_type} with group id {group!r} is not known to this version")
    found = by_kind.get((kind or "").casefold(), by_kind.get(""))
    if (kind is not None or len(by_kind) == 1) and found is not None:
        return found
    every = {zone.zone: zone for zones in by_kind.values() for zone in zones}
    served = tuple(zone for zone in every.values() if any(zone.record_of(name) is not None for name in names))
    if served:
        return served
    return Unknown(f"which zones {target_type} needs depends on its kind, and the resource was not read")


def expected_record(needed: NeededZone, target: Resource) -> str | None:
    """The record set that this target should have in the zone, where its own document is enough to tell."""
    parts = {"name": target.name, "customSubDomainName": target.get("properties", "customSubDomainName", default="")}
    text = needed.record
    for key, value in parts.items():
        marker = "{" + key + "}"
        if marker in text:
            if not value:
                return None
            text = text.replace(marker, str(value))
    return text.casefold() or None


_ByKind = dict[str, tuple[NeededZone, ...]]


@cache
def _table() -> dict[str, dict[tuple[str, str], _ByKind]]:
    table: dict[str, dict[tuple[str, str], _ByKind]] = {}
    for cloud, rows in load("private-dns-zones")["clouds"].items():
        of_cloud = table.setdefault(cloud.casefold(), {})
        for row in rows:
            zones = tuple(NeededZone(z["zone"], tuple(z["public"]), z["name"] or "") for z in row["zones"])
            of_cloud.setdefault((row["type"], row["group"]), {})[row.get("kind", "")] = zones
    return table
