"""Collections played again from the answers of one that went well, with single reads refused. Used by slow tests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from auditor.collect.pacing.pool import Pool
from auditor.collect.pacing.retry import Deadline
from auditor.collect.pacing.throttle import Calm
from auditor.collect.plan.plan import Plan, Scope
from auditor.collect.plan.scopes import chosen_scopes
from auditor.collect.reads.question import Answer, Question
from auditor.collect.reads.recipes import Recipe, recipes
from auditor.collect.run import _Run, _senders
from auditor.collect.session import Session
from auditor.collect.wire import Wire
from auditor.commands.demo import deployment
from auditor.model import ArmId
from auditor.snapshot import Snapshot
from tests.collecting import management_group, moved, placed, serving, small, target_at, world

Ask = Callable[[Question], Answer]
WHEN = "2024-07-15T09:00:00+00:00"
MESSAGE = "The client does not have authorization to perform this action."


@dataclass(frozen=True)
class Recording:
    """Every answer of a collection, and what was known before it began."""

    scopes: tuple[Scope, ...]
    known: tuple[Answer, ...]
    answers: Mapping[tuple[str, str], Answer]
    tenant: bool

    def asks(self, recipe: Recipe) -> bool:
        """Whether the recipe was put to use."""
        return any(answer.question.recipe is recipe for answer in (*self.known, *self.answers.values()))


def _key(question: Question) -> tuple[str, str]:
    return question.asked.casefold(), question.recipe.covers


def recorded(served: Snapshot, **target: Any) -> Recording:
    """Collect what is served, and keep every answer."""
    answers: dict[tuple[str, str], Answer] = {}
    with serving(served) as standin:
        chosen, deadline = target_at(standin, **target), Deadline(None)
        session = Session(chosen, deadline)
        session.sign_in()
        wire = Wire(session, _senders(session))

        def ask(question: Question) -> Answer:
            answers[_key(question)] = wire.ask(question)
            return answers[_key(question)]

        scopes, known = chosen_scopes(chosen, wire)
        recording = Recording(tuple(scopes), tuple(known), answers, tenant=bool(chosen.management_groups))
        _collected(recording, ask, known)
        session.close()
    return recording


def replayed(recording: Recording, refused: Collection[Recipe] = ()) -> Snapshot:
    """The collection that would have been, had Azure refused the reads of some recipes. Nothing is sent."""

    def answered(question: Question, answer: Answer | None) -> Answer:
        if question.recipe in refused:
            read = question.failed(403, "AuthorizationFailed", MESSAGE, permission=question.recipe.permission)
            return Answer(question, (), read)
        assert answer is not None, f"{question.asked} was not asked before"
        return answer

    known = [answered(answer.question, answer) for answer in recording.known]
    return _collected(recording, lambda q: answered(q, recording.answers.get(_key(q))), known)


def _collected(recording: Recording, ask: Ask, known: Collection[Answer]) -> Snapshot:
    plan = Plan(recording.scopes, known, tenant=recording.tenant)
    run = _Run(plan, recording.scopes, Deadline(None), lambda _: None)
    run.go(Pool(ask, 1, Calm(1.0)), tuple(known), None)
    return replace(run.together(), collected_at=WHEN)


COMPLIANT, GROUP, MORE = "compliant", "a resource group", "one of each, beside another subscription"
FOUNDRY = "foundry-compliant"
WORLDS = (COMPLIANT, GROUP, MORE, FOUNDRY)
"""Collections that put every recipe to use, but the one that says what lies below a management group."""


@cache
def recording(name: str) -> Recording:
    """The collection of this name, made once."""
    compliant = deployment(FOUNDRY if name == FOUNDRY else COMPLIANT)
    (subscription,) = compliant.subscriptions
    if name in (COMPLIANT, FOUNDRY):
        return recorded(compliant, subscriptions=(subscription,))
    if name == GROUP:
        return recorded(compliant, resource_groups=("rg-chat-prod",))
    more = [*compliant.documents, *_one_of_each(compliant), *_above_and_beside(subscription)]
    return recorded(world(more, "compliant"), all_subscriptions=True)


def _one_of_each(base: Snapshot) -> Iterator[dict[str, Any]]:
    """A resource of every type that leads to further questions and is not there."""
    have = {ArmId(document["id"]).type for document in base.documents}
    site = next(ArmId(d["id"]) for d in base.documents if ArmId(d["id"]).type == "microsoft.web/sites")
    group = f"/subscriptions/{site.subscription}/resourceGroups/{site.resource_group}/providers"
    slot = f"{site.text}/slots/some"
    for kind in sorted({parent for recipe in recipes() for parent in recipe.parents} - have):
        namespace, *kinds = kind.split("/")
        id_ = f"{group}/{namespace}" + "".join(f"/{each}/some" for each in kinds)
        if "managementgroups" not in kind:
            yield {"id": slot if kind.endswith("/slots") else id_, "type": kind, "name": "some", "properties": {}}
    for name in ("web", "authsettingsV2"):
        yield {"id": f"{slot}/config/{name}", "name": name, "properties": {}}


def _above_and_beside(subscription: str) -> list[Mapping[str, Any]]:
    """A management group, and a second subscription with nothing in it."""
    twin = [d for d in moved(small().documents) if ArmId(d["id"]).type.startswith("microsoft.resources/")]
    return [management_group("top"), placed("top", subscription), *twin]
