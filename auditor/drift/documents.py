"""Which resources say something else than before, and which are known to have come or gone.

What differs in letter case, in the order of a list or in what every write changes (etag) is the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import msgspec

from auditor.estate import Estate
from auditor.estate.children import EMBEDDED
from auditor.facts import load
from auditor.model import ArmId, Read, Resource, Unknown

_quick = msgspec.json.Encoder().encode


def _encode(value: Any) -> bytes:
    """A value as bytes, to order by."""
    try:
        return _quick(value)
    except UnicodeEncodeError:
        # Half a character (a lone surrogate) has no UTF-8, but JSON can spell it.
        return json.dumps(value).encode("ascii")


@dataclass(frozen=True)
class Pair:
    """Two estates that are compared."""

    old: Estate
    new: Estate

    @property
    def reversed(self) -> Pair:
        """The same comparison the other way round."""
        return Pair(self.new, self.old)

    @cached_property
    def touched(self) -> frozenset[ArmId]:
        """Every resource that says something else, or that only one side shows. A child does not touch its parent."""
        found = self._ids(self.old) ^ self._ids(self.new)
        for resource in self.old.resources:
            other = self.new.find(resource.id)
            if other is not None and not _same(resource, other):
                found.add(resource.id)
        return frozenset(found)

    @cached_property
    def touched_with_parents(self) -> frozenset[ArmId]:
        """What is touched, and everything above it."""
        found: set[ArmId] = set()
        for id_ in self.touched:
            above: ArmId | None = id_
            while above is not None and above not in found:
                found.add(above)
                above = above.parent
        return frozenset(found)

    def touches(self, *types: str) -> bool:
        """Whether a resource of one of these types, or below one, is touched."""
        return any(id_.type.startswith(types) for id_ in self.touched)

    @cached_property
    def same_reads(self) -> bool:
        """Whether both sides were asked the same and answered as completely."""
        return _asked(self.old.snapshot.reads) == _asked(self.new.snapshot.reads)

    def same_network_reads(self) -> bool:
        """As `same_reads`, of what decides about networks."""
        return _asked(_of_network(self.old)) == _asked(_of_network(self.new))

    def both(self, *types: str) -> Iterable[tuple[Resource, Resource]]:
        """The touched resources of these types that both sides show; children count as their parent's."""
        for type_ in types:
            for resource in self.new.seen(type_):
                before = self.old.find(resource.id)
                if before is not None and resource.id in self.touched_with_parents:
                    yield before, resource

    @staticmethod
    def _ids(estate: Estate) -> set[ArmId]:
        return {resource.id for resource in estate.resources}


def doubted_absence(estate: Estate, id_: ArmId, other: Estate) -> Unknown | None:
    """Why the absence of a resource that `other` shows cannot be believed; `None` where it is known not to exist.

    What hung under something that is known not to exist does not exist either: nobody asked for it any more. A child of
    something that could not be read was not asked for; what extends it (a role assignment) has a list of its own.
    """
    above = id_.parent
    chain = [id_]
    while above is not None and other.find(above) is not None and estate.find(above) is None:
        chain.append(above)
        above = above.parent
    for each in reversed(chain):
        failure = estate.coverage.failure(each)
        doubt = failure if failure is not None else _list_gap(estate, each)
        if doubt is None or "/providers/" not in id_.key[len(each.key) :]:
            return doubt
    raise AssertionError("the last of the chain is the resource itself")


def _list_gap(estate: Estate, id_: ArmId) -> Unknown | None:
    gap = estate.coverage.gap(id_.type, id_)
    # What hangs above every subscription is listed along with one.
    return gap if id_.subscription or gap is None else estate.coverage.gap(id_.type)


def canonical(value: Any) -> Any:
    """A value without what Azure takes for the same: letter case and the order of lists."""
    if isinstance(value, str):
        return value.casefold()
    if isinstance(value, Mapping):
        pairs = [(str(key).casefold(), canonical(item)) for key, item in value.items() if key not in _envelope()]
        return dict(sorted(pairs, key=lambda pair: pair[0]))
    if isinstance(value, list):
        return sorted((canonical(item) for item in value), key=_encode)
    return value


@cache
def _envelope() -> frozenset[str]:
    return frozenset(load("drift")["envelope"])


def _same(old: Resource, new: Resource) -> bool:
    if old.body == new.body:
        return True
    return bool(canonical(_own(old)) == canonical(_own(new)))


def _own(resource: Resource) -> Mapping[str, Any]:
    """The body without the children that are resources of their own; whether it lists them at all stays."""
    body = resource.body
    listed = [kind.path for kind in EMBEDDED.get(resource.type, ())]
    for path in (*listed, ("properties", "privateEndpointConnections")):
        if isinstance(resource.stated(*path), list | Mapping):
            body = _without(body, path)
    return body


def _without(body: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    head, *rest = path
    return {**body, head: _without(body[head], tuple(rest)) if rest else []}


def _of_network(estate: Estate) -> Iterable[Read]:
    return (read for read in estate.snapshot.reads if read.covers.casefold().startswith(("microsoft.network", "*")))


def _asked(reads: Iterable[Read]) -> frozenset[tuple[str, ...]]:
    """What was asked, of which scope and in which version, and how it failed; letter case aside.

    Of a read about a principal, what it shows too: nothing but that tells which groups the principal is in.
    """
    return frozenset(
        (
            *(read.covers.casefold(), ArmId(read.scope).key, read.api_version, read.error, read.permission.casefold()),
            *(read.about.casefold(), *sorted(ArmId(id_).key for id_ in read.shows)),
        )
        for read in reads
    )
