"""Network security groups: each subnet lets through what its row of the article's table says, and denies the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from auditor.estate import Relation
from auditor.model import Evidence, Resource, Unknown, Verdict
from auditor.model.change import Change
from auditor.network.nsg.evaluation import evaluated
from auditor.network.nsg.rules import SecurityRule
from auditor.network.topology.attached import attached_addresses
from auditor.network.topology.words import undecided, view_of
from auditor.rules.changes import attached
from auditor.rules.group_changes import GroupFix, Wanted, narrowed
from auditor.rules.rule import broken, decides, holds, unknown
from auditor.sets.packet_set import FlowSet
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import ProtocolSet
from auditor.sets.symbolic_addresses import Addresses
from auditor.text.shell import q
from auditor.workload.architecture import subnet_names
from auditor.workload.needed_flows import condition_holds, endpoint_addresses, is_condition
from auditor.workload.nsg_table import (
    Contract,
    Part,
    Resolve,
    check_term,
    compare,
    flow_terms,
    reach_of,
    resolver,
)
from auditor.workload.parts import Workload


class FlowRow(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={"source_": "from", "documented": "source"},
    omit_defaults=True,
):
    """One flow of a table: who, to whom, on what; why; where that is documented; under which condition.

    `needed` says that the flow must pass as well, as if it stood under `needs` too.
    """

    source_: str
    to: str
    ports: str
    protocol: str
    needed: bool = False
    why: str = ""
    documented: str = ""
    when: str = ""
    unless: str = ""

    def __post_init__(self) -> None:
        """Refuse words that no subnet's rules could be held against, and conditions that are not known."""
        check_term(self.term)
        if not self.why:
            raise ValueError("a flow says under `why` why it is there")
        for name in (self.when, self.unless):
            if name and not is_condition(name):
                raise ValueError(f"`{name}` is no condition that is known here")

    @property
    def term(self) -> dict[str, object]:
        """The flow as `workload.nsg_table` reads it."""
        return {"from": self.source_, "to": self.to, "ports": self.ports, "protocol": self.protocol}

    @property
    def direction(self) -> str:
        """Outbound where the flow starts in the subnet."""
        return "outbound" if self.source_.strip() in _HERE else "inbound"


_HERE = ("self", "attached")


class GroupRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of the article's table: the part, what the article calls its subnet, and its flows in each direction.

    `inbound` and `outbound` are all that may pass; `needs` is what must, between addresses that exist.
    """

    part: str
    subnet: str
    inbound: tuple[FlowRow, ...]
    outbound: tuple[FlowRow, ...]
    needs: tuple[FlowRow, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a part that no subnet can play, and a need that does not start or end in the subnet."""
        if self.part not in subnet_names():
            raise ValueError(f"`{self.part}` is no part of a network; it is one of {', '.join(subnet_names())}")
        for need in self.needs:
            if need.source_.strip() not in _HERE and need.to.strip() not in _HERE:
                raise ValueError("a need is from or to `attached` or `self`")


def _playing(w: Workload, terms: GroupRow) -> Iterable[Resource]:
    return w.subnet(terms.part)


@decides(by_terms=_playing, part="subnet for this part", terms=GroupRow)
def lets_in_other_than_the_table(subnet: Resource, w: Workload, terms: GroupRow) -> Iterator[Verdict]:
    """A subnet lets in more than its row of the table, or blocks what it needs.

    What is read: the security group on the subnet, its rules by priority with Azure's default rules after them,
    security admin rules before them, and what service tags and application security groups stand for here.

    Why it matters: the first rule that matches a packet decides it, so what a group lets in is the sum of its rules
    and not the look of any one of them. A default rule lets the whole network and all its peers in.

    What is wrong: some packet to the subnet passes that no flow of the row covers, or one that a service needs is
    blocked. Each finding names the rule that decides, the packets in few boxes, and one packet as a witness.

    How to put it right: narrow the rule to the row's flow, or delete it and let an explicit deny follow.

    References: article, "Virtual network segmentation and security" (table);
    learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works.
    """
    yield from _hold_against(subnet, w, "inbound", terms)


@decides(by_terms=_playing, part="subnet for this part", terms=GroupRow)
def lets_out_other_than_the_table(subnet: Resource, w: Workload, terms: GroupRow) -> Iterator[Verdict]:
    """A subnet lets out more than its row of the table, or blocks what it needs.

    What is read: as for the inbound row, in the outbound direction.

    Why it matters: what can leave is what can be stolen. A group without a rule of its own lets everything out to the
    Internet by Azure's default rule.

    What is wrong: some packet from the subnet passes that no flow of the row covers, or one that is needed is blocked.

    How to put it right: narrow the rule to the row's flow, or delete it and let an explicit deny follow.

    References: article, "Virtual network segmentation and security" (table);
    learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works.
    """
    yield from _hold_against(subnet, w, "outbound", terms)


