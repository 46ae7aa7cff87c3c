"""Not collected, not permitted, not understood: a value, never a pass, a fail or an empty list."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Unknown:
    """An answer that cannot be given.

    `because` is a sentence a person can act on; `permission` the operation that would resolve it
    (`Microsoft.Network/privateEndpoints/read`), where a right is what was missing; `read` the path of the
    read that failed. `absent` is set where nothing failed and nothing was refused: the snapshot just does not hold it.
    `until_deployed` is set where the snapshot is a plan and nothing is missing but its deployment. `unless` is set
    where one of two answers is by far the likelier: it says what would have to be so for the other one. `parts` are the
    reasons that this one was made of, if of several.
    """

    because: str
    permission: str | None = None
    read: str | None = None
    absent: bool = field(default=False, compare=False)
    until_deployed: bool = False
    unless: str = field(default="", compare=False)
    parts: tuple[Unknown, ...] = field(default=(), compare=False)

    def __bool__(self) -> bool:
        """Refuse: an unknown that is tested like a truth value is how tools turn it into a pass."""
        raise TypeError(f"an Unknown is neither true nor false: {self.because}")


class NotKnown(Exception):  # noqa: N818 - it is an answer, not an error
    """Carries an `Unknown` out of a question whose asker needs a definite answer.

    Whoever runs rules turns it into the outcome `unknown`, so a rule that does not think of it is honest by default.
    """

    def __init__(self, unknown: Unknown) -> None:
        super().__init__(unknown.because)
        self.unknown = unknown
