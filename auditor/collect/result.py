"""What a run has gathered so far, and the snapshots that are made of it."""

from __future__ import annotations

import copy
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from auditor.collect.plan.plan import Scope
from auditor.collect.reads.question import Answer
from auditor.collect.reads.recipes import Shape, Where, recipes
from auditor.collect.service_tags import only_named
from auditor.collect.wire import INTERRUPTED, VANISHED
from auditor.model import ArmId, Read
from auditor.snapshot import Snapshot

Document = Mapping[str, Any]

_SUBSCRIPTION = "microsoft.resources/subscriptions"


class Gathered:
    """Reads, and documents once each. Held by the one thread that counts."""

    def __init__(self, documents: Iterable[Document] = (), reads: Iterable[Read] = (), collected_at: str = "") -> None:
        """`documents`, `reads` and `collected_at` are those of a run that this one continues."""
        self.reads: list[Read] = list(reads)
        self.failed = 0
        self._documents: dict[str, Document] = {ArmId(document["id"]).key: document for document in documents}
        # Lower is better: the answer about one resource says more than a list of many.
        self._rank: dict[str, tuple[bool, str]] = dict.fromkeys(self._documents, (True, ""))
        self._shown_to: dict[str, set[str]] = defaultdict(set)
        self._gone: dict[ArmId, None] = {}
        """What its own path denied although a list showed it."""
        self._in_inventory: dict[ArmId, None] = {}
        """What the inventory shows of types that have a list of their own."""
        self._collected_at = collected_at

    @property
    def documents(self) -> int:
        """How many there are."""
        return len(self._documents)

    @property
    def shown(self) -> tuple[Sequence[Document], Mapping[str, Set[str]]]:
        """The documents, and by the key of those that are in no subscription: whose answers showed them."""
        return tuple(self._documents.values()), self._shown_to

    def note(self, read: Read) -> None:
        """Take the record of a read."""
        self.reads.append(read)
        self.failed += not read.answered

    def take(self, answer: Answer) -> None:
        """Take an answer and the record of its read."""
        shows = tuple(sorted(str(d["id"]) for d in answer.documents)) if answer.question.about else ()
        self.note(replace(answer.read, shows=shows))
        recipe = answer.question.recipe
        if answer.gone:
            self._gone.setdefault(ArmId(answer.gone))
        if recipe.shape is Shape.INVENTORY:
            self._take_inventory(answer)
        elif recipe.where is not Where.MANAGEMENT_GROUP:
            # What descends from a management group is told by its own documents, and better.
            self._keep(answer.documents, answer)

    def so_far(self) -> Gathered:
        """A copy of what there is while the run goes on; what a path denied and no list was asked about is unread."""
        found = copy.copy(self)
        found.reads, found._gone = list(self.reads), dict(self._gone)
        for denied in self.denied:
            found.settle(denied, None)
        for left_out in self.left_out:
            found.confirm(left_out, None)
        return found

    @property
    def denied(self) -> tuple[ArmId, ...]:
        """What a list showed and its own path denied: deleted meanwhile, or a service that contradicts itself."""
        return tuple(self._gone)

    def settle(self, denied: ArmId, again: Answer | None) -> None:
        """Record what became of it: `again` is its list asked once more, `None` where it could not be.

        What that list no longer shows was deleted. What it still shows is kept, and every answer of "nothing there"
        about it is a failed read.
        """
        if again is not None and again.read.answered and all(ArmId(d["id"]) != denied for d in again.documents):
            says = "it was deleted while the run lasted: the list that showed it does not show it any more"
            self.reads = [_without(read, denied) for read in self.reads]
            self.note(Read(denied.text, again.read.api_version, 404, denied.type, denied.text, message=says))
            return
        del self._gone[denied]
        says = "a list shows it, also when asked again, and its own path answers that it is not there"
        self.reads = [
            replace(read, error=VANISHED, message=says)
            if read.answered and read.status == 404 and ArmId(read.scope).is_within(denied)
            else read
            for read in self.reads
        ]
        self.note(Read(denied.text, "", 404, denied.type, denied.text, error=VANISHED, message=says))
        self.failed = sum(not read.answered for read in self.reads)

    @property
    def left_out(self) -> tuple[ArmId, ...]:
        """What the inventory shows and the list of its type, which was answered, does not.

        Of lists at several scopes (budgets of a subscription and of its groups) the nearest is the one to show it.
        """
        missing = [
            id_
            for id_ in self._in_inventory
            if id_.key not in self._documents and not any(id_.is_within(gone) for gone in self._gone)
        ]
        return tuple(id_ for id_ in missing if (near := self._nearest(id_)) and all(read.answered for read in near))

    def _nearest(self, id_: ArmId) -> list[Read]:
        """The lists of its type at the nearest scope that holds it."""
        lists = [
            read
            for read in self.reads
            if read.covers == id_.type and not read.about and id_.is_within(ArmId(read.scope))
        ]
        nearest = max((len(ArmId(read.scope).key) for read in lists), default=0)
        return [read for read in lists if len(ArmId(read.scope).key) == nearest]

    def confirm(self, left_out: ArmId, inventory: Answer | None) -> None:
        """Record what became of it: `inventory` is that one asked once more, `None` where it could not be.

        The inventory lags behind: what it no longer shows was deleted. What it still shows, the list did not: it is
        a failed read.
        """
        if inventory is not None and inventory.read.answered:
            shown = {ArmId(document["id"]) for document in inventory.documents}
            if left_out not in shown:
                del self._in_inventory[left_out]
                return
        says = f"the inventory shows {left_out.text}, and the list of its type does not"
        silent = {id(read) for read in self._nearest(left_out) if read.answered}
        self.reads = [
            replace(read, error=VANISHED, message=says) if id(read) in silent else read for read in self.reads
        ]
        self.failed = sum(not read.answered for read in self.reads)

    def _take_inventory(self, answer: Answer) -> None:
        """Keep of the inventory what nothing else reads; and let it vouch for the types that it alone lists."""
        found = Counter(ArmId(document["id"]).type for document in answer.documents)
        for recipe in recipes():
            if recipe.listed_by == answer.question.recipe.covers:
                self.note(replace(answer.read, covers=recipe.covers, count=found[recipe.covers]))
        known = {recipe.covers for recipe in recipes()}
        for document in answer.documents:
            if ArmId(document["id"]).type in _LISTED:
                self._in_inventory.setdefault(ArmId(document["id"]))
        self._keep((d for d in answer.documents if ArmId(d["id"]).type not in known), answer)

    def _keep(self, documents: Iterable[Document], answer: Answer) -> None:
        """Of two answers that hold the same document, the fuller one is kept, and which that is hangs on no order."""
        rank = (answer.question.recipe.shape is not Shape.OBJECT, answer.read.path.casefold())
        for document in documents:
            id_ = ArmId(document["id"])
            if id_.key not in self._documents or rank < self._rank[id_.key]:
                self._documents[id_.key] = document
                self._rank[id_.key] = rank
            if not id_.subscription:
                self._shown_to[id_.key].add(answer.question.subscription.casefold())

    def together(self, scopes: Sequence[Scope], **origin: Any) -> Snapshot:
        """Everything as one snapshot. `origin` are its fields that say where it comes from."""
        return self._snapshot(scopes, self._documents.values(), self.reads, origin)

    def apart(self, scopes: Sequence[Scope], **origin: Any) -> tuple[Snapshot, ...]:
        """A snapshot for each subscription.

        What lies above subscriptions (role assignments at a management group, built-in roles) goes to those whose
        answers showed it; management groups and what was asked of the tenant go to all.
        """
        return tuple(self._part(scope, origin) for scope in scopes)

    def _part(self, scope: Scope, origin: Mapping[str, Any]) -> Snapshot:
        own = scope.subscription.casefold()
        documents = [document for key, document in self._documents.items() if self._belongs(key, document, own)]
        reads = [read for read in self.reads if ArmId(read.scope).subscription in ("", own)]
        return self._snapshot((scope,), documents, reads, origin)

    def _belongs(self, key: str, document: Document, subscription: str) -> bool:
        id_ = ArmId(document["id"])
        if id_.subscription:
            return id_.subscription == subscription
        return id_.type in _TENANT or subscription in self._shown_to[key]

    def _snapshot(
        self, scopes: Sequence[Scope], documents: Iterable[Document], reads: Iterable[Read], origin: Mapping[str, Any]
    ) -> Snapshot:
        reads = tuple(sorted(reads, key=lambda read: (read.path.casefold(), read.covers)))
        ordered = sorted(only_named(tuple(self._lasting(documents))), key=lambda body: ArmId(body["id"]).key)
        tenants = (str(body.get("tenantId") or "") for body in ordered if ArmId(body["id"]).type == _SUBSCRIPTION)
        return Snapshot(
            documents=tuple(ordered),
            reads=reads,
            complete=all(read.error not in (INTERRUPTED, VANISHED) for read in reads),
            collected_at=self._collected_at or datetime.now(UTC).isoformat(timespec="seconds"),
            source="azure",
            tenant=next(tenants, ""),
            subscriptions=tuple(sorted(scope.subscription for scope in scopes)),
            **origin,
        )

    def _lasting(self, documents: Iterable[Document]) -> Iterator[Document]:
        """The documents without those of resources that were deleted while the run lasted."""
        for document in documents:
            if not any(ArmId(document["id"]).is_within(gone) for gone in self._gone):
                yield document


def _without(read: Read, deleted: ArmId) -> Read:
    """The record of a read that brought what was deleted since: it counts what is left."""
    scope = ArmId(read.scope)
    if scope.is_within(deleted):
        return replace(read, count=0)
    listed = read.covers == deleted.type and deleted.is_within(scope)
    return replace(read, count=max(0, read.count - 1)) if listed else read


_LISTED = frozenset(
    recipe.covers
    for recipe in recipes()
    if recipe.shape is Shape.LIST and not recipe.parents and recipe.where in (Where.SCOPE, Where.WHOLE_SUBSCRIPTION)
)
"""Types that have a list over each scope."""

_TENANT = frozenset(recipe.covers for recipe in recipes() if recipe.where is Where.SEVERAL)
"""Types that are asked for once for all subscriptions."""
