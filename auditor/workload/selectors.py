"""The language in which a baseline says how a part is found: typed, checked when read, and asked of an estate.

A selector names candidates and narrows them. Where it has one of the fields that lead from another part (`among`,
`child_of`, `pointed_at_by`, `joined_from`, `identity_of`, `named`), what they lead to are its candidates; else every
resource of its `type` is. All other fields narrow: a candidate has to meet each of them. Nothing asks for a name.
docs/writing-a-baseline.md explains every field with an example.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, Protocol

import msgspec

from auditor.estate import Estate, Relation
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.model.wildcard import like
from auditor.network.topology.seated import seated_in

VM = "microsoft.compute/virtualmachines"

Words = str | tuple[str, ...]
By = Literal["sits in subnet", "has public address", "leads to", "may reach", "runs on", "logs to", "scales"]


class Pointer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A property of a part that holds the id of another resource: `properties/storageAccount`, `*` for list items."""

    part: str
    pointer: str


class Join(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How parts lead to another resource, in the words of the estate: `{parts: [site], by: runs on}`."""

    parts: tuple[str, ...]
    by: By


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Connections that name a resource by `metadata.ResourceId`: of some categories, or those that a part lists.

    `listed` is a list of names of connections in another part, such as a capability host's `vectorStoreConnections`.
    """

    part: str
    category: tuple[str, ...] = ()
    listed: Pointer | None = None


class Selector(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"but_not": "not"}):
    """How one part is found. See the module's docstring."""

    type: str = ""
    where: dict[str, str | bool | int | tuple[str, ...]] = {}
    among: Words = ()
    child_of: Words = ()
    pointed_at_by: Pointer | None = None
    joined_from: Join | None = None
    identity_of: Words = ()
    named: str = ""
    of: tuple[str, ...] = ()
    points_at: Pointer | None = None
    named_by: Named | None = None
    backend_of: str = ""
    in_network_of: str = ""
    in_subnet_of: str = ""
    delegated_to: Words = ()
    owned: bool = False
    but_not: Words = ()
    any: tuple[Selector, ...] = ()
    first_of: tuple[Selector, ...] = ()


class Finder(Protocol):
    """Whoever plays the parts: a workload."""

    @property
    def estate(self) -> Estate:
        """The estate that is asked."""

    def part(self, name: str) -> tuple[Resource, ...]:
        """What plays a part; raises `NotKnown` where that cannot be determined."""

    def subnet(self, part: str) -> tuple[Resource, ...]:
        """The subnets that play a part."""

    def owns(self, resource: Resource) -> bool:
        """Whether a resource stands in the workload's own groups."""


NamedSelector = Callable[[Any, tuple[str, ...]], tuple[Resource, ...]]
"""What the language cannot say, in Python: from a workload and the parts under `of` to resources."""


def words(stated: Words) -> tuple[str, ...]:
    """One word or several, as several."""
    return (stated,) if isinstance(stated, str) else stated


def needs(selector: Selector) -> Iterator[str]:
    """The parts that a selector asks for. Those under `of` only lend a named selector their types."""
    yield from (*words(selector.among), *words(selector.child_of), *words(selector.identity_of))
    yield from words(selector.but_not)
    for pointer in (selector.pointed_at_by, selector.points_at):
        if pointer is not None:
            yield pointer.part
    if selector.joined_from is not None:
        yield from selector.joined_from.parts
    if selector.named_by is not None:
        yield selector.named_by.part
        if selector.named_by.listed is not None:
            yield selector.named_by.listed.part
    yield from (part for part in (selector.backend_of, selector.in_network_of) if part)
    for inner in (*selector.any, *selector.first_of):
        yield from needs(inner)


def find(selector: Selector, w: Finder, named: Mapping[str, NamedSelector]) -> tuple[Resource, ...]:
    """What a selector finds, each once. Raises `NotKnown` where that cannot be determined."""
    found = _candidates(selector, w, named)
    if selector.first_of:
        for inner in selector.first_of:
            made = find(_under(inner, selector), w, named)
            if made:
                found = made
                break
        else:
            return ()
    return tuple(r for r in dict.fromkeys(found) if meets(selector, r, w, named))


