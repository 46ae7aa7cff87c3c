"""Every benchmark in turn; each prints JSON objects, one a line.

    python benchmarks/run.py [NAME...]                   print what is measured; subscriptions of 1,000 and 3,000 only
    python benchmarks/run.py --record [NAME...]          measure all sizes and write the tables of docs/benchmarks.md
    python benchmarks/run.py --record --from FILE        write the tables from lines that were printed before

With `--record` and names, the tables of the other benchmarks stay as they are.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.tables import recorded

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
NAMES = ("start", "collect", "contract", "flow", "reach", "access", "templates", "scale")
QUICK = {"scale": ("1000", "3000")}
"""Arguments that keep `make bench` bearable; without them the 10,000 take some minutes more."""

Line = dict[str, Any]


def measure(names: Iterable[str], quick: bool) -> Iterator[Line]:
    """Run benchmarks one after the other, so that none disturbs another; each line is printed as it comes."""
    for name in names:
        command = [sys.executable, str(HERE / f"{name}.py"), *(QUICK.get(name, ()) if quick else ())]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for text in process.stdout:
                print(text, end="", flush=True)
                yield {"benchmark": name, **json.loads(text), "script": name}
        if process.returncode:
            raise SystemExit(f"{name} ended with {process.returncode}")


def read(path: Path) -> Iterator[Line]:
    """Lines that were kept; `script` is guessed where only the benchmark's own word is there."""
    owners = {"decisions": "contract", "requests by type": "collect", "growth": "scale", "effective access": "access"}
    owners |= {"naive expansion": "access", "access questions": "access"}
    for text in path.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        word = line.get("benchmark", "start")
        yield {"benchmark": word, "script": owners.get(word, word), **line}


def main() -> None:
    """Measure, and record where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}; all without")
    parser.add_argument("--record", action="store_true", help="write the tables of docs/benchmarks.md")
    parser.add_argument("--from", dest="source", type=Path, metavar="FILE", help="lines that were measured before")
    asked = parser.parse_args()
    unknown = sorted(set(asked.names) - set(NAMES))
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]}; there are {', '.join(NAMES)}")
    lines = list(read(asked.source) if asked.source else measure(asked.names or NAMES, quick=not asked.record))
    if asked.record:
        PAGE.write_text(recorded(PAGE.read_text(encoding="utf-8"), lines), encoding="utf-8")
        print(f"wrote {PAGE}", file=sys.stderr)


if __name__ == "__main__":
    main()
