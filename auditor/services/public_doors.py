"""Who gets in over the public endpoint of the many kinds of services that share a few forms: a switch, then rows.

What closes each kind, what an absence means, and what an empty list of rows means is data: facts/public-doors.json.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

import msgspec

from auditor.documents.private_endpoint import TargetSide
from auditor.estate import Estate, Relation
from auditor.facts import load
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.network.private_link.private_endpoints import ENDPOINT, connections
from auditor.network.topology.service_tags import ServiceTags
from auditor.services.firewall_verdict import EVERYBODY, NOBODY, FirewallVerdict, everybody, nobody, undecided
from auditor.services.perimeter import by_perimeter
from auditor.sets.address_set import AddressSet


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One condition of facts/public-doors.json; every field that is given has to hold."""

    at: str = ""
    values: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    absent: bool = False
    stated: bool | None = None
    endpoint: bool = False
    child: str = ""
    closed_parent: bool = False
    closed_reference: tuple[str, ...] = ()
    all: tuple[Condition, ...] = ()
    unknown: str = ""


class Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where address rows stand: in the document, or in children of a type."""

    rows: str
    end: str = ""
    child: str = ""
    default: str = ""


class Firewall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules of a kind of service. See facts/public-doors.json for what each field means."""

    rows: str = ""
    end: str = ""
    child: str = ""
    second: Rows | None = None
    second_child: Rows | None = None
    default: str = ""
    filters: tuple[str, ...] = ()
    subnets: str = ""
    subnets_child: str = ""
    empty: str = "unknown"
    bypass: str = ""
    instances: str = ""
    azure: str = ""
    all_of_azure: tuple[str, ...] = ()
    itself: tuple[str, ...] = ()
    vnet_filter: str = ""
    comma_list: str = ""
    ordered: str = ""
    beside: Condition | None = None
    switch: str = ""
    action: str = ""
    only_sku: tuple[str, ...] = ()
    requests: str = ""
    subnet: str = ""
    unread: str = ""
    unseen: str = ""


