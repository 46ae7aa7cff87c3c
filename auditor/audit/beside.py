"""Kinds beside the parts of an architecture that no rule judges, or only in part: a report names those that it sees."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.documents.ai_account import ACCOUNT, PROJECT, Account
from auditor.estate import Estate
from auditor.facts import load
from auditor.workload.parts import Workload

_MOST_NAMES = 5


def beside(found: tuple[Workload, ...], estate: Estate) -> Iterator[str]:
    """A note for each kind of which something is there (facts/not-judged.json), and for accounts that may have more.

    A kind that an architecture has a part of is judged where that is asked, and no note speaks of it.
    """
    for row in load("not-judged")["kinds"]:
        unaware = _without(found, row["type"])
        seen = [r for r in estate.seen(row["type"]) if any(w.may_own(r) for w in unaware)]
        if seen:
            names = ", ".join(r.name for r in seen[:_MOST_NAMES])
            more = f" and {len(seen) - _MOST_NAMES} more" if len(seen) > _MOST_NAMES else ""
            judged = f"of them only {row['but']} is judged" if row["but"] else "they are not judged"
            yield f"{row['as']} ({names}{more}) are there: {judged}"
    for account in estate.seen(ACCOUNT):
        may = Account(account).has_projects.known is True and any(w.may_own(account) for w in _without(found, PROJECT))
        if may and not estate.seen(PROJECT, under=account.id):
            yield f"{account.name} may have projects, which this snapshot does not show: they are not judged"


def _without(found: tuple[Workload, ...], type_: str) -> list[Workload]:
    """The workloads whose architecture has no part of a type."""
    kind = type_.casefold()
    return [w for w in found if all(part.type != kind for part in w.architecture.parts.values())]