def _hold_against(subnet: Resource, w: Workload, direction: str, terms: GroupRow) -> Iterator[Verdict]:
    contract = _contract(subnet, w, direction, terms)
    if contract.group is None:
        yield _unguarded(subnet, direction, w)
        return
    way = "in" if direction == "inbound" else "out"
    table = f"the reference NSG table (row {terms.part})"
    changes = _to_the_row(contract, w, terms)
    for part in contract.excess:
        says = f"{subnet.name} lets {way} {part.text}, which {table} does not allow"
        yield _differs(contract, part, says, "excess", changes)
    for part in contract.missing:
        yield _differs(contract, part, f"{subnet.name} blocks {part.text}, which {table} requires", "missing", changes)
    if not contract.excess and not contract.missing:
        if contract.unknowns:
            yield unknown(subnet, contract.unknowns[0], *_group(contract))
        else:
            yield holds(
                subnet, f"{contract.group.name} lets {way} what {table} allows, and nothing else", *_group(contract)
            )


@dataclass(frozen=True)
class HeldRow:
    """A flow of a row with the packets that it stands for at one subnet."""

    row: FlowRow
    flows: FlowSet


@dataclass(frozen=True)
class HeldAgainst:
    """A subnet's group in one direction, what its row allows and needs, and how the two differ.

    `resolve` is from a word of the row to its addresses at this subnet.
    """

    contract: Contract
    allowed: tuple[HeldRow, ...]
    needed: tuple[HeldRow, ...]
    resolve: Resolve


def held_against_row(subnet: Resource, w: Workload, direction: str, terms: GroupRow) -> HeldAgainst:
    """Hold a subnet's group in one direction against its row; raises `NotKnown` where the group was not read."""
    rows: tuple[FlowRow, ...] = getattr(terms, direction)
    needs = (*(row for row in rows if row.needed), *(need for need in terms.needs if need.direction == direction))
    resolve = _resolver(subnet, w)
    words = [str(row.term.get(side, "")) for row in (*rows, *needs) for side in ("from", "to")]
    allowed = tuple(HeldRow(row, _flows(row, w, subnet, resolve)) for row in rows)
    needed = tuple(HeldRow(row, _flows(row, w, subnet, resolve) & _IPV4) for row in needs)
    may, must = (FlowSet.union(each.flows for each in those) for those in (allowed, needed))
    return HeldAgainst(compare(w.estate, subnet, direction, may, must, words=words), allowed, needed, resolve)


def _contract(subnet: Resource, w: Workload, direction: str, terms: GroupRow) -> Contract:
    return held_against_row(subnet, w, direction, terms).contract


_IPV4 = FlowSet.box(source=Addresses.of("0.0.0.0/0"), destination=Addresses.of("0.0.0.0/0"))
"""What the rows need is traffic of Azure's services and to private endpoints, which have IPv4 addresses only
(learn.microsoft.com/azure/virtual-network/ip-services/ipv6-overview, limitations)."""


def _to_the_row(contract: Contract, w: Workload, terms: GroupRow) -> list[Change]:
    """The changes that bring a group in line with the row in the contract's direction; none where it is."""
    if not (contract.excess or contract.missing or contract.left_to_default):
        return []
    subnet, resolve = contract.subnet, _resolver(contract.subnet, w)

    def wanted(rows: Iterable[FlowRow]) -> list[Wanted]:
        found = [Wanted(row.term, _flows(row, w, subnet, resolve)) for row in rows]
        return [each for each in found if each.flows.is_empty is not True]

    rows: tuple[FlowRow, ...] = getattr(terms, contract.direction)
    needs = [need for need in terms.needs if need.direction == contract.direction]
    return GroupFix(contract, wanted(rows), wanted(needs), w.subnet).changes()


def _resolver(subnet: Resource, w: Workload) -> Resolve:
    return resolver(
        subnet,
        w.subnet,
        view_of(w.estate, subnet),
        attached=lambda: attached_addresses(w.estate, subnet),
        endpoints=lambda part: endpoint_addresses(w, part),
    )


