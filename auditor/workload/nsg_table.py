"""What a subnet's security group does, held against what a table says it should do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from auditor.estate import Estate, Relation
from auditor.estate.kept import once_an_estate
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.model.lazily import lazily
from auditor.network.nsg.admin_rules import admin_rules
from auditor.network.nsg.evaluation import Evaluation, evaluated
from auditor.network.nsg.rules import SecurityRule
from auditor.network.topology.service_tags import ServiceTags, canonical, is_tag
from auditor.network.topology.virtual_networks import assignable, subnet_prefixes
from auditor.network.topology.words import (
    NetworkView,
    network_view,
    subnet_prefix,
    view_of,
)
from auditor.sets.address_set import AddressSet
from auditor.sets.boxes import Box, listed
from auditor.sets.packet_set import FlowSet, Packet
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import ProtocolSet
from auditor.sets.symbolic_addresses import Addresses
from auditor.sets.three_valued import because_of
from auditor.workload.architecture import spoken_of, subnet_names

_KEYS = ("from", "to", "ports", "protocol")
Resolve = Callable[[str], Addresses]
"""From a word of a table (`Internet`, `self`, `subnet:bastion`, a prefix) to its addresses."""


@dataclass(frozen=True)
class Part:
    """Packets that one rule treats otherwise than the table says.

    `unknown` is set where whether there is any such packet depends on what is not known; then the witness is one only
    if what it says under `given` is so.
    """

    flows: FlowSet
    rule: SecurityRule
    group: ArmId
    witness: Packet
    unknown: Unknown | None
    names: Mapping[str, Addresses]

    @lazily
    def boxes(self) -> tuple[Box, ...]:
        """The packets in few disjoint boxes."""
        return self.flows.boxes()

    @lazily
    def text(self) -> str:
        """The packets in words."""
        return listed(self.boxes, self.names)

    def __str__(self) -> str:
        return f"{self.text} ({self.rule.access} by {self.rule.name})"


@dataclass(frozen=True)
class Contract:
    """How a subnet in one direction differs from its table.

    `excess` is let through and not in the table, `missing` is needed and blocked, `left_to_default` is decided by a
    default rule only. `unknowns` are reasons why there may be more; `group` is `None` where no security group acts, so
    that everything passes. `evaluation` holds the rules, in order, where there is a group.
    """

    subnet: Resource
    direction: str
    group: Resource | None
    evaluation: Evaluation | None
    excess: tuple[Part, ...]
    missing: tuple[Part, ...]
    left_to_default: tuple[Part, ...]
    unknowns: tuple[Unknown, ...]
    view: NetworkView


def flow_terms(terms: Iterable[Mapping[str, object]], resolve: Resolve) -> FlowSet:
    """The packets of the rows of a table: `{from, to, ports, protocol}`, ports as a text or a list.

    What a row leaves out is not narrowed. Raises `ValueError` where a word is not understood, `NotKnown` where
    `resolve` does.
    """
    found = FlowSet.none()
    for term in terms:
        found |= FlowSet.box(
            ProtocolSet.of(str(term.get("protocol", "*"))),
            resolve(str(term.get("from", "*"))),
            None,
            resolve(str(term.get("to", "*"))),
            _ports(term.get("ports", "*")),
        )
    return found


def is_end(word: str) -> bool:
    """Whether a word of a table names an end of a flow.

    `self`, `attached`, `network`, `subnet:<part>`, `endpoint:<part>`, `*`, a prefix, a tag that is known.
    """
    text = word.strip()
    if text.startswith("endpoint:"):
        return text.removeprefix("endpoint:") in spoken_of().parts
    if text.startswith("subnet:"):
        return text.removeprefix("subnet:") in subnet_names()
    if text in ("self", "attached", "network", "*") or text.casefold() == "any" or is_tag(text):
        return True
    try:
        AddressSet.of(text)
    except ValueError:
        return False
    return True


def check_term(term: Mapping[str, object]) -> None:
    """Raise `ValueError` for a row with a word that `flow_terms` would not understand at any subnet."""
    if strange := [key for key in term if key not in _KEYS]:
        raise ValueError(f"a flow has no field `{strange[0]}`; it has {', '.join(_KEYS)}")
    for key in _KEYS[:2]:
        word = str(term.get(key, "*"))
        if not is_end(word):
            raise ValueError(f"`{key}`: `{word}` is no address and no service tag that is known here")
    ProtocolSet.of(str(term.get("protocol", "*")))
    _ports(term.get("ports", "*"))


def _ports(stated: object) -> PortSet:
    items = stated if isinstance(stated, list | tuple) else str(stated).split(",")
    return PortSet.of(*(str(item) for item in items))


def _no_endpoints(part: str) -> Addresses:
    return Addresses.none()


def resolver(
    subnet: Resource,
    playing: Callable[[str], Sequence[Resource]],
    view: NetworkView,
    *,
    attached: Callable[[], Addresses] = Addresses.none,
    endpoints: Callable[[str], Addresses] = _no_endpoints,
) -> Resolve:
    """Words of a table at one subnet: `self`, `subnet:<part>` by `playing`, and what a rule can name.

    `network` is the virtual network with what it is connected to, without what user routes add to its tag. `attached`
    gives the addresses of what sits in the subnet, `endpoints` those of the private endpoints of a part
    (`endpoint:<part>`). A part that nothing plays has no addresses.
    """

    def resolve(word: str) -> Addresses:
        text = word.strip()
        if text == "self":
            return subnet_prefix(subnet)
        if text == "attached":
            return attached()
        if text == "network":
            return view.network
        if text.startswith("endpoint:"):
            return endpoints(text.removeprefix("endpoint:"))
        if text.startswith("subnet:"):
            return Addresses.union(subnet_prefix(found) for found in playing(text.removeprefix("subnet:")))
        return view.resolve(text)

    return resolve


def compare(
    estate: Estate,
    subnet: Resource,
    direction: str,
    allowed: FlowSet,
    needed: FlowSet | None = None,
    *,
    tags: ServiceTags | None = None,
    words: Sequence[str] = (),
) -> Contract:
    """Hold a subnet's rules in one direction against what may pass (`allowed`) and what must (`needed`).

    Only packets that can be there count: towards the subnet's own prefix inbound, from it outbound, so a rule for `*`
    and one for the prefix say the same. Admin rules that are in force come first; where they are not known, that is
    among the `unknowns` and the group alone is compared. `words` are tags that the table uses: parts are told in these
    and in the tags of the rules. Raises `NotKnown` where the subnet's group was not read.
    """
    way = direction.casefold()
    known = _compared(estate)
    key = (subnet.id, way, allowed, needed, tags, *words)
    if key not in known:
        row = allowed, FlowSet.none() if needed is None else needed
        known[key] = _compare(estate, subnet, way, row, _view(estate, subnet, tags), words)
    return known[key]


def _view(estate: Estate, subnet: Resource, tags: ServiceTags | None) -> NetworkView:
    return view_of(estate, subnet) if tags is None else network_view(estate, subnet, tags)


class _Compared(dict[tuple[object, ...], Contract]):
    """What was compared already: a subnet's row is asked about once for each direction and once more for its denies."""