def _under(inner: Selector, outer: Selector) -> Selector:
    """An alternative speaks of the same type as what it stands in."""
    return inner if inner.type else msgspec.structs.replace(inner, type=outer.type)


def _candidates(s: Selector, w: Finder, named: Mapping[str, NamedSelector]) -> Iterable[Resource]:
    if s.among:
        return [r for part in words(s.among) for r in w.part(part)]
    if s.child_of:
        return [r for part in words(s.child_of) for owner in w.part(part) for r in w.estate.all(s.type, owner.id)]
    if s.pointed_at_by is not None:
        return _pointed_at(s.pointed_at_by, w)
    if s.joined_from is not None and not s.first_of:
        return _joined(s.joined_from, w)
    if s.identity_of:
        return _carried([r for part in words(s.identity_of) for r in w.part(part)], w)
    if s.named:
        return named[s.named](w, s.of)
    if s.first_of:
        return ()
    if s.type.casefold() == VM and s.in_network_of:
        # One whose interfaces cannot be followed leaves open where it stands, and so what the part is.
        seated = seated_in(w.estate, VM)
        here = {m for network in w.part(s.in_network_of) for m in seated.get(network.id, ())}
        return sorted(here, key=lambda machine: machine.id.key)
    return w.estate.all(s.type)


def meets(s: Selector, r: Resource, w: Finder, named: Mapping[str, NamedSelector]) -> bool:
    """Whether a candidate meets everything that narrows. The first that it does not meet decides."""
    return (
        (not s.type or r.type == s.type.casefold())
        and all(_is(r, path, wanted) for path, wanted in s.where.items())
        and (not s.owned or w.owns(r))
        and (s.points_at is None or _points_at(r, s.points_at, w))
        and (s.named_by is None or r.id in _named_ids(s.named_by, w))
        and (not s.backend_of or _is_backend(r, w.part(s.backend_of)))
        and (not s.in_network_of or _in_network(r, w.part(s.in_network_of), w.estate))
        and (not s.in_subnet_of or _sits_in(r, w.subnet(s.in_subnet_of), w.estate))
        and (not s.delegated_to or any(_delegated(r, service) for service in words(s.delegated_to)))
        and (not s.but_not or r not in {other for part in words(s.but_not) for other in w.part(part)})
        and (not s.any or any(_alternative(inner, r, w, named) for inner in s.any))
    )


def _alternative(s: Selector, r: Resource, w: Finder, named: Mapping[str, NamedSelector]) -> bool:
    """Whether a candidate is what an alternative under `any` leads to, where it leads somewhere, and meets the rest."""
    led = not s.among or any(r in w.part(part) for part in words(s.among))
    if s.pointed_at_by is not None:
        led = led and r.id in {id_ for each in w.part(s.pointed_at_by.part) for id_ in ids_at(each, s.pointed_at_by)}
    if s.joined_from is not None:
        led = led and r.id in _targets(s.joined_from, w)
    return led and meets(s, r, w, named)


def _is(r: Resource, path: str, wanted: str | bool | int | tuple[str, ...]) -> bool:
    """Whether a property is one of some words, which may hold `*`; letter case counts nowhere, absent is empty."""
    value = r.kind if path == "kind" else r.text(*path.split("/"))
    patterns = wanted if isinstance(wanted, tuple) else (str(wanted).casefold(),)
    return any(like(value, pattern) for pattern in patterns)


def ids_at(r: Resource, at: Pointer) -> tuple[ArmId, ...]:
    """The ids that stand at a pointer of a document. Raises `NotKnown` where something else stands there."""
    return tuple(id_ for path in _paths(r, at.pointer.split("/")) if (id_ := r.ref(*path)) is not None)


def _paths(r: Resource, steps: list[str]) -> Iterator[tuple[str | int, ...]]:
    """The paths that a pointer with `*` stands for in one document."""
    if "*" not in steps:
        yield tuple(steps)
        return
    cut = steps.index("*")
    head = tuple(steps[:cut])
    for index, _ in enumerate(found if isinstance(found := r.get(*head, default=[]), list) else []):
        yield from (_spread(r, (*head, index), steps[cut + 1 :]))


