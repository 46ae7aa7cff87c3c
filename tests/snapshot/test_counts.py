"""Reads that say they brought more than the snapshot holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from auditor.commands.options.snapshots import snapshot_of
from auditor.model import Read
from auditor.snapshot import write_snapshot
from auditor.snapshot.counts import MISCOUNTED, counted
from auditor.snapshot.seal import sealed
from tests import collecting
from tests.builders.snapshots import NSG, VNET, G, S, snapshot

NSGS = "microsoft.network/networksecuritygroups"


def errors(read: Read) -> str:
    found = snapshot({"id": NSG, "name": "nsg"}, {"id": VNET, "name": "vnet"}, {"id": f"{S}x"}, reads=(read,))
    return counted(found)[0].error


def test_a_count_is_held_against_the_documents_of_that_type_and_place() -> None:
    for covers, scope, count, error in [
        (NSGS, S, 1, ""),
        (NSGS, G, 1, ""),
        (NSGS, NSG, 1, ""),
        (NSGS, S, 2, MISCOUNTED),
        (NSGS, f"{S}x", 1, MISCOUNTED),
        (NSGS, "/", 1, ""),
        ("*", S, 2, ""),
        ("*", S, 3, MISCOUNTED),
        ("microsoft.resources/resources", S, 9, ""),
    ]:
        assert errors(Read("p", "", 200, covers, scope, count)) == error, (covers, scope, count)
    assert errors(Read("p", "", 403, NSGS, S, 2, error="AuthorizationFailed")) == "AuthorizationFailed"


def test_a_plan_may_delete_what_reads_brought() -> None:
    found = snapshot({"id": NSG, "name": "nsg"}, reads=(Read("p", "", 200, NSGS, S, 2),), source="what-if")
    assert counted(found) == found.reads


def test_a_collection_agrees_with_itself_and_says_so_when_a_document_is_taken_out(tmp_path: Path) -> None:
    found = collecting.from_standin([], served=collecting.small())
    assert [read.path for read in counted(found) if read.error] == []
    left = tuple(d for d in found.documents if "/storageaccounts/" not in d["id"].casefold())
    write_snapshot(sealed(replace(found, documents=left)), tmp_path / "s.json")
    lost = [read for read in snapshot_of(tmp_path / "s.json").reads if read.error == MISCOUNTED]
    assert "microsoft.storage/storageaccounts" in {read.covers for read in lost}
