"""Certificates about security groups: which rule decides each packet, and which row allows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.documents.peering import PeeringDocument
from auditor.estate import Estate
from auditor.model import ArmId, Finding, Outcome, Resource
from auditor.network.nsg.admin_rules import admin_rules
from auditor.network.nsg.evaluation import Evaluation
from auditor.network.nsg.rules import SecurityRule
from auditor.network.topology.service_tags import DOCUMENT
from auditor.network.topology.words import NetworkView
from auditor.proofs.pieces import NotCertifiedError, box_json, pieces, tags_in
from auditor.rules.network.security_groups import GroupRow, HeldAgainst, HeldRow, held_against_row
from auditor.sets.packet_set import FlowSet, Packet
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import ProtocolSet
from auditor.sets.symbolic_addresses import Addresses
from auditor.workload.needed_flows import counted_endpoints
from auditor.workload.nsg_table import Part, reach_of
from auditor.workload.parts import Workload

_DIRECTIONS = {
    "lets_in_other_than_the_table": ("inbound",),
    "lets_out_other_than_the_table": ("outbound",),
    "leaves_the_rest_to_default_rules": ("inbound", "outbound"),
}


_GIVEN = ArmId(f"/providers/{DOCUMENT}/given")
"""The list of service tags that `--service-tags` gave: see `audit.tagged`."""


@dataclass
class Partitions:
    """The partitions of an audit, each made once: a subnet's group in one direction against one row."""

    workload: Workload
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    _held: dict[str, HeldAgainst] = field(default_factory=dict)

    def certificate(self, finding: Finding, terms: GroupRow) -> dict[str, Any]:
        """The certificate of a definite verdict of a rule about groups; raises `NotCertifiedError` or `NotKnown`."""
        verdict = finding.verdict
        subnet = self.workload.estate.find(verdict.resource)
        assert subnet is not None
        ways = _DIRECTIONS[finding.rule]
        way = verdict.aspect if verdict.aspect in ways else ways[0]
        key = self._key(subnet, way, terms)
        claim = "default" if finding.rule == "leaves_the_rest_to_default_rules" else "row"
        if verdict.outcome is Outcome.PASS:
            return {"form": "partition", "claim": claim, "partition": key}
        part, kind = _broken(self._held[key], verdict.aspect, claim)
        return {
            "form": "packet",
            "claim": kind,
            "partition": key,
            "packet": _packet(part),
            "decided_by": part.rule.azure_name,
        }

    def _key(self, subnet: Resource, way: str, terms: GroupRow) -> str:
        key = f"{subnet.id.parent.name if subnet.id.parent else ''}/{subnet.name} {way} as {terms.part}"
        if key not in self.made:
            self._held[key] = held_against_row(subnet, self.workload, way, terms)
            self.made[key] = self._partition(self._held[key])
        return key

    def _partition(self, held: HeldAgainst) -> dict[str, Any]:
        contract = held.contract
        if contract.group is None or contract.evaluation is None:
            raise NotCertifiedError("the subnet has no security group")
        _simple(self.workload.estate, held)
        asked = reach_of(contract.subnet, contract.direction)
        boxes = [box for found in _decided(contract.evaluation, asked, held.allowed) for box in found]
        rules = (rule.flows for rule in contract.evaluation.rules)
        return {
            "subnet": contract.subnet.id.text,
            "direction": contract.direction,
            "group": contract.group.id.text,
            "tags": tags_in(*rules, *(row.flows for row in (*held.allowed, *held.needed))),
            "allows": [self._row(held, each) for each in held.allowed],
            "needs": [self._row(held, each) for each in held.needed],
            "boxes": boxes,
        }

    def _row(self, held: HeldAgainst, row: HeldRow) -> dict[str, Any]:
        """A row in the words of the baseline, and what these mean here. One that is not in force means nothing."""
        term = row.row.term
        found: dict[str, Any] = {**term, "in_force": row.flows != FlowSet.none()}
        if found["in_force"]:
            for side in ("from", "to"):
                found[f"{side}_means"] = self._meaning(held, str(term[side]).strip())
        return found

    def _meaning(self, held: HeldAgainst, word: str) -> dict[str, Any]:
        of: list[str] = []
        kind, _, part = word.partition(":")
        if kind == "subnet":
            of = [subnet.id.text for subnet in self.workload.subnet(part)]
        elif kind == "endpoint":
            of = [endpoint.id.text for endpoint in counted_endpoints(self.workload, part)]
        return {"addresses": pieces(held.resolve(word)), **({"of": of} if of else {})}


