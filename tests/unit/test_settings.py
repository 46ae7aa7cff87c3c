"""What a setting is in force: stated, absent with a default, absent without one, or a word nobody knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import auditor.facts
from auditor.facts import load
from auditor.model import NotKnown, Resource, Unknown
from auditor.semantics.settings import region_has_zones, setting
from tests.unit.estates import doc, estate_of, need

ARM_FACTS = Path(auditor.facts.__file__).parent
ACCOUNT = "Microsoft.Storage/storageAccounts"
SEARCH = "Microsoft.Search/searchServices"


def account(**properties: Any) -> Resource:
    document = doc(ACCOUNT, "st", properties=properties)
    return need(estate_of([document]), document["id"])


@pytest.mark.parametrize(
    ("stated", "value", "shown"),
    [
        pytest.param({"allowSharedKeyAccess": False}, False, "false", id="stated"),
        pytest.param({"allowSharedKeyAccess": "False"}, False, "false", id="text that an export made of a boolean"),
        pytest.param({}, True, "absent, which Azure takes for true", id="absent, with a default"),
        pytest.param({"allowSharedKeyAccess": None}, True, "absent, which Azure takes for true", id="null is absent"),
    ],
)
def test_a_setting_is_what_azure_makes_of_it(stated: dict[str, Any], value: bool, shown: str) -> None:
    found = setting(account(**stated), "properties", "allowSharedKeyAccess")
    assert (found.value, str(found)) == (value, shown)


def test_an_absence_that_azure_does_not_define_is_unknown() -> None:
    with pytest.raises(NotKnown, match="allowBlobPublicAccess of st is absent from its document"):
        setting(account(), "properties", "allowBlobPublicAccess")


def test_an_absence_that_no_fact_is_stated_of_is_unknown() -> None:
    with pytest.raises(NotKnown, match="Azure states no default for it"):
        setting(account(), "properties", "somethingElse")


def test_a_word_that_no_schema_has_is_unknown() -> None:
    with pytest.raises(NotKnown, match="'perhaps', which this version does not know"):
        setting(account(allowSharedKeyAccess="perhaps"), "properties", "allowSharedKeyAccess")


def test_enumerations_are_compared_without_letter_case() -> None:
    found = setting(account(encryption={"keySource": "microsoft.KEYVAULT"}), "properties", "encryption", "keySource")
    assert found.is_one_of("Microsoft.Keyvault")


@pytest.mark.parametrize(
    ("region", "answer"),
    [
        ("East US 2", True),
        ("eastus2", True),
        ("West US", False),
        pytest.param("japanwest", False, id="a region whose zones search cannot use"),
    ],
)
def test_regions_with_zones(region: str, answer: bool) -> None:
    service = doc(SEARCH, "s", location=region)
    assert region_has_zones(need(estate_of([service]), service["id"])) is answer


def test_a_region_that_nobody_knows_is_unknown() -> None:
    service = doc(SEARCH, "s", location="moonbase1")
    assert isinstance(region_has_zones(need(estate_of([service]), service["id"])), Unknown)


def test_no_region_has_zones_and_has_none() -> None:
    facts = load("availability-zones")
    assert not set(facts["with_zones"]) & set(facts["without_zones"])


def test_every_default_is_a_value_that_the_schema_knows() -> None:
    for type_, settings in load("absent-settings")["types"].items():
        assert type_ == type_.casefold()
        for path, facts in settings.items():
            assert ("absent" in facts) != ("undefined" in facts), f"{type_} {path}: one of the two"
            if "values" in facts and "absent" in facts:
                assert facts["absent"] in facts["values"], f"{type_} {path}"


@pytest.mark.parametrize(
    "name", ["absent-settings", "availability-zones", "content-filters", "log-categories", "chat-models"]
)
def test_facts_state_their_source_and_date(name: str) -> None:
    facts = json.loads((ARM_FACTS / f"{name}.json").read_text(encoding="utf-8"))
    assert facts["source"]
    assert facts["date"]
