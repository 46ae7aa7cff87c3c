"""From a place to line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.model import ArmId, Place
from auditor.snapshot import Position, locate, positions_of, read_snapshot
from tests.builders.snapshots import (
    NSG,
    VNET,
    snapshot,
    written,
)

DOCUMENT = {
    "id": NSG,
    "properties": {
        "securityRules": [
            {"name": "first", "properties": {"priority": 100}},
            {"name": "second", "properties": {"priority": 110}},
        ],
        "a/b": {"~": 1, "": 2},
        "none": None,
    },
}
"""On line 28 of its file: `{`; its properties begin on line 30."""


@pytest.mark.parametrize(
    ("pointer", "line", "column", "why"),
    [
        ("", 28, 5, "the document itself"),
        ("/id", 29, 13, "a value, not its key"),
        ("/properties", 30, 21, "an object"),
        ("/properties/securityRules", 31, 26, "a list"),
        ("/properties/securityRules/0", 32, 11, "an item"),
        ("/properties/securityRules/1/properties/priority", 41, 27, "a value deep inside"),
        ("/properties/a~1b", 45, 16, "a slash in a key is ~1 (RFC 6901)"),
        ("/properties/a~1b/~0", 46, 16, "a tilde is ~0"),
        ("/properties/a~1b/", 47, 15, "the empty key"),
        ("/properties/none", 49, 17, "null is a value"),
        ("/properties/missing", 30, 21, "an absent value is at its nearest parent"),
        ("/properties/missing/deeper", 30, 21, "whatever would be below it too"),
        ("/properties/securityRules/2", 31, 26, "an index past the end"),
        ("/properties/securityRules/-", 31, 26, "the item past the end"),
        ("/properties/securityRules/01", 31, 26, "no index has a leading zero"),
        ("/properties/securityRules/²", 31, 26, "digits are ASCII"),
        ("/properties/securityRules/" + "9" * 5000, 31, 26, "no index is that large"),
        ("/properties/securityRules/name", 31, 26, "a list has no keys"),
        ("/id/0", 29, 13, "text has no items"),
        ("/Properties", 28, 5, "keys are case-sensitive in JSON"),
    ],
)
def test_a_pointer_leads_to_its_value(tmp_path: Path, pointer: str, line: int, column: int, why: str) -> None:
    read = read_snapshot(written(tmp_path, DOCUMENT))
    assert locate(read, Place(ArmId(NSG.upper()), pointer)) == Position(line, column), why


def test_many_places_at_once_give_the_same_and_leave_out_what_is_not_there(tmp_path: Path) -> None:
    read = read_snapshot(written(tmp_path))
    here, there = Place(ArmId(NSG), "/name"), Place(ArmId(VNET), "/properties/addressSpace/addressPrefixes/0")
    nowhere = Place(ArmId(NSG + "2"), "/name")
    assert positions_of(read, [here, there, nowhere, here]) == {here: Position(30, 15), there: Position(41, 13)}


def test_a_snapshot_that_came_from_no_file_has_no_positions() -> None:
    assert locate(snapshot(), Place(ArmId(NSG), "/name")) is None
