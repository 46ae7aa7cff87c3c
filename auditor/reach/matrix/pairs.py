"""Every pair of many subnets at once: which reach which.

Agrees with `Reachability.reach` on every pair; the difference is that groups, routes and peerings are worked out once
for all of them. A pair for which that is not enough (symbols, appliances, admin rules) is asked there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from auditor.estate.paths import Topology
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.network.model import (
    INBOUND,
    OUTBOUND,
    NetworkModel,
    Seat,
)
from auditor.network.nsg.effective_filters import Path
from auditor.network.nsg.filters import SUBNET_GROUP
from auditor.network.routing.routes import Hop, RouteSet
from auditor.network.topology.peering import is_up, peerings_of
from auditor.network.topology.virtual_networks import network_of
from auditor.reach.matrix.cells import Cells
from auditor.reach.matrix.pair_rows import (
    Algebra,
    PlainGroup,
    Row,
    plain_group,
)
from auditor.reach.reachability import Reach, Reachability
from auditor.sets import decision_diagram as dd
from auditor.sets.address_set import AddressSet

NO, YES, OPEN = 0, 1, 2
"""Answers of the matrix; OPEN pairs are unknown for a reason that `reach` tells."""

_ASK = 3


@dataclass
class Pairs:
    """Reachability between all of these subnets."""

    world: Reachability
    subnets: Sequence[Resource]
    _algebra: Algebra = field(default_factory=Algebra)
    _rows: dict[tuple[int, str], tuple[Row, ...] | None] = field(default_factory=dict)
    _groups: dict[object, PlainGroup | None] = field(default_factory=dict)
    _peer_rows: dict[ArmId, Sequence[int]] = field(default_factory=dict)
    _lead_rows: dict[int, Sequence[int]] = field(default_factory=dict)
    _shared_leads: dict[tuple[int, ArmId], Sequence[int]] = field(default_factory=dict)
    _cells: dict[frozenset[ArmId], Cells] = field(default_factory=dict)

    @property
    def fabric(self) -> NetworkModel:
        """The network that is asked about."""
        return self.world.fabric

    def reach(self, source: int, target: int) -> Reach:
        """One pair with its hops, rules and packet."""
        (origin,) = self.world.origins(self.subnets[source])
        return self.world.reach(origin, self.subnets[target])

    @cached_property
    def matrix(self) -> tuple[bytes, ...]:
        """For each source the answer for each target: `YES`, `NO` or `OPEN`. A subnet reaches itself."""
        return tuple(map(self.row, range(len(self.subnets))))

    def row(self, source: int) -> bytes:
        """The answers of one source; a matrix of many thousands of pairs is worked out row by row."""
        return bytes(self._row(source))

    def _row(self, i: int) -> Iterator[int]:
        peered, there = self._peer_row(i), self._lead_row(i)
        for j in range(len(self.subnets)):
            if i == j:
                yield YES
                continue
            answer = max(peered[j], there[j])
            if peered[j] == NO or there[j] == NO or self._lead_row(j)[i] == NO:
                answer = NO
            else:
                filters = self._filters(i, j)
                answer = filters and max(answer, filters, self._lead_row(j)[i])
            yield answer if answer == YES or (answer == NO and self._entered_once[j]) else self._asked(i, j)

    def _asked(self, i: int, j: int) -> int:
        """The answer to the single question, which knows every way and every reason."""
        found = self.reach(i, j).reaches
        return OPEN if isinstance(found, Unknown) else YES if found else NO

    @property
    def reached(self) -> int:
        """How many pairs of different subnets are known to be reached."""
        return sum(row.count(YES) for row in self.matrix) - len(self.subnets)

    @cached_property
    def _entered_once(self) -> tuple[bool, ...]:
        """Which subnets have no other way in than from their network."""
        topology: Topology = self.world.stations.topology
        return tuple(topology.entries(subnet.id.key) == 1 for subnet in self.subnets)

    @cached_property
    def seats(self) -> tuple[Seat | None, ...]:
        """Where the subnets are; `None` where that was not read."""
        found = (self.fabric.seat(subnet) for subnet in self.subnets)
        return tuple(seat if isinstance(seat, Seat) else None for seat in found)

    # --- networks and routes ---------------------------------------------------------------------------------------

    @cached_property
    def _peers(self) -> dict[ArmId, dict[ArmId, int]]:
        """For each network the state of its peerings."""
        found: dict[ArmId, dict[ArmId, int]] = {}
        for seat in self.seats:
            if seat is None or seat.network in found:
                continue
            try:
                network = network_of(self.fabric.estate, seat.subnet)
            except NotKnown:
                continue  # pairs from here are asked one by one, and then say why they are not known
            states = {p.remote: is_up(p) for p in peerings_of(self.fabric.estate, network)}
            found[seat.network] = {r: _ASK if isinstance(up, Unknown) else int(up) for r, up in states.items()}
        return found

    def _peer_row(self, i: int) -> Sequence[int]:
        """Whether the network of a subnet exchanges traffic with that of each other."""
        seat = self.seats[i]
        if seat is None or seat.network not in self._peers:
            return self._nothing_known
        found = self._peer_rows.get(seat.network)
        if found is None:
            peers = {**self._peers[seat.network], seat.network: YES}
            found = [_ASK if other is None else peers.get(other.network, NO) for other in self.seats]
            self._peer_rows[seat.network] = found
        return found

    def _lead_row(self, i: int) -> Sequence[int]:
        """Whether the routes of a subnet lead to each other as a whole. Subnets with the same routes share a row."""
        found = self._lead_rows.get(i)
        if found is None:
            found = self._lead_rows[i] = self._make_lead_row(i)
        return found

    def _make_lead_row(self, i: int) -> Sequence[int]:
        seat = self.seats[i]
        try:
            routes = self.fabric.routing.of(self.subnets[i])
        except NotKnown:
            return self._nothing_known
        if seat is None:
            return self._nothing_known
        key = (id(routes), seat.network)
        found = self._shared_leads.get(key)
        if found is None:
            found = [_ASK if other is None else _lead(routes, seat, other) for other in self.seats]
            self._shared_leads[key] = found
        return found

    @cached_property
    def _nothing_known(self) -> Sequence[int]:
        return [_ASK] * len(self.subnets)

    # --- filters ---------------------------------------------------------------------------------------------------

    def _filters(self, i: int, j: int) -> int:
        """Whether a packet exists that both the sender's and the receiver's filters let through."""
        out, into = self._side(i, OUTBOUND), self._side(j, INBOUND)
        if out is None or into is None:
            return _ASK
        if len(out) == 1 and len(into) == 1:
            leaving, entering = out[0].ports[j], into[0].ports[i]
            if leaving is not None and entering is not None:
                return YES if self._algebra.meets(leaving, entering) else NO
        return self._piecewise(out, into, i, j)

    def _piecewise(self, out: tuple[Row, ...], into: tuple[Row, ...], i: int, j: int) -> int:
        """The same where a rule parts one of the two subnets."""
        answer = NO
        for leaving in out:
            for entering in into:
                there, here = _pieces(leaving, j), _pieces(entering, i)
                if there is None or here is None:
                    answer = _ASK
                    continue
                for far, ports in there:
                    for near, others in here:
                        fits = (far is None or far.meets(entering.near)) and (near is None or near.meets(leaving.near))
                        if fits and self._algebra.meets(ports, others):
                            return YES
        return answer

    def _side(self, number: int, direction: str) -> tuple[Row, ...] | None:
        key = (number, direction)
        if key not in self._rows:
            self._rows[key] = self._make_side(number, direction)
        return self._rows[key]

    def _make_side(self, number: int, direction: str) -> tuple[Row, ...] | None:
        seat = self.seats[number]
        if seat is None or not seat.addresses.v6.is_empty:
            return None
        path, cells = self.fabric.filters(seat, direction), self._cells_near(seat.network)
        if not isinstance(path, Path) or not cells.are_disjoint:
            return None
        if path.closed or not path.layers:
            passing: dd.Diagram = dd.EMPTY if path.closed else dd.FULL
            return (Row(seat.addresses, [passing] * len(self.subnets), {}),)
        (layer, *more) = path.layers
        if more or layer.name != SUBNET_GROUP or layer.evaluation is None:
            return None
        key = (id(layer.evaluation), id(cells))
        if key not in self._groups:
            self._groups[key] = plain_group(layer.evaluation, cells, self._algebra)
        group = self._groups[key]
        return None if group is None else group.rows(number, seat.addresses)

    def _cells_near(self, network: ArmId) -> Cells:
        """The subnets of a network and its peers as cells; all others are empty ones, so that numbers stay."""
        near = frozenset((network, *self._peers.get(network, ())))
        found = self._cells.get(near)
        if found is None:
            seats = ((seat if seat and seat.network in near else None) for seat in self.seats)
            sets = tuple(seat.addresses if seat is not None else AddressSet.none() for seat in seats)
            found = self._cells[near] = Cells(sets)
        return found


def _pieces(row: Row, other: int) -> Sequence[tuple[AddressSet | None, dd.Diagram]] | None:
    """What passes to another subnet, part by part; `None` where that is open."""
    parts = row.parts.get(other)
    if parts is not None:
        return parts
    whole = row.ports[other]
    return None if whole is None else ((None, whole),)


def _lead(routes: RouteSet, seat: Seat, target: Seat) -> int:
    answers = set()
    for first, last in target.addresses.pairs:
        route = routes.route_of_all(first, last)
        if route is None or route.hop is Hop.APPLIANCE:
            return _ASK
        if any(doubt.touches(route) and doubt.where.meets(target.addresses) for doubt in routes.doubts):
            return _ASK
        local = route.hop is Hop.VNET_LOCAL and seat.network == target.network
        answers.add(local or (route.hop is Hop.PEERING and route.towards == target.network))
    return _ASK if len(answers) != 1 else int(answers.pop())
