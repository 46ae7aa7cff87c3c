"""Where everything stands from top to bottom.

Five columns: subnets, subnets of private endpoints, services, outbound rules, what runs in a managed network. A private
endpoint, the service it leads to and the outbound rules that lead there stand in one row, so that most links are
straight lines. Where the columns are from left to right is decided later.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from auditor.picture.model import (
    INTEGRATION,
    RULE_PRIVATE,
    Item,
    LinkKind,
    ManagedPicture,
    NetworkPicture,
    Picture,
    SubnetPicture,
)

SUBNETS, ENDPOINTS, SERVICES, RULES, INSIDE = range(5)
"""The columns."""

NODE, SLIM, GAP, SLIM_GAP = 40.0, 26.0, 10.0, 6.0
HEAD, PAD = 42.0, 10.0
MARGIN, BAR = 16.0, 40.0
_PITCH = NODE + GAP
_ENDPOINT = "microsoft.network/privateendpoints"
_PER_ROW = 3
_DROP = 32.0
"""Room under the Internet for the words on the lines that leave it."""


@dataclass(frozen=True)
class Slot:
    """A thing in a column."""

    item: Item
    column: int
    y: float
    height: float

    @property
    def middle(self) -> float:
        """Half way down."""
        return self.y + self.height / 2


@dataclass(frozen=True)
class Zone:
    """A place that holds things, from one column to another. `guard` is a security group's name, `None` for what
    takes none."""

    item: Item
    first: int
    last: int
    y: float
    height: float
    note: str
    look: str
    guard: str | None = None


@dataclass
class Rows:
    """Everything with its height. `address_rows` are rows of public addresses, `channels` the room under each."""

    slots: dict[str, Slot] = field(default_factory=dict)
    zones: list[Zone] = field(default_factory=list)
    address_rows: list[list[str]] = field(default_factory=list)
    channels: list[float] = field(default_factory=list)
    top: float = 0.0
    bottom: float = 0.0
    services_title: float = 0.0


def rows_of(picture: Picture) -> Rows:
    """Give everything its place from top to bottom."""
    return _Stacker(picture).stacked()


class _Stacker:
    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._rows = Rows()
        self._order = {service.key: n for n, service in enumerate(picture.services)}
        self._services = {service.key: service for service in picture.services}
        self._target = {link.source: link.target for link in picture.links if link.kind is LinkKind.PRIVATE}
        self._rules: dict[str, list[Item]] = defaultdict(list)
        self._seats = {item.key for n in picture.networks for subnet in n.subnets for item in subnet.items}
        self._served = 0.0
        target = {link.source: link.target for link in picture.links if link.kind is LinkKind.MANAGED}
        for managed in picture.managed:
            for rule in managed.rules:
                if rule.type == RULE_PRIVATE and rule.key in target:
                    self._rules[target[rule.key]].append(rule)

    def stacked(self) -> Rows:
        rows = self._rows
        rows.top = self._addresses()
        rows.services_title = rows.top
        self._served = rows.top + HEAD
        y = rows.top
        for network in self._picture.networks:
            y = self._network(network, y) + 20
        self._other_services()
        y = rows.top
        for managed in self._picture.managed:
            y = self._managed(managed, y) + 20
        ends = [slot.y + slot.height for slot in rows.slots.values()] + [zone.y + zone.height for zone in rows.zones]
        rows.bottom = max([rows.top, *ends])
        return rows

    # --- public addresses ------------------------------------------------------------------------------------------

    def _addresses(self) -> float:
        """Rows of public addresses under the Internet: the one whose owner stands lowest comes first."""
        rank = _owner_ranks(self._picture)
        found = sorted(self._picture.addresses, key=lambda item: (-rank.get(item.key, -1), item.key))
        y = MARGIN + BAR + _DROP
        leaving = Counter(link.source for link in self._picture.links if link.kind is LinkKind.WAY)
        ways = [link for link in self._picture.links if link.kind is LinkKind.WAY]
        over = sum(link.source in self._seats and link.target in self._services for link in ways)
        for start in range(0, len(found), _PER_ROW):
            row = found[start : start + _PER_ROW]
            for item in row:
                self._put(item, SUBNETS, y)
            self._rows.address_rows.append([item.key for item in row])
            self._rows.channels.append(y + NODE)
            y += NODE + 20 + 6 * sum(leaving[item.key] for item in row)
        return y + (6 * over if found else 8)

    def _put(self, item: Item, column: int, y: float, height: float = NODE) -> float:
        self._rows.slots[item.key] = Slot(item, column, y, height)
        return y + height

    # --- networks --------------------------------------------------------------------------------------------------

    def _network(self, network: NetworkPicture, top: float) -> float:
        index = len(self._rows.zones)
        left = right = top + HEAD + 4
        for subnet in network.subnets:
            if any(item.type == _ENDPOINT for item in subnet.items):
                right = self._endpoint_subnet(subnet, right) + GAP + 4
            else:
                left = self._subnet(subnet, left) + GAP
        bottom = max(left, right) - GAP + PAD
        peers = f", peered with {', '.join(network.peers)}" if network.peers else ""
        note = f"{network.prefix}{peers}"
        zone = Zone(network.item, SUBNETS, ENDPOINTS, top, bottom - top, note, "e-network")
        self._rows.zones.insert(index, zone)
        return bottom

    def _subnet(self, subnet: SubnetPicture, top: float) -> float:
        y = top + HEAD
        for n, item in enumerate(subnet.items):
            slim = item.type == INTEGRATION
            y += (SLIM_GAP if slim and subnet.items[n - 1].type == INTEGRATION else GAP) if n else 4
            y = self._put(item, SUBNETS, y, SLIM if slim else NODE)
        return self._close(subnet, SUBNETS, top, y)

    def _endpoint_subnet(self, subnet: SubnetPicture, top: float) -> float:
        endpoints = [item for item in subnet.items if item.type == _ENDPOINT]
        by_target: dict[str, list[Item]] = defaultdict(list)
        for item in endpoints:
            by_target[self._target.get(item.key, "")].append(item)
        y = top + HEAD + 4
        last = len(self._order)
        for key in sorted(by_target, key=lambda key: self._order.get(key, last)):
            y = self._row(key, by_target[key], y)
        for item in subnet.items:
            if item.type != _ENDPOINT:
                y = self._put(item, ENDPOINTS, y) + GAP
        return self._close(subnet, ENDPOINTS, top, y - GAP)

    def _row(self, key: str, endpoints: list[Item], y: float) -> float:
        """Endpoints of one service beside it; of a service that stands elsewhere already, one under the other."""
        for n, item in enumerate(endpoints):
            self._put(item, ENDPOINTS, y + n * _PITCH)
        rows = len(endpoints)
        if key in self._services and key not in self._rows.slots:
            y = max(y, self._served)
            for n, item in enumerate(endpoints):
                self._put(item, ENDPOINTS, y + n * _PITCH)
            rows = max(rows, len(self._rules[key]))
            self._serve(key, y, rows)
        return y + rows * _PITCH

    def _serve(self, key: str, y: float, rows: int) -> None:
        bottom = self._put(self._services[key], SERVICES, y, rows * _PITCH - GAP)
        self._served = bottom + GAP

    def _close(self, subnet: SubnetPicture, column: int, top: float, bottom: float) -> float:
        end = bottom + (PAD if subnet.items else 0)
        out = subnet.egress.label if subnet.egress is not None else ""
        note = ", ".join(filter(None, (subnet.item.part, subnet.prefix, out)))
        self._rows.zones.append(Zone(subnet.item, column, column, top, end - top, note, "e-subnet", subnet.guard))
        return end

    # --- services and managed networks -----------------------------------------------------------------------------

    def _other_services(self) -> None:
        for key in self._order:
            if key not in self._rows.slots:
                self._serve(key, self._served, max(1, len(self._rules[key])))

    def _managed(self, managed: ManagedPicture, top: float) -> float:
        index = len(self._rows.zones)
        own = {rule.key for rule in managed.rules}
        left = top + HEAD + 4
        for key in sorted(self._rules, key=lambda key: self._rows.slots[key].y if key in self._rows.slots else 0):
            y = self._rows.slots[key].y if key in self._rows.slots else left
            for n, rule in enumerate(rule for rule in self._rules[key] if rule.key in own):
                left = self._put(rule, RULES, max(left, y + n * _PITCH)) + GAP
        right = top + HEAD + 4
        outside = [rule for rule in managed.rules if rule.type != RULE_PRIVATE]
        lost = [r for r in managed.rules if r.type == RULE_PRIVATE and r.key not in self._rows.slots]
        for item in (*outside, *lost, *managed.items):
            right = self._put(item, INSIDE, right) + GAP
        bottom = max(left, right, top + HEAD + GAP) - GAP + PAD
        zone = Zone(managed.item, RULES, INSIDE, top, bottom - top, managed.mode or "no mode set", "e-zone-managed")
        self._rows.zones.insert(index, zone)
        return bottom


def _owner_ranks(picture: Picture) -> Mapping[str, int]:
    """By public address: how far down its owner stands."""
    order = {
        item.key: n
        for n, item in enumerate(
            item for network in picture.networks for subnet in network.subnets for item in subnet.items
        )
    }
    found: dict[str, int] = {}
    for link in picture.links:
        if link.kind is LinkKind.WAY and link.target in order:
            found.setdefault(link.source, order[link.target])
    return found
