"""What one subnet's security group lets through to and from each of many subnets, worked out for all of them at once.

For a whole subnet the addresses of a packet are settled, so a rule either concerns a pair of subnets or it does not,
and only protocols and ports are left. The rules are walked once for each sender; subnets that fare alike stay together
as bits of one integer. A subnet that a rule cuts in two is taken apart. What depends on a symbol is left open here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from auditor.network.nsg.evaluation import Evaluation
from auditor.network.nsg.rules import SecurityRule
from auditor.reach.matrix.cells import Cells, bits, parted
from auditor.sets import decision_diagram as dd
from auditor.sets.address_set import AddressSet
from auditor.sets.packet_set import FlowSet
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import ProtocolSet
from auditor.sets.symbolic_addresses import Addresses

Pair = tuple[dd.Diagram, dd.Diagram]


@dataclass
class Algebra:
    """Sets of protocols and ports as diagrams, and of addresses; what is asked of the same ones is done once."""

    _drop: dict[Pair, dd.Diagram] = field(default_factory=dict)
    _first: dict[Pair, dd.Diagram] = field(default_factory=dict)
    _keep: dict[Pair, dd.Diagram] = field(default_factory=dict)
    _meets: dict[Pair, bool] = field(default_factory=dict)
    _sets: dict[Addresses, tuple[AddressSet, AddressSet]] = field(default_factory=dict)
    _ports: dict[tuple[ProtocolSet, PortSet, PortSet], dd.Diagram] = field(default_factory=dict)

    def ports(self, rule: SecurityRule) -> dd.Diagram:
        """The protocols and ports of a rule, between whatever addresses."""
        key = (rule.protocols, rule.source_ports, rule.destination_ports)
        found = self._ports.get(key)
        if found is None:
            made = FlowSet.box(rule.protocols, None, rule.source_ports, None, rule.destination_ports)
            found = self._ports[key] = made.diagram
        return found

    def known(self, addresses: Addresses) -> tuple[AddressSet, AddressSet]:
        """The certain members of a set, and those of which nobody knows."""
        found = self._sets.get(addresses)
        if found is None:
            sure = addresses.certain
            doubt = AddressSet.none() if addresses.is_exact else addresses.possible - sure
            found = self._sets[addresses] = (sure, doubt)
        return found

    def drop(self, a: dd.Diagram, b: dd.Diagram) -> dd.Diagram:
        """`a` without `b`."""
        return _once(self._drop, dd.drop, a, b)

    def first(self, a: dd.Diagram, b: dd.Diagram) -> dd.Diagram:
        """Both together."""
        return _once(self._first, dd.first, a, b)

    def keep(self, a: dd.Diagram, b: dd.Diagram) -> dd.Diagram:
        """What is in both."""
        return _once(self._keep, dd.keep, a, b)

    def meets(self, a: dd.Diagram, b: dd.Diagram) -> bool:
        """Whether something is in both."""
        found = self._meets.get((a, b))
        if found is None:
            found = self._meets[a, b] = dd.meets(a, b)
        return found


def _once(
    known: dict[Pair, dd.Diagram],
    operation: Callable[[dd.Diagram, dd.Diagram], dd.Diagram],
    a: dd.Diagram,
    b: dd.Diagram,
) -> dd.Diagram:
    found = known.get((a, b))
    if found is None:
        found = known[a, b] = operation(a, b)
    return found


@dataclass(frozen=True)
class Row:
    """What passes between a part of one subnet (`near`) and each of the others.

    `ports` holds for each subnet what passes, `None` where it is open or where `parts` tells it piece by piece.
    """

    near: AddressSet
    ports: list[dd.Diagram | None]
    parts: dict[int, list[tuple[AddressSet, dd.Diagram]]]


@dataclass(frozen=True)
class _Rule:
    """A rule as it matters here: which cells its near side holds, wholly or in part, and which its far side."""

    allows: bool
    near: AddressSet
    near_whole: int
    near_partly: int
    mask: int
    ports: dd.Diagram


@dataclass(frozen=True)
class PlainGroup:
    """The rules of one group and direction over a row of subnets; made once for all subnets that it guards."""

    algebra: Algebra
    count: int
    cells: tuple[AddressSet, ...]
    owners: tuple[int, ...]
    rules: tuple[_Rule, ...]
    everyone: int
    open: int
    near_open: AddressSet

    def rows(self, number: int, near: AddressSet) -> tuple[Row, ...] | None:
        """The rows of a subnet that the group guards; `None` where what passes there depends on a symbol."""
        if near.meets(self.near_open):
            return None
        bit = 1 << number
        cuts = dict.fromkeys(rule.near for rule in self.rules if rule.near_partly & bit)
        if not cuts:
            return (self._row(near, [rule for rule in self.rules if rule.near_whole & bit]),)
        parts = parted(near, cuts)
        return tuple(self._row(part, [rule for rule in self.rules if part <= rule.near]) for part in parts)

    def _row(self, near: AddressSet, rules: list[_Rule]) -> Row:
        ports: list[dd.Diagram | None] = [None] * self.count
        parts: dict[int, list[tuple[AddressSet, dd.Diagram]]] = {}
        for passing, mask in self._walk(rules).items():
            for cell in bits(mask & ~self.open):
                if cell < self.count:
                    ports[cell] = passing
                else:
                    parts.setdefault(self.owners[cell], []).append((self.cells[cell], passing))
        return Row(near, ports, parts)

    def _walk(self, rules: list[_Rule]) -> dict[dd.Diagram, int]:
        """First match, for all cells together: those with the same left undecided and let through stay one group."""
        algebra = self.algebra
        groups: dict[Pair, int] = {(dd.FULL, dd.EMPTY): self.everyone}
        done: dict[dd.Diagram, int] = {}
        for rule in rules:
            after: dict[Pair, int] = {}
            for (left, through), mask in groups.items():
                hit = mask & rule.mask
                if hit != mask:
                    after[left, through] = after.get((left, through), 0) | (mask ^ hit)
                if not hit:
                    continue
                passing = algebra.first(through, algebra.keep(left, rule.ports)) if rule.allows else through
                rest = algebra.drop(left, rule.ports)
                if rest == dd.EMPTY:
                    done[passing] = done.get(passing, 0) | hit
                else:
                    after[rest, passing] = after.get((rest, passing), 0) | hit
            groups = after
        for (_, through), mask in groups.items():
            done[through] = done.get(through, 0) | mask
        return done


def plain_group(evaluation: Evaluation, cells: Cells, algebra: Algebra) -> PlainGroup | None:
    """The group over a row of subnets; `None` where a rule says more than addresses, protocols and ports."""
    outbound = evaluation.direction == "outbound"
    read = [_sides(rule, outbound, algebra) for rule in evaluation.rules]
    if any(rule.unknowns or rule.access not in ("Allow", "Deny") for rule in evaluation.rules):
        return None
    split = _parted_cells(cells, [far for _, far, _, _ in read])
    return PlainGroup(
        algebra,
        len(cells.sets),
        split.sets,
        split.owners,
        tuple(
            _Rule(rule.allows, near, *cells.masks(near), split.mask(far), algebra.ports(rule))
            for rule, (near, far, _, _) in zip(evaluation.rules, read, strict=True)
        ),
        split.everyone,
        _open(cells, split, (doubt for _, _, _, doubt in read)),
        _union(doubt for _, _, doubt, _ in read),
    )


def _sides(
    rule: SecurityRule, outbound: bool, algebra: Algebra
) -> tuple[AddressSet, AddressSet, AddressSet, AddressSet]:
    """Near and far side as far as they are certain, and what nobody knows of either."""
    near, far = (rule.source, rule.destination) if outbound else (rule.destination, rule.source)
    near_sure, near_doubt = algebra.known(near)
    far_sure, far_doubt = algebra.known(far)
    return near_sure, far_sure, near_doubt, far_doubt


def _union(sets: Iterator[AddressSet]) -> AddressSet:
    found = AddressSet.none()
    for addresses in sets:
        found |= addresses
    return found


@dataclass(frozen=True)
class _Split:
    """Cells of which those that a rule cuts are replaced by their parts, which come after the whole ones."""

    cells: Cells
    sets: tuple[AddressSet, ...]
    owners: tuple[int, ...]
    cut: int
    parts: dict[int, range]

    @property
    def everyone(self) -> int:
        return ((1 << len(self.sets)) - 1) & ~self.cut

    def mask(self, addresses: AddressSet) -> int:
        whole, partly = self.cells.masks(addresses)
        found = whole & ~self.cut
        for cell in bits((whole | partly) & self.cut):
            for part in self.parts[cell]:
                if self.sets[part] <= addresses:
                    found |= 1 << part
        return found


def _parted_cells(cells: Cells, sets: list[AddressSet]) -> _Split:
    cutting: dict[int, list[AddressSet]] = {}
    for addresses in dict.fromkeys(sets):
        for cell in bits(cells.masks(addresses)[1]):
            cutting.setdefault(cell, []).append(addresses)
    known = list(cells.sets)
    owners = list(range(len(known)))
    parts: dict[int, range] = {}
    for cell in sorted(cutting):
        made = parted(cells.sets[cell], cutting[cell])
        parts[cell] = range(len(known), len(known) + len(made))
        known += made
        owners += [cell] * len(made)
    cut = sum(1 << cell for cell in cutting)
    return _Split(cells, tuple(known), tuple(owners), cut, parts)


def _open(cells: Cells, split: _Split, doubts: Iterator[AddressSet]) -> int:
    """The cells, whole and parted, that a doubtful side may hold."""
    found = 0
    for doubt in {each for each in doubts if not each.is_empty}:
        whole, partly = cells.masks(doubt)
        for cell in bits(whole | partly):
            found |= 1 << cell
            for part in split.parts.get(cell, ()):
                found |= 1 << part
    return found
