"""What one round does, all of it drawn from a seed."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from functools import cache
from random import Random
from typing import Any

from auditor.commands.demo import deployment
from auditor.model import ArmId
from auditor.snapshot import Snapshot
from auditor.standin import Limit
from tests.collecting import estate_of_two, reference, serving, small, taken
from tests.faulty import Fault, Kind


@dataclass(frozen=True)
class World:
    """What is served and what is asked of it."""

    name: str
    target: Mapping[str, Any]

    @property
    def served(self) -> Snapshot:
        """The documents."""
        if self.name == "small":
            return small()
        if self.name == "reference":
            return reference()
        return deployment("compliant") if self.name == "compliant" else estate_of_two()


WORLDS = (
    World("small", {}),
    World("reference", {}),
    World("compliant", {}),
    World("compliant", {"resource_groups": ("rg-chat-prod",)}),
    World("two subscriptions", {"all_subscriptions": True}),
    World("management group", {"management_groups": ("top",)}),
)


@cache
def faultless(at: int) -> Snapshot:
    """The collection of a world in which nothing goes wrong."""
    with serving(WORLDS[at].served) as standin:
        return taken(standin, **WORLDS[at].target)


@dataclass(frozen=True)
class Ending:
    """How somebody ends the run: a signal after so many requests, or the time limit."""

    signal: signal.Signals | None = None
    requests: int = 0
    seconds: float | None = None

    def __str__(self) -> str:
        if self.signal is not None:
            return f"{self.signal.name} after {self.requests}"
        return "" if self.seconds is None else f"limit {self.seconds:.2f} s"


@dataclass(frozen=True)
class Round:
    """A collection, what goes wrong in it, and how it is ended. `process`: through the command, as a process."""

    seed: int
    world: int
    faults: tuple[Fault, ...]
    standin: Mapping[str, Any]
    concurrency: int
    ending: Ending
    vanished: str
    process: bool


def drawn(seed: int) -> Round:
    """The round of a seed."""
    rng = Random(seed)
    world = rng.randrange(len(WORLDS))
    whole = faultless(world)
    # The pipeline's own waits cannot be scaled from the command line: a process meets what passes soon.
    process = rng.random() < 0.08
    vanished = "" if process or rng.random() < 0.8 else _vanishing(whole, rng)
    faults = [Fault(f"^{re.escape(vanished)}($|/)", Kind.GONE)] if vanished else []
    faults += [
        _fault(whole, rng, lasting=not process) for _ in range(rng.choice([0, 1, 3, 8, 20]) // (1 + 4 * process))
    ]
    slow = rng.choice([0.0, 0.0, 0.002, 0.02])
    standin = {
        "page_size": rng.choice([1, 3, 7, 100, 100]),
        "latency": slow,
        "token_lifetime": rng.choice([3600.0, 3600.0, 0.5]) if not process else 3600.0,
        "limit": rng.choice([None, None, Limit(60, 400.0), Limit(200, 100.0)]) if not process else None,
    }
    asked = len(whole.reads)
    ending = Ending()
    if rng.random() < 0.35:
        ending = Ending(rng.choice([signal.SIGINT, signal.SIGTERM]), rng.randrange(4, asked))
    elif rng.random() < 0.2:
        ending = Ending(seconds=rng.uniform(0.05, 0.6) + 0.5 * process)
    return Round(seed, world, tuple(faults), standin, rng.choice([1, 2, 4, 16, 16, 64]), ending, vanished, process)


def _vanishing(whole: Snapshot, rng: Random) -> str:
    """A resource that further questions are asked about."""
    about = sorted({read.scope for read in whole.reads if ArmId(read.scope).resource_group and read.answered})
    parents = [scope for scope in about if ArmId(scope).type.count("/") == 1]
    return rng.choice(parents) if parents else ""


def _fault(whole: Snapshot, rng: Random, *, lasting: bool) -> Fault:
    read = rng.choice([read for read in whole.reads if not _SCOPING.search(read.path)])
    namespace = re.search(r"/providers/[^/]+/", read.path)
    exact = f"^{re.escape(read.path)}$"
    kind = rng.choice(_PASSING if not lasting else [*_PASSING, *_LASTING])
    wide = namespace is not None and "Management/" not in namespace[0] and kind in _WIDE and rng.random() < 0.3
    pattern = re.escape(namespace[0]) if wide and namespace else exact
    times = rng.choice([1, 1, 2, 3]) if kind in _PASSING and (not lasting or rng.random() < 0.7) else None
    return Fault(pattern, kind, times, *_details(kind, times, read.path, rng))


_SCOPING = re.compile(r"^/subscriptions$|/descendants$|^/subscriptions/[^/]+/resourceGroups/[^/]+$", re.IGNORECASE)
"""What tells which subscriptions and groups to read: where that is lost, there is no run."""
_PASSING = (Kind.THROTTLED, Kind.BROKEN, Kind.RESET, Kind.SLOW, Kind.NOT_JSON, Kind.UNAUTHORIZED)
_LASTING = (Kind.LOOPING, Kind.LOST_PAGE, Kind.FOREIGN_PAGE, Kind.FORBIDDEN, Kind.GONE, Kind.STATUS)
_WIDE = (Kind.THROTTLED, Kind.BROKEN, Kind.RESET, Kind.SLOW, Kind.FORBIDDEN)
_ODD = (
    "409 ReadOnlyDisabledSubscription The subscription is disabled and therefore marked as read only.",
    "400 BadRequest what is that?",
    "302 Found elsewhere",
    "400 InvalidApiVersionParameter The supported versions are '2001-01-01'.",
    "200 Odd an answer without a list",
)


def _details(kind: Kind, times: int | None, path: str, rng: Random) -> tuple[str, float]:
    if kind is Kind.THROTTLED:
        soon = formatdate(time.time() + 1, usegmt=True)
        return (rng.choice(["", "0.05", "0", "1", soon]) if times else rng.choice(["", "0.01", "86400"])), 0.0
    if kind is Kind.BROKEN:
        return rng.choice(["500", "502", "503", "504"]), 0.0
    if kind is Kind.SLOW:
        return "", rng.uniform(0.01, 1.5 if times == 1 else 0.2)
    if kind is Kind.STATUS:
        return rng.choice(_ODD), 0.0
    return ("", 0.0)


def kinds_of(rounds: Sequence[Round]) -> dict[str, int]:
    """How many faults of each kind some rounds held."""
    found: dict[str, int] = {}
    for each in rounds:
        for fault in each.faults:
            found[fault.kind] = found.get(fault.kind, 0) + 1
    return dict(sorted(found.items()))
