"""`python -m tests.soak [--minutes N] [--seed N] [--only SEED]`: rounds until the time is over."""

from __future__ import annotations

import argparse
import faulthandler
import resource
import sys
import time
from collections import Counter
from pathlib import Path

from tests.soak.plan import WORLDS, Round, drawn, kinds_of
from tests.soak.play import ENDS_WITHIN, Played, play

GROWS_BY = 24.0
"""MiB that the least memory of the last rounds may lie above that of early ones: caches fill, nothing else grows."""


def memory() -> float:
    """MiB that this process holds now; the most it ever held where the system does not say."""
    pages = Path("/proc/self/statm")
    if pages.exists():
        return int(pages.read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def told(number: int, each: Round, played: Played, held: float) -> str:
    """A round in a line."""
    world = WORLDS[each.world].name + ("" if len(WORLDS[each.world].target) == 0 else "*")
    how = [f"{len(each.faults)} faults", str(each.ending), "vanishing" * bool(each.vanished), "command" * each.process]
    codes = "+".join(map(str, played.codes))
    line = f"{number:5} seed {each.seed} {world}: {', '.join(filter(None, how))}: exit {codes},"
    line += f" {played.documents} documents, {played.failed} failed reads, {played.requests} requests,"
    return f"{line} {played.seconds:.1f} s, {held:.0f} MiB{' VIOLATED' if played.wrong else ''}"


def grown(held: list[float]) -> str:
    """Whether memory grows: the least of the last quarter against the least of the second one."""
    quarter = len(held) // 4
    if quarter < 15:
        return ""
    early, late = min(held[quarter : 2 * quarter]), min(held[-quarter:])
    return f"memory grew from {early:.0f} to {late:.0f} MiB" if late - early > GROWS_BY else ""


def main() -> int:
    """Play rounds; 1 where something that must be true was not."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 10**6 * 1000, help="that of the first round")
    parser.add_argument("--only", type=int, metavar="SEED", help="play this round again, and no other")
    asked = parser.parse_args()
    until = time.monotonic() + 60 * min(asked.minutes, 30.0)
    rounds: list[Round] = []
    codes: Counter[int] = Counter()
    held: list[float] = []
    violated, requests = [], 0
    number = 0
    while number == 0 or (asked.only is None and time.monotonic() < until):
        each = drawn(asked.seed + number if asked.only is None else asked.only)
        faulthandler.dump_traceback_later(4 * ENDS_WITHIN, exit=True)
        played = play(each)
        faulthandler.cancel_dump_traceback_later()
        held.append(memory())
        number += 1
        rounds.append(each)
        codes.update(played.codes)
        requests += played.requests
        print(told(number, each, played, held[-1]), flush=True)
        for wrong in played.wrong:
            print(f"      {wrong}\n      again: python -m tests.soak --only {each.seed}", flush=True)
        violated += [each.seed] * bool(played.wrong)
    growth = grown(held)
    faults = ", ".join(f"{kind} {n}" for kind, n in kinds_of(rounds).items())
    print(f"{number} rounds, {requests} requests, exit codes {dict(sorted(codes.items()))}")
    print(f"faults: {faults}; {sum(bool(r.vanished) for r in rounds)} resources vanished")
    print(f"memory: {held[0]:.0f} MiB after the first round, {max(held):.0f} at most, {held[-1]:.0f} at the end")
    print(growth or "memory does not grow" if len(held) >= 60 else "too few rounds to say whether memory grows")
    print(f"violated: {violated}" if violated else "everything that must be true was true")
    return 1 if violated or growth else 0


if __name__ == "__main__":
    sys.exit(main())