def _flows(row: FlowRow, w: Workload, subnet: Resource, resolve: Resolve) -> FlowSet:
    """The packets of a row where its conditions hold; where one is unknown, whether there are any is."""
    found = flow_terms([row.term], resolve)
    for name, wanted in ((row.when, True), (row.unless, False)):
        holds_here = condition_holds(name, w, subnet) if name else wanted
        if isinstance(holds_here, Unknown):
            gate = undecided(f"if {name} holds at {subnet.id.key}", holds_here)
            open_ = FlowSet.box(destination=Addresses.symbol(gate))
            found = found & open_ if wanted else found - open_
        elif holds_here is not wanted:
            return FlowSet.none()
    return found


def _unguarded(subnet: Resource, direction: str, w: Workload) -> Verdict:
    evidence = subnet.at("properties", "networkSecurityGroup")
    fix = f"az network vnet subnet update --ids {q(subnet.id.text)} --network-security-group <nsg>"
    says = f"{subnet.name} has no security group: everything passes {direction}"
    return broken(subnet, says, evidence, fix=fix, changes=attached(subnet, w))


def _group(contract: Contract) -> tuple[Evidence, ...]:
    return (contract.subnet.at("properties", "networkSecurityGroup", "id"),)


def _differs(contract: Contract, part: Part, says: str, kind: str, changes: list[Change]) -> Verdict:
    rule = part.rule
    aspect = f"{kind} {rule.name}".casefold()
    if part.unknown is not None:
        return unknown(contract.subnet, part.unknown, *_decided_by(rule), aspect=aspect)
    decided = f"{says} (rule {rule.name}, priority {rule.priority})"
    fix = _narrow(contract, rule) if kind == "excess" else _permit(contract, part)
    return broken(
        contract.subnet,
        decided,
        *_decided_by(rule),
        fix=fix,
        aspect=aspect,
        witness=_witness(contract, part),
        changes=changes,
    )


def _decided_by(rule: SecurityRule) -> tuple[Evidence, ...]:
    return (Evidence(rule.place, rule.azure_name),)


def _witness(contract: Contract, part: Part) -> dict[str, Any]:
    packet = part.witness
    return {
        "direction": contract.direction,
        "protocol": packet.protocol.label,
        "source": packet.source,
        "source_port": packet.source_port,
        "destination": packet.destination,
        "destination_port": packet.destination_port,
        "access": part.rule.access,
        "rule": part.rule.azure_name,
        "nsg": part.group.text,
        **({"given": list(packet.given)} if packet.given else {}),
    }


def _narrow(contract: Contract, rule: SecurityRule) -> str:
    if rule.is_default:
        return _deny_all(contract, contract.direction)
    assert contract.group is not None
    return (
        f"az network nsg rule update --resource-group {q(contract.group.id.resource_group)} --nsg-name"
        f" {q(contract.group.name)} --name {q(rule.name)} --source-address-prefixes <of the row>"
        " --destination-address-prefixes <of the row> --destination-port-ranges <of the row>"
        "  # or: az network nsg rule delete"
    )


def _permit(contract: Contract, part: Part) -> str:
    assert contract.group is not None
    return (
        f"az network nsg rule create --resource-group {q(contract.group.id.resource_group)} --nsg-name"
        f" {q(contract.group.name)} --name <name> --direction {contract.direction.capitalize()} --access Allow"
        f" --priority <below {part.rule.priority}>  # for {q(part.text)}"
    )


def _deny_all(contract: Contract, direction: str) -> str:
    assert contract.group is not None
    way = direction.capitalize()
    return (
        f"az network nsg rule create --resource-group {q(contract.group.id.resource_group)} --nsg-name"
        f" {q(contract.group.name)} --name DenyAll{way} --direction {way} --access Deny --priority 4096 --protocol '*'"
        " --source-address-prefixes '*' --source-port-ranges '*' --destination-address-prefixes '*'"
        " --destination-port-ranges '*'"
    )


@decides(by_terms=_playing, part="subnet for this part", terms=GroupRow)
def leaves_the_rest_to_default_rules(subnet: Resource, w: Workload, terms: GroupRow) -> Iterator[Verdict]:
    """Some traffic of a subnet is decided by a default rule, so nothing denies it explicitly.

    What is read: which rule of the subnet's group decides each packet, in both directions. A deny whose source is
    another subnet's prefix never matches and so decides nothing.

    Why it matters: Azure's default rules allow the whole network, its peers and on-premises in, and the Internet out.
    The article asks for the opposite: what the table does not name is denied, and a rule says so.

    What is wrong: a packet exists that reaches a default rule. Whether that rule allows or denies it makes no
    difference: what is not denied by the group itself is open again as soon as a default allows it.

    How to put it right: `az network nsg rule create --access Deny --priority 4096` for everything, in that direction.

    References: article, "Virtual network segmentation and security" ("All other traffic is explicitly denied");
    learn.microsoft.com/azure/virtual-network/network-security-groups-overview.
    """
    for direction in ("inbound", "outbound"):
        contract = _contract(subnet, w, direction, terms)
        if contract.group is None:
            yield _unguarded(subnet, direction, w)
        else:
            yield _explicitly_denied(contract, direction, _to_the_row(contract, w, terms))


