"""Where a document came from, so that an error can name file, line and column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditor.model import ArmId, AuditorError
from auditor.model.resource import escape
from auditor.snapshot.locate import offset_of
from auditor.snapshot.text import Text


@dataclass(frozen=True)
class Origin:
    """A value in a text: where the JSON it is part of begins, and the pointer that leads to it from there."""

    source: Text
    start: int
    pointer: str = ""

    def below(self, *steps: str | int) -> Origin:
        """The origin of a value inside this one."""
        return Origin(self.source, self.start, self.pointer + "".join("/" + escape(step) for step in steps))

    @property
    def offset(self) -> int:
        """Where the value begins in the text."""
        return offset_of(self.source, self.start, self.pointer)

    def fault(self, sentence: str, tip: str) -> AuditorError:
        """The error that says what is wrong with this value."""
        return self.source.fault(self.offset, sentence, tip)

    def __str__(self) -> str:
        at = self.source.position(self.offset)
        return f"{self.source.name}:{at.line}:{at.column}"


@dataclass(frozen=True)
class Found:
    """A document in the form of Resource Manager, and where it stood."""

    document: Mapping[str, Any]
    origin: Origin
    kept: bool = False
    """Whether a snapshot held it, whose reads already say what it is part of."""
    partial: bool = False
    """Whether a plan states some settings alone, and leaves the others as they are."""
    graph: bool = False
    """Whether Resource Graph printed it, which holds some types and lacks others."""

    @property
    def id(self) -> ArmId:
        """The document's id."""
        return ArmId(str(self.document["id"]))
