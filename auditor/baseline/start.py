"""A commented start of a baseline of one's own, from what a snapshot shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from auditor.estate import Estate
from auditor.estate.children import PARENT_OF
from auditor.model import Resource

_LEFT_OUT = (
    "microsoft.resources/", "microsoft.authorization/", "microsoft.insights/diagnosticsettings",
    "microsoft.management/", "microsoft.security/", "microsoft.consumption/",
)  # fmt: skip
_PLAIN = re.compile(r"[^a-z0-9]+")


def started(estate: Estate, name: str) -> str:
    """A baseline that reads well: each kind of resource of the snapshot as a part, found by its type and its group.

    The anchor is the kind that most others point at; the reader decides. Two requirements show the form.
    """
    kinds = dict(sorted(_kinds(estate).items()))
    anchor = _anchor(estate, kinds)
    words = _words(kinds)
    count = sum(map(len, kinds.values()))
    lines = [
        f"# Started from a snapshot by `auditor baseline new`: {count} resources of {len(kinds)} kinds. Each comment",
        "# says what to decide. docs/writing-a-baseline.md explains the fields, and",
        "# `auditor baseline validate FILE --against SNAPSHOT` says which parts it finds.",
        "",
        "baseline:",
        f"  name: {name}",
        '  version: "1"',
        "  # The document that this baseline restates: reports name it.",
        "  source: {title: Our reference architecture, url: https://example.org/architecture, date: undated}",
        "",
        "families:",
        "  CMP: Components",
        "",
        "architecture:",
        "  # A workload is one of these, with everything that is found from it: choose what a deployment has one of.",
        f"  anchor: {words[anchor]}",
        "  parts:",
        *(line for type_, found in kinds.items() for line in _part(type_, found, anchor, words[type_])),
        "",
        "requirements:",
        "",
        *_requirements(anchor, kinds, words),
    ]
    return "\n".join(lines) + "\n"


def _kinds(estate: Estate) -> dict[str, list[Resource]]:
    """The resources by lower-case type, without children and without what belongs to no architecture."""
    found: dict[str, list[Resource]] = {}
    for resource in estate.resources:
        type_ = resource.type
        child = type_ in PARENT_OF or type_.count("/") > 1
        if type_ and not child and not type_.startswith(_LEFT_OUT):
            found.setdefault(type_, []).append(resource)
    return found


def _anchor(estate: Estate, kinds: Mapping[str, list[Resource]]) -> str:
    """The kind with fewest resources, and of these the one that points at most others."""
    if not kinds:
        return "microsoft.web/sites"
    out: dict[str, int] = {}
    for source, _, _, _ in estate.edges:
        out[source.type] = out.get(source.type, 0) + 1
    return min(kinds, key=lambda type_: (len(kinds[type_]), -out.get(type_, 0), type_))


def _words(kinds: Mapping[str, list[Resource]]) -> Mapping[str, str]:
    """A name for the part of each type: `storageaccounts`, with the provider where two would be called alike."""
    plain = {type_: _PLAIN.sub("_", type_.partition("/")[2]).strip("_") or "part" for type_ in kinds}
    twice = {word for word in plain.values() if list(plain.values()).count(word) > 1}
    full = {type_: _PLAIN.sub("_", type_.partition(".")[2]).strip("_") for type_ in kinds}
    return {type_: full[type_] if word in twice else word for type_, word in plain.items()}


def _spelled(found: list[Resource]) -> str:
    """The type as Azure spells it in ids."""
    parts = found[0].id.text.partition("/providers/")[2].split("/")
    return "/".join(parts[:2]) if len(parts) > 1 else str(found[0].type)


def _part(type_: str, found: list[Resource], anchor: str, word: str) -> Iterator[str]:
    kinds = sorted({str(r.body.get("kind")) for r in found if r.body.get("kind")})
    names = ", ".join(r.name for r in found[:3])
    yield f"    {word}:"
    yield f"      # {len(found)} here: {' '.join(names.split())}"
    yield f"      label: {word.replace('_', ' ')}"
    yield "      shown: true"
    yield "      find:"
    yield f"        type: {_spelled(found)}"
    if kinds and len(kinds) <= _FEW:
        yield f"        # where: {{kind: [{', '.join(kinds)}]}}   # to leave other kinds out"
    if type_ != anchor:
        yield "        owned: true   # in the anchor's resource group; or `pointed_at_by`, `in_network_of`, ..."


_FEW = 4


def _requirements(anchor: str, kinds: Mapping[str, list[Resource]], words: Mapping[str, str]) -> Iterator[str]:
    others = [type_ for type_ in kinds if type_ != anchor][:1]
    for number, type_ in enumerate([anchor, *others], 1):
        yield from (
            f"  CMP-0{number}:",
            "    level: must",
            "    severity: medium",
            "    rule: part_is_missing",
            "    section: Components",
            f"    statement: There is a {words[type_].replace('_', ' ')}.",
            f"    decided_by: {type_}",
            f"    terms: {{part: {words[type_]}}}",
            "",
        )
