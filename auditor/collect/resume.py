"""What an earlier run answered, so that a later one asks only for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.collect.plan.plan import Scope, group_of
from auditor.collect.reads.question import Question
from auditor.collect.reads.recipes import recipes
from auditor.collect.service_tags import TYPE as SERVICE_TAGS
from auditor.collect.wire import Document
from auditor.model import ArmId, AuditorError, Read
from auditor.snapshot import Snapshot

_GROUPS = "microsoft.management/managementgroups"


@dataclass(frozen=True)
class Kept:
    """The scopes of an earlier run, what it can be believed in, and what it left open that no document leads to.

    `tenant` says whether it read what lies above subscriptions.
    """

    scopes: tuple[Scope, ...]
    documents: tuple[Document, ...]
    reads: tuple[Read, ...]
    open: tuple[Question, ...]
    tenant: bool


def kept_of(snapshot: Snapshot) -> Kept:
    """What a snapshot answers already. Raises `AuditorError` where it is not the work of a collection.

    Service tags are asked for again: the snapshot holds only those that its own documents name.
    """
    name = snapshot.path or "the snapshot"
    if snapshot.source != "azure" or not snapshot.subscriptions:
        raise AuditorError(
            f"{name} was not collected from Azure, so there is nothing to resume",
            "resume a file that `auditor snapshot` wrote",
        )
    answered = [read for read in snapshot.reads if read.answered and read.covers != SERVICE_TAGS]
    return Kept(
        scopes=tuple(Scope(id_, tuple(_groups(snapshot, id_))) for id_ in snapshot.subscriptions),
        documents=tuple(d for d in snapshot.documents if ArmId(d["id"]).type != SERVICE_TAGS),
        reads=tuple(answered),
        open=tuple(_open(snapshot)),
        tenant=any(read.covers == _GROUPS for read in snapshot.reads),
    )


def _groups(snapshot: Snapshot, subscription: str) -> Iterator[str]:
    """The resource groups of a subscription that were read, as they were named."""
    asked = {read.path.casefold() for read in snapshot.reads}
    for name in snapshot.resource_groups:
        if group_of(subscription, name).casefold() in asked:
            yield name


def _open(snapshot: Snapshot) -> Iterator[Question]:
    """Questions that only an inventory leads to, which is not kept; every one of them left its record."""
    listed = {recipe.covers: recipe for recipe in recipes() if recipe.listed_by}
    for read in snapshot.reads:
        recipe = listed.get(read.covers)
        id_ = ArmId(read.path)
        if not read.answered and recipe is not None and id_.type == read.covers:
            yield Question(recipe, read.path, read.scope, id_.subscription)