class Door(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one kind of resource lets the Internet in."""

    closed: tuple[Condition, ...]
    absent: str
    source: str
    unclear: tuple[Condition, ...] = ()
    perimeter: tuple[str, ...] = ()
    firewall: Firewall | None = None
    ports: tuple[int | str, ...] = ()
    ports_from: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    address: str = ""
    when: Condition | None = None
    idle: str = ""
    since: Mapping[str, str] = {}
    telemetry: bool = False


@cache
def doors() -> Mapping[str, Door]:
    """By lower-case ARM type."""
    return msgspec.convert(load("public-doors")["types"], dict[str, Door])


@cache
def no_doors() -> Mapping[str, str]:
    """The kinds that are known to have no way in of their own, by lower-case ARM type, with the reason."""
    return msgspec.convert(load("public-doors")["no_door"], dict[str, str])


@cache
def takes_telemetry(type_: str) -> bool:
    """Whether a kind takes logs and metrics, and queries of them, over a public endpoint that asks for a token.

    The reference architecture leaves these endpoints public (it has no private link scope for Azure Monitor), so they
    are not among what "the only thing accessible from the internet" is about.
    """
    door = doors().get(type_)
    return door is not None and door.telemetry


def idle(resource: Resource) -> bool:
    """Whether a resource answers nobody as long as nobody starts something, such as the export of a disk."""
    door = doors().get(resource.type)
    if door is None or door.when is None or not door.idle:
        return False
    return not all(_matches(door.when, evidence) for evidence in rows_at(resource, door.when.at))


Asked = Callable[[Estate, Resource], FirewallVerdict]
"""Who may use the public endpoint of another resource, which a condition names."""


def by_table(estate: Estate, resource: Resource, others: Asked) -> FirewallVerdict:
    """Who may use the public endpoint of a resource of a kind in the table. Raises `KeyError` for another kind."""
    try:
        return _Judge(estate, resource, doors()[resource.type], others).verdict()
    except NotKnown as gap:
        return undecided(resource.id, gap.unknown)


# --- reading what stands at a path of the facts -----------------------------------------------------------------------


def rows_at(resource: Resource, path: str) -> tuple[Evidence, ...]:
    """Every value at a path, `*` for each row of a list; raises `NotKnown` where a list or an object is none."""
    return tuple(_rows(resource, (), tuple(path.split("/"))))


def _rows(resource: Resource, done: tuple[str | int, ...], rest: tuple[str, ...]) -> Iterator[Evidence]:
    if "*" not in rest:
        yield resource.at(*done, *rest)
        return
    star = rest.index("*")
    before = (*done, *rest[:star])
    found = resource.get(*before, default=())
    if isinstance(found, Mapping):
        for key in found:
            yield from _rows(resource, (*before, key), rest[star + 1 :])
        return
    if not isinstance(found, list | tuple):
        where = "/".join(map(str, before))
        raise NotKnown(Unknown(f"{where} of {resource.name} is not a list, so it is not known what it stands for"))
    for n in range(len(found)):
        yield from _rows(resource, (*before, n), rest[star + 1 :])


def _word(value: object) -> str:
    return "[]" if value == [] else str(value).strip().casefold()


def _matches(condition: Condition, evidence: Evidence) -> bool:
    """Whether a value is what a condition asks for."""
    there = evidence.value is not None and evidence.value != ""
    if condition.stated is not None:
        return there is condition.stated
    if not there:
        return condition.absent
    if condition.none_of:
        return _word(evidence.value) not in condition.none_of
    return _word(evidence.value) in condition.values


# --- judging ----------------------------------------------------------------------------------------------------------


@dataclass
class _Judge:
    """One resource before the table. `seen` is the evidence that was looked at."""

    estate: Estate
    resource: Resource
    door: Door
    others: Asked
    seen: list[Evidence] = field(default_factory=list)

    def verdict(self) -> FirewallVerdict:
        resource, door = self.resource, self.door
        if resource.stated("properties") is None and resource.document == resource.id:
            # The inventory of a subscription names everything, and says no more.
            gap = Unknown(f"only the name of {resource.name} was read", permission=f"{resource.type}/read", absent=True)
            return undecided(resource.id, gap)
        if door.when is not None and not self.holds(door.when):
            idle = door.idle or "this form of it has no public endpoint of its own"
            why = rows_at(resource, door.when.at)
            return nobody(resource.id, f"{resource.name} accepts no connections: {idle}", *why)
        decided, gaps = self._closed()
        if decided is not None:
            return decided
        if door.perimeter and any(_is_perimeter(resource.at(*path.split("/"))) for path in door.perimeter):
            return by_perimeter(self.estate, resource)
        decided = self._odd_switch() or self._absent()
        if decided is None:
            decided = self._by_firewall()
        for condition in door.unclear:
            if decided.closed is not True and self.holds(condition):
                gaps.append(Unknown(f"{resource.name} has {condition.unknown}"))
        return decided.but_not_read(gaps[0]) if gaps else decided

    def _closed(self) -> tuple[FirewallVerdict | None, list[Unknown]]:
        """The verdict where a condition closes the door; else why some of them could not be asked."""
        gaps: list[Unknown] = []
        for condition in self.door.closed:
            before = len(self.seen)
            try:
                holds = self.holds(condition)
            except NotKnown as gap:
                gaps.append(gap.unknown)
                continue
            if holds:
                why = tuple(self.seen[before:]) or (self.resource.at("id"),)
                return nobody(self.resource.id, self._says_closed(condition, why[0]), *why), []
        return None, gaps

    def _says_closed(self, condition: Condition, why: Evidence) -> str:
        name = self.resource.name
        if condition.closed_parent or condition.closed_reference:
            return f"{name} answers where {why.place.document.name} does, which is not reachable from the Internet"
        if condition.at.rpartition("/")[2].casefold().startswith("publicnetworkaccess") and not condition.absent:
            return f"public network access of {name} is disabled"
        if condition.endpoint:
            return f"{name} has a private endpoint and does not state public network access, which closes it"
        what = condition.all[0].at if condition.all else condition.at
        value = (
            "absent" if why.value is None else f"{_word(why.value)}" if not isinstance(why.value, Mapping) else "set"
        )
        return f"{what.replace('properties/', '', 1)} of {name} is {value}, which closes its public endpoint"

    def holds(self, condition: Condition) -> bool:
        """Whether a condition holds; raises `NotKnown` where what it asks for was not read."""
        if condition.all:
            return all(self.holds(part) for part in condition.all)
        if condition.closed_parent or condition.closed_reference:
            return self._other_closed(condition)
        if condition.endpoint and not self._has_endpoint():
            return False
        if not condition.at:
            return True
        of = self.children(condition.child) if condition.child else (self.resource,)
        found = [evidence for one in of for evidence in rows_at(one, condition.at)]
        matches = [_matches(condition, evidence) for evidence in found]
        holds = bool(found) and all(matches)
        if holds:
            self.seen.extend(found)
        return holds

    def children(self, type_: str) -> tuple[Resource, ...]:
        return self.estate.all(type_, under=self.resource.id)

    def _has_endpoint(self) -> bool:
        """Whether an approved private endpoint leads here, as either side shows it."""
        sides = self.estate.seen(f"{self.resource.type}/privateendpointconnections", under=self.resource.id)
        for side in sides:
            if TargetSide(side).state.known == "approved":
                self.seen.append(side.at("id"))
                return True
        path = "properties/privateEndpointConnections/*/properties/privateLinkServiceConnectionState/status"
        if any(_word(evidence.value) == "approved" for evidence in rows_at(self.resource, path)):
            return True
        for end in self.estate.into(self.resource, Relation.LEADS_TO, ENDPOINT):
            mine = (c for c in connections(end) if c.target == self.resource.id)
            if any(connection.state == "approved" for connection in mine):
                return True
        return False

    def _other_closed(self, condition: Condition) -> bool:
        other: Resource | None = None
        if condition.closed_parent:
            parent = self.resource.id.parent
            other = self.estate.need(parent, self.resource.place("id")) if parent is not None else None
        for path in condition.closed_reference:
            id_ = self.resource.ref(*path.split("/"))
            if id_ is not None and other is None:
                other = self.estate.need(id_, self.resource.place(*path.split("/")))
        if other is None:
            return False
        closed = self.others(self.estate, other).closed
        if isinstance(closed, Unknown):
            raise NotKnown(closed)
        if closed:
            self.seen.append(other.at("id"))
        return closed

    # --- the switch ---------------------------------------------------------------------------------------------------

    def _switches(self) -> tuple[str, ...]:
        conditions = [part for c in self.door.closed for part in (c, *c.all)]
        paths = [c.at for c in conditions if c.at.rpartition("/")[2].casefold().startswith("publicnetworkaccess")]
        return tuple(dict.fromkeys(paths))

    def _odd_switch(self) -> FirewallVerdict | None:
        """The verdict where the switch has a value that nobody has heard of."""
        known = {*load("public-doors")["open_words"], "disabled", "false", ""}
        for path in self._switches():
            evidence = self.resource.at(*path.split("/"))
            if evidence.value is not None and _word(evidence.value) not in known and not _is_perimeter(evidence):
                name = path.rpartition("/")[2]
                because = (
                    f"{name} of {self.resource.name} is {evidence.value!r}, a value that this version does not know"
                )
                return undecided(self.resource.id, Unknown(because), evidence)
        return None

    def _absent(self) -> FirewallVerdict | None:
        """The verdict where nothing is stated and that closes, or tells nothing; `None` where it opens."""
        conditions = [part for c in self.door.closed for part in (c, *c.all) if part.at and not part.child]
        stated = [e for c in conditions for e in rows_at(self.resource, c.at) if e.value not in (None, "")]
        self.seen.extend(stated)
        name = self.resource.name
        too_old = self._too_old()
        if too_old is not None and not stated:
            return undecided(self.resource.id, too_old)
        if stated or self.door.absent == "open":
            return None
        switch = conditions[0].at if conditions else "properties"
        at = self.resource.shown(*switch.replace("/*", "").split("/"))
        if self.door.absent == "closed":
            return nobody(self.resource.id, f"{name} opens nothing to the Internet: {switch} is not stated", at)
        because = f"{name} does not state {switch.rpartition('/')[2]}, and Azure does not define what that means"
        return undecided(self.resource.id, Unknown(because), at)

    def _too_old(self) -> Unknown | None:
        """Why an absence proves nothing: the document was read through an API that does not show the switch."""
        type_ = self.resource.type
        versions = [r.api_version for r in self.estate.snapshot.reads if r.covers.casefold() == type_ and r.api_version]
        for path, first in self.door.since.items():
            old = next((v for v in versions if v[:10] < first[:10]), None)
            if old is not None:
                name = path.rpartition("/")[2]
                return Unknown(
                    f"version {old} of the API, by which {self.resource.name} was read, does not show {name}"
                )
        return None

    # --- the rules ----------------------------------------------------------------------------------------------------

    def _by_firewall(self) -> FirewallVerdict:
        resource, firewall = self.resource, self.door.firewall
        says = f"{resource.name} takes connections from every address"
        reasons = tuple(self.seen) or (resource.at("id"),)
        if firewall is None:
            return everybody(resource.id, says, *reasons)
        if firewall.only_sku and resource.text("sku", "name") not in firewall.only_sku:
            says = f"{says}: its tier has no firewall"
            return everybody(resource.id, says, resource.at("sku", "name"), *reasons)
        if firewall.subnet:
            return self._by_subnet(firewall, says, reasons)
        if firewall.unread:
            gap = Unknown(f"{resource.name} has {firewall.unread}")
            return everybody(resource.id, says, *reasons).but_not_read(gap)
        try:
            return _Rules(self, firewall).verdict()
        except NotKnown as gap:
            return everybody(resource.id, says, *reasons).but_not_read(gap.unknown)

    def _by_subnet(self, firewall: Firewall, says: str, reasons: tuple[Evidence, ...]) -> FirewallVerdict:
        """A service that sits in a network and has a public address too: its subnet's group filters."""
        stated = [e for e in rows_at(self.resource, firewall.subnet) if e.value]
        opened = everybody(self.resource.id, says, *reasons)
        if not stated:
            return opened
        gap = f"{self.resource.name} has a public endpoint, and the security group of its subnet decides who reaches it"
        return opened.but_not_read(Unknown(gap))


def _is_perimeter(evidence: Evidence) -> bool:
    return _word(evidence.value) in load("public-access")["perimeter"]


@dataclass
class _Rules:
    """The address and subnet rows of one service."""

    judge: _Judge
    facts: Firewall
    reasons: list[Evidence] = field(default_factory=list)
    gap: Unknown | None = None
    allow: AddressSet = NOBODY
    deny: AddressSet = NOBODY
    azure: bool = False
    count: int = 0

    def verdict(self) -> FirewallVerdict:
        resource, facts = self.judge.resource, self.facts
        self.reasons.extend(self.judge.seen)
        if facts.requests and self._requests_shut():
            return nobody(resource.id, f"the network rules of {resource.name} let no public request in", *self.reasons)
        if self._off():
            return self._everybody()
        subnets = self._subnets()
        if facts.ordered and resource.get(*facts.ordered.split("/")):
            return self._first_match()
        self._read()
        if facts.beside is not None and self.judge.holds(facts.beside):
            return self._everybody()
        if not self.count and not subnets and self.gap is None:
            return self._empty()
        only_denied = self.allow.is_empty and not self.deny.is_empty
        return self._result(EVERYBODY - self.deny if only_denied else self.allow - self.deny, subnets)

    def _off(self) -> bool:
        """Whether the rules do not filter: by their default action, or since there are none of them at all."""
        facts, resource = self.facts, self.judge.resource
        if facts.switch and resource.get(*facts.switch.split("/")) is None:
            return True
        if not facts.default:
            return False
        of = self.judge.children(facts.child) if facts.child else (resource,)
        stated = [e for one in of for e in rows_at(one, facts.default)]
        self.reasons.extend(stated)
        words = [_word(e.value) for e in stated if e.value is not None]
        return not any(word in facts.filters for word in words)

    def _requests_shut(self) -> bool:
        """Kinds of requests instead of addresses: shut where none is allowed, or all are denied."""
        resource, path = self.judge.resource, self.facts.requests.split("/")
        if resource.get(*path) is None:
            return False
        allowed = [e for e in rows_at(resource, f"{self.facts.requests}/publicNetwork/allow/*") if e.value]
        denied = rows_at(resource, f"{self.facts.requests}/publicNetwork/deny/*")
        default = resource.at(*path, "defaultAction")
        self.reasons.append(default)
        if _word(default.value) == "deny":
            return not allowed
        return {_word(e.value) for e in denied} >= {"clientconnection", "serverconnection", "restapi", "trace"}

    def _read(self) -> None:
        facts = self.facts
        first = (Rows(facts.rows, facts.end, facts.child),) if facts.rows else ()
        for rows in (*first, *(r for r in (facts.second, facts.second_child) if r is not None)):
            if rows.default and not self._second_filters(rows):
                self.allow, self.count = EVERYBODY, self.count + 1
                continue
            for one in self.judge.children(rows.child) if rows.child else (self.judge.resource,):
                ends = rows_at(one, rows.end) if rows.end else ()
                for n, evidence in enumerate(rows_at(one, rows.rows)):
                    self._row(one, evidence, ends[n].value if n < len(ends) else None)
        if facts.comma_list:
            stated = self.judge.resource.at(*facts.comma_list.split("/"))
            for text in str(stated.value or "").split(","):
                if text.strip():
                    self._row(self.judge.resource, Evidence(stated.place, text.strip()), None)
        if facts.azure and self.judge.resource.text(*facts.azure.split("/")) == "enabled":
            self.azure, self.count = True, self.count + 1

    def _second_filters(self, rows: Rows) -> bool:
        found = rows_at(self.judge.resource, rows.default)
        return any(_word(evidence.value) == "deny" for evidence in found)

    def _row(self, owner: Resource, evidence: Evidence, end: object) -> None:
        first = str(evidence.value or "").strip()
        if not first:
            if end:
                self.gap = Unknown(f"a firewall rule of {self.judge.resource.name} has no first address")
            return
        self.reasons.append(evidence)
        self.count += 1
        text = f"{first}-{str(end).strip()}" if end else first
        if text in self.facts.all_of_azure:
            self.azure = True
            return
        if text in self.facts.itself:
            return
        addresses = self._addresses(text)
        if addresses is None:
            self.gap = Unknown(
                f"the rule {text!r} of {self.judge.resource.name} is not an address or a range of addresses"
            )
        elif self._denies(owner, evidence):
            self.deny |= addresses
        else:
            self.allow |= addresses

    def _addresses(self, text: str) -> AddressSet | None:
        if text.casefold() in ("*", "any", "internet"):
            return EVERYBODY
        try:
            return AddressSet.of(text)
        except ValueError:
            return ServiceTags.of_estate(self.judge.estate).exact(text)

    def _denies(self, owner: Resource, evidence: Evidence) -> bool:
        """Whether the row that holds this value denies: its own `action` stands beside the value."""
        pointer = evidence.place.pointer.split("/")
        beside = owner.stated(*_steps(owner, pointer[1:-1]), "action")
        return isinstance(beside, str) and beside.strip().casefold() in ("deny", "reject")

    def _first_match(self) -> FirewallVerdict:
        """Ordered rows: the first that holds an address decides, and the rest is accepted."""
        resource = self.judge.resource
        left, let_in = EVERYBODY, NOBODY
        path = self.facts.ordered.split("/")
        for n, row in resource.items(*path):
            evidence = resource.at(*path, n, "ipMask")
            addresses = self._addresses(str(evidence.value or ""))
            self.reasons.append(evidence)
            if addresses is None:
                self.gap = Unknown(f"the rule {evidence.value!r} of {resource.name} is not a range of addresses")
                continue
            if str(row.get("target") or "all").casefold() != "all":
                continue  # it filters one of the two endpoints; the other goes on to the next row
            if str(row.get("action") or "").casefold() == "accept":
                let_in |= left & addresses
            left -= addresses
        return self._result(let_in | left, ())

    def _subnets(self) -> tuple[ArmId, ...]:
        facts, resource = self.facts, self.judge.resource
        if not facts.subnets:
            return ()
        child = facts.subnets_child or facts.child
        of = self.judge.children(child) if child else (resource,)
        found = [e for one in of for e in rows_at(one, facts.subnets) if isinstance(e.value, str)]
        self.reasons.extend(found)
        return tuple(ArmId(e.value) for e in found if str(e.value).startswith("/"))

    def _empty(self) -> FirewallVerdict:
        facts, resource = self.facts, self.judge.resource
        if facts.vnet_filter and resource.text(*facts.vnet_filter.split("/")) == "true":
            return self._result(NOBODY, ())
        if facts.empty == "everybody":
            return self._everybody()
        if facts.empty == "nobody":
            return self._result(NOBODY, ())
        because = f"{resource.name} has no firewall rule, and it is not documented whom that lets in"
        return undecided(resource.id, Unknown(because), *self.reasons)

    def _everybody(self) -> FirewallVerdict:
        says = f"{self.judge.resource.name} takes connections from every address"
        return everybody(self.judge.resource.id, says, *(self.reasons or [self.judge.resource.at("id")]))

    def _result(self, let_in: AddressSet, subnets: tuple[ArmId, ...]) -> FirewallVerdict:
        resource = self.judge.resource
        at_most, gap = (let_in, None) if self.gap is None else (EVERYBODY, self.gap)
        if self.azure:
            let_in, at_most, gap = _with_azure(self.judge.estate, resource, let_in, at_most, gap)
        parts = [] if let_in.is_empty else ["every customer of Azure" if self.azure else str(let_in)]
        parts += [f"subnet {subnet.name}" for subnet in subnets]
        says = f"the firewall of {resource.name} lets in {', '.join(parts)}"
        if not parts:
            says = f"the firewall of {resource.name} denies every address"
            if self.facts.unseen and gap is None:
                at_most, gap = EVERYBODY, Unknown(f"{says}, but {self.facts.unseen}, may allow access")
        reasons = tuple(self.reasons) or (resource.at("id"),)
        trusted, named = self._trusted(), self._instances()
        return FirewallVerdict(resource.id, let_in, at_most, says, reasons, trusted, subnets, named, gap)

    def _trusted(self) -> bool:
        """Whether services that Azure trusts pass the rules."""
        if not self.facts.bypass:
            return False
        of = self.judge.children(self.facts.child) if self.facts.child else (self.judge.resource,)
        words = [_word(e.value) for one in of for e in rows_at(one, self.facts.bypass)]
        return any("azureservices" in word or word == "true" for word in words)

    def _instances(self) -> tuple[str, ...]:
        """Resources that pass the rules by name."""
        found = rows_at(self.judge.resource, self.facts.instances) if self.facts.instances else ()
        return tuple(str(evidence.value) for evidence in found if evidence.value)


def _steps(owner: Resource, texts: Iterable[str]) -> tuple[str | int, ...]:
    """The steps of a pointer, numbers as numbers; relative to the owner's own part of its document."""
    own = [step for step in owner.pointer.split("/") if step]
    steps = list(texts)[len(own) :]
    return tuple(int(step) if step.isdecimal() else step for step in steps)


def _with_azure(
    estate: Estate, resource: Resource, let_in: AddressSet, at_most: AddressSet, gap: Unknown | None
) -> tuple[AddressSet, AddressSet, Unknown | None]:
    """The addresses of every customer of Azure besides: those of the tag where it is at hand, else some for certain."""
    tag = ServiceTags.of_estate(estate).exact("AzureCloud")
    if tag is not None:
        return let_in | tag, at_most | tag, gap
    some = AddressSet.of(*load("public-doors")["azure"]["some"])
    why = Unknown(
        f"the firewall of {resource.name} lets in every customer of Azure, and the addresses of Azure are not at hand;"
        " give a list of service tags with --service-tags FILE"
    )
    return let_in | some, EVERYBODY, why if gap is None else gap


# --- kinds that no table holds ----------------------------------------------------------------------------------------

_SIGNS = frozenset(
    {
        "publicnetworkaccess",
        "publicipaddress",
        "publicipaddresses",
        "publicip",
        "publicips",
        "publicipid",
        "iprules",
        "ipsecurityrestrictions",
        "firewallrules",
    }
)
"""Properties, lower case, by which a document shows that its resource can be a door, or an external ingress."""

_MODELLED = (
    "microsoft.network/",
    "microsoft.compute/virtualmachine",
    "microsoft.authorization/",
    "microsoft.resources/",
)
"""Kinds that the model of networks follows, or that hold words about others and answer nobody."""

_DEEP = 6


def sign_of_a_door(resource: Resource) -> Evidence | None:
    """What in the document of a resource of an unlisted kind shows that it can be a door; `None` where nothing does.

    Parts of kinds that are judged (rules, settings, connections) are judged with what they are a part of.
    """
    if is_accounted_for(resource):
        return None
    properties = resource.stated("properties")
    path = _sign(properties, ()) if isinstance(properties, Mapping) else None
    return None if path is None else resource.shown("properties", *path)


def is_accounted_for(resource: Resource) -> bool:
    """Whether a resource is judged elsewhere: with the network, with its owner, or known to have no way in."""
    return resource.type.startswith(_MODELLED) or resource.type in no_doors() or _is_part(resource)


def _is_part(resource: Resource) -> bool:
    provider, _, kinds = resource.type.partition("/")
    parts = kinds.split("/")
    owners = (f"{provider}/{'/'.join(parts[:n])}" for n in range(1, len(parts)))
    judged = load("public-access")["types"]
    return any(o in doors() or o in judged or o in no_doors() for o in owners)


def _sign(value: object, path: tuple[str | int, ...]) -> tuple[str | int, ...] | None:
    if len(path) > _DEEP:
        return None
    if isinstance(value, list):
        items: Iterable[tuple[str | int, object]] = enumerate(value)
    elif isinstance(value, Mapping):
        items = value.items()
    else:
        return None
    for key, inner in items:
        word = str(key).casefold()
        if word in _SIGNS and inner not in (None, "", [], {}):
            return (*path, key)
        if word == "external" and inner is True and "ingress" in str(path[-1:]).casefold():
            return (*path, key)
        found = _sign(inner, (*path, key))
        if found is not None:
            return found
    return None
