"""What Azure answered about recorded deployments, and how ours is held against it. Used by unit tests."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from auditor.estate import Estate, Relation, build_estate
from auditor.model import ArmId, Resource
from auditor.network.nsg.evaluation import evaluate
from auditor.network.nsg.rules import SecurityRule
from auditor.network.topology.attachment import Place, place_of
from auditor.network.topology.words import NetworkView, network_view
from auditor.sets.address_set import AddressSet
from auditor.sets.packet_set import Packet
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import Protocol, ProtocolSet
from auditor.sets.symbolic_addresses import Addresses
from auditor.snapshot import Snapshot
from tests.worlds import FIXTURES, whole

FOLDER = FIXTURES / "azure-flows"

_PREFIXES = ("securityRules/", "defaultSecurityRules/", "UserRule_", "DefaultRule_")
_RENAMED = {
    "defaultinbounddenyall": "DenyAllInBound",
    "defaultoutbounddenyall": "DenyAllOutBound",
    "defaultoutboundallowall": "AllowInternetOutBound",
}
"""How Network Watcher and the portal spell rules (recorded answers of IP flow verify, read 2026-11-30)."""


def canonical_name(name: str) -> str:
    """A rule's bare name, whichever of Azure's spellings it comes in."""
    found = next((prefix for prefix in _PREFIXES if name.casefold().startswith(prefix.casefold())), "")
    bare = name[len(found) :]
    return _RENAMED.get(bare.casefold(), bare)


@cache
def recordings() -> tuple[Mapping[str, Any], ...]:
    return tuple(_all()["recordings"])


@cache
def tag_expansions() -> tuple[Mapping[str, Any], ...]:
    return tuple(_all()["tag_expansions"])


@cache
def _all() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(gzip.decompress((FOLDER / "security.json.gz").read_bytes()))
    return found


@cache
def not_reproduced() -> Mapping[str, Mapping[str, str]]:
    """By kind of answer: `recording#number` and the reason."""
    found: Mapping[str, Any] = json.loads((FOLDER / "not-reproduced.json").read_text(encoding="utf-8"))
    return {kind: found[kind] for kind in ("ip_flow_verify", "effective_rules", "tag_expansions")}


def estate_of(documents: Sequence[Mapping[str, Any]]) -> Estate:
    """An import of these documents: complete for whatever it shows."""
    ordered = sorted((d for d in documents if d.get("id")), key=lambda d: str(d["id"]).casefold())
    return build_estate(Snapshot(documents=tuple(ordered), reads=whole("/")))


def world(recording: Mapping[str, Any]) -> Estate:
    return estate_of([*recording["documents"], *recording["reconstructed"]])


def packet_of(question: Mapping[str, Any]) -> Packet:
    """A question to IP flow verify as a packet; a `*` port is any ephemeral one."""
    local = (question["localIPAddress"], _port(question["localPort"]))
    remote = (question["remoteIPAddress"], _port(question["remotePort"]))
    source, destination = (remote, local) if question["direction"] == "Inbound" else (local, remote)
    return Packet(Protocol[question["protocol"].upper()], *source, *destination)


def _port(stated: str) -> int:
    return 50000 if stated == "*" else int(stated)


# --- effective rules ------------------------------------------------------------------------------------------------


def listings(answer: Mapping[str, Any]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Each list of effective rules in an answer, with the id of the interface or subnet it is for (empty: both)."""
    body = answer["answer"]
    if not isinstance(body, Mapping) or answer["kind"] not in ("effective_nsgs", "security_group_view"):
        return
    for item in body.get("value", []):
        association = item["association"]
        guarded = association.get("networkInterface") or association.get("subnet")
        yield guarded["id"], item.get("effectiveSecurityRules") or []
    for interface in body.get("networkInterfaces", []):
        yield "", interface["securityRuleAssociations"].get("effectiveSecurityRules") or []


