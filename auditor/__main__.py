"""Lets `python -m auditor` do what the `auditor` command does, and both be broken off while they still start."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run the command line and leave with its exit code.

    Ctrl-C while modules are imported ends the program as the system does, without a traceback of half an import.
    """
    usual = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from auditor.cli import main as run

    signal.signal(signal.SIGINT, signal.default_int_handler if usual is None else usual)
    try:
        run()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(3)


if __name__ == "__main__":
    main()
