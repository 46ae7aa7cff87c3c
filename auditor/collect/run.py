"""A collection from the first question to the snapshot."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from azure.core.credentials import TokenCredential

from auditor import __version__
from auditor.collect.connection.credential import bearer
from auditor.collect.connection.target import Target
from auditor.collect.pacing.pool import Pool
from auditor.collect.pacing.retry import Deadline
from auditor.collect.pacing.signals import broken_off_by_signals, ended_by_signals
from auditor.collect.plan.membership import about_identities, awaits
from auditor.collect.plan.plan import Plan, Scope
from auditor.collect.plan.scopes import chosen_scopes
from auditor.collect.reads.question import Answer, Question
from auditor.collect.reads.recipes import recipes_below
from auditor.collect.result import Gathered
from auditor.collect.resume import Kept, kept_of
from auditor.collect.session import Send, Session
from auditor.collect.wire import Wire, interrupted
from auditor.made_of import digest
from auditor.model import AuditorError, ExitCode
from auditor.snapshot import Provenance, Snapshot

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
Keep = Callable[[Snapshot], object]
"""Takes what a run has so far, marked incomplete."""

KEEP_EVERY = 60.0
"""Seconds between two of these."""


def collect(
    target: Target,
    watch: Watch | None = None,
    credential: TokenCredential | None = None,
    earlier: Snapshot | None = None,
    keep: Keep | None = None,
) -> Snapshot:
    """Read a deployment. A read that fails is recorded and the rest goes on.

    Ctrl-C, SIGTERM or the target's timeout end the run early: the snapshot then has `complete` false and a failed read
    for everything that was not asked any more. `earlier` is a snapshot to continue: its scopes are read in the place
    of the target's, what it holds is kept, and only what it lacks is asked. `keep` is given what there is every minute,
    as a run that ended there would have left it. Raises `AuditorError` where nothing can be
    read at all: no credential, no such subscription or resource group.
    """
    return _run(target, watch, credential, earlier, keep).together()


def collect_apart(
    target: Target, watch: Watch | None = None, credential: TokenCredential | None = None
) -> tuple[Snapshot, ...]:
    """As `collect`, with a snapshot for each subscription."""
    return _run(target, watch, credential, None, None).apart()


def _run(
    target: Target,
    watch: Watch | None,
    credential: TokenCredential | None,
    earlier: Snapshot | None,
    keep: Keep | None,
) -> _Run:
    deadline = Deadline(target.timeout)
    session = Session(target, deadline, credential)
    try:
        kept = _kept(earlier, session.cloud.name)
        with broken_off_by_signals():
            session.sign_in()
            wire = Wire(session, _senders(session))
            scopes, known = (kept.scopes, ()) if kept else _scopes(target, wire, deadline)
        tenant = kept.tenant if kept else bool(target.management_groups)
        plan = Plan(scopes, known, kept.reads if kept else (), tenant)
        run = _Run(plan, scopes, deadline, watch or (lambda _: None), keep)
        run.origin = {
            "cloud": session.cloud.name,
            "resource_groups": tuple(sorted(earlier.resource_groups if earlier else target.resource_groups)),
        }
        run.bearer = bearer(session.token)
        if kept and earlier:
            run.gathered = Gathered(kept.documents, kept.reads, earlier.collected_at)
        with ended_by_signals(deadline):
            run.go(Pool(wire.ask, target.concurrency, session.calm), known, kept, wire.ask)
        return run
    finally:
        deadline.stop()
        session.close()


def _scopes(target: Target, wire: Wire, deadline: Deadline) -> tuple[Sequence[Scope], Sequence[Answer]]:
    """What to read, and the answers that told. Raises `AuditorError` where nobody can say, or not in time."""
    try:
        return chosen_scopes(target, wire)
    except AuditorError as problem:
        if not deadline.over:
            raise
        raise AuditorError(
            "the run ended before it was known what to read: there is nothing to write",
            tip="name what to read with --subscription, and give it more time",
            exit_code=ExitCode.INCOMPLETE,
        ) from problem


def _kept(earlier: Snapshot | None, cloud: str) -> Kept | None:
    if earlier is None:
        return None
    kept = kept_of(earlier)
    if earlier.cloud != cloud:
        raise AuditorError(
            f"{earlier.path or 'the snapshot'} was collected from {earlier.cloud}, and this would be {cloud}",
            "name the cloud and the endpoint that it was collected from",
        )
    return kept


class _Run:
    """What was asked and what came back, held by the one thread that counts."""

    def __init__(
        self, plan: Plan, scopes: Sequence[Scope], deadline: Deadline, watch: Watch, keep: Keep | None = None
    ) -> None:
        self._plan = plan
        self._scopes = scopes
        self._deadline = deadline
        self._watch = watch
        self._keep = keep
        self._kept_at = time.monotonic()
        self._open: dict[tuple[str, str], Question] = {}
        self.gathered = Gathered()
        self.origin: dict[str, object] = {}
        self.bearer: dict[str, str] = {}
        self._begun_at = _now()

    def go(
        self,
        pool: Pool,
        known: Sequence[Answer],
        kept: Kept | None,
        ask: Callable[[Question], Answer] | None = None,
    ) -> None:
        """Ask everything there is to ask, or as much as time allows, after what is known already.

        `ask` puts a question at once, beside the pool; without it no list is asked again.
        """
        try:
            for answer in known:
                self._take(answer)
                self._queue(pool, self._plan.then(answer))
            self._queue(pool, self._plan.first())
            if kept:
                self._queue(pool, self._plan.rest(kept.documents, kept.open))
            while (self._open or self._queue(pool, self._last())) and not self._deadline.over:
                arrived = pool.next(_HEARTBEAT)
                self._keep_now_and_then()
                if arrived is not None:
                    self._take(arrived)
                    self._queue(pool, self._plan.then(arrived))
                    if awaits(arrived.question) and not any(map(awaits, self._open.values())):
                        self._queue(pool, self._last())
            self._settle(ask)
        finally:
            pool.close()
        self._give_up_the_rest()

    def _settle(self, ask: Callable[[Question], Answer] | None) -> None:
        """Ask again whoever contradicts another: at the end, when there was time for something to be deleted.

        That is the lists that showed what its own path denied, and the inventory that shows what no list did.
        """
        for denied in self.gathered.denied:
            question = None if self._deadline.over else self._plan.list_of(denied)
            self.gathered.settle(denied, None if question is None or ask is None else ask(question))
        again: dict[str, Answer | None] = {}
        for left_out in self.gathered.left_out:
            question = None if self._deadline.over else self._plan.inventory_of(left_out)
            if question is not None and ask is not None and question.path not in again:
                again[question.path] = ask(question)
            self.gathered.confirm(left_out, again.get(question.path) if question is not None else None)

    def _keep_now_and_then(self) -> None:
        """Hand on what there is, once a minute: a run that is killed leaves that, and another can go on from it."""
        if self._keep is None or time.monotonic() - self._kept_at < KEEP_EVERY:
            return
        found = self.gathered.so_far()
        cut_off = interrupted()
        for question in self._open.values():
            found.note(question.failed(cut_off.status, cut_off.error, cut_off.message))
        self._keep(self._told(found.together(self._scopes, **self.origin)))
        self._kept_at = time.monotonic()

    def together(self) -> Snapshot:
        """What was gathered, in its lasting order."""
        return self._told(self.gathered.together(self._scopes, **self.origin))

    def apart(self) -> tuple[Snapshot, ...]:
        """The same, a snapshot for each subscription."""
        return tuple(map(self._told, self.gathered.apart(self._scopes, **self.origin)))

    def _told(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with who read it, with what and when."""
        told = Provenance(
            **self.bearer,
            auditor=__version__,
            auditor_sha256=digest(),
            begun_at=self._begun_at,
            ended_at=_now(),
            documents=len(snapshot.documents),
            reads=len(snapshot.reads),
        )
        return replace(snapshot, provenance=told)

    def _last(self) -> list[Question]:
        """What is worth to ask only when assignments and identities are known: who is in a group that holds a role."""
        return self._plan.new(about_identities(*self.gathered.shown, self._scopes))

    def _queue(self, pool: Pool, questions: Sequence[Question]) -> bool:
        """Put questions; whether there were any."""
        for question in questions:
            self._open[_key(question)] = question
            # Questions that lead to others go first, so that the last ones do not wait for each other at the end.
            pool.put(question, 0 if recipes_below().get(question.recipe.covers) else 1)
        return bool(questions)

    def _take(self, answer: Answer) -> None:
        self._open.pop(_key(answer.question), None)
        if answer.unseen and len(self._scopes) == 1:
            # One of several that went out of sight leaves its failed reads, and the others are read all the same.
            raise AuditorError(*answer.unseen)
        self.gathered.take(answer)
        done, failed = len(self.gathered.reads), self.gathered.failed
        known = done + len(self._open)
        try:
            self._watch(Progress(done, known, self.gathered.documents, failed, answer.question.recipe.type))
        except KeyboardInterrupt:
            # Here nothing is half done: whoever watches may end the run as a signal does.
            self._deadline.stop()

    def _give_up_the_rest(self) -> None:
        cut_off = interrupted()
        for question in (*self._open.values(), *self._last()):
            self.gathered.note(question.failed(cut_off.status, cut_off.error, cut_off.message))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


_HEARTBEAT = 0.2
"""Seconds between two looks at the clock while no answer comes."""


def _key(question: Question) -> tuple[str, str]:
    return question.asked.casefold(), question.recipe.covers


def _senders(session: Session) -> Callable[[str, str], Send]:
    """A client for each module and subscription, made when first needed."""
    made: dict[tuple[str, str], Send] = {}
    lock = threading.Lock()

    def sender(client: str, subscription: str) -> Send:
        assert client in CLIENTS, client
        with lock:
            if (client, subscription) not in made:
                module = importlib.import_module(f"auditor.collect.clients.{client}")
                made[client, subscription] = module.connect(session, subscription)
            return made[client, subscription]

    return sender
