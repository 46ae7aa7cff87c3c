"""Every benchmark in turn; each prints JSON objects, one a line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
NAMES = ("start", "collect", "contract", "flow", "reach", "access")


def main() -> None:
    """Run them one after the other, so that none disturbs another."""
    for name in NAMES:
        subprocess.run([sys.executable, str(HERE / f"{name}.py")], check=True)


if __name__ == "__main__":
    main()
