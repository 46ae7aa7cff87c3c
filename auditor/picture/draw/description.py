"""The picture in words: for who cannot see it, for search, and for the description of the drawing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from auditor.picture.draw.kinds import about, spoken
from auditor.picture.model import (
    INTERNET,
    Item,
    Link,
    LinkKind,
    Picture,
    State,
)
from auditor.text.sanitise import counted, joined, line


class Section(NamedTuple):
    """A heading and what stands under it, a sentence each."""

    heading: str
    lines: tuple[str, ...]


_STATES = {State.OPEN: "open, and should not be", State.BROKEN: "does not get through", State.UNKNOWN: "not known"}


def title_of(picture: Picture) -> str:
    """What the drawing is of."""
    return line(f"The estate of {picture.title}", 200)


def summary_of(picture: Picture) -> str:
    """What the drawing shows, in two or three sentences."""
    subnets = sum(len(network.subnets) for network in picture.networks)
    inside = [item for network in picture.networks for subnet in network.subnets for item in subnet.items]
    endpoints = sum(item.type == "microsoft.network/privateendpoints" for item in inside)
    parts = [
        f"{counted(len(picture.networks), 'virtual network')} with {counted(subnets, 'subnet')}",
        counted(endpoints, "private endpoint"),
        counted(len(picture.services), "service"),
        counted(len(picture.managed), "managed network"),
        counted(len(picture.identities), "identity", "identities"),
    ]
    said = [f"{joined(parts)}."]
    doors = [link for link in picture.links if link.state is State.OPEN]
    names = {item.key: item.name for item in picture.items()}
    if doors:
        told = [f"{names[link.source]} to {names[link.target]}" for link in doors]
        said.append(f"{counted(len(doors), 'open path')}: {joined(told)}.")
    broken = sum(link.state is State.BROKEN for link in picture.links)
    if broken:
        said.append(f"{counted(broken, 'link does', 'links do')} not get through.")
    return line(" ".join(said), 1000)


def sections_of(picture: Picture) -> tuple[Section, ...]:
    """Everything that the drawing says, as lists."""
    names = {item.key: item.name for item in picture.items()}
    targets = {link.source: link for link in picture.links if link.kind in (LinkKind.PRIVATE, LinkKind.MANAGED)}
    made = [
        Section("Inbound and outbound paths", tuple(_ways(picture, names))),
        *(_network(picture, n, names, targets) for n in range(len(picture.networks))),
        Section("Services", tuple(_told(item) for item in picture.services)),
        *(
            Section(
                f"Managed network of {line(m.item.name, 80)} ({line(m.mode, 80) or 'no mode set'})",
                tuple(_told(item, targets.get(item.key), names) for item in (*m.items, *m.rules)),
            )
            for m in picture.managed
        ),
        Section("Identities", tuple(_identity(each.item, each.carriers) for each in picture.identities)),
        Section("Also with findings", tuple(_told(item) for item in picture.others)),
        Section("Could not be read", tuple(line(gap) for gap in picture.gaps)),
    ]
    return tuple(section for section in made if section.lines)


def _ways(picture: Picture, names: dict[str, str]) -> Iterator[str]:
    for link in picture.links:
        if link.kind in (LinkKind.WAY, LinkKind.PEERING) or INTERNET in (link.source, link.target):
            state = f", {_STATES[link.state]}" if link.state is not State.HOLDS else ""
            label = f" ({link.label})" if link.label else ""
            yield line(f"{names[link.source]} to {names[link.target]}{label}{state}: {link.says}")


def _network(picture: Picture, n: int, names: dict[str, str], targets: dict[str, Link]) -> Section:
    network = picture.networks[n]
    told: list[str] = [_told(network.item)] if network.item.tally.judged else []
    for subnet in network.subnets:
        guard = f"guarded by {subnet.guard}" if subnet.guard else "no security group"
        part = f", {subnet.item.part}" if subnet.item.part else ""
        told.append(line(f"Subnet {subnet.item.name} ({subnet.prefix}{part}), {guard}: {spoken(subnet.item.tally)}"))
        if subnet.egress is not None:
            told.append(line(f"Subnet {subnet.item.name}, {subnet.egress.label}: {subnet.egress.says}"))
        told += [_told(item, targets.get(item.key), names) for item in subnet.items]
    return Section(f"Network {line(network.item.name, 80)} ({line(network.prefix, 200)})", tuple(told))


def _told(item: Item, link: Link | None = None, names: dict[str, str] | None = None) -> str:
    leads = ""
    if link is not None and names is not None:
        state = f", {_STATES[link.state]} ({link.says})" if link.state is not State.HOLDS else ""
        leads = f", leads to {names[link.target]}{state}"
    found = f": {spoken(item.tally)}" if item.tally.judged else ""
    return line(f"{item.name} ({about(item)}){leads}{found}")


def _identity(item: Item, carriers: tuple[str, ...]) -> str:
    found = f": {spoken(item.tally)}" if item.tally.judged else ""
    return line(f"{item.name} of {joined(list(carriers)) or 'nothing'}{found}")
