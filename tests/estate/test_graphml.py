"""The estate as GraphML: whole, readable by who reads GraphML, and the same each time."""

from __future__ import annotations

import networkx as nx
import pytest

from auditor.estate import build_estate
from auditor.estate.graphml import graphml
from auditor.snapshot import Snapshot
from tests import worlds

NODE, EDGE = "{http://graphml.graphdrawing.org/xmlns}node", "{http://graphml.graphdrawing.org/xmlns}edge"


@pytest.mark.parametrize("name", ["reference-implementation", "compliant"])
def test_it_comes_back_as_it_went_out(name: str) -> None:
    estate = worlds.estate(name=name)
    found = nx.parse_graphml(graphml(estate), force_multigraph=True)
    known = {key for key, about in found.nodes(data=True) if about["known"] == "true"}
    assert known == {resource.id.key for resource in estate.resources}
    assert found.number_of_edges() == len(estate.edges)
    for resource in estate.resources:
        about = found.nodes[resource.id.key]
        assert (about["id"], about["type"], about["name"]) == (resource.id.text, resource.type, resource.name)
    ours = sorted((s.id.key, t.key, r.value, p.pointer) for s, r, t, p in estate.edges)
    assert ours == sorted((s, t, about["relation"], about["pointer"]) for s, t, about in found.edges(data=True))


def test_what_is_only_pointed_at_is_there_and_marked() -> None:
    docs = [d for d in worlds.documents() if "/vaults/kv-aibase" not in d["id"]]
    found = nx.parse_graphml(graphml(worlds.estate(docs)), force_multigraph=True)
    (vault,) = [about for key, about in found.nodes(data=True) if key.endswith("/vaults/kv-aibase")]
    assert (vault["known"], vault["name"], vault["type"]) == ("false", "kv-aibase", "microsoft.keyvault/vaults")


def test_the_order_of_documents_changes_nothing() -> None:
    snapshot = worlds.snapshot()
    turned = Snapshot(tuple(reversed(snapshot.documents)), snapshot.reads)
    assert graphml(build_estate(turned)) == graphml(build_estate(snapshot))


def test_names_that_xml_cannot_hold_are_spelled_out() -> None:
    name = "<a>&\"'\x00\x1b\ud800\ufffe]]>\U0001f600"
    docs = [{"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/" + name, "name": name}]
    text = graphml(worlds.estate(docs))
    assert text.encode()
    found = nx.parse_graphml(text)
    assert [about["name"] for _, about in found.nodes(data=True)] == [
        "<a>&\"'\\u0000\\u001b\\ud800\\ufffe]]>\U0001f600"
    ]


def test_an_empty_estate_is_an_empty_graph() -> None:
    found = nx.parse_graphml(graphml(worlds.estate([])))
    assert len(found) == 0
