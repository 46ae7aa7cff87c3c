"""Cold starts: `auditor --help` and `auditor check` of the reference world, as whole processes.

Prints one JSON object a line: CPU seconds (user and system), wall seconds and peak memory, the best of N runs (5).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORLD = Path(__file__).parent.parent / "tests/fixtures/worlds/reference-implementation.json"


def measured(*arguments: str) -> dict[str, float]:
    """One run of the command line in a process of its own."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "auditor", *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, _, used = os.wait4(process.pid, 0)
    cpu = used.ru_utime + used.ru_stime
    return {"cpu_s": round(cpu, 3), "wall_s": round(time.perf_counter() - began, 3), "peak_mib": used.ru_maxrss // 1024}


def best(runs: int, *arguments: str) -> dict[str, float]:
    """The run that used the least CPU."""
    return min((measured(*arguments) for _ in range(runs)), key=lambda found: found["cpu_s"])


def main(runs: int) -> None:
    """Measure both."""
    with tempfile.TemporaryDirectory() as folder:
        snapshot, report = Path(folder) / "s.json", Path(folder) / "r.json"
        subprocess.run([sys.executable, "-m", "auditor", "import", str(WORLD), "-o", str(snapshot)], check=True)
        print(json.dumps({"command": "--help", **best(runs, "--help")}))
        print(json.dumps({"command": "check", **best(runs, "check", str(snapshot), "-q", "-o", str(report))}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
