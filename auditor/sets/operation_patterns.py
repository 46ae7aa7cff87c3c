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
from collections.abc import Iterable, Iterator
from functools import lru_cache

from auditor.model import NotKnown, Unknown

STAR = "*"
FRESH = "\uffff"
"""The character that no pattern writes (a Unicode noncharacter; a pattern that has it is refused)."""

MAX_LENGTH = 300
"""Longer patterns are not evaluated. The longest that Azure publishes has 139 characters (built-in roles, 2026-08)."""

MAX_STARS = 8
"""Patterns with more stars are not evaluated. No built-in role has more than one in a pattern."""

MAX_MEET = 200
"""An intersection of two globs that needs more globs than this is not evaluated."""


class PatternError(NotKnown):
    """A pattern that this program does not evaluate; the text says why. To a rule it is an unknown like any other."""

    def __init__(self, because: str) -> None:
        super().__init__(Unknown(because))


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


def overlap(a: str, b: str) -> bool:
    """Whether some text matches both globs.

    Between the first and the last star a glob takes anything before, between and after its pieces, so two globs with
    stars only stay apart by what stands outside of these.
    """
    if STAR not in a or STAR not in b:
        return matches(a, b) if STAR not in b else matches(b, a)
    heads = sorted((a[: a.index(STAR)], b[: b.index(STAR)]), key=len)
    tails = sorted((a[a.rindex(STAR) + 1 :], b[b.rindex(STAR) + 1 :]), key=len)
    return heads[1].startswith(heads[0]) and tails[1].endswith(tails[0])


@lru_cache(maxsize=131_072)
def meet(a: str, b: str) -> frozenset[str]:
    """The texts that both globs match, as globs of which none lies in another; empty where they are apart.

    Raises `PatternError` where that takes more globs than anybody would read.
    """
    if not overlap(a, b):
        return frozenset()
    if contains(a, b):
        return frozenset((b,))
    if contains(b, a):
        return frozenset((a,))
    return frozenset(absorb(_meet(a, b)))


@lru_cache(maxsize=65_536)
def _meet(a: str, b: str) -> frozenset[str]:
    """Walks both globs a piece at a time, so it never goes deeper than they have stars."""
    if not a or not b:
        return frozenset(("",)) if (a or b) in ("", STAR) else frozenset()
    if a[0] == STAR and b[0] == STAR:
        # Both begin with a run. Whichever run ends first, the other goes on over what follows.
        rests = _meet(a[1:], b) | _meet(a, b[1:])
        found = frozenset(rest if rest.startswith(STAR) else STAR + rest for rest in rests)
    elif a[0] != STAR and b[0] != STAR:
        found = _after_common_text(a, b)
    else:
        found = _run_into_text(a, b) if a[0] == STAR else _run_into_text(b, a)
    if len(found) > MAX_MEET:
        raise PatternError("two patterns overlap too often to be evaluated")
    return found


def _head(glob: str) -> str:
    at = glob.find(STAR)
    return glob if at < 0 else glob[:at]


def _after_common_text(a: str, b: str) -> frozenset[str]:
    shorter, longer = sorted((_head(a), _head(b)), key=len)
    assert longer.startswith(shorter), "globs whose heads differ never meet"
    return frozenset(shorter + rest for rest in _meet(a[len(shorter) :], b[len(shorter) :]))


def _run_into_text(run: str, text: str) -> frozenset[str]:
    """A glob that begins with a star against one that does not: the star ends somewhere in that text, or after it."""
    head, following = _head(text), _head(run[1:])
    found = {head + rest for rest in _meet(run, text[len(head) :])}
    for at in range(len(head)):
        left = head[at:]
        if left.startswith(following) or following.startswith(left):
            found |= {head[:at] + rest for rest in _meet(run[1:], text[at:])}
    return frozenset(found)


class Index:
    """Globs by their namespace, so that a look-up need not try them all."""

    def __init__(self, globs: Iterable[str]) -> None:
        every = frozenset(globs)
        self.literals = frozenset(glob for glob in every if STAR not in glob)
        self._by_head: dict[str, list[str]] = {}
        self._anywhere: list[str] = []
        for glob in sorted(every - self.literals):
            head, slash, _ = glob.partition("/")
            near = self._by_head.setdefault(head, []) if slash and STAR not in head else self._anywhere
            near.append(glob)

    def covers(self, text: str) -> bool:
        """Whether some glob matches the text."""
        return text in self.literals or next(self.covering(text), None) is not None

    def covering(self, text: str) -> Iterator[str]:
        """The globs with stars that match the text."""
        for glob in (*self._by_head.get(text.partition("/")[0], ()), *self._anywhere):
            if matches(glob, text):
                yield glob


def absorb(globs: Iterable[str]) -> tuple[str, ...]:
    """The same texts with no glob that lies in another, sorted."""
    wanted = set(globs)
    found = Index(wanted)
    return tuple(sorted(g for g in wanted if all(other == g for other in found.covering(sample(g)))))
