"""Commands for a shell: what comes from a snapshot is a word of the command, whatever is written in it."""

from __future__ import annotations

import shlex


def q(value: object) -> str:
    """The value as one word for a POSIX shell, quoted where it has to be.

    Names in Azure may hold parentheses and blanks (resource groups), and a snapshot may come from anybody: a command
    that is printed to be pasted must not run what a name says. Letters, digits and `-_./:=@,+%` stay as they are.
    """
    return shlex.quote(str(value))
