"""The estate as GraphML, for programs that draw and measure graphs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.estate.estate import Estate
from auditor.model import ArmId

if TYPE_CHECKING:
    import networkx as nx

# XML 1.0 has no way to write these (section 2.2): most control characters, half surrogates, two non-characters.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def graphml(estate: Estate) -> str:
    """Every resource and every reference of an estate as GraphML (graphml.graphdrawing.org).

    Nodes are named by lower-case id and carry `id` as Azure wrote it, `type`, `name` and `known`, which is `false` for
    what is only pointed at. Edges carry `relation` and `pointer`, the place in the source's document that points
    (RFC 6901). The same estate gives the same text.
    """
    import networkx as nx

    lines = nx.generate_graphml(_plain(estate), named_key_ids=True)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + "\n".join(lines) + "\n"


def _plain(estate: Estate) -> nx.MultiDiGraph[str]:
    """The graph with plain attributes only, in order of id."""
    import networkx as nx

    made: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    known = {resource.id.key for resource in estate.resources}
    for resource in estate.resources:
        made.add_node(_told(resource.id.key), **_about(resource.id, resource.type, resource.name), known="true")
    dangling = {target.key: target for _, _, target, _ in estate.edges if target.key not in known}
    for key in sorted(dangling):
        made.add_node(_told(key), **_about(dangling[key], dangling[key].type, dangling[key].name), known="false")
    ends = (
        (source.id.key, target.key, relation.value, place.pointer) for source, relation, target, place in estate.edges
    )
    for number, (source, target, relation, pointer) in enumerate(sorted(ends)):
        made.add_edge(_told(source), _told(target), key=f"e{number}", relation=relation, pointer=_told(pointer))
    return made


def _about(id_: ArmId, type_: str, name: str) -> dict[str, str]:
    return {"id": _told(id_.text), "type": _told(type_), "name": _told(name)}


def _told(text: str) -> str:
    """Text that XML can hold: what it cannot is spelled out."""
    return _NOT_XML.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
