"""Of all service tags, the ones that the deployment names."""

from typing import Any

from auditor.collect.service_tags import only_named

S = "/subscriptions/s"
GROUP = f"{S}/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/nsg"


def tags(*names: str) -> dict[str, Any]:
    values = [{"name": name, "properties": {"addressPrefixes": ["192.0.2.0/24"]}} for name in names]
    return {"id": f"{S}/providers/Microsoft.Network/serviceTags/Public", "changeNumber": "1", "values": values}


def rule(prefix: str) -> dict[str, Any]:
    return {"id": GROUP, "properties": {"securityRules": [{"properties": {"sourceAddressPrefix": prefix}}]}}


def kept(*documents: dict[str, Any]) -> list[str]:
    (found,) = (document for document in only_named(documents) if "values" in document)
    return [value["name"] for value in found["values"]]


def test_a_tag_that_a_rule_names_stays_whatever_its_letter_case() -> None:
    assert kept(tags("Storage", "Sql", "AzureMonitor"), rule("azuremonitor")) == ["AzureMonitor"]


def test_no_tag_stays_where_none_is_named() -> None:
    assert kept(tags("Storage"), rule("10.0.0.0/8")) == []


def test_a_tag_does_not_name_itself() -> None:
    assert kept(tags("Storage")) == []


def test_what_is_kept_is_as_azure_sent_it() -> None:
    (document, _) = only_named((tags("Storage"), rule("Storage")))
    assert document == tags("Storage")


def test_a_list_that_is_none_is_left_alone() -> None:
    odd = {"id": f"{S}/providers/Microsoft.Network/serviceTags/Public", "values": None}
    assert only_named((odd, rule("Storage"))) == (odd, rule("Storage"))


def test_without_tags_nothing_changes() -> None:
    assert only_named((rule("Storage"),)) == (rule("Storage"),)
