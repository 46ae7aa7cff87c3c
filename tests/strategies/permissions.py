"""Patterns over a small alphabet, whole permission sets, and the roles and operations of the real Azure."""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from itertools import product
from pathlib import Path

from hypothesis import strategies as st

from auditor.sets.operation_set import OperationSet

FIXTURES = Path(__file__).parents[1] / "fixtures"

# Short texts over two letters and the slash; `z` is the letter that no pattern writes.
ALPHABET = "ab/z"
TEXTS = tuple("".join(t) for n in range(1, 6) for t in product(ALPHABET, repeat=n))

small_patterns = st.lists(st.sampled_from(["a", "b", "/", "*", "/*/", "/a", "/b"]), max_size=5).map("".join)
real_segments = st.sampled_from(
    [
        *("Microsoft.Authorization", "Microsoft.Storage", "microsoft.storage", "storageAccounts", "roleAssignments"),
        *("read", "write", "listKeys", "action", "blobServices"),
        *("*", "list*", "*Keys", "*s", "*/read", "Mic*", "*/*"),
    ]
)
odd_patterns = st.lists(real_segments, min_size=1, max_size=5).map("/".join)


def sets_of(patterns: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[tuple[str, ...], tuple[str, ...]]]:
    """What one permission set allows: patterns, and patterns taken out."""
    return st.tuples(st.lists(patterns, max_size=3).map(tuple), st.lists(patterns, max_size=3).map(tuple))


small_sets = sets_of(small_patterns).map(lambda s: (OperationSet.of(*s), naive(*s)))
odd_sets = sets_of(odd_patterns).map(lambda s: (OperationSet.of(*s), naive(*s)))


class Naive:
    """The same set by regular expressions, straight from the table of facts: no algebra, one text at a time."""

    def __init__(self, patterns: tuple[str, ...], without: tuple[str, ...]) -> None:
        self.plus = _any_of(patterns)
        self.minus = _any_of(without)

    def __contains__(self, text: str) -> bool:
        return bool(self.plus.fullmatch(text)) and not self.minus.fullmatch(text)


def naive(patterns: tuple[str, ...], without: tuple[str, ...] = ()) -> Naive:
    return Naive(patterns, without)


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(_regex(p) for p in patterns if p.strip()) or r"(?!)", re.IGNORECASE | re.DOTALL)


def _regex(pattern: str) -> str:
    text = re.escape(re.sub(r"\*+", "*", pattern.strip())).replace(r"\*", ".*")
    # `/*/` may be one slash; the look-ahead lets the next star begin with the same slash.
    return "(?:" + re.sub(r"/\.\*(?=/)", "(?:/.*)?", text) + ")"


@cache
def built_in_roles() -> tuple[dict, ...]:
    return tuple(json.loads(gzip.decompress((FIXTURES / "built-in-roles.json.gz").read_bytes()))["roles"])
