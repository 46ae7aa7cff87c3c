"""Changes in the reader's language: one module a language, all made from the same changes."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence

from auditor.model.change import Change

Renderer = Callable[[Sequence[Change]], str]

LANGUAGES: Mapping[str, str] = {
    "az": "commands of the Azure CLI",
    "bicep": "a snippet of Bicep per resource, with the properties to set",
    "terraform": "azapi resources of Terraform",
    "json-patch": "RFC 6902 operations per resource",
}
"""Each language with what it gives."""


def rendered(changes: Sequence[Change], language: str) -> str:
    """The changes in one of `LANGUAGES`. Raises `KeyError` for another."""
    assert language in LANGUAGES, language
    module = importlib.import_module(f"auditor.causes.render.{language.replace('-', '_')}")
    render: Renderer = module.render
    return render(changes)
