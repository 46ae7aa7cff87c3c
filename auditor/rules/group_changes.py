"""Changes that bring a security group in line with a row: what is in excess goes, what the row allows is named, the
rest is denied."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.model import Resource
from auditor.model.change import Change, create, delete, set_to
from auditor.network.nsg.rules import SecurityRule
from auditor.network.topology.words import prefixes_of
from auditor.sets.packet_set import FlowSet
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import ProtocolSet
from auditor.workload.nsg_table import Contract, reach_of

_FIRST, _LAST = 100, 4096
"""Priorities of own rules: learn.microsoft.com/azure/virtual-network/network-security-groups-overview (2026-11-30)."""
_WIDE_BY_NATURE = ("network", "VirtualNetwork", "Internet", "AzureLoadBalancer")
"""Ends for which a row means every port and protocol; to any other end a row without ports is filled by its needs."""


@dataclass(frozen=True)
class Wanted:
    """A flow of a row as words, and its packets."""

    term: Mapping[str, object]
    flows: FlowSet

    @property
    def far(self) -> str:
        """The end that is not the subnet."""
        source, target = str(self.term["from"]).strip(), str(self.term["to"]).strip()
        return target if source in ("self", "attached") else source

    @property
    def open(self) -> bool:
        """Whether it names no port where ports could be named."""
        return str(self.term.get("ports", "*")) == "*" and self.far not in _WIDE_BY_NATURE


@dataclass(frozen=True)
class GroupFix:
    """What a contract's group has to let through, and who plays which part."""

    contract: Contract
    rows: Sequence[Wanted]
    needs: Sequence[Wanted]
    playing: Callable[[str], Sequence[Resource]]

    def changes(self) -> list[Change]:
        """All changes of one direction together, so that findings about it have one cause; none where none will do."""
        group, evaluation = self.contract.group, self.contract.evaluation
        if group is None or evaluation is None:
            return []
        own = [rule for rule in evaluation.rules if not rule.is_default]
        excess = [part for part in self.contract.excess if part.unknown is None]
        gone = list({p.rule.resource.id: p for p in excess if not p.rule.is_default}.values())
        gone_ids = {part.rule.resource.id for part in gone}
        kept = [rule for rule in own if rule.resource.id not in gone_ids]
        allowed = list(self._allowed(kept))
        free = _free_priorities(kept, len(allowed))
        last = _last_priority(kept)
        if len(free) < len(allowed) or last is None:
            return []
        changes = [delete(p.rule.resource.id, f"{p.text} does not pass any more") for p in gone]
        for priority, body in zip(free, allowed, strict=True):
            id_ = group.id.child("securityRules", f"{_name(body)}{priority}")
            changes.append(create(id_, {"properties": {**body, "priority": priority}}))
        if self.contract.left_to_default:
            lost = "what no rule of the group allows is denied: what went by Azure's default rules stops"
            id_ = group.id.child("securityRules", self._name_of_deny(kept))
            changes.append(create(id_, {"properties": {**self._deny(), "priority": last}}, warning=lost))
        return changes

    def _allowed(self, kept: Iterable[SecurityRule]) -> Iterator[dict[str, Any]]:
        """The flows of the row that no rule which stays lets through, as properties of rules."""
        evaluation = self.contract.evaluation
        assert evaluation is not None
        ids = {rule.resource.id for rule in kept}
        scope = reach_of(self.contract.subnet, self.contract.direction)
        named = FlowSet.none()
        for wanted in (*self.rows, *self.needs):
            if wanted.open:
                continue
            flows = (wanted.flows & scope) - named
            decided = evaluation.deciding(flows, lambda r: r.allows and not r.is_default and r.resource.id in ids)
            rest = flows - FlowSet.union(passed for _, passed in decided)
            body = self._body(wanted.term)
            if rest.is_empty is not True and body is not None:
                named |= flows
                yield body

    def _body(self, term: Mapping[str, object]) -> dict[str, Any] | None:
        source, target = self._prefixes(str(term["from"])), self._prefixes(str(term["to"]))
        if not source or not target:
            return None
        ports = [port.strip() for port in str(term.get("ports", "*")).split(",")]
        return {
            "access": "Allow",
            "direction": self.contract.direction.capitalize(),
            "protocol": _protocol(term),
            **_one_or_more("sourceAddressPrefix", "sourceAddressPrefixes", source),
            "sourcePortRange": "*",
            **_one_or_more("destinationAddressPrefix", "destinationAddressPrefixes", target),
            **_one_or_more("destinationPortRange", "destinationPortRanges", ports),
        }

    def _prefixes(self, word: str) -> list[str]:
        text = word.strip()
        if text in ("self", "attached"):
            return _stated(self.contract.subnet)
        if text.startswith("endpoint:"):
            text = "subnet:private_endpoints"
        if text.startswith("subnet:"):
            return [prefix for s in self.playing(text.removeprefix("subnet:")) for prefix in _stated(s)]
        return ["VirtualNetwork" if text == "network" else text]

    def _deny(self) -> dict[str, Any]:
        return {
            "access": "Deny",
            "direction": self.contract.direction.capitalize(),
            "protocol": "*",
            "sourceAddressPrefix": "*",
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": "*",
        }

    def _name_of_deny(self, kept: Iterable[SecurityRule]) -> str:
        name = f"DenyAll{self.contract.direction.capitalize()}"
        taken = any(rule.resource.name.casefold() == name.casefold() for rule in kept)
        return f"{name}Else" if taken else name


