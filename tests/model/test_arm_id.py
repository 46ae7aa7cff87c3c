"""ARM ids: one id, many spellings."""

import pytest

from auditor.model import ArmId

S = "/subscriptions/AAAA"
G = f"{S}/resourceGroups/Rg-1"
NSG = f"{G}/providers/Microsoft.Network/networkSecurityGroups/nsg"


@pytest.mark.parametrize(
    ("text", "type_", "name", "parent"),
    [
        (NSG, "microsoft.network/networksecuritygroups", "nsg", G),
        (f"{NSG}/securityRules/r", "microsoft.network/networksecuritygroups/securityrules", "r", NSG),
        (G, "microsoft.resources/resourcegroups", "Rg-1", S),
        (S, "microsoft.resources/subscriptions", "AAAA", None),
        (f"{NSG}/providers/Microsoft.Insights/diagnosticSettings/d", "microsoft.insights/diagnosticsettings", "d", NSG),
        ("/providers/Microsoft.Management/managementGroups/m", "microsoft.management/managementgroups", "m", None),
        ("/", "", "", None),
        # a resource may be *named* like a keyword
        (
            f"{G}/providers/Microsoft.Storage/storageAccounts/providers",
            "microsoft.storage/storageaccounts",
            "providers",
            G,
        ),
    ],
)
def test_an_id_tells_its_type_name_and_parent(text: str, type_: str, name: str, parent: str | None) -> None:
    id_ = ArmId(text)
    assert (id_.type, id_.name) == (type_, name)
    assert (id_.parent.text if id_.parent else None) == parent


def test_letter_case_and_a_trailing_slash_make_no_other_id() -> None:
    assert ArmId(NSG.upper() + "/") == ArmId(NSG)
    assert len({ArmId(NSG.upper()), ArmId(NSG)}) == 1
    assert str(ArmId(NSG.upper())) == NSG.upper()
    assert ArmId(NSG) != NSG


def test_an_extension_resource_tells_what_it_extends() -> None:
    assert ArmId(f"{NSG}/providers/Microsoft.Authorization/roleAssignments/x").extends == ArmId(NSG)
    assert ArmId("/providers/Microsoft.Authorization/roleDefinitions/x").extends is None
    assert ArmId(NSG).extends == ArmId(G)


def test_subscription_and_group_come_in_lower_case() -> None:
    assert (ArmId(NSG).subscription, ArmId(NSG).resource_group) == ("aaaa", "rg-1")
    assert (ArmId(S).resource_group, ArmId("/").subscription) == ("", "")


def test_containment_is_by_segment_not_by_letters() -> None:
    assert ArmId(NSG).is_within(ArmId(G))
    assert ArmId(NSG).is_within(ArmId(NSG.upper()))
    assert ArmId(NSG).is_within(ArmId("/"))
    assert not ArmId(f"{S}/resourceGroups/Rg-10").is_within(ArmId(G))


def test_ids_sort_without_letter_case() -> None:
    assert sorted([ArmId("/b"), ArmId("/A")]) == [ArmId("/A"), ArmId("/b")]
    assert ArmId(G).child("providers", "x") == ArmId(f"{G}/providers/x")
