"""Typed views: one reading a property, and never a default that nobody states."""

from __future__ import annotations

import pytest

from auditor.documents.network_rules import NetworkRules
from auditor.documents.view import (
    View,
    absence,
    entries,
    flag,
    number,
    part,
    parts,
    reference,
    references,
    text,
    word,
    words,
)
from auditor.model import ArmId, NotKnown, Resource, Unknown
from tests.builders.estates import doc, estate_of, need

ID = ArmId("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a")


class Rule(View):
    address = text("value")
    action = word("action")


class Account(View, kind="microsoft.storage/storageaccounts"):
    shared_keys = flag("properties", "allowSharedKeyAccess")
    blobs = flag("properties", "allowBlobPublicAccess")
    source = word("properties", "encryption", "keySource")
    vault = reference("properties", "vault")
    networks = references("properties", "networks")
    days = number("properties", "days")
    tags = words("properties", "words")
    rules = parts(Rule, "properties", "rules")
    first = part(Rule, "properties", "first")
    by_name = entries(Rule, "properties", "byName")


def account(**properties: object) -> Account:
    return Account(Resource(ID, {"id": ID.text, "properties": properties}, ID))


def test_a_stated_value_is_read_with_its_place() -> None:
    reading = account(allowSharedKeyAccess=False).shared_keys
    assert reading.value is False
    assert not reading.absent
    assert reading.evidence.place.pointer == "/properties/allowSharedKeyAccess"


def test_an_absence_has_azures_default_and_says_so() -> None:
    reading = account().shared_keys
    assert reading.value is True
    assert reading.absent
    assert str(reading) == "absent, which Azure takes for true"


@pytest.mark.parametrize("name", ["blobs", "vault", "networks", "days", "tags", "rules", "first", "by_name"])
def test_an_absence_that_azure_does_not_define_is_unknown(name: str) -> None:
    reading = getattr(account(), name)
    assert isinstance(reading.known, Unknown)
    assert reading.known.absent
    with pytest.raises(NotKnown):
        _ = reading.value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("allowSharedKeyAccess", "perhaps"),
        ("vault", "no id"),
        ("networks", [{"id": ID.text}, {}]),
        ("days", True),
        ("words", ["a", 1]),
        ("rules", [1]),
        ("first", []),
        ("byName", {"x": 1}),
    ],
)
def test_a_value_of_another_kind_is_unknown(name: str, value: object) -> None:
    attribute = {"allowSharedKeyAccess": "shared_keys", "vault": "vault", "words": "tags", "byName": "by_name"}.get(
        name, name
    )
    assert isinstance(getattr(account(**{name: value}), attribute).known, Unknown)


def test_words_are_compared_without_letter_case() -> None:
    found = account(words=["A", "b"], encryption={"keySource": "Microsoft.KEYVAULT"})
    assert found.tags.value == ("a", "b")
    assert found.source.value == "microsoft.keyvault"


def test_parts_of_a_document_are_views_with_their_own_places() -> None:
    rules = account(rules=[{"value": "10.0.0.0/8", "action": "Allow"}, {"value": "::/0", "action": "Deny"}]).rules.value
    assert [rule.action.value for rule in rules] == ["allow", "deny"]
    assert rules[1].address.place.pointer == "/properties/rules/1/value"
    assert account(byName={"x": {"action": "Deny"}}).by_name.value["x"].action.value == "deny"


def test_ids_are_ids_whether_bare_or_in_an_object() -> None:
    found = account(vault={"id": ID.text}, networks=[ID.text, {"id": ID.text}])
    assert found.vault.value == ID
    assert found.networks.value == (ID, ID)


def test_a_reading_is_no_truth_value() -> None:
    with pytest.raises(TypeError):
        bool(account().shared_keys)


def test_a_listed_none_is_none() -> None:
    known, default, _ = absence("microsoft.storage/storageaccounts", ("properties", "encryption", "keySource"))
    assert known
    assert default == "Microsoft.Storage"


def test_what_is_odd_inside_an_object_is_met_by_who_reads_it() -> None:
    acls = {"defaultAction": "Allow", "ipRules": ["203.0.113.7"]}
    vault = doc("Microsoft.KeyVault/vaults", "kv", properties={"networkAcls": acls})
    resource = need(estate_of([vault]), vault["id"])
    rules = NetworkRules(resource, ("properties", "networkAcls"))
    assert rules.default_action.value == "allow"
    assert isinstance(rules.ip_rules.known, Unknown)
    with pytest.raises(NotKnown):
        resource.at("properties", "networkAcls")
