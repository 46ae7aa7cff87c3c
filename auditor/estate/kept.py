"""What is worked out once for an estate and goes when the estate goes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar, cast

from auditor.estate.estate import Estate

T = TypeVar("T")


def once_an_estate(make: Callable[[Estate], T]) -> Callable[[Estate], T]:
    """Keep what a function says of an estate. An estate never changes, so one answer is right for all its life.

    What raises is not kept, and raises again.
    """

    @wraps(make)
    def asked(estate: Estate) -> T:
        # Kept by the estate itself: what is made points at it, and would keep it alive from anywhere else.
        if make not in estate.kept:
            estate.kept[make] = make(estate)
        return cast("T", estate.kept[make])

    return asked