@once_an_estate
def _compared(estate: Estate) -> _Compared:
    return _Compared()


def _compare(  # noqa: PLR0917 - what `compare` was given
    estate: Estate,
    subnet: Resource,
    way: str,
    row: tuple[FlowSet, FlowSet],
    view: NetworkView,
    words: Sequence[str],
) -> Contract:
    allowed, needed = row
    scope = reach_of(subnet, way)
    group = estate.one(subnet, Relation.GUARDED_BY)
    unknowns: list[Unknown] = []
    before = _before(estate, subnet, way, view, unknowns)
    if group is None:
        return Contract(subnet, way, None, None, (), (), (), tuple(unknowns), view)
    evaluation = evaluated(estate, group, way, view)
    made = _Comparison(evaluation, scope, before, _names(evaluation, view, words), _unused(estate, subnet))
    excess = made.parts(lambda rule: rule.allows, ~allowed)
    missing = made.parts(lambda rule: not rule.allows, needed)
    left = made.parts(lambda rule: rule.is_default, FlowSet.everything())
    parts = (*excess, *missing, *left)
    unknowns += [part.unknown for part in parts if part.unknown is not None]
    return Contract(subnet, way, group, evaluation, excess, missing, left, tuple(dict.fromkeys(unknowns)), view)


def _names(evaluation: Evaluation, view: NetworkView, words: Sequence[str]) -> Mapping[str, Addresses]:
    """What the reader knows by name: the network's own words, then the tags of rules and table, largest first."""
    tags = {canonical(word) for rule in evaluation.rules for word in rule.names_tags}
    tags |= {canonical(word.strip()) for word in words if is_tag(word.strip())}
    found = {name: view.named(name) for name in sorted(tags) if name not in view.names}
    return {**view.names, **dict(sorted(found.items(), key=lambda item: -item[1].possible.size))}