def _spread(r: Resource, head: tuple[str | int, ...], rest: list[str]) -> Iterator[tuple[str | int, ...]]:
    if "*" not in rest:
        yield (*head, *rest)
        return
    cut = rest.index("*")
    here = (*head, *rest[:cut])
    for index, _ in enumerate(found if isinstance(found := r.get(*here, default=[]), list) else []):
        yield from _spread(r, (*here, index), rest[cut + 1 :])


def _pointed_at(at: Pointer, w: Finder) -> Iterator[Resource]:
    for each in w.part(at.part):
        for path in _paths(each, at.pointer.split("/")):
            id_ = each.ref(*path)
            if id_ is not None:
                yield w.estate.need(id_, each.place(*path))


def _joined(join: Join, w: Finder) -> Iterator[Resource]:
    for part in join.parts:
        for each in w.part(part):
            found = w.estate.one(each, Relation(join.by))
            if found is not None:
                yield found


def _targets(join: Join, w: Finder) -> set[ArmId]:
    relation = Relation(join.by)
    return {id_ for part in join.parts for each in w.part(part) for id_ in w.estate.targets(each, relation)}


def _carried(carriers: Iterable[Resource], w: Finder) -> Iterator[Resource]:
    for carrier in carriers:
        for identity in w.estate.out(carrier, Relation.CARRIES):
            if isinstance(identity, Unknown):
                raise NotKnown(identity)
            yield identity


def _points_at(r: Resource, at: Pointer, w: Finder) -> bool:
    return bool({each.id for each in w.part(at.part)} & set(ids_at(r, at)))


def _named_ids(by: Named, w: Finder) -> set[ArmId]:
    """The resources that connections name. One without such an id names none: its target is a host, not a resource."""
    found: set[ArmId] = set()
    listed = None if by.listed is None else _listed(by.listed, w)
    for connection in w.part(by.part):
        if by.category and connection.text("properties", "category") not in {c.casefold() for c in by.category}:
            continue
        if listed is not None and connection.id.name.casefold() not in listed:
            continue
        named = connection.get("properties", "metadata", "ResourceId")
        if isinstance(named, str) and named:
            found.add(ArmId(named))
    return found


def _listed(at: Pointer, w: Finder) -> set[str]:
    """The names in a list of a part, in lower case."""
    stated = [each.get(*at.pointer.split("/"), default=[]) for each in w.part(at.part)]
    return {str(name).casefold() for names in stated if isinstance(names, list) for name in names}


def _is_backend(site: Resource, gateways: Iterable[Resource]) -> bool:
    from auditor.documents.host_names import planned_hosts

    named = {host for gateway in gateways for host in _backend_hosts(gateway)}
    stated = site.get("properties", "hostNames", default=[])
    own = {str(name).casefold() for name in stated} if isinstance(stated, list) else set()
    return bool(named & (own | set(planned_hosts(site))))


def _backend_hosts(gateway: Resource) -> set[str]:
    hosts = set()
    for index, _ in gateway.items("properties", "backendAddressPools"):
        pool = ("properties", "backendAddressPools", index, "properties", "backendAddresses")
        hosts |= {str(address.get("fqdn") or "").casefold() for _, address in gateway.items(*pool)}
    return hosts - {""}


def _in_network(r: Resource, networks: Iterable[Resource], estate: Estate) -> bool:
    here = {network.id for network in networks}
    if r.type == VM:
        return any(r in found for network, found in seated_in(estate, VM).items() if network in here)
    return bool({seat.parent for seat in estate.targets(r, Relation.IN_SUBNET)} & here)


def _sits_in(r: Resource, subnets: Iterable[Resource], estate: Estate) -> bool:
    return bool({subnet.id for subnet in subnets} & set(estate.targets(r, Relation.IN_SUBNET)))


def _delegated(subnet: Resource, service: str) -> bool:
    found = (n for n, _ in subnet.items("properties", "delegations"))
    wanted = service.casefold()
    return any(subnet.text("properties", "delegations", n, "properties", "serviceName") == wanted for n in found)
