"""Patterns that people write in settings and waivers: `*` stands for any text, and nothing else is special."""

from __future__ import annotations

from fnmatch import fnmatchcase

_LITERAL = str.maketrans({"[": "[[]", "?": "[?]"})


def like(text: str, pattern: str) -> bool:
    """Whether a text is one that the pattern means, without letter case."""
    return fnmatchcase(text.casefold(), pattern.casefold().translate(_LITERAL))
