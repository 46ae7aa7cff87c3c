"""The estate: what there is, how it hangs together, and what is not known of it."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from auditor.estate.children import PARENT_OF
from auditor.estate.coverage import Coverage
from auditor.estate.planned import is_expression
from auditor.estate.references import Relation
from auditor.model import ArmId, NotKnown, Place, Resource, Unknown
from auditor.snapshot import Snapshot

if TYPE_CHECKING:
    import networkx as nx

Edge = tuple[Resource, Relation, ArmId, Place]


class Gaps(NamedTuple):
    """What documents do not tell because a value in them is of a kind that Azure never sends."""

    references: Sequence[tuple[Resource, Relation, Unknown]] = ()
    """Who points somewhere by which relation, and nobody can tell where."""
    children: Sequence[tuple[Resource, str, Unknown]] = ()
    """Whose list of which type of children is not whole."""
    contradictions: Sequence[str] = ()
    """Sentences on children whose own ids contradict the place where they stand."""


class Estate:
    """Typed resources and typed relations. Never changed once made; iteration order is by id."""

    def __init__(
        self,
        resources: Mapping[ArmId, Resource],
        edges: Sequence[Edge],
        coverage: Coverage,
        snapshot: Snapshot,
        gaps: Gaps = Gaps(),  # noqa: B008 - it cannot be changed
    ) -> None:
        self._resources = resources
        self._by_type: dict[str, list[Resource]] = defaultdict(list)
        for resource in sorted(resources.values(), key=lambda r: r.id.key):
            self._by_type[resource.type].append(resource)
        self._keys: dict[str, list[str]] = {}
        self._out: dict[tuple[ArmId, Relation], list[tuple[ArmId, Place]]] = defaultdict(list)
        self._into: dict[tuple[ArmId, Relation], list[Resource]] = defaultdict(list)
        self._unresolved: dict[Relation, list[tuple[Resource, Unknown]]] = defaultdict(list)
        self._unreadable: dict[tuple[ArmId, Relation], Unknown] = {}
        self._unlisted: dict[str, list[tuple[Resource, Unknown]]] = defaultdict(list)
        for source, relation, target, place in edges:
            self._out[source.id, relation].append((target, place))
            self._into[target, relation].append(source)
            if source.plan is not None and is_expression(target.text):
                self._unresolved[relation].append((source, _unresolved(source, relation, target)))
        for source, relation, why in gaps.references:
            self._unreadable.setdefault((source.id, relation), why)
            self._unresolved[relation].append((source, why))
        for parent, type_, why in gaps.children:
            self._unlisted[type_].append((parent, why))
        self.contradictions: Sequence[str] = gaps.contradictions
        self.edges: Sequence[Edge] = edges
        self.coverage = coverage
        self.snapshot = snapshot
        self.kept: dict[object, object] = {}
        """What `once_an_estate` keeps; it goes when the estate goes."""

    @cached_property
    def as_seen(self) -> Estate:
        """The same estate, with every list taken for all that it shows.

        Only for statements that no further document can undo: "this identity holds Owner" is as true when other role
        assignments could not be read. A "nothing" or a "none" of this estate is worth nothing.
        """
        found = object.__new__(_AsSeen)
        kept = ("_resources", "_by_type", "_keys", "_out", "_into", "_unresolved", "_unreadable", "_unlisted")
        for name in (*kept, "edges", "contradictions", "coverage", "snapshot"):
            setattr(found, name, getattr(self, name))
        found.kept = {}
        return found

    @cached_property
    def subscriptions(self) -> frozenset[str]:
        """The subscriptions that something of the estate is in, in lower case."""
        return frozenset(resource.id.subscription for resource in self._resources.values())

    is_likely = False
    """Whether this is the likeliest case of an estate that was not read whole: see `as_likely`."""

    @cached_property
    def as_likely(self) -> Estate:
        """The same estate in the likeliest case: what was not listed is not there, and gateways lead nowhere unknown.

        Only for answers that name beside them what would have to be so for another one.
        """
        found = object.__new__(_Likely)
        kept = ("_resources", "_by_type", "_keys", "_out", "_into", "_unresolved", "_unreadable", "_unlisted")
        for name in (*kept, "edges", "contradictions", "snapshot"):
            setattr(found, name, getattr(self, name))
        found.coverage = self.coverage.taken_for_whole()
        found.kept = {}
        return found

    # --- what there is -------------------------------------------------------------------------------------------

    def seen(self, type_: str, under: ArmId | None = None) -> tuple[Resource, ...]:
        """Every resource of a type that the snapshot shows; says nothing of what it might not show."""
        kind = type_.casefold()
        found = self._by_type.get(kind, [])
        if under is None or not found:
            return tuple(found)
        # Everything below a scope stands together in the order of ids: its keys begin with the scope and a slash.
        keys = self._keys.get(kind)
        if keys is None:
            keys = self._keys[kind] = [resource.id.key for resource in found]
        below = found[bisect_left(keys, under.key + "/") : bisect_left(keys, under.key + "0")]
        itself = self._resources.get(under)
        return (itself, *below) if itself is not None and itself.type == kind else tuple(below)

    def all(self, type_: str, under: ArmId | None = None) -> tuple[Resource, ...]:
        """Every resource of a type, known to be all of them.

        Raises `NotKnown` where the list could not be read, so that an absence is never taken for granted.
        """
        gap = None if self._shown_by_parent(type_.casefold(), under) else self.coverage.gap(type_.casefold(), under)
        gap = self._odd_list(type_.casefold(), under) if gap is None else gap
        if gap is not None:
            raise NotKnown(gap)
        return self.seen(type_, under)

    def _odd_list(self, type_: str, under: ArmId | None) -> Unknown | None:
        """Why the children that a document lists may not be all."""
        for parent, why in self._unlisted.get(type_, ()):
            if under is None or parent.id.is_within(under) or under.is_within(parent.id):
                return why
        return None

    def _shown_by_parent(self, type_: str, under: ArmId | None) -> bool:
        """Whether the snapshot shows the parent, whose document lists all of its children of this type."""
        shown = under is not None and under in self._resources and PARENT_OF.get(type_) == under.type
        return shown and self.coverage.lost(type_, under) is None

    def find(self, id_: ArmId | None) -> Resource | None:
        """The resource of this id if the snapshot shows it."""
        return self._resources.get(id_) if id_ is not None else None

    def resolve(self, id_: ArmId, pointed_from: Place) -> Resource | Unknown:
        """Follow a reference. One that leads nowhere is `Unknown`, and says which place pointed there."""
        found = self._resources.get(id_)
        if found is not None:
            return found
        failure = self.coverage.failure(id_)
        if failure is not None:
            return failure
        origin = f"{pointed_from.document.name} at {pointed_from.pointer}"
        if id_.subscription and not self.coverage.reaches(id_):
            return Unknown(
                f"{id_.text}, which {origin} points at, is in a subscription that was not read;"
                f" include it with --subscription {id_.subscription}"
            )
        return Unknown(f"{id_.text}, which {origin} points at, is not in this snapshot", absent=True)

    def need(self, id_: ArmId, pointed_from: Place) -> Resource:
        """Follow a reference to a definite resource, or raise `NotKnown`."""
        found = self.resolve(id_, pointed_from)
        if isinstance(found, Unknown):
            raise NotKnown(found)
        return found

    def child(self, parent: Resource, *segments: str) -> Resource | None:
        """The child at this relative id, `None` where it is known not to exist; raises `NotKnown` where unread."""
        id_ = parent.id.child(*segments)
        found = self._resources.get(id_)
        if found is None:
            failure = self.coverage.failure(id_)
            gap = self.coverage.gap(id_.type, id_) if failure is None else failure
            gap = self._odd_list(id_.type, parent.id) if gap is None else gap
            if gap is not None:
                raise NotKnown(gap)
        return found

    # --- how it hangs together -----------------------------------------------------------------------------------

    def out(self, source: Resource, relation: Relation) -> tuple[Resource | Unknown, ...]:
        """What a resource points at by this relation; a dangling reference comes out as `Unknown`."""
        odd = self._unreadable.get((source.id, relation))
        found = tuple(self.resolve(target, place) for target, place in self._out.get((source.id, relation), []))
        return found if odd is None else (*found, odd)

    def targets(self, source: Resource, relation: Relation) -> tuple[ArmId, ...]:
        """The ids that a resource points at by this relation, whether the snapshot shows them or not.

        Raises `NotKnown` where one of them is an expression of a plan, or no id at all.
        """
        if (source.id, relation) in self._unreadable:
            raise NotKnown(self._unreadable[source.id, relation])
        found = tuple(target for target, _ in self._out.get((source.id, relation), []))
        if source.plan is not None:
            for target in found:
                if is_expression(target.text):
                    raise NotKnown(_unresolved(source, relation, target))
        return found

    def into(self, target: Resource | ArmId, relation: Relation, type_: str = "") -> tuple[Resource, ...]:
        """Every resource that points here by this relation, of one type if given.

        Raises `NotKnown` where one of a plan points to what only the deployment evaluates, or where nobody can tell
        where one points: it may be here.
        """
        for source, why in self._unresolved.get(relation, ()):
            if not type_ or source.type == type_.casefold():
                raise NotKnown(why)
        id_ = target.id if isinstance(target, Resource) else target
        found = self._into.get((id_, relation), [])
        return tuple(dict.fromkeys(r for r in found if not type_ or r.type == type_.casefold()))

    def one(self, source: Resource, relation: Relation) -> Resource | None:
        """The single thing pointed at by this relation; `None` where nothing is; raises `NotKnown` if it dangles."""
        found = self.out(source, relation)
        if not found:
            return None
        first = found[0]
        if isinstance(first, Unknown):
            raise NotKnown(first)
        return first

    @property
    def resources(self) -> Iterable[Resource]:
        """Everything, in order of id."""
        return self._resources.values()

    @cached_property
    def network(self) -> nx.MultiDiGraph[str]:
        """The same as a networkx graph: nodes are lower-case ids, edges carry `relation`. For path finding."""
        import networkx as nx  # 0.19 s that a check without a path question need not pay

        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        for resource in self._resources.values():
            graph.add_node(resource.id.key, type=resource.type, id=resource.id.text)
        for source, relation, target, place in self.edges:
            graph.add_edge(source.id.key, target.key, key=relation.value, relation=relation, pointer=place.pointer)
        return graph


class _AsSeen(Estate):
    """An estate whose lists are whole by decree: see `Estate.as_seen`."""

    def all(self, type_: str, under: ArmId | None = None) -> tuple[Resource, ...]:
        return self.seen(type_, under)

    @property
    def as_seen(self) -> Estate:
        return self


class _Likely(Estate):
    """An estate of which nothing is missing by assumption: see `Estate.as_likely`."""

    is_likely = True

    @property
    def as_likely(self) -> Estate:
        return self


def _unresolved(source: Resource, relation: Relation, expression: ArmId) -> Unknown:
    says = f"what {source.name} {relation} is the expression {expression.text}, which the deployment evaluates"
    return Unknown(f"{says}: this is unknown until deployed", absent=True)
