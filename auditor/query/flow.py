"""Would this packet get through, and which rule decides? The offline form of Network Watcher's IP flow verify.

book = FlowBook(estate)
book.answer(Question(nic, "inbound", Protocol.TCP, End("10.0.0.4", 22), End("Internet", 50000)))
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from auditor.estate import Estate
from auditor.model import ArmId, AuditorError, NotKnown, Resource, Unknown
from auditor.network.nsg.effective_filters import (
    Path,
    Step,
    Trace,
    path,
)
from auditor.network.nsg.rules import SecurityRule
from auditor.network.topology.attachment import NoPlaceError, place_of
from auditor.network.topology.service_tags import (
    LOAD_BALANCER,
    ServiceTags,
    canonical,
    platform_addresses,
)
from auditor.network.topology.virtual_networks import NIC
from auditor.network.topology.words import NetworkView, network_view
from auditor.query.conditions import condition_json, conditions_of, missing_permission
from auditor.sets.address_set import AddressSet
from auditor.sets.packet_set import FlowSet, Packet
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import Protocol, ProtocolSet
from auditor.sets.symbolic_addresses import Addresses

_OPPOSITE = {"Allow": "Deny", "Deny": "Allow"}


Port = int | Literal["*"] | None


@dataclass(frozen=True)
class End:
    """One end of a flow. `host` is an address, on the far end also a service tag.

    `port` is `*` for any, as IP flow verify takes it, and `None` where the protocol has none.
    """

    host: str
    port: Port

    @property
    def is_address(self) -> bool:
        """Whether the host is an address; everything else is taken for a service tag."""
        try:
            AddressSet.of(self.host)
        except ValueError:
            return False
        return "/" not in self.host and "-" not in self.host and self.host != "*"


@dataclass(frozen=True)
class Question:
    """A flow at a place. `direction` is `inbound` (to the place) or `outbound`; `local` is the place's own end."""

    at: Resource
    direction: str
    protocol: Protocol
    local: End
    remote: End


