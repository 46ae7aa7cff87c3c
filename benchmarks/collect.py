"""How fast a deployment is read: the stand-in in a process of its own, without latency, with 50 ms of it, throttled.

Prints one JSON object a line: seconds of wall time and of this process's CPU, requests, the ratio to the ideal, how
many questions were asked more than once and how many refused with 429; then how many requests each type took. The
ideal of latency: every one of the allowed connections busy from the first moment to the last, requests x latency /
concurrency; signing in, handshakes, and that some answers must be there before others can be asked for, all count
against the client. The ideal of a bucket: its size at once, and each refill the moment it comes, (requests - size) /
refill. `python benchmarks/collect.py [RUNS]`
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))

CONCURRENCY = 16
WORLD = "reference-implementation"


class Case(NamedTuple):
    """What is served and how. `copies`: subscriptions' worth of resources; `limited`: Azure's bucket of reads."""

    latency: float
    copies: int = 1
    limited: bool = False


CASES = (Case(0.0), Case(0.05), Case(0.05, copies=4, limited=True))


def served(copies: int) -> Any:
    """The reference deployment, with so many resource groups like its own."""
    from dataclasses import replace

    from auditor.commands.demo import deployment

    base = deployment(WORLD)
    text = json.dumps([d for d in base.documents if "/resourcegroups/" in str(d["id"]).casefold()])
    more = [d for n in range(1, copies) for d in json.loads(text.replace("rg-chat-prod", f"rg-chat-prod-{n}"))]
    return replace(base, documents=(*base.documents, *more))


def serve(case: Case) -> None:
    """Be the stand-in: say where it is, and for each line that comes what was asked so far."""
    from auditor.standin import Limit, StandIn

    world = served(case.copies)
    with StandIn(world, latency=case.latency, limit=Limit() if case.limited else None) as standin:
        told = {"url": standin.url, "subscription": world.subscriptions[0], "environment": standin.environment()}
        print(json.dumps(told), flush=True)
        for _ in sys.stdin:
            asked = [(r.question, r.page, r.status) for r in standin.requests if r.method == "GET"]
            print(json.dumps(asked), flush=True)


def measure(case: Case, runs: int) -> dict[str, Any]:
    """The best of some runs: what else the machine does only ever adds."""
    server = subprocess.Popen(
        [sys.executable, __file__, "serve", json.dumps(case)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin is not None
    assert server.stdout is not None
    with server:
        told = json.loads(server.stdout.readline())
        os.environ.update(told["environment"])
        best = min((_once(told["url"], told["subscription"]) for _ in range(runs)), key=lambda run: run["seconds"])
        server.stdin.write("done\n")
        server.stdin.flush()
        asked = [tuple(row) for row in json.loads(server.stdout.readline()) if "/v2.0/" not in row[0]]
        server.stdin.close()
    return {"benchmark": "collect", "world": WORLD, "runs": runs, **_setting(case), **best, **_ratio(case, asked, runs)}


def _setting(case: Case) -> dict[str, Any]:
    bucket = "250 reads, 25 a second" if case.limited else None
    return {
        "latency_ms": round(case.latency * 1000),
        "groups": case.copies,
        "concurrency": CONCURRENCY,
        "bucket": bucket,
    }


def _ratio(case: Case, asked: list[tuple[Any, ...]], runs: int) -> dict[str, Any]:
    requests = len(asked) / runs
    size, refill = 250, 25.0
    latency = requests * case.latency / CONCURRENCY
    ideal = max(latency, (requests - size) / refill) if case.limited else latency
    times = Counter((question, page) for question, page, _ in asked)
    return {
        "requests": round(requests),
        "duplicates": sum(n > runs for n in times.values()),
        "throttled": sum(status == 429 for *_, status in asked),
        "ideal_seconds": round(ideal, 3),
    }


def _once(url: str, subscription: str) -> dict[str, Any]:
    from auditor.collect import Target, collect

    begun, busy = time.perf_counter(), time.process_time()
    found = collect(Target((subscription,), arm_endpoint=url, cloud="public", concurrency=CONCURRENCY))
    seconds, cpu = time.perf_counter() - begun, time.process_time() - busy
    assert found.complete
    assert all(read.answered for read in found.reads)
    figures = {"seconds": round(seconds, 3), "cpu_seconds": round(cpu, 3), "documents": len(found.documents)}
    return {**figures, _READS: tuple(read.covers for read in found.reads if not _vouched(read))}


_READS = "reads"


def _vouched(read: Any) -> bool:
    """Whether this is no request of its own: the inventory answered for a type that has no list."""
    return bool(read.path.endswith("/resources")) and read.covers != "microsoft.resources/resources"


def by_type(few: Sequence[str], many: Sequence[str], copies: int) -> Iterator[dict[str, Any]]:
    """How many requests each type took in one resource group, and in several like it; types that took one together."""
    one, several = Counter(few), Counter(many)
    for type_, count in sorted(several.items(), key=lambda row: (-row[1], row[0])):
        if count > 1:
            yield {"benchmark": "requests by type", "type": type_, "groups_1": one[type_], f"groups_{copies}": count}
    others = sum(count == 1 for count in several.values())
    yield {"benchmark": "requests by type", "type": f"each of {others} others", "groups_1": 1, f"groups_{copies}": 1}


def main() -> None:
    """Measure every case; the throttled one once, since its bucket must be full at the start."""
    if sys.argv[1:2] == ["serve"]:
        serve(Case(*json.loads(sys.argv[2])))
        return
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    reads: dict[int, Sequence[str]] = {}
    for case in CASES:
        found = measure(case, 1 if case.limited else runs)
        reads[case.copies] = found.pop(_READS)
        found["ratio"] = round(found["seconds"] / found["ideal_seconds"], 2) if found["ideal_seconds"] else None
        print(json.dumps(found), flush=True)
    few, many = min(reads), max(reads)
    for line in by_type(reads[few], reads[many], many):
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