def differences(recording: Mapping[str, Any], answer: Mapping[str, Any]) -> list[str]:
    """In what our rules differ from such an answer; raises `LookupError` where there is nothing to compare."""
    found = [(where, rules) for where, rules in listings(answer) if rules]
    if not found:
        raise LookupError("the answer lists no rules")
    estate = world(recording)
    place = place_of(estate, _asked(estate, answer))
    view = network_view(estate, place.subnet)
    out: list[str] = []
    for where, theirs in found:
        ours = list(_ours(estate, place, where, view))
        if not ours:
            raise LookupError("the recording does not show the security group that the answer lists")
        out += _compared(ours, theirs, view)
    return out


def _asked(estate: Estate, answer: Mapping[str, Any]) -> ArmId:
    """What was asked about; where the recording masks the question, the interface that the answer names."""
    named = [interface.get("id", "") for interface in answer["answer"].get("networkInterfaces", [])]
    for text in (answer["target"], *named):
        if text and estate.find(ArmId(text)) is not None:
            return ArmId(text)
    raise LookupError("the recording does not show the resource that was asked about")


def _ours(estate: Estate, place: Place, where: str, view: NetworkView) -> Iterator[SecurityRule]:
    guarded: list[Resource] = [r for r in (place.subnet, place.interface) if r is not None]
    for resource in guarded:
        group = estate.one(resource, Relation.GUARDED_BY)
        if group is not None and (not where or ArmId(where) == resource.id):
            for direction in ("inbound", "outbound"):
                yield from evaluate(estate, group, direction, view).rules


def _compared(ours: list[SecurityRule], theirs: list[Mapping[str, Any]], view: NetworkView) -> Iterator[str]:
    unseen = {(canonical_name(rule.name).casefold(), rule.priority) for rule in ours}
    for rule in theirs:
        key = (canonical_name(rule["name"]).casefold(), rule["priority"])
        unseen.discard(key)
        same = [r for r in ours if (canonical_name(r.name).casefold(), r.priority) == key]
        if not same:
            yield f"{rule['name']} is not among ours"
        elif not any(_is_same(r, rule, view) for r in same):
            yield f"{rule['name']}: ours is {same[0]!r}"
    for name, priority in sorted(unseen):
        yield f"{name} ({priority}) is not among Azure's"


def _is_same(ours: SecurityRule, theirs: Mapping[str, Any], view: NetworkView) -> bool:
    sides = (("source", ours.source, ours.source_ports), ("destination", ours.destination, ours.destination_ports))
    return (
        ours.access == theirs["access"]
        and ours.protocols == ProtocolSet.of(theirs["protocol"])
        and all(ports == _ports(theirs, side) and _same_side(mine, theirs, side, view) for side, mine, ports in sides)
    )


def _ports(rule: Mapping[str, Any], side: str) -> PortSet:
    stated = [rule.get(f"{side}PortRange"), *(rule.get(f"{side}PortRanges") or [])]
    return PortSet.of(*(text for text in stated if text))


def _same_side(mine: Addresses, rule: Mapping[str, Any], side: str, view: NetworkView) -> bool:
    """Azure lists IPv4 where it means both families (`0.0.0.0/0`, twice since 2020), so IPv4 is compared."""
    v4 = Addresses.of("0.0.0.0/0")
    stated = [rule.get(f"{side}AddressPrefix"), *(rule.get(f"{side}AddressPrefixes") or [])]
    named = Addresses.union(view.resolve(text) for text in stated if text)
    if (named & v4) != (mine & v4):
        return False
    expanded = rule.get(f"expanded{side.capitalize()}AddressPrefix")
    return not expanded or agrees(mine, AddressSet.of(*expanded))


def agrees(mine: Addresses, expanded: AddressSet) -> bool:
    """Whether a set can be what Azure expanded it to: all that is certain is there, nothing impossible is."""
    return mine.certain.v4 <= expanded.v4 and expanded <= mine.possible