def reach_of(subnet: Resource, direction: str) -> FlowSet:
    """The packets that can be there: to the subnet inbound, from it outbound."""
    prefix = subnet_prefix(subnet)
    there = FlowSet.box(destination=prefix) if direction == "inbound" else FlowSet.box(source=prefix)
    return there & FlowSet.real()


def _unused(estate: Estate, subnet: Resource) -> FlowSet:
    """Packets from or to an address that Azure keeps for itself in a subnet of this network: there are none."""
    network = subnet.id.parent
    near = estate.seen(subnet.type, under=network) if network is not None else (subnet,)
    kept = AddressSet.none()
    for each in near:
        try:
            kept |= subnet_prefixes(each) - assignable(each)
        except NotKnown:
            continue  # of a subnet whose prefix is not known, which addresses Azure keeps is not known either
    there = Addresses.known(kept)
    return FlowSet.box(source=there) | FlowSet.box(destination=there)


@dataclass(frozen=True)
class _Comparison:
    evaluation: Evaluation
    scope: FlowSet
    before: FlowSet
    names: Mapping[str, Addresses]
    unused: FlowSet

    def parts(self, chosen: Callable[[SecurityRule], bool], wrong: FlowSet) -> tuple[Part, ...]:
        """For each chosen rule the packets it decides that are wrong for it, where there are or may be any."""
        found = []
        suspect = (wrong & self.scope) - self.before
        if suspect == FlowSet.none():
            return ()
        for rule, flows in self.evaluation.deciding(suspect, chosen):
            real = flows - self.unused
            empty = real.is_empty
            witness = flows.witness()
            if witness is not None and self.unused.decide(witness) is not False:
                witness = real.witness()
            if empty is not True and witness is not None:
                unknown = empty if isinstance(empty, Unknown) else None
                found.append(Part(flows, rule, self.evaluation.group.id, witness, unknown, self.names))
        return tuple(found)


def _before(estate: Estate, subnet: Resource, way: str, view: NetworkView, unknowns: list[Unknown]) -> FlowSet:
    """The packets that admin rules decide for good; what is not known of these rules goes to `unknowns`."""
    network = estate.find(subnet.id.parent)
    if network is None:
        return FlowSet.none()
    final = admin_rules(estate, network, way, view).with_access("Deny", "AlwaysAllow")
    unknowns += final.unknowns
    return final.certain


def definite(contract: Contract) -> Contract:
    """The contract for whoever needs to know; raises `NotKnown` where something may be wrong and nothing surely is."""
    surely = [part for part in (*contract.excess, *contract.missing) if part.unknown is None]
    if contract.unknowns and not surely:
        raise NotKnown(because_of(contract.unknowns))
    return contract
