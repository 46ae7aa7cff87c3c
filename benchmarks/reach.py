"""Which of all subnets reach which: 500 subnets in 20 peered networks with 200 groups of 100 rules, and how it grows.

Prints one JSON object a line. `seconds` is wall time from parsed documents to the matrix of all pairs, `cpu_seconds`
this process's share of it, `peak_mib` its memory; each size runs in a process of its own. Aims: 500 subnets under 10 s
and 1 GiB on two cores; from 125 to 1,000 subnets no worse than pairs. A sample of pairs is asked one by one and must
agree. `python benchmarks/reach.py [SUBNETS...]`
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

SIZES = (125, 250, 500, 1000)
_NETWORKS = 20
_SAMPLE = 40


def measure(subnets: int) -> dict[str, Any]:
    """One size, in this process."""
    from auditor.model import Unknown
    from auditor.reach.matrix.pairs import OPEN, YES, Pairs
    from auditor.reach.reachability import Reachability
    from benchmarks.synthetic import documents, estate

    made = documents(subnets - subnets % _NETWORKS)
    began, cpu = time.perf_counter(), time.process_time()
    world = Reachability.of(estate(made))
    pairs = Pairs(world, world.estate.seen("microsoft.network/virtualnetworks/subnets"))
    matrix = pairs.matrix
    seconds, busy = time.perf_counter() - began, time.process_time() - cpu
    # Before the single questions, which build what the matrix does without.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    count, rng = len(matrix), Random(2)
    began = time.perf_counter()
    for _ in range(_SAMPLE):
        i, j = rng.sample(range(count), 2)
        single = pairs.reach(i, j)
        expected = OPEN if isinstance(single.reaches, Unknown) else int(single.reaches)
        assert matrix[i][j] == expected, (i, j)
        assert single.reaches is not True or single.witness is not None
    return {
        "benchmark": "reach",
        "subnets": count,
        "pairs": count * (count - 1),
        "reached": pairs.reached,
        "open": sum(row.count(OPEN) for row in matrix),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(busy, 2),
        "peak_mib": round(peak),
        "single_question_ms": round((time.perf_counter() - began) / _SAMPLE * 1000, 1),
        "of_which_reached": round(sum(row.count(YES) for row in matrix) / count**2, 2),
    }


def results(sizes: tuple[int, ...] = SIZES) -> Iterator[dict[str, Any]]:
    """Every size in a process of its own, with its growth over the first: 1.0 is as fast as pairs grow."""
    first: dict[str, Any] | None = None
    for size in sizes:
        done = subprocess.run([sys.executable, __file__, "one", str(size)], capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        first = first or found
        by_pairs = found["pairs"] / first["pairs"]
        yield {**found, "growth_over_pairs": round(found["cpu_seconds"] / first["cpu_seconds"] / by_pairs, 3)}


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        print(json.dumps(measure(int(sys.argv[2]))))
    else:
        for line in results(tuple(int(text) for text in sys.argv[1:]) or SIZES):
            print(json.dumps(line))
