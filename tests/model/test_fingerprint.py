"""A finding keeps its name as long as it is about the same thing."""

import pytest

from auditor.model import ArmId
from auditor.model.fingerprint import fingerprint

VAULT = ArmId("/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv")


def test_letter_case_and_a_trailing_slash_of_an_id_do_not_matter() -> None:
    assert fingerprint("PUB-05", VAULT) == fingerprint("PUB-05", ArmId(VAULT.text.upper() + "/"))


@pytest.mark.parametrize(
    "other",
    [
        fingerprint("PUB-06", VAULT, "port 22"),  # another requirement
        fingerprint("PUB-05", VAULT.child("secrets", "a"), "port 22"),  # another resource
        fingerprint("PUB-05", None, "port 22"),  # no resource
        fingerprint("PUB-05", VAULT, "port 23"),  # another aspect
        fingerprint("PUB-05", VAULT),  # no aspect
    ],
)
def test_whatever_it_is_about_changes_it(other: str) -> None:
    assert fingerprint("PUB-05", VAULT, "port 22") != other


def test_parts_that_join_to_the_same_text_stay_apart() -> None:
    assert fingerprint("A", None, "BC") != fingerprint("AB", None, "C")


def test_it_is_the_same_on_every_machine_and_forever() -> None:
    # Alerts in dashboards hang on this value: changing it closes and reopens all of them.
    assert fingerprint("PUB-05", VAULT, "x") == "77ef457eae952cd07deadb2f01573b7b0bcfc67a4da35de799220b62b690566a"


def test_a_name_that_is_not_unicode_has_one_too() -> None:
    assert len(fingerprint("PUB-05", ArmId("/subscriptions/\ud800"), "\udfff")) == 64
