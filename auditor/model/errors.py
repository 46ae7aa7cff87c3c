"""What ends a run early, and with which exit code."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the shell gets (README, "Exit codes")."""

    HOLDS = 0
    FAILS = 1
    USAGE = 2
    INCOMPLETE = 3
    BROKEN = 4


class AuditorError(Exception):
    """Something the user can change. Only `cli.py` catches it; every other exception is a bug.

    `message` is one sentence that names the file, line and column where there are any; `tip` says what to do.
    """

    def __init__(self, message: str, tip: str = "", exit_code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(message)
        self.message = message
        self.tip = tip
        self.exit_code = exit_code
