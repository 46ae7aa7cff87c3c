"""The stand-in with faults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditor.snapshot import Snapshot
from auditor.standin import StandIn
from auditor.standin.replies import Reply
from auditor.standin.routes import Asked
from tests.faulty.damage import damaged
from tests.faulty.faults import Fault, Faults


class FaultyStandIn(StandIn):
    """A stand-in that answers wrongly where a fault matches; `options` are the stand-in's own."""

    def __init__(self, snapshot: Snapshot, faults: Sequence[Fault] = (), **options: Any) -> None:
        super().__init__(snapshot, **options)
        self._faults = Faults(faults)

    def heal(self) -> None:
        """Let nothing go wrong any more."""
        self._faults = Faults(())

    def served(self, asked: Asked) -> Reply:
        """The right answer, or what a fault makes of it."""
        fault = self._faults.strike(asked.question)
        if fault is None:
            return super().served(asked)
        return damaged(fault, asked, self.url, lambda: super(FaultyStandIn, self).served(asked))
