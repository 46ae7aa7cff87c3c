"""A property that is worked out once, for values of which a program makes hundreds of thousands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class lazily(Generic[T]):  # noqa: N801 - it is used as `property` is
    """As `functools.cached_property`, without the lock that it takes in Python 3.11 each time a value is made.

    Two threads that ask at once may both work the value out; it has to be the same one then.
    """

    def __init__(self, function: Callable[[Any], T]) -> None:
        self._function = function
        self._name = function.__name__
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, owner: None, type_: type) -> lazily[T]: ...

    @overload
    def __get__(self, owner: object, type_: type) -> T: ...

    def __get__(self, owner: object | None, type_: type) -> lazily[T] | T:
        """The value, kept where the next question finds it without coming here."""
        if owner is None:
            return self
        found = owner.__dict__[self._name] = self._function(owner)
        return found
