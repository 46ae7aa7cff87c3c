"""Days as people write them in files: one form, so that two who read it mean the same day."""

from __future__ import annotations

import re
from datetime import date

_FORM = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def day(text: str) -> date:
    """The day of a text such as `2027-06-30`. Raises `ValueError` for everything else that ISO 8601 allows, too."""
    if _FORM.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no day such as 2027-06-30")
    return date.fromisoformat(text)
