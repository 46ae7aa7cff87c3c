"""The page that says of every property of the AI types whether an audit judges it: noted while worlds are audited."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.model import Evidence, Resource
from tests import worlds

_NOTE = "<!-- Written by docs/build.py: what an audit of the worlds reads decides what stands here. -->"
_WORLDS = ("reference-implementation", "compliant")
_BASELINES = ("openai-chat", "ai-hardening")
_HEAD = """# Properties of the AI services, and what becomes of them

*Judged* is what a rule decides by in one of the test deployments, or in the same with public access on, with the
baselines openai-chat and ai-hardening. *Evidence* is what is only shown beside a verdict. Everything else is not read:
it says nothing of what these baselines ask for, or it is asked for in a state that no test deployment is in. Names are
those of Azure's published schemas ([ai-properties.json](ai-properties.json)), down to three steps.
"""

Noted = dict[str, set[str]]


def properties_page() -> str:
    """The page."""
    judged, shown = _noted()
    types: dict[str, list[str]] = json.loads((Path(__file__).parent / "ai-properties.json").read_text())["types"]
    return "\n".join(
        [_NOTE, "", _HEAD, *(line for t, paths in types.items() for line in _table(t, paths, judged, shown))]
    )


def _table(type_: str, paths: list[str], judged: Noted, shown: Noted) -> Iterator[str]:
    words = {path: _word(path, judged.get(type_, set()), shown.get(type_, set())) for path in paths}
    counted = sum(word == "judged" for word in words.values())
    yield f"## {type_}"
    yield ""
    yield f"{counted} of {len(paths)} are judged."
    yield ""
    yield "| Property | |"
    yield "|---|---|"
    yield from (f"| `{path}` | {word} |" for path, word in words.items())
    yield ""


def _word(path: str, judged: set[str], shown: set[str]) -> str:
    low = path.casefold()
    if low in ("kind", "location"):
        return "judged"  # by which kind it is, and in which region, every selector asks
    above = ["/".join(low.split("/")[:n]) for n in range(3, low.count("/") + 2)]
    for word, noted in (("judged", judged), ("evidence", shown)):
        if low in noted or any(step in noted for step in above) or any(each.startswith(low + "/") for each in noted):
            return word
    return "not read"


def _opened(documents: list[worlds.Document]) -> list[worlds.Document]:
    """The same with public access on everywhere, so that the rules of each firewall are asked."""
    for document in documents:
        properties = document.get("properties")
        if isinstance(properties, dict) and "publicNetworkAccess" in properties:
            properties["publicNetworkAccess"] = "Enabled"
    return documents


def _noted() -> tuple[Noted, Noted]:
    """By type: the paths that rules decided by, and those that they showed; without indices, in lower case."""
    judged: Noted = {}
    shown: Noted = {}
    stated, show = Resource.stated, Resource.shown
    depth: list[int] = []

    def noting(self: Resource, *path: str | int) -> object:
        into = shown if depth else judged
        into.setdefault(self.type, set()).add("/".join(s for s in path if isinstance(s, str)).casefold())
        return stated(self, *path)

    def showing(self: Resource, *path: str | int) -> Evidence:
        depth.append(1)
        try:
            return show(self, *path)
        finally:
            depth.pop()

    Resource.stated, Resource.shown = noting, showing  # type: ignore[method-assign]
    try:
        for name in _WORLDS:
            for documents in (worlds.documents(name), _opened(worlds.documents(name))):
                for baseline in _BASELINES:
                    audit(worlds.snapshot(documents, name=name), read_baseline(baseline))
    finally:
        Resource.stated, Resource.shown = stated, show  # type: ignore[method-assign]
    return judged, shown
