"""How fast a deployment is read: the stand-in in a process of its own, without and with 50 ms of latency.

Prints one JSON object a line: seconds of wall time and of this process's CPU, requests, the ideal (requests x latency
/ concurrency), the ratio of both, and how many paths were asked more than once. `python benchmarks/collect.py [RUNS]`
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from typing import Any

CONCURRENCY = 16
LATENCIES = (0.0, 0.05)
WORLD = "reference-implementation"


def serve(latency: float) -> None:
    """Be the stand-in: say where it is, and for each line that comes what was asked so far."""
    from auditor.commands.demo import deployment
    from auditor.standin import StandIn

    served = deployment(WORLD)
    with StandIn(served, latency=latency) as standin:
        told = {"url": standin.url, "subscription": served.subscriptions[0], "environment": standin.environment()}
        print(json.dumps(told), flush=True)
        for _ in sys.stdin:
            print(json.dumps([request.question for request in standin.requests if request.method == "GET"]), flush=True)


def measure(latency: float, runs: int) -> dict[str, Any]:
    """The best of some runs: what else the machine does only ever adds."""
    server = subprocess.Popen(
        [sys.executable, __file__, "serve", str(latency)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin is not None
    assert server.stdout is not None
    with server:
        told = json.loads(server.stdout.readline())
        os.environ.update(told["environment"])
        best = min((_once(told["url"], told["subscription"]) for _ in range(runs)), key=lambda run: run["seconds"])
        server.stdin.write("done\n")
        server.stdin.flush()
        paths = Counter(json.loads(server.stdout.readline()))
        server.stdin.close()
    asked = {path: times // runs for path, times in paths.items() if "/v2.0/" not in path}
    ideal = sum(asked.values()) * latency / CONCURRENCY
    return {
        "benchmark": "collect",
        "world": WORLD,
        "latency_ms": round(latency * 1000),
        "concurrency": CONCURRENCY,
        **best,
        "requests": sum(asked.values()),
        "duplicates": sum(times > 1 for times in asked.values()),
        "ideal_seconds": round(ideal, 3),
        "ratio": round(best["seconds"] / ideal, 2) if ideal else None,
        "runs": runs,
    }


def _once(url: str, subscription: str) -> dict[str, Any]:
    from auditor.collect import Target, collect

    begun, busy = time.perf_counter(), time.process_time()
    found = collect(Target((subscription,), arm_endpoint=url, cloud="public", concurrency=CONCURRENCY))
    seconds, cpu = time.perf_counter() - begun, time.process_time() - busy
    assert found.complete
    return {"seconds": round(seconds, 3), "cpu_seconds": round(cpu, 3), "documents": len(found.documents)}


def main() -> None:
    """Measure every latency."""
    if sys.argv[1:2] == ["serve"]:
        serve(float(sys.argv[2]))
        return
    for latency in LATENCIES:
        print(json.dumps(measure(latency, int(sys.argv[1]) if len(sys.argv) > 1 else 5)), flush=True)


if __name__ == "__main__":
    main()
