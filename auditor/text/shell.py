"""Commands for a shell: what comes from a snapshot is a word of the command, whatever is written in it."""

from __future__ import annotations

import shlex


def q(value: object) -> str:
    """The value as one word for a POSIX shell, quoted where it has to be.

    Names in Azure may hold parentheses and blanks (resource groups), and a snapshot may come from anybody: a command
    that is printed to be pasted must not run what a name says. Letters, digits and `-_./:=@,+%` stay as they are.
    """
    return shlex.quote(str(value))


def with_words_to_fill_in(command: str) -> str:
    """The command with each `<what a person fills in>` as one quoted word: outside quotes a shell redirects there."""
    found: list[str] = []
    quote, rest = "", command
    while rest:
        letter = rest[0]
        end = rest.find(">") if letter == "<" and not quote else -1
        if end > 0:
            found.append(shlex.quote(rest[: end + 1]))
            rest = rest[end + 1 :]
            continue
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        found.append(letter)
        rest = rest[1:]
    return "".join(found)
