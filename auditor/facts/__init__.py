"""Facts about Azure as data, each file with its source and date."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def load(name: str) -> Any:
    """The JSON of `NAME.json` in this folder, read once. What it answers is shared: never change it."""
    return json.loads(files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8"))
