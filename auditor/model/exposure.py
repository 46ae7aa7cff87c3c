"""How exposed something is, as proven by a chain through the estate."""

from __future__ import annotations

from enum import StrEnum


class Exposure(StrEnum):
    """From where it can be got at; the values stand in JSON."""

    INTERNET = "internet"
    """The Internet reaches it."""
    TAKEOVER = "takeover"
    """Whoever takes over an identity gets to it."""
    NONE = ""
    """No chain was found."""

    @property
    def rank(self) -> int:
        """0 for the most exposed."""
        return list(Exposure).index(self)
