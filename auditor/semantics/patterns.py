"""Operation patterns: text with `*`, read the way Azure reads it, and how two of them stand to each other.

Two kinds of text are told apart here. A *pattern* is what a role definition writes. A *glob* is a pattern made plain:
lower case, no two stars in a row, and `*` stands for any run of characters, `/` and the empty run included. `expand`
turns the one into the other; everything else works on globs.

Why no automaton is needed. Operations are texts over an open alphabet: there is always a character that no pattern
writes. Put that character for each star of a glob and you get a member of it that another glob can match only by
letting a star of its own absorb it, so the other glob matches whatever stands there instead. Hence a glob lies inside
a union of globs exactly if that one member does, and then inside a single glob of the union: containment and
emptiness come down to matching one text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

STAR = "*"
FRESH = "\uffff"
"""The character that no pattern writes (a Unicode noncharacter; a pattern that has it is refused)."""

MAX_LENGTH = 300
"""Longer patterns are not evaluated. The longest that Azure publishes has 139 characters (built-in roles, 2026-08)."""

MAX_STARS = 8
"""Patterns with more stars are not evaluated. No built-in role has more than one in a pattern."""

MAX_MEET = 2_000
"""An intersection of two globs that needs more globs than this is not evaluated."""


class PatternError(ValueError):
    """A pattern that this program does not evaluate; the text says why."""


@lru_cache(maxsize=65_536)
def expand(pattern: str) -> tuple[str, ...]:
    """The globs that a pattern stands for: one, and one more for each way to leave out a whole segment.

    An empty pattern stands for none: no operation is empty.

    THE ZERO-SEGMENT RULE, which lives here and nowhere else: `a/*/b` also matches `a/b`. It is inferred, not stated
    by Azure: Microsoft's page on ML roles says that `workspaces/*/delete` in notActions stops deleting the workspace
    itself, and built-in roles (AzureML Data Scientist, Managed Identity Operator) only make sense so
    (MicrosoftDocs/azure-ai-docs how-to-assign-roles.md, 09/2024; built-in roles, 2026-08). The doubt: for "may do X"
    the rule errs on the side of more, for "lacks a needed right" it could hide a lack. This program reads every
    pattern with the rule, in grants and in exclusions alike, so that both questions have one answer.
    """
    text = re.sub(r"\*{2,}", STAR, pattern.strip().lower())
    if len(text) > MAX_LENGTH or text.count(STAR) > MAX_STARS:
        raise PatternError(f"{pattern[:60]!r} is too long or has too many wildcards to be evaluated")
    if FRESH in text:
        raise PatternError(f"{pattern[:60]!r} has a character that no operation has")
    if not text:
        return ()
    found, open_ends = {text}, [text]
    while open_ends:
        glob = open_ends.pop()
        at = glob.find("/*/")
        while at >= 0:
            shorter = glob[:at] + glob[at + 2 :]
            if shorter not in found:
                found.add(shorter)
                open_ends.append(shorter)
            at = glob.find("/*/", at + 1)
    return tuple(sorted(found))


def matches(glob: str, text: str) -> bool:
    """Whether a glob matches a text. Linear: each middle piece is looked for once, leftmost."""
    if STAR not in glob:
        return glob == text
    first, *middle, last = glob.split(STAR)
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def sample(glob: str) -> str:
    """The member of a glob that stands for all of it: another glob that matches it contains the glob whole."""
    return glob.replace(STAR, FRESH)


def contains(outer: str, inner: str) -> bool:
    """Whether every text of one glob is one of the other."""
    return matches(outer, sample(inner))


@lru_cache(maxsize=131_072)
def meet(a: str, b: str) -> frozenset[str]:
    """The texts that both globs match, as globs of which none lies in another; empty where they are disjoint."""
    if contains(a, b):
        return frozenset((b,))
    if contains(b, a):
        return frozenset((a,))
    if STAR not in a or STAR not in b or _apart(a, b):
        return frozenset()
    return frozenset(absorb(_meet(a, b)))


def _apart(a: str, b: str) -> bool:
    """Whether what stands before the first or after the last star already tells two globs apart."""
    heads = a[: a.index(STAR)], b[: b.index(STAR)]
    tails = a[a.rindex(STAR) + 1 :], b[b.rindex(STAR) + 1 :]
    shorter_head, longer_head = sorted(heads, key=len)
    shorter_tail, longer_tail = sorted(tails, key=len)
    return not longer_head.startswith(shorter_head) or not longer_tail.endswith(shorter_tail)


@lru_cache(maxsize=65_536)
def _meet(a: str, b: str) -> frozenset[str]:
    if not a or not b:
        return frozenset(("",)) if (a or b) in ("", STAR) else frozenset()
    if a[0] != STAR and b[0] != STAR:
        return frozenset(a[0] + rest for rest in _meet(a[1:], b[1:])) if a[0] == b[0] else frozenset()
    if b[0] != STAR:
        return _meet(b, a)
    if a[0] == STAR:
        # Both begin with a run. Whichever run ends first, the other goes on over what follows.
        rests = _meet(a[1:], b) | _meet(a, b[1:])
        found = frozenset(rest if rest.startswith(STAR) else STAR + rest for rest in rests)
    else:
        # The other's run ends before this character, or takes it in.
        found = _meet(a, b[1:]) | frozenset(a[0] + rest for rest in _meet(a[1:], b))
    if len(found) > MAX_MEET:
        raise PatternError("two patterns overlap in too many ways to be evaluated")
    return found


def absorb(globs: Iterable[str]) -> tuple[str, ...]:
    """The same texts with no glob that lies in another, sorted."""
    wanted = set(globs)
    starred = sorted((glob for glob in wanted if STAR in glob), key=lambda g: (len(g), g))
    kept: list[str] = []
    for glob in starred:
        if not any(contains(other, glob) for other in kept):
            kept = [other for other in kept if not contains(glob, other)]
            kept.append(glob)
    plain = (text for text in wanted if STAR not in text and not any(matches(glob, text) for glob in kept))
    return tuple(sorted((*kept, *plain)))
