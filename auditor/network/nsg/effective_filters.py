"""Everything that filters a packet at one place of a network: admin rules, both security groups, the platform."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from auditor.estate import Estate
from auditor.model import ArmId, Resource, Unknown
from auditor.network.nsg.evaluation import Decision, Evaluation
from auditor.network.nsg.filters import Layer, layers_of
from auditor.network.nsg.platform_exemptions import PlatformService, platform_services
from auditor.network.nsg.rules import SecurityRule
from auditor.network.topology.attachment import Place, place_of
from auditor.network.topology.service_tags import ServiceTags
from auditor.network.topology.words import NetworkView
from auditor.sets.packet_set import FlowSet, Packet
from auditor.sets.symbols import Symbol, levels_of
from auditor.sets.three_valued import because_of


@dataclass(frozen=True)
class Step:
    """One thing that looked at the packet: `layer` says what, `group` which security group or network, if one."""

    layer: str
    access: str | Unknown
    rule: SecurityRule | Unknown | None = None
    group: ArmId | None = None
    because: str = ""


@dataclass(frozen=True)
class Trace:
    """What happens to a packet. `rule` is the deciding one as IP flow verify names it, with the `group` it is in.

    `rule` is `None` where the platform decides or nothing filters, `Unknown` where it may be one of several; `group`
    goes with it. `steps` is everything that looked at the packet, in order, up to what stopped it.
    """

    access: str | Unknown
    rule: SecurityRule | Unknown | None
    group: ArmId | None
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()


_FINAL = frozenset({"Deny", "AlwaysAllow"})


@dataclass
class Path:
    """The filters at one place in one direction, in the order in which Azure asks them."""

    place: Place
    direction: str
    layers: Sequence[Layer]
    notes: tuple[str, ...] = ()
    closed: str = ""
    _allowed: FlowSet | None = field(default=None, repr=False)

    def decide(self, packet: Packet, assumed: Mapping[int, int] | None = None) -> Trace:
        """Ask every filter in turn; raises `ValueError` for a packet with a bad address or a port too few.

        `assumed` gives the bits of symbols that are taken for known: see `likely`.
        """
        if self.closed:
            step = Step("platform", "Deny", because=self.closed)
            return Trace("Deny", None, None, (step,), self.notes)
        exempt = self._exempt(packet)
        if exempt is not None:
            return exempt
        steps: list[Step] = []
        outcomes: set[str] = set()
        for layer in self.layers:
            decision = layer.decide(packet, assumed)
            steps.append(Step(layer.name, decision.access, decision.rule, layer.group, layer.because))
            if "AlwaysAllow" in decision.may:
                outcomes.add("Allow")
            if "Deny" in decision.may:
                outcomes.add("Deny")
            if decision.may <= _FINAL:
                break
        else:
            outcomes.add("Allow")
        return self._concluded(tuple(steps), outcomes)

    def likely(self, packet: Packet) -> tuple[Trace, tuple[Unknown, ...]]:
        """The likeliest answer and what it rests on: each condition says under `unless` what would change it.

        Without conditions it is the certain answer, or what cannot be determined even so.
        """
        certain = self.decide(packet)
        doubted = isinstance(certain.access, Unknown) or isinstance(certain.rule, Unknown)
        unlikely = self._unlikely(packet) if doubted else ()
        if not unlikely:
            return certain, ()
        found = self.decide(packet, _without(unlikely))
        if isinstance(found.access, Unknown):
            return certain, ()
        conditions = []
        for one in unlikely:
            other = self.decide(packet, _without([each for each in unlikely if each != one]))
            if other.access != found.access:
                conditions.append(one.why)
        return found, tuple(conditions)

    def doubts(self, packet: Packet) -> tuple[Unknown, ...]:
        """Everything that is not known of what may decide a packet."""
        return tuple(dict.fromkeys(symbol.why for symbol in self._symbols(packet)))

    def _unlikely(self, packet: Packet) -> tuple[Symbol, ...]:
        """What the answer depends on and most networks do not have."""
        return tuple(symbol for symbol in self._symbols(packet) if symbol.why.unless)

    def _symbols(self, packet: Packet) -> tuple[Symbol, ...]:
        lists = [layer.evaluation for layer in self.layers if layer.evaluation is not None]
        return tuple(dict.fromkeys(symbol for rules in lists for symbol in rules.doubts(packet)))

    def _concluded(self, steps: tuple[Step, ...], outcomes: set[str]) -> Trace:
        """The rule is that of the step that stopped or delivered the packet, else of the last group that allowed it."""
        whys = [step.access for step in steps if isinstance(step.access, Unknown)]
        whys += [step.rule for step in steps if isinstance(step.rule, Unknown)]
        access = next(iter(outcomes)) if len(outcomes) == 1 else because_of(whys)
        if whys:
            return Trace(access, because_of(whys), None, steps, self.notes)
        decided = [step for step in steps if step.rule is not None or step.access == "Deny"]
        deciding = decided[-1] if decided else Step("", "Allow")
        return Trace(access, deciding.rule, deciding.group, steps, self.notes)

    def _exempt(self, packet: Packet) -> Trace | None:
        """The platform's own traffic, unless a rule names its tag; `None` for any other packet."""
        if self.direction != "outbound":
            return None
        for service in platform_services():
            if service.flows.decide(packet) is not True:
                continue
            named = list(self._naming(service))
            for group, rule in named:
                if rule.flows.decide(packet) is True:
                    step = Step("platform", rule.access, rule, group, f"the rule names {service.tag}")
                    return Trace(rule.access, rule, group, (step,), self.notes)
            text = f"{service.name} of the platform is not stopped by security groups"
            return Trace("Allow", None, None, (Step("platform", "Allow", because=text),), self.notes)
        return None

    def _naming(self, service: PlatformService) -> Iterator[tuple[ArmId | None, SecurityRule]]:
        for layer in self.layers:
            rules = layer.evaluation.rules if layer.evaluation is not None else ()
            yield from ((layer.group, rule) for rule in rules if service.tag.casefold() in rule.names_tags)

    def allowed(self) -> FlowSet:
        """Every packet that gets through, the platform's own traffic included."""
        if self._allowed is None:
            self._allowed = self.among(FlowSet.everything() & FlowSet.real())
        return self._allowed

    def among(self, flows: FlowSet) -> FlowSet:
        """What of some packets gets through; few of them need less work than `allowed`."""
        if self.closed:
            return FlowSet.none()
        going_on, delivered = flows, FlowSet.none()
        for layer in self.layers:
            if layer.can_deliver and layer.evaluation is not None:
                delivered |= layer.evaluation.among(going_on, "AlwaysAllow")
            going_on = layer.among(going_on)
        found = going_on | delivered
        for service in platform_services() if self.direction == "outbound" else ():
            own = mine = flows & service.flows
            for _, rule in self._naming(service) if own.diagram else ():
                hit = mine & rule.flows
                own -= hit if not rule.allows else FlowSet.none()
                mine -= hit
            found = (found - service.flows) | own
        return found

    @cached_property
    def evaluations(self) -> tuple[Evaluation, ...]:
        """The lists of rules that are asked, in order."""
        return tuple(layer.evaluation for layer in self.layers if layer.evaluation is not None)


def _without(symbols: Iterable[Symbol]) -> dict[int, int]:
    return {level: 0 for symbol in symbols for level in levels_of(symbol)}


def path(
    estate: Estate,
    where: ArmId,
    direction: str,
    tags: ServiceTags | None = None,
    view: Callable[[Resource], NetworkView] | None = None,
) -> Path:
    """The filters at a network interface, private endpoint, subnet or anything that sits on a network interface.

    `direction` is `inbound` (towards the place) or `outbound`. `view` gives the view of a subnet to a caller who asks
    about many places and keeps what they share. Raises `NotKnown` where the place has no known subnet,
    and `ValueError` where it is nothing that has a place in a network.
    """
    place = place_of(estate, where)
    tags = tags or ServiceTags.of_estate(estate)
    known = view(place.subnet) if view is not None else None
    layers, notes, closed = layers_of(estate, place, direction.casefold(), tags, known)
    return Path(place, direction.casefold(), layers, notes, closed)


__all__ = ["Decision", "Path", "Step", "Trace", "path"]
