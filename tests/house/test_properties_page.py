"""The page about properties says what an audit reads, and knows the words for what it does not."""

from __future__ import annotations

import re
from functools import cache

from docs.properties import properties_page


@cache
def words() -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for section in properties_page().split("\n## ")[1:]:
        type_, _, rest = section.partition("\n")
        found |= {(type_, path): word for path, word in re.findall(r"\| `([^`]+)` \| ([a-z ]+) \|", rest)}
    return found


def test_every_property_has_one_of_three_words() -> None:
    assert set(words().values()) == {"judged", "evidence", "not read"}


def test_what_rules_decide_by_is_judged_and_what_none_asks_is_not() -> None:
    account = "microsoft.cognitiveservices/accounts"
    assert words()[account, "properties/publicNetworkAccess"] == "judged"
    assert words()[account, "properties/networkAcls/defaultAction"] == "judged"
    assert words()[account, "properties/restrictOutboundNetworkAccess"] == "judged"
    assert words()[account, "properties/migrationToken"] == "not read"
    assert words()[f"{account}/raipolicies", "properties/contentFilters/severityThreshold"] == "judged"