def _explicitly_denied(contract: Contract, direction: str, changes: list[Change]) -> Verdict:
    certain = [part for part in contract.left_to_default if part.unknown is None]
    if certain:
        worst = next((part for part in certain if part.rule.allows), certain[0])
        rest = f" and {len(certain) - 1} more" if len(certain) > 1 else ""
        access = "allowed" if worst.rule.allows else "denied"
        says = (
            f"no rule of {contract.group.name if contract.group else ''} denies {worst.text} {direction}:"
            f" it is {access} by Azure's default {worst.rule.name}{rest}"
        )
        evidence = [e for part in certain for e in _decided_by(part.rule)]
        return broken(
            contract.subnet, says, *_group(contract), *evidence,
            fix=_deny_all(contract, direction), aspect=direction, witness=_witness(contract, worst), changes=changes,
        )  # fmt: skip
    if contract.left_to_default:
        doubt = contract.left_to_default[0].unknown
        assert doubt is not None
        return unknown(contract.subnet, doubt, *_group(contract), aspect=direction)
    says = f"{contract.group.name if contract.group else ''} itself denies all else {direction}"
    return holds(contract.subnet, says, *_group(contract), aspect=direction)


_EVERY_PART = "every part"


class StrictTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Flows whose ports or protocol the article's table itself, or a page it links to, leaves open, by part."""

    open: dict[str, tuple[dict[str, str], ...]]

    def __post_init__(self) -> None:
        """Refuse parts that no subnet plays, and words that no rule could be held against."""
        known = (_EVERY_PART, *subnet_names())
        for part, flows in self.open.items():
            if part not in known:
                raise ValueError(f"`{part}` is no part of a network; it is one of {', '.join(known)}")
            for flow in flows:
                check_term(flow)


@decides(on=lambda w: w.subnets.all, part="subnet", terms=StrictTerms)
def rule_is_wider_than_it_need_be(subnet: Resource, w: Workload, terms: StrictTerms) -> Iterator[Verdict]:
    """A rule allows any port, or any protocol, where a narrower one would do.

    What is read: protocol and destination ports of every Allow rule of the subnet's group.

    Why it matters: the article asks for the strictest rules that work. A rule that names no port lets in the next
    service that is started there.

    What is wrong: an Allow rule for any port or any protocol, unless the article's table, or the page of the service
    that it links to, leaves them open for that very flow.

    How to put it right: `az network nsg rule update --protocol Tcp --destination-port-ranges 443`.

    References: article, "Virtual network segmentation and security" (strictest rules).
    """
    group = w.estate.one(subnet, Relation.GUARDED_BY)
    if group is None:
        return
    wide = [rule for way in ("inbound", "outbound") for rule in _wide_rules(subnet, group, w, way, terms)]
    for rule in wide:
        what = "any port" if rule.destination_ports == PortSet.everything() else "any protocol"
        fix = (
            f"az network nsg rule update --resource-group {q(group.id.resource_group)} --nsg-name {q(group.name)}"
            f" --name {q(rule.name)} --protocol Tcp --destination-port-ranges <ports>"
        )
        says = f"rule {rule.name} of {group.name} allows {what} where a narrower rule would do"
        yield broken(subnet, says, *_decided_by(rule), fix=fix, aspect=rule.name.casefold(), changes=narrowed(rule))
    if not wide:
        yield holds(subnet, f"every rule of {group.name} names its ports and protocol", subnet.at("name"))


def _wide_rules(subnet: Resource, group: Resource, w: Workload, way: str, terms: StrictTerms) -> Iterator[SecurityRule]:
    view = view_of(w.estate, subnet)
    resolve = _resolver(subnet, w)
    accepted_by = FlowSet.union(
        flow_terms(terms.open.get(part, ()), resolve) for part in (_EVERY_PART, *w.subnets.part_of(subnet))
    )
    here = reach_of(subnet, way)
    for rule in evaluated(w.estate, group, way, view).rules:
        if rule.is_default or not rule.allows:
            continue
        any_port = rule.destination_ports == PortSet.everything()
        any_protocol = rule.protocols == ProtocolSet.everything()
        if (any_port or any_protocol) and (rule.flows & here <= accepted_by) is not True:
            yield rule