def _protocol(term: Mapping[str, object]) -> str:
    """What a row with ports leaves open is TCP: RDP and SSH, the one case, both begin with it."""
    stated = str(term.get("protocol", "*"))
    ends = {str(term["from"]).strip(), str(term["to"]).strip()}
    narrow = stated == "*" and str(term.get("ports", "*")) != "*" and not ends & set(_WIDE_BY_NATURE)
    return "Tcp" if narrow else stated


def _stated(subnet: Resource) -> list[str]:
    return list(prefixes_of(subnet, ("properties", "addressPrefix"), ("properties", "addressPrefixes")))


def _one_or_more(single: str, several: str, values: Sequence[str]) -> dict[str, Any]:
    return {single: values[0]} if len(values) == 1 else {several: list(values)}


def _name(body: Mapping[str, Any]) -> str:
    far = "source" if body["direction"] == "Inbound" else "destination"
    prefixes = body.get(f"{far}AddressPrefix") or "Several"
    word = re.sub(r"[^A-Za-z0-9]+", "-", "Any" if prefixes == "*" else str(prefixes)).strip("-")
    return f"Allow-{word}-{body['direction']}-"


def _free_priorities(kept: Sequence[SecurityRule], number: int) -> list[int]:
    """Free priorities before the first deny of the same direction, the last of them; in order."""
    taken = {rule.priority for rule in kept}
    before = min((rule.priority for rule in kept if not rule.allows), default=_LAST)
    free = [priority for priority in range(_FIRST, before) if priority not in taken]
    return free[len(free) - number :] if number else []


def _last_priority(kept: Sequence[SecurityRule]) -> int | None:
    """The last free priority, where no own rule comes after it."""
    last = max((rule.priority for rule in kept), default=0)
    return _LAST if last < _LAST else None


def narrowed(rule: SecurityRule) -> list[Change]:
    """A rule for one protocol, and for ports that somebody names."""
    changes: list[Change] = []
    id_ = rule.resource.id
    lost = f"what {rule.name} lets through by other protocols or ports stops"
    if rule.protocols == ProtocolSet.everything():
        changes.append(set_to(id_, "properties/protocol", "Tcp", warning=lost))
    if rule.destination_ports == PortSet.everything():
        question = f"which ports {rule.name} is for"
        changes.append(set_to(id_, "properties/destinationPortRange", "443", question, lost))
        if rule.resource.stated("properties", "destinationPortRanges"):
            changes.append(set_to(id_, "properties/destinationPortRanges", []))
    return changes
