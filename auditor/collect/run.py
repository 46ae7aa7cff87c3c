"""A collection from the first question to the snapshot."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from azure.core.credentials import TokenCredential

from auditor.collect.plan import Plan, Scope
from auditor.collect.policies import Deadline
from auditor.collect.pool import Pool
from auditor.collect.question import Answer, Question
from auditor.collect.reads import Shape, recipes, recipes_below
from auditor.collect.scopes import chosen_scopes
from auditor.collect.service_tags import only_named
from auditor.collect.session import Send, Session
from auditor.collect.target import Target
from auditor.collect.wire import Wire, interrupted
from auditor.model import ArmId, AuditorError, Read
from auditor.snapshot import Snapshot

CLIENTS = ("authorization", "cognitive", "machinelearning", "network", "resources", "search")
"""The modules of this room that hold a client each, by the name they have in the table of reads."""


@dataclass(frozen=True)
class Progress:
    """How far a run is. `known` grows while answers raise further questions; `reading` is the type just answered."""

    done: int
    known: int
    documents: int
    failed: int
    reading: str


Watch = Callable[[Progress], None]


def collect(target: Target, watch: Watch | None = None, credential: TokenCredential | None = None) -> Snapshot:
    """Read a deployment. A read that fails is recorded and the rest goes on.

    Ctrl-C or the target's timeout end the run early: the snapshot then has `complete` false and a failed read for
    everything that was not asked any more. Raises `AuditorError` where nothing can be read at all: no credential, no
    such subscription or resource group.
    """
    deadline = Deadline(target.timeout)
    session = Session(target, deadline, credential)
    try:
        session.sign_in()
        wire = Wire(session, _senders(session))
        scopes, known = chosen_scopes(target, wire)
        run = _Run(Plan(scopes, known), deadline, watch or (lambda _: None))
        run.go(Pool(wire.ask, target.concurrency, session.calm), known)
        return run.snapshot(target, session.cloud.name, scopes)
    finally:
        deadline.stop()
        session.close()


class _Run:
    """What was asked and what came back, held by the one thread that counts."""

    def __init__(self, plan: Plan, deadline: Deadline, watch: Watch) -> None:
        self._plan = plan
        self._deadline = deadline
        self._watch = watch
        self._open: dict[tuple[str, str], Question] = {}
        self._reads: list[Read] = []
        self._documents: dict[str, Mapping[str, Any]] = {}
        self.complete = True

    def go(self, pool: Pool, known: Sequence[Answer]) -> None:
        """Ask everything there is to ask, or as much as time allows, after what is known already."""
        try:
            for answer in known:
                self._take(answer)
                self._queue(pool, self._plan.then(answer))
            self._queue(pool, self._plan.first())
            while self._open and not self._deadline.over:
                arrived = pool.next(_HEARTBEAT)
                if arrived is not None:
                    self._take(arrived)
                    self._queue(pool, self._plan.then(arrived))
        except KeyboardInterrupt:
            self._deadline.stop()
        finally:
            pool.close()
        self._give_up_the_rest()

    def snapshot(self, target: Target, cloud: str, scopes: Sequence[Scope]) -> Snapshot:
        """What was gathered, in its lasting order."""
        documents = only_named(tuple(self._documents.values()))
        ordered = sorted(documents, key=lambda body: ArmId(body["id"]).key)
        tenants = (str(body.get("tenantId") or "") for body in ordered if ArmId(body["id"]).type == _SUBSCRIPTION)
        return Snapshot(
            documents=tuple(ordered),
            reads=tuple(sorted(self._reads, key=lambda read: (read.path.casefold(), read.covers))),
            collected_at=datetime.now(UTC).isoformat(timespec="seconds"),
            source="azure",
            cloud=cloud,
            tenant=next(tenants, ""),
            subscriptions=tuple(sorted(scope.subscription for scope in scopes)),
            resource_groups=tuple(sorted(target.resource_groups)),
            complete=self.complete,
        )

    def _queue(self, pool: Pool, questions: Sequence[Question]) -> None:
        for question in questions:
            self._open[_key(question)] = question
            # Questions that lead to others go first, so that the last ones do not wait for each other at the end.
            pool.put(question, 0 if recipes_below().get(question.recipe.covers) else 1)

    def _take(self, answer: Answer) -> None:
        self._open.pop(_key(answer.question), None)
        if answer.unseen:
            raise AuditorError(*answer.unseen)
        self._reads.append(answer.read)
        if answer.question.recipe.shape is Shape.INVENTORY:
            self._take_inventory(answer)
        else:
            for document in answer.documents:
                self._documents.setdefault(ArmId(document["id"]).key, document)
        done = len(self._reads)
        failed = sum(not read.answered for read in self._reads)
        known = done + len(self._open)
        self._watch(Progress(done, known, len(self._documents), failed, answer.question.recipe.type))

    def _take_inventory(self, answer: Answer) -> None:
        """Keep of the inventory what nothing else reads; and let it vouch for the types that it alone lists."""
        listed = [recipe for recipe in recipes() if recipe.listed_by == answer.question.recipe.covers]
        for recipe in listed:
            count = sum(ArmId(document["id"]).type == recipe.covers for document in answer.documents)
            self._reads.append(replace(answer.read, covers=recipe.covers, count=count))
        known = {recipe.covers for recipe in recipes()}
        for document in answer.documents:
            if ArmId(document["id"]).type not in known:
                self._documents.setdefault(ArmId(document["id"]).key, document)

    def _give_up_the_rest(self) -> None:
        self.complete = not self._open and all(read.error != interrupted().error for read in self._reads)
        for question in self._open.values():
            failure = interrupted()
            self._reads.append(question.failed(failure.status, failure.error, failure.message))


_HEARTBEAT = 0.2
"""Seconds between two looks at the clock while no answer comes."""
_SUBSCRIPTION = "microsoft.resources/subscriptions"


def _key(question: Question) -> tuple[str, str]:
    return question.path.casefold(), question.recipe.covers


def _senders(session: Session) -> Callable[[str, str], Send]:
    """A client for each module and subscription, made when first needed."""
    made: dict[tuple[str, str], Send] = {}
    lock = threading.Lock()

    def sender(client: str, subscription: str) -> Send:
        assert client in CLIENTS, client
        with lock:
            if (client, subscription) not in made:
                module = importlib.import_module(f"auditor.collect.{client}")
                made[client, subscription] = module.connect(session, subscription)
            return made[client, subscription]

    return sender