def _decided(evaluation: Evaluation, asked: FlowSet, rows: Sequence[HeldRow]) -> Iterator[Iterator[dict[str, Any]]]:
    """For each rule the boxes that it decides; of an allow each with the first row that allows it, `null` for none."""
    for rule, flows in evaluation.partition():
        left = flows & asked
        if rule.unknowns:
            raise NotCertifiedError(rule.unknowns[0].because)
        for number, row in enumerate(rows if rule.allows else ()):
            yield _boxes(left & row.flows, rule, number)
            left -= row.flows
        yield _boxes(left, rule, None)


def _boxes(flows: FlowSet, rule: SecurityRule, row: int | None) -> Iterator[dict[str, Any]]:
    for box in flows.boxes():
        allowed = {"row": row} if rule.allows else {}
        yield {**box_json(box), "rule": rule.azure_name, "access": rule.access, **allowed}


def _broken(held: HeldAgainst, aspect: str, claim: str) -> tuple[Part, str]:
    """The packets that a failing verdict is about."""
    contract = held.contract
    if claim == "default":
        certain = [part for part in contract.left_to_default if part.unknown is None]
        return next((part for part in certain if part.rule.allows), certain[0]), "default"
    for kind, parts in (("excess", contract.excess), ("missing", contract.missing)):
        for part in parts:
            if f"{kind} {part.rule.name}".casefold() == aspect:
                return part, kind
    raise NotCertifiedError("the packets of this verdict are not at hand")


def _packet(part: Part) -> dict[str, Any]:
    """One packet as the smallest box that it lies in."""
    packet = part.witness
    found = (part.flows & _only(packet)).boxes()
    return box_json(found[0])


def _only(packet: Packet) -> FlowSet:
    def port(number: int | None) -> PortSet:
        return PortSet.everything() if number is None else PortSet.of(str(number))

    return FlowSet.box(
        ProtocolSet.of(packet.protocol),
        Addresses.of(packet.source),
        port(packet.source_port),
        Addresses.of(packet.destination),
        port(packet.destination_port),
    )


def _simple(estate: Estate, held: HeldAgainst) -> None:
    """Refuse what the form does not cover: admin rules, gateways, and peerings or routes by other than prefixes."""
    contract = held.contract
    network = estate.find(contract.subnet.id.parent)
    if network is None:
        raise NotCertifiedError("the virtual network of the subnet is not in the snapshot")
    if estate.find(_GIVEN) is not None:
        raise NotCertifiedError("service tags were read from a file of their own, which is not in the snapshot")
    final = admin_rules(estate, network, contract.direction, contract.view).with_access("Deny", "AlwaysAllow")
    if final != FlowSet.none():
        raise NotCertifiedError("security admin rules decide some packets before the group")
    _plain_network(estate, network, contract.view)


def _plain_network(estate: Estate, network: Resource, view: NetworkView) -> None:
    stated = {f"peering {p.name}": p for p in estate.seen(PeeringDocument.kind, under=network.id)}
    for part in view.parts:
        if not part.addresses.is_exact or part.origin.startswith("gateway"):
            raise NotCertifiedError(f"VirtualNetwork depends on {part.origin}, which the form does not cover")
        if part.origin in stated:
            own = stated[part.origin].stated("properties", "remoteAddressSpace", "addressPrefixes")
            if not isinstance(own, list) or part.addresses != Addresses.of(*map(str, own)):
                raise NotCertifiedError(f"the space of {part.origin} is not the one that its document states")


def group_rules() -> Iterable[str]:
    """The rules whose verdicts partitions certify."""
    return _DIRECTIONS
