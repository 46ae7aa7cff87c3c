"""A picture as a Mermaid flowchart, which GitHub, GitLab, Azure DevOps and most wikis draw.

Names go through entity codes for everything that means something to Mermaid, so that no name can add a node, a link or
a click (mermaid.js.org/syntax/flowchart.html, "Entity codes to escape characters").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from auditor.picture.draw.description import title_of
from auditor.picture.draw.kinds import about, badge
from auditor.picture.model import (
    INTERNET,
    Item,
    LinkKind,
    Picture,
    State,
)
from auditor.text.sanitise import line

_SAFE = re.compile(r"[^\w .,:/()-]|_", re.ASCII)
_NAME, _WORDS = 120, 200
_ARROWS = {State.HOLDS: "-->", State.OPEN: "==>", State.BROKEN: "--x", State.UNKNOWN: "-.->"}
_LABELS = {State.HOLDS: "", State.OPEN: "OPEN", State.BROKEN: "blocked", State.UNKNOWN: "not known"}
_STYLES = (
    "classDef fail fill:#fdeceb,stroke:#b42318,stroke-width:2px,color:#17202a",
    "classDef unknown fill:#fff6d8,stroke:#8a6a00,stroke-dasharray:4 3,color:#17202a",
    "classDef advice fill:#ffffff,stroke:#8a5300,color:#17202a",
    "classDef fine fill:#ffffff,stroke:#9aa7b6,color:#17202a",
    "classDef network fill:#f1f6fd,stroke:#8fb0d8,color:#17202a",
    "classDef subnet fill:#ffffff,stroke:#b4c8e0,color:#17202a",
    "classDef open fill:#ffffff,stroke:#b42318,stroke-width:2px,color:#17202a",
    "classDef managed fill:#f6f2fc,stroke:#a891cf,color:#17202a",
    "classDef rest fill:none,stroke:#9aa7b6",
)


def mermaid(picture: Picture) -> str:
    """The flowchart. The same picture gives the same text; links are drawn by how they stand, and say so."""
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    names = {item.key: f"n{number}" for number, item in enumerate(picture.items())}
    yield "---"
    yield f"title: {_title(title_of(picture))}"
    yield "---"
    yield "flowchart LR"
    yield f'  {names[INTERNET]}(("Internet"))'
    yield from (_node(item, names, 1) for item in picture.addresses)
    for network in picture.networks:
        yield f'  subgraph {names[network.item.key]}["{_heading(network.item, network.prefix)}"]'
        for subnet in network.subnets:
            notes = (subnet.item.part, subnet.prefix, "" if subnet.guard else "no security group")
            yield f'    subgraph {names[subnet.item.key]}["{_heading(subnet.item, *notes)}"]'
            yield from (_node(item, names, 3) for item in subnet.items)
            yield "    end"
        yield "  end"
    yield from (_node(item, names, 1) for item in picture.services)
    for managed in picture.managed:
        words = f"Managed network of {managed.item.name}, {managed.mode or 'no mode set'}"
        yield f'  subgraph {names[managed.item.key]}["{_escaped(words)}"]'
        yield from (_node(item, names, 2) for item in (*managed.items, *managed.rules))
        yield "  end"
    yield from _group("identities", "Identities", tuple(_identities(picture, names)))
    yield from _group("others", "Also with findings", tuple(_node(item, names, 2) for item in picture.others))
    yield from _links(picture, names)
    yield from _groups(picture, names)
    yield from (f"  {style}" for style in _STYLES)


def _group(name: str, heading: str, nodes: tuple[str, ...]) -> tuple[str, ...]:
    return (f'  subgraph {name}["{heading}"]', "    direction LR", *nodes, "  end") if nodes else ()


def _identities(picture: Picture, names: Mapping[str, str]) -> Iterator[str]:
    for held in picture.identities:
        who = ", ".join(held.carriers) or "nothing"
        yield f'    {names[held.item.key]}(["{_told(held.item, f"identity of {who}")}"]):::{_class(held.item)}'


def _links(picture: Picture, names: Mapping[str, str]) -> Iterator[str]:
    for link in picture.links:
        words = " ".join(filter(None, (_LABELS[link.state], link.label)))
        label = f'|"{_escaped(words)}"|' if words else ""
        arrow = "<-->" if link.kind is LinkKind.PEERING and link.state is State.HOLDS else _ARROWS[link.state]
        yield f"  {names[link.source]} {arrow}{label} {names[link.target]}"
    # Unseen, so that managed networks stand to the right of the services and not in the way of everything else.
    beside = next((names[item.key] for item in picture.services), "")
    for link in picture.links:
        if link.kind in (LinkKind.MANAGED, LinkKind.OUTBOUND) and beside:
            yield f"  {names[link.target] if link.kind is LinkKind.MANAGED else beside} ~~~ {names[link.source]}"
    bad = [str(n) for n, link in enumerate(picture.links) if link.state in (State.OPEN, State.BROKEN)]
    if bad:
        yield f"  linkStyle {','.join(bad)} stroke:#b42318,color:#b42318"


def _groups(picture: Picture, names: Mapping[str, str]) -> Iterator[str]:
    """Which group is drawn how: a subnet whose filters let through what they should not stands out."""
    subnets = [subnet.item for network in picture.networks for subnet in network.subnets]
    drawn = {
        "network": [names[network.item.key] for network in picture.networks],
        "subnet": [names[item.key] for item in subnets if _class(item) != "fail"],
        "open": [names[item.key] for item in subnets if _class(item) == "fail"],
        "managed": [names[managed.item.key] for managed in picture.managed],
        "rest": [*(["identities"] if picture.identities else []), *(["others"] if picture.others else [])],
    }
    yield from (f"  class {','.join(members)} {style}" for style, members in drawn.items() if members)


def _node(item: Item, names: Mapping[str, str], depth: int) -> str:
    return f'{"  " * depth}{names[item.key]}["{_told(item, about(item))}"]:::{_class(item)}'


def _told(item: Item, note: str) -> str:
    found = badge(item.tally)
    lines = (_escaped(item.name), _escaped(note), _escaped(found))
    return "<br/>".join(text for text in lines if text)


def _heading(item: Item, *notes: str) -> str:
    """The title of a group, in one line: Mermaid draws what is in a group over a second one."""
    return ", ".join(_escaped(text) for text in (item.name, *notes, badge(item.tally)) if text)


def _class(item: Item) -> str:
    if item.tally.fails:
        return "fail" if item.tally.severity in ("critical", "high") else "advice"
    return "unknown" if item.tally.problems or not item.seen else "fine"


def _escaped(text: str) -> str:
    """Text inside quotes: what is neither a letter, a digit nor plain punctuation becomes its number."""
    return _SAFE.sub(lambda found: f"#{ord(found.group())};", line(text, _WORDS))


def _title(text: str) -> str:
    """The title stands in YAML, where JSON's quoting holds; Mermaid shows no entities there."""
    return '"' + re.sub(r"[^\w .,-]", " ", line(text, _NAME), flags=re.ASCII) + '"'
