"""Content filters: which block less than before and which more, by policy and by the deployment that uses one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from auditor.drift import settings as diff_settings
from auditor.drift.documents import Pair
from auditor.drift.model import Change, Effect, Topic
from auditor.estate.naming import short
from auditor.facts import load
from auditor.model import ArmId, Resource, Unknown
from auditor.workload.content_filters import (
    keeps_back,
    plain,
    policy_of,
    system_policy,
)

POLICY = "microsoft.cognitiveservices/accounts/raipolicies"
DEPLOYMENT = "microsoft.cognitiveservices/accounts/deployments"
_NOTHING, _ALTOGETHER = 0, 99


@dataclass(frozen=True)
class FilterChange:
    """One filter that blocks from another level on. `before` and `after` are words for a reader (`from Low on`)."""

    subject: Resource
    name: str
    source: str
    before: str
    after: str
    weaker: bool

    def as_change(self, because: str) -> Change:
        """The change as reports tell it; `because` says how the subject came to it."""
        what = f"{self.name} in {self.source}s"
        says = f"{short(self.subject.id)} blocks {what} {self.after} now, was {self.before}{because}"
        detail = {"filter": self.name, "source": self.source, "before": self.before, "after": self.after}
        kind, effect = ("weakened", Effect.WORSE) if self.weaker else ("strengthened", Effect.BETTER)
        return Change(Topic.FILTERS, kind, effect, says, self.subject.id, detail, rank=0 if self.weaker else 2)


def changes(pair: Pair) -> Iterator[Change]:
    """Policies that changed, then deployments that use another one, then blocklists and modes."""
    for before, after in pair.both(POLICY):
        users = _users(pair, after.id)
        because = f" (used by {', '.join(users)})" if users else " (no deployment uses it)"
        yield from _compared(after, before, after, because)
        yield from _blocklists(before, after)
    for old, new in _redeployed(pair):
        yield from _other_policy(pair, old, new)
    yield from diff_settings.changes(pair, Topic.FILTERS)


def compare(subject: Resource, before: Resource, after: Resource) -> Iterator[FilterChange | tuple[str, str, Unknown]]:
    """Every filter that differs between two policies; one that is unknown with its name, source and the reason."""
    for name, source in _filters(before, after):
        was, is_ = strength(before, name, source), strength(after, name, source)
        gaps = [each for each in (was, is_) if isinstance(each, Unknown)]
        if isinstance(was, Unknown) or isinstance(is_, Unknown):
            if len(gaps) == 1:
                yield name, source, gaps[0]
        elif _ALTOGETHER in (was, is_) and was != is_ and _NOTHING not in (was, is_):
            yield name, source, Unknown(f"{subject.name} states a level on one side only, or one that is not known")
        elif was != is_:
            yield FilterChange(subject, name, source, _words(was), _words(is_), weaker=is_ < was)


def strength(policy: Resource, name: str, source: str) -> int | Unknown:
    """How much a policy blocks of a kind of content: 0 nothing, then from the worst level on, to all levels.

    A filter without levels (jailbreak, profanity) blocks all or nothing.
    """
    levels: list[str] = load("content-filters")["levels"]
    at_all = keeps_back(policy, name, source, None).holds
    if isinstance(at_all, Unknown):
        return at_all
    if not at_all:
        return _NOTHING
    steps = [keeps_back(policy, name, source, level).holds for level in levels]
    if all(isinstance(step, Unknown) for step in steps):
        return _ALTOGETHER
    return max(len(levels) - n for n, step in enumerate(steps) if step is True)


def _words(strength: int) -> str:
    levels: list[str] = load("content-filters")["levels"]
    if strength == _NOTHING:
        return "not at all"
    return "altogether" if strength == _ALTOGETHER else f"from {levels[len(levels) - strength].capitalize()} on"


def _filters(*policies: Resource) -> list[tuple[str, str]]:
    """Name and source of every filter that one of the policies has, each once."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for policy in policies:
        for _, row in policy.items("properties", "contentFilters"):
            name, source = str(row.get("name") or ""), str(row.get("source") or "").casefold()
            found.setdefault((plain(name), source), (name, source))
    return [found[key] for key in sorted(found)]


def _compared(subject: Resource, before: Resource, after: Resource, because: str) -> Iterator[Change]:
    for found in compare(subject, before, after):
        if isinstance(found, FilterChange):
            yield found.as_change(because)
        else:
            name, source, gap = found
            says = f"whether {short(subject.id)} still blocks {name} in {source}s cannot be determined: {gap.because}"
            detail = {"filter": name, "source": source, "unknown": gap.because}
            yield Change(Topic.FILTERS, "unread", Effect.UNKNOWN, says, subject.id, detail, rank=4)


def _blocklists(before: Resource, after: Resource) -> Iterator[Change]:
    """Blocklists of the customer that block on one side only."""
    was, is_ = _blocking_lists(before), _blocking_lists(after)
    for kind, effect, lists in (("weakened", Effect.WORSE, was - is_), ("strengthened", Effect.BETTER, is_ - was)):
        for name, source in sorted(lists):
            verb = "no longer applies" if kind == "weakened" else "now applies"
            says = f"{short(after.id)} {verb} the blocklist {name} to {source}s"
            yield Change(Topic.FILTERS, kind, effect, says, after.id, {"blocklist": name, "source": source}, rank=1)


def _blocking_lists(policy: Resource) -> set[tuple[str, str]]:
    rows = (row for _, row in policy.items("properties", "customBlocklists") if row.get("blocking") is True)
    return {(str(row.get("blocklistName") or "").casefold(), str(row.get("source") or "").casefold()) for row in rows}


def _redeployed(pair: Pair) -> Iterator[tuple[Resource, Resource]]:
    for before, after in pair.both(DEPLOYMENT):
        if before.text("properties", "raiPolicyName") != after.text("properties", "raiPolicyName"):
            yield before, after


def _other_policy(pair: Pair, old: Resource, new: Resource) -> Iterator[Change]:
    """A deployment that names another policy: what the two differ in, as far as both are known."""
    (before, _), (after, _) = policy_of(pair.old, old), policy_of(pair.new, new)
    named = [str(d.get("properties", "raiPolicyName", default="Azure's default")) for d in (old, new)]
    because = f" (policy {named[1]}, was {named[0]})"
    if isinstance(before, Resource) and isinstance(after, Resource):
        yield from _compared(new, before, after, because)
        return
    gap = before if isinstance(before, Unknown) else after
    assert isinstance(gap, Unknown)
    own = system_policy(new, after)
    detail: dict[str, Any] = {"before": named[0], "after": named[1], "unknown": gap.because}
    says = f"{short(new.id)} uses another policy{because}; whether it blocks less cannot be determined: {gap.because}"
    if own:
        says += f" ({named[1]}: {own})"
    yield Change(Topic.FILTERS, "unread", Effect.UNKNOWN, says, new.id, detail, rank=4)


def _users(pair: Pair, policy: ArmId) -> list[str]:
    account = policy.parent
    found = []
    for deployment in pair.new.seen(DEPLOYMENT, under=account):
        used, _ = policy_of(pair.new, deployment)
        if isinstance(used, Resource) and used.id == policy:
            found.append(deployment.name)
    return found
