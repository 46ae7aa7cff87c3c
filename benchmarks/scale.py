"""Time and memory of every command as a subscription grows: about 1,000, 3,000 and 10,000 resources.

Prints one JSON object a line. Each command runs in a process of its own: wall seconds, CPU seconds (user and system)
and peak memory are what the kernel counted for it, and `written_kib` is the size of what it wrote. `snapshot` reads
the subscription from the stand-in over TLS on loopback, which is a further process; `check` and each further form of
the report read the file that `snapshot` wrote, or the imported one where nothing was collected. Then, for each
command, by which power of the size its CPU seconds grow between two sizes: 1 is linear, 2 quadratic.

`python benchmarks/scale.py [--no-snapshot] [SIZE...]`
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

SIZES = (1000, 3000, 10000)
FORMS = ("json", "html", "sarif", "junit", "markdown", "csv", "ocsf", "terminal")
_DONE = (0, 1)
"""Exit codes of a command that did its work; 1 says that a requirement fails, as in every second workload here."""

Found = dict[str, Any]


def measured(arguments: list[str], written: Path, environment: Mapping[str, str] | None = None) -> Found:
    """One command line in a process of its own."""
    command = [sys.executable, "-m", "auditor", *arguments]
    began = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, **(environment or {})}
    ) as process:
        assert process.stderr is not None
        said = process.stderr.read().decode()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in _DONE, f"{arguments[0]} ended with {process.returncode}: {said[-2000:]}"
    return {
        "seconds": round(time.perf_counter() - began, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mib": round(used.ru_maxrss / 1024),
        "written_kib": round(written.stat().st_size / 1024),
    }


def serve(world: Path) -> None:
    """Be the stand-in for a subscription: say where it is, and how many requests came when it is over."""
    from auditor.snapshot import Snapshot
    from auditor.standin import StandIn

    held = json.loads(world.read_text(encoding="utf-8"))
    served = Snapshot(tuple(held["documents"]), (), source="import", subscriptions=(held["subscriptionId"],))
    with StandIn(served) as standin:
        print(json.dumps({"url": standin.url, "environment": standin.environment()}), flush=True)
        sys.stdin.readline()
        print(json.dumps({"requests": len(standin.requests)}), flush=True)


@contextmanager
def standin(world: Path) -> Iterator[tuple[Found, Found]]:
    """The stand-in in a process of its own: where it is, and after the block what it counted."""
    counted: Found = {}
    with subprocess.Popen(
        [sys.executable, __file__, "serve", str(world)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield json.loads(server.stdout.readline()), counted
            server.stdin.write("over\n")
            server.stdin.flush()
            counted.update(json.loads(server.stdout.readline()))
        finally:
            server.stdin.close()


def measure(size: int, folder: Path, collected: bool) -> Iterator[Found]:
    """Every command at one size."""
    from benchmarks.worlds import is_listed, subscription

    world, documents = subscription(size)
    source = folder / f"{size}.json"
    head = {"format": "arm-world/1", "tenantId": world.tenant, "subscriptionId": world.subscription}
    source.write_text(json.dumps({**head, "documents": documents}), encoding="utf-8")
    about = {"benchmark": "scale", "size": size, "resources": sum(map(is_listed, documents))}
    kept = folder / f"{size}-imported.json"
    yield {**about, "command": "import", **measured(["import", str(source), "-o", str(kept)], kept), **_counts(kept)}
    if collected:
        kept = folder / f"{size}-collected.json"
        target = ["--subscription", world.subscription, "--cloud", "public"]
        with standin(source) as (told, counted):
            options = [*target, "--arm-endpoint", told["url"], "-q", "-o", str(kept)]
            found = measured(["snapshot", *options], kept, told["environment"])
        yield {**about, "command": "snapshot", **found, **counted, **_counts(kept)}
    for form in FORMS:
        report = folder / f"{size}-report.{form}"
        options = [str(kept), "--format", form, "-q", "-o", str(report), "--as-of", "2026-11-22"]
        yield {**about, "command": f"check {form}", **measured(["check", *options], report), **_results(form, report)}


def _counts(kept: Path) -> Found:
    held = json.loads(kept.read_text(encoding="utf-8"))
    return {"documents": len(held["documents"]), "reads": len(held["reads"])}


def _results(form: str, report: Path) -> Found:
    return {"findings": len(json.loads(report.read_text(encoding="utf-8"))["results"])} if form == "json" else {}


def growth(lines: list[Found]) -> Iterator[Found]:
    """By which power of the number of resources CPU seconds and memory grow, from each size to the next."""
    by_command: dict[str, list[Found]] = {}
    for line in lines:
        by_command.setdefault(line["command"], []).append(line)
    for command, found in by_command.items():
        for small, large in pairwise(found):
            times = math.log(large["resources"] / small["resources"])
            powers = {
                f"{what}_power": round(math.log(large[what] / max(small[what], 0.01)) / times, 2)
                for what in ("cpu_seconds", "peak_mib", "written_kib")
            }
            yield {"benchmark": "growth", "command": command, "from": small["size"], "to": large["size"], **powers}


def main(arguments: list[str]) -> None:
    """Measure every size."""
    if arguments[:1] == ["serve"]:
        serve(Path(arguments[1]))
        return
    sizes = [int(text) for text in arguments if text.isdigit()] or list(SIZES)
    lines: list[Found] = []
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            for line in measure(size, Path(folder), collected="--no-snapshot" not in arguments):
                lines.append(line)
                print(json.dumps(line), flush=True)
    for line in growth(lines):
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