@dataclass(frozen=True)
class Answer:
    """What happens to the flow. `access` is Allow, Deny or Unknown, and then `unknown` says why.

    `rule` is the deciding one, `None` where the platform or nothing decides. `witness` is the packet that was followed;
    for a service tag one of its packets, and every other of them fares alike unless `access` is Unknown. `unless` is
    what the answer rests on: each says what would have to be so for another answer, and why that is not known.
    """

    access: str
    rule: SecurityRule | None
    nsg: ArmId | None
    trace: tuple[Step, ...]
    notes: tuple[str, ...]
    witness: Packet | None
    unknown: Unknown | None = None
    unless: tuple[Unknown, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The contract of `flow --format json` and `--batch`."""
        return {
            "access": self.access,
            "rule": self.rule.name if self.rule else None,
            "nsg": self.nsg.text if self.nsg else None,
            "trace": [_step_json(step) for step in self.trace],
            "notes": list(self.notes),
            "unknown": unknown_json(self.unknown),
            **({"unless": [condition_json(each) for each in self.unless]} if self.unless else {}),
        }


def unknown_json(unknown: Unknown | None) -> dict[str, str | None] | None:
    """An unknown as reports write it."""
    return None if unknown is None else {"because": unknown.because, "permission": missing_permission(unknown)}


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "layer": step.layer,
        "access": step.access if isinstance(step.access, str) else "Unknown",
        "rule": step.rule.azure_name if isinstance(step.rule, SecurityRule) else None,
        "priority": step.rule.priority if isinstance(step.rule, SecurityRule) else None,
        "nsg": step.group.text if step.group else None,
        "because": step.because or (step.access.because if isinstance(step.access, Unknown) else ""),
    }


@dataclass
class FlowBook:
    """Answers questions about one estate; the filters of a place are worked out once for each direction.

    `likely` gives the likeliest answer with its conditions where there is no certain one.
    """

    estate: Estate
    tags: ServiceTags | None = None
    likely: bool = False
    _paths: dict[tuple[ArmId, str], Path | Unknown] = field(default_factory=dict)
    _views: dict[ArmId, NetworkView] = field(default_factory=dict)
    _likeliest: FlowBook | None = None
    _tags_given: bool = False

    def __post_init__(self) -> None:
        self._tags_given = self.tags is not None

    def answer(self, question: Question) -> Answer:
        """Follow the flow. Raises `AuditorError` where the place is in no network or an end makes no sense."""
        found, doubts = self._certain(question)
        if found.unknown is None or found.unless or not self.likely or self.estate.is_likely:
            return found
        if self._likeliest is None:
            self._likeliest = FlowBook(self.estate.as_likely, self.tags if self._tags_given else None, likely=True)
        other, left = self._likeliest._certain(question)
        if other.access == "Unknown":
            return found
        return replace(other, unless=(*other.unless, *conditions_of(doubts or (found.unknown,), left)))

    def _certain(self, question: Question) -> tuple[Answer, tuple[Unknown, ...]]:
        """The answer of this estate, and everything that it is not certain for."""
        found = self._path(question)
        if isinstance(found, Unknown):
            return Answer("Unknown", None, None, (), (), None, found), (found,)
        if question.remote.is_address and "*" not in (question.local.port, question.remote.port):
            packet = _packet(question)
            trace, unless = found.likely(packet) if self.likely else (found.decide(packet), ())
            return replace(_answer(trace, packet, _notes(found, question)), unless=unless), found.doubts(packet)
        return self._together(found, question)

    def _path(self, question: Question) -> Path | Unknown:
        key = (question.at.id, question.direction)
        known = self._paths.get(key)
        if known is None:
            if self.tags is None:
                self.tags = ServiceTags.of_estate(self.estate)
            try:
                known = path(self.estate, question.at.id, question.direction, self.tags)
            except NotKnown as gap:
                known = gap.unknown
            except NoPlaceError:
                raise _nowhere(question.at) from None
            self._paths[key] = known
        return known

    def _together(self, found: Path, question: Question) -> tuple[Answer, tuple[Unknown, ...]]:
        """Every packet of a service tag or of any port together: one answer only where they all fare alike."""
        asked = _flows(question, self._named(found, question.remote.host))
        allowed = found.among(asked)
        denied = asked - allowed
        sides = {"Allow": allowed, "Deny": denied}
        whole = [access for access, flows in sides.items() if sides[_OPPOSITE[access]].is_empty is True]
        example = asked.witness()
        if example is None:
            raise AuditorError(f"{question.remote.host} holds no address of this kind")
        if whole:
            fared = _answer(found.decide(example), example, _notes(found, question))
            return Answer(whole[0], fared.rule, fared.nsg, fared.trace, fared.notes, example), ()
        unknown = _mixed(question, allowed, denied)
        trace = found.decide(example)
        answer = Answer("Unknown", None, None, trace.steps, _notes(found, question), example, unknown)
        return answer, tuple(dict.fromkeys((*allowed.unknowns, *denied.unknowns)))

    def _named(self, found: Path, word: str) -> Addresses:
        subnet = found.place.subnet
        if subnet.id not in self._views:
            self._views[subnet.id] = network_view(self.estate, subnet, self.tags)
        try:
            return self._views[subnet.id].resolve(word)
        except ValueError as problem:
            raise AuditorError(str(problem), "give an address, a prefix or a service tag such as Internet") from None


def _mixed(question: Question, allowed: FlowSet, denied: FlowSet) -> Unknown:
    """Why no single answer holds for a whole tag: parts of it fare differently, or what it holds is not known."""
    gaps = (*allowed.unknowns, *denied.unknowns)
    if allowed.is_empty is False and denied.is_empty is False:
        in_, out = allowed.witness(), denied.witness()
        return Unknown(
            f"{question.remote.host} is only partly allowed: {in_} is allowed, {out} is not; ask for one packet"
        )
    return gaps[0] if gaps else Unknown(f"what {question.remote.host} holds is not known")


def _nowhere(resource: Resource) -> AuditorError:
    return AuditorError(
        f"{resource.name} ({resource.type}) has no place in a virtual network",
        "--at takes a subnet, a network interface, a virtual machine or a private endpoint;"
        f" `auditor reach --to {resource.name}` shows who reaches a service",
    )


def _packet(question: Question) -> Packet:
    source, target = _ends(question)
    ports = [end.port if isinstance(end.port, int) else None for end in (source, target)]
    return Packet(question.protocol, source.host, ports[0], target.host, ports[1])


def _ends(question: Question) -> tuple[End, End]:
    """Source and destination. Raises `AuditorError` where the protocol has ports and one is not named."""
    ends = (question.local, question.remote)
    if not question.protocol.has_ports:
        ends = (replace(question.local, port=None), replace(question.remote, port=None))
    elif None in (question.local.port, question.remote.port):
        raise AuditorError(
            f"{question.protocol.label} has ports, and one is missing",
            "write both ends as ADDRESS:PORT, with * for any port",
        )
    return (ends[1], ends[0]) if question.direction == "inbound" else ends


def _flows(question: Question, remote: Addresses) -> FlowSet:
    here = Addresses.of(question.local.host)
    if not question.remote.is_address and canonical(question.remote.host) != LOAD_BALANCER:
        # The host's own addresses are under several tags, and nobody who names one of those means them.
        remote -= Addresses.known(platform_addresses("load_balancer") | platform_addresses("virtual_network"))
    source, target = (remote, here) if question.direction == "inbound" else (here, remote)
    from_port, to_port = (PortSet.of("*" if end.port is None else end.port) for end in _ends(question))
    return FlowSet.box(ProtocolSet.of(question.protocol), source, from_port, target, to_port) & FlowSet.real()


def _answer(trace: Trace, packet: Packet, notes: tuple[str, ...]) -> Answer:
    access = trace.access if isinstance(trace.access, str) else "Unknown"
    unknown = trace.access if isinstance(trace.access, Unknown) else None
    if unknown is None and isinstance(trace.rule, Unknown):
        unknown = trace.rule
    rule = trace.rule if isinstance(trace.rule, SecurityRule) else None
    return Answer(access, rule, trace.group if rule else None, trace.steps, notes, packet, unknown)


def _notes(found: Path, question: Question) -> tuple[str, ...]:
    own = found.place.addresses
    if own.is_empty or question.local.host in own:
        return found.notes
    return (*found.notes, f"{question.local.host} is not an address of {found.place.resource.name} ({own})")


def machine_interface(estate: Estate, name: str) -> Resource | None:
    """The first interface of a machine that the snapshot names and does not hold; `None` where none names it."""
    wanted = name.strip().casefold()
    for interface in estate.seen(NIC):
        machine = interface.ref("properties", "virtualMachine")
        if machine is not None and wanted in (machine.name.casefold(), machine.key):
            return interface
    return None


def has_place(estate: Estate, resource: Resource) -> bool:
    """Whether a resource sits in a network, so that a flow can be asked of it."""
    try:
        place_of(estate, resource.id)
    except NotKnown:
        return True
    except NoPlaceError:
        return False
    return True
