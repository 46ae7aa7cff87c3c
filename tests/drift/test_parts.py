"""The other kinds of change, each by small changes to the compliant world: services, filters, rules, endpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from auditor.drift.documents import Pair, canonical
from auditor.drift.model import Change, Effect, Topic
from auditor.drift.topics import (
    content_filters as diff_filters,
)
from auditor.drift.topics import (
    findings as diff_findings,
)
from auditor.drift.topics import (
    outbound as diff_outbound,
)
from auditor.drift.topics import (
    private_link as diff_private,
)
from auditor.drift.topics import (
    public_access as diff_public,
)
from auditor.drift.topics import (
    resources as diff_resources,
)
from auditor.estate import build_estate
from auditor.model import Outcome, Read
from tests import worlds
from tests.builders.drifting import changed, untouched
from tests.builders.estates import WHOLE, doc, estate_of
from tests.cases.change import World

Part = Callable[[Pair], Iterator[Change]]
Told = list[tuple[str, str, str]]

WORSE, BETTER, OTHER, UNKNOWN = "worse", "better", "other", "unknown"
MANAGED = "workspaces/mlw-aibase/properties/managedNetwork/outboundRules"
POLICY = "raiPolicies/blocking-filter/properties"
HATE = f"{POLICY}/contentFilters/0"
STORE = "storageAccounts/staibase/properties"
VAULT = "vaults/kv-aibase/properties"


def estate(world: World) -> Any:
    reads = (*worlds.whole(world.scope), *world.refused)
    return build_estate(worlds.snapshot(world.documents, reads, world.name))


def pair(*changes: tuple[Any, ...], first: tuple[tuple[Any, ...], ...] = ()) -> Pair:
    """The compliant world before and after some changes; `first` are made on both sides."""
    old = build_estate(untouched()[0]) if not first else estate(changed(*first))
    return Pair(old, estate(changed(*first, *changes)))


def told(part: Part, two: Pair) -> Told:
    return [(change.kind, change.effect.value, change.says) for change in part(two)]


def assert_told(found: Told, *expected: tuple[str, str, str]) -> None:
    """Each change is the expected one: its kind, its effect, and words of its sentence."""
    assert len(found) == len(expected), found
    for (kind, effect, says), (kind_, effect_, words) in zip(found, expected, strict=True):
        assert (kind, effect) == (kind_, effect_), says
        assert words in says


# --- managed network --------------------------------------------------------------------------------------------------


def tag(ports: str = "443", protocol: str = "TCP", name: str = "Storage", **more: Any) -> dict[str, Any]:
    destination = {"serviceTag": name, "protocol": protocol, "portRanges": ports, "action": "Allow"}
    return {"type": "ServiceTag", "category": "UserDefined", "status": "Active", "destination": destination | more}


def fqdn(host: str, status: str = "Active", category: str = "UserDefined") -> dict[str, Any]:
    return {"type": "FQDN", "category": category, "status": status, "destination": host}


@pytest.mark.parametrize(
    ("before", "after", "kind", "effect", "words"),
    [
        (None, fqdn("pypi.example"), "added", WORSE, "is new: it leads to pypi.example"),
        (None, fqdn("pypi.example", "Inactive"), "added", OTHER, "leads to pypi.example, inactive"),
        (None, fqdn("pypi.example", category="Dependency"), "added", OTHER, "pypi.example"),
        (fqdn("a.example"), fqdn("b.example"), "changed", WORSE, "b.example, was a.example"),
        (fqdn("a.example", "Inactive"), fqdn("a.example"), "changed", WORSE, "a.example, was a.example, inactive"),
        (fqdn("a.example"), fqdn("a.example", "Inactive"), "changed", BETTER, "inactive"),
        (fqdn("a.example", "Inactive"), fqdn("b.example", "Inactive"), "changed", OTHER, "b.example, inactive"),
        (fqdn("a.example"), fqdn("a.example", category="Dependency"), "changed", OTHER, "a.example"),
        (tag("443"), tag("443, 445"), "changed", WORSE, "TCP 443, 445, was Storage, TCP 443"),
        (tag("80,443"), tag("443"), "changed", BETTER, "TCP 443, was Storage, TCP 80,443"),
        (tag("443"), tag("443", "*"), "changed", WORSE, "* 443"),
        (tag("443"), tag("443", name="Sql"), "changed", WORSE, "Sql, TCP 443"),
        (tag("443"), tag("strange"), "changed", WORSE, "strange"),
        (tag("443"), tag("443", addressPrefixes=["1.2.3.0/24"]), "changed", WORSE, "Storage"),
        (tag("443"), tag("443", action="Deny"), "changed", WORSE, "Storage"),
    ],
)
def test_outbound_rules(before: Any, after: Any, kind: str, effect: str, words: str) -> None:
    first = (("set", f"{MANAGED}/mine", before),) if before else ()
    two = pair(("set", f"{MANAGED}/mine", after), first=first)
    assert_told(told(diff_outbound.changes, two), (kind, effect, words))


def test_an_outbound_rule_in_another_letter_case_is_the_same() -> None:
    first = (("set", f"{MANAGED}/mine", fqdn("a.example")),)
    two = pair(("set", f"{MANAGED}/mine", fqdn("A.Example", "ACTIVE", "userdefined")), first=first)
    assert told(diff_outbound.changes, two) == []


def test_outbound_rules_that_can_no_longer_be_read_are_not_gone() -> None:
    two = pair(("refuse", "microsoft.machinelearningservices/workspaces"))
    found = told(diff_outbound.changes, two)
    assert found
    assert {(kind, effect) for kind, effect, _ in found} == {("unread", UNKNOWN)}
    back = told(diff_outbound.changes, two.reversed)
    assert {(kind, effect) for kind, effect, _ in back} == {("unread", UNKNOWN)}
    assert "is new cannot be determined" in back[0][2]


# --- settings with an order -------------------------------------------------------------------------------------------


def test_a_setting_that_is_no_longer_stated_and_has_no_default() -> None:
    two = pair(("unset", f"{STORE}/allowBlobPublicAccess"))
    (found,) = told(diff_public.changes, two)
    assert found[:2] == ("unread", UNKNOWN)
    assert "whether allowBlobPublicAccess of staibase changed" in found[2]
    neither = pair(("set", f"{STORE}/tags", {}), first=(("unset", f"{STORE}/allowBlobPublicAccess"),))
    assert told(diff_public.changes, neither) == []


def test_a_setting_that_is_no_longer_stated_and_has_a_default() -> None:
    two = pair(("unset", f"{STORE}/allowSharedKeyAccess"))
    assert_told(
        told(diff_public.changes, two),
        ("loosened", WORSE, "allowSharedKeyAccess of staibase is absent, which Azure takes for true now, was false"),
    )
    assert_told(told(diff_public.changes, two.reversed), ("tightened", BETTER, "is false now, was absent"))


def test_a_setting_written_otherwise_is_the_same() -> None:
    two = pair(("set", f"{STORE}/allowSharedKeyAccess", "False"))
    assert told(diff_public.changes, two) == []


# --- public endpoints -------------------------------------------------------------------------------------------------

OPEN = (("set", f"{STORE}/publicNetworkAccess", "Enabled"),)
SUBNET = "{group}/providers/Microsoft.Network/virtualNetworks/vnet-aibase/subnets/snet-agents"


def acls(**more: Any) -> tuple[Any, ...]:
    return ("set", f"{STORE}/networkAcls", {"defaultAction": "Deny", "bypass": "None", **more})


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (acls(ipRules=[{"value": "198.51.100.0/24"}]), "now lets in 198.51.100.0/24 over its public endpoint"),
        (acls(virtualNetworkRules=[{"id": SUBNET}]), "now lets in subnet vnet-aibase/snet-agents"),
        (acls(resourceAccessRules=[{"resourceId": "/subscriptions/x/other"}]), "now lets in /subscriptions/x/other"),
        (acls(bypass="AzureServices"), "now lets in services that Azure trusts"),
        (("set", f"{STORE}/networkAcls", {"defaultAction": "Allow"}), "now lets in every address"),
    ],
)
def test_who_is_let_in(rules: tuple[Any, ...], words: str) -> None:
    two = pair(rules, first=(*OPEN, acls()))
    assert_told(told(diff_public.changes, two), ("opened", WORSE, words))
    assert_told(told(diff_public.changes, two.reversed), ("shut", BETTER, words.replace("now lets", "no longer lets")))


def test_only_what_is_new_is_told() -> None:
    some = acls(ipRules=[{"value": "198.51.100.0/24"}])
    more = acls(ipRules=[{"value": "198.51.100.0/23"}])
    assert_told(
        told(diff_public.changes, pair(more, first=(*OPEN, some))), ("opened", WORSE, "lets in 198.51.101.0/24")
    )


def test_a_rule_that_is_no_address_is_not_guessed_at() -> None:
    strange = acls(ipRules=[{"value": "198.51.100.9"}, {"value": "office"}])
    found = told(diff_public.changes, pair(strange, first=(*OPEN, acls())))
    assert_told(found, ("unread", UNKNOWN, "cannot be compared: the rule 'office'"), ("opened", WORSE, "198.51.100.9"))


def test_a_service_that_is_new_and_open() -> None:
    service = {
        "id": "{group}/providers/Microsoft.Storage/storageAccounts/stnew",
        "properties": {"publicNetworkAccess": "Enabled", "networkAcls": {"defaultAction": "Allow"}},
    }
    two = pair(("add", service))
    assert_told(told(diff_public.changes, two), ("opened", WORSE, "stnew, which is new, lets in every address"))
    assert_told(told(diff_public.changes, two.reversed), ("shut", BETTER, "stnew, which is gone, let in every address"))


def test_a_service_that_is_new_and_shut_is_no_news() -> None:
    service = {
        "id": "{group}/providers/Microsoft.Storage/storageAccounts/stnew",
        "properties": {"publicNetworkAccess": "Disabled"},
    }
    assert told(diff_public.changes, pair(("add", service))) == []


# --- content filters --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([("set", f"{HATE}/severityThreshold", "Medium")], ("weakened", WORSE, "from Medium on now, was from Low on")),
        ([("set", f"{HATE}/enabled", False)], ("weakened", WORSE, "not at all now")),
        ([("unset", f"{HATE}/enabled")], ("unread", UNKNOWN, "does not state whether")),
        ([("unset", f"{HATE}/severityThreshold")], ("unread", UNKNOWN, "states a level on one side only")),
        ([("set", f"{HATE}/severityThreshold", "Tiny")], ("unread", UNKNOWN, "or one that is not known")),
    ],
)
def test_a_filter_of_a_policy(changes: list[tuple[Any, ...]], expected: tuple[str, str, str]) -> None:
    assert_told(told(diff_filters.changes, pair(*changes)), expected)


def test_a_stricter_filter_is_better() -> None:
    two = pair(("set", f"{HATE}/severityThreshold", "Medium")).reversed
    assert_told(told(diff_filters.changes, two), ("strengthened", BETTER, "from Low on now, was from Medium on"))


def test_a_filter_spelled_otherwise_is_the_same() -> None:
    two = pair(("set", f"{HATE}/name", "HATE"), ("set", f"{HATE}/severityThreshold", "low"))
    assert told(diff_filters.changes, two) == []


def test_what_neither_side_states_is_no_change() -> None:
    first = (("unset", f"{HATE}/enabled"),)
    assert told(diff_filters.changes, pair(("set", f"{POLICY}/tags", {}), first=first)) == []


def other_policy(**more: Any) -> tuple[Any, ...]:
    rows = [{"name": "hate", "source": "Prompt", "enabled": True, "blocking": True, "severityThreshold": "High"}]
    document = {
        "id": "{group}/providers/Microsoft.CognitiveServices/accounts/oai-aibase/raiPolicies/lax",
        "properties": {"mode": "Default", "contentFilters": rows, **more},
    }
    return ("add", document)


def test_a_deployment_that_names_another_policy() -> None:
    two = pair(("set", "deployments/gpt35/properties/raiPolicyName", "lax"), first=(other_policy(),))
    found = told(diff_filters.changes, two)
    assert {(kind, effect) for kind, effect, _ in found} == {("weakened", WORSE)}
    assert any(
        says
        == "oai-aibase/gpt35 blocks hate in prompts from High on now, was from Low on (policy lax, was blocking-filter)"
        for _, _, says in found
    )


def test_a_deployment_under_a_policy_that_nobody_shows() -> None:
    two = pair(("set", "deployments/gpt35/properties/raiPolicyName", "nobody"))
    assert_told(told(diff_filters.changes, two), ("unread", UNKNOWN, "whether it blocks less cannot be determined"))
    assert_told(told(diff_filters.changes, two.reversed), ("unread", UNKNOWN, "policy blocking-filter, was nobody"))


def test_a_deployment_under_one_of_azures_own_policies_that_was_not_read() -> None:
    change = ("set", "deployments/gpt35/properties/raiPolicyName", "Microsoft.DefaultV2")
    two = pair(change, first=(("drop", "raiPolicies/Microsoft.DefaultV2"),))
    words = "(Microsoft.DefaultV2: hate, sexual, selfharm and violence at Medium, no profanity)"
    assert_told(told(diff_filters.changes, two), ("unread", UNKNOWN, words))


def test_a_policy_that_no_deployment_uses_says_so() -> None:
    two = pair(("set", "raiPolicies/lax/properties/contentFilters/0/enabled", False), first=(other_policy(),))
    assert_told(told(diff_filters.changes, two), ("weakened", WORSE, "(no deployment uses it)"))


def test_blocklists() -> None:
    listed = [{"blocklistName": "words", "source": "Prompt", "blocking": True}]
    two = pair(("set", f"{POLICY}/customBlocklists", listed))
    assert_told(told(diff_filters.changes, two), ("strengthened", BETTER, "now applies the blocklist words to prompts"))
    assert_told(told(diff_filters.changes, two.reversed), ("weakened", WORSE, "no longer applies the blocklist words"))


# --- private endpoints ------------------------------------------------------------------------------------------------

KV_LINK = "privateEndpoints/pep-kv-aibase/properties/privateLinkServiceConnections/0/properties"


def test_an_approval_that_came_back() -> None:
    two = pair(("set", f"{KV_LINK}/privateLinkServiceConnectionState/status", "Pending"))
    assert_told(told(diff_private.changes, two), ("approved", WORSE, "is Pending, not Approved"))
    assert_told(told(diff_private.changes, two.reversed), ("approved", BETTER, "pep-kv-aibase is approved now"))


def test_a_state_that_does_not_show() -> None:
    two = pair(("unset", f"{KV_LINK}/privateLinkServiceConnectionState"))
    assert_told(told(diff_private.changes, two), ("unread", UNKNOWN, "whether pep-kv-aibase is approved cannot be"))
    neither = pair(("set", f"{KV_LINK}/tags", {}), first=(("unset", f"{KV_LINK}/privateLinkServiceConnectionState"),))
    assert told(diff_private.changes, neither) == []


def test_an_endpoint_without_a_connection_is_not_approved() -> None:
    two = pair(("set", "privateEndpoints/pep-kv-aibase/properties/privateLinkServiceConnections", []))
    nothing, refused = told(diff_private.changes, two)
    assert nothing[0] == "target"
    assert refused[:2] == ("approved", WORSE)
    assert "has no connection to anything" in refused[2]


def test_a_record_that_leads_elsewhere() -> None:
    record = "privateDnsZones/privatelink.vaultcore.azure.net/A/kv-aibase/properties"
    records = "aRecords"
    two = pair(("set", f"{record}/{records}", [{"ipv4Address": "10.0.9.9"}]))
    (kind, effect, says), *rest = told(diff_private.changes, two)
    assert rest == []
    assert (kind, effect) == ("resolves", WORSE)
    assert says.startswith("pep-kv-aibase no longer is what its names lead to in its own network:")
    assert_told(told(diff_private.changes, two.reversed), ("resolves", BETTER, "names lead to in its own network now"))


def test_an_endpoint_that_leads_to_another_service() -> None:
    other = "{group}/providers/Microsoft.Storage/storageAccounts/stmlaibase"
    two = pair(("set", f"{KV_LINK}/privateLinkServiceId", other), ("set", f"{KV_LINK}/groupIds", ["blob"]))
    assert_told(
        told(diff_private.changes, two),
        ("target", OTHER, "pep-kv-aibase leads to stmlaibase (blob) now, was kv-aibase (vault)"),
        ("resolves", WORSE, "stmlaibase.privatelink.blob.core.windows.net is 10.0.2.5"),
    )


def test_a_group_id_in_another_letter_case_is_the_same() -> None:
    assert told(diff_private.changes, pair(("set", f"{KV_LINK}/groupIds", ["VAULT"]))) == []


def foreign(
    state: str = "Approved", service: str = "vaults/kv-aibase", type_: str = "Microsoft.KeyVault"
) -> tuple[Any, ...]:
    document = {
        "id": f"{{group}}/providers/{type_}/{service}/privateEndpointConnections/x",
        "properties": {
            "privateEndpoint": {
                "id": "/subscriptions/9/resourceGroups/r/providers/Microsoft.Network/privateEndpoints/x"
            },
            "privateLinkServiceConnectionState": {"status": state},
        },
    }
    return ("add", document)


def test_a_stranger_that_a_service_has_approved() -> None:
    two = pair(foreign())
    words = "kv-aibase has approved a private endpoint that the snapshot does not show: /subscriptions/9/"
    assert_told(told(diff_private.changes, two), ("foreign", WORSE, words))
    assert_told(told(diff_private.changes, two.reversed), ("foreign", BETTER, "no longer accepts a private endpoint"))
    assert told(diff_private.changes, pair(foreign("Pending"))) == []


def test_a_stranger_that_a_new_outbound_rule_explains() -> None:
    to = {"serviceResourceId": "{group}/providers/Microsoft.KeyVault/vaults/kv-aibase", "subresourceTarget": "vault"}
    rule = {"type": "PrivateEndpoint", "category": "UserDefined", "status": "Active", "destination": to}
    two = pair(foreign(), ("set", f"{MANAGED}/again", rule))
    assert_told(
        told(diff_private.changes, two), ("foreign", OTHER, "an outbound rule of a managed network leads there")
    )


# --- resources and reads ----------------------------------------------------------------------------------------------


def test_resources_are_counted_by_type_and_named() -> None:
    machines = [
        ("add", {"id": f"{{group}}/providers/Microsoft.Compute/virtualMachines/vm{n}", "properties": {}})
        for n in range(6)
    ]
    two = pair(*machines)
    assert_told(
        told(diff_resources.changes, two),
        ("appeared", OTHER, "6 of microsoft.compute/virtualmachines appeared: vm0, vm1, vm2, vm3 and 2 more"),
    )
    (change,) = diff_resources.changes(two.reversed)
    assert (change.kind, change.detail["count"], change.resource) == ("disappeared", 6, None)


def test_a_read_is_told_once_when_it_fails_and_once_when_it_works_again() -> None:
    failed = Read("p", "v", 429, "a.b/c", "/", error="TooManyRequests")
    two = Pair(estate_of([], reads=[WHOLE]), estate_of([], reads=[WHOLE, failed]))
    assert_told(
        told(diff_resources.changes, two), ("failed", UNKNOWN, "p could be read before and cannot now (TooMany")
    )
    assert_told(told(diff_resources.changes, two.reversed), ("mended", OTHER, "p could not be read before"))
    both = Pair(two.new, two.new)
    assert told(diff_resources.changes, both) == []


# --- findings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "kind", "effect"),
    [
        (Outcome.PASS, Outcome.FAIL, "opened", Effect.WORSE),
        (None, Outcome.FAIL, "opened", Effect.WORSE),
        (Outcome.UNKNOWN, Outcome.FAIL, "opened", Effect.WORSE),
        (Outcome.WAIVED, Outcome.FAIL, "opened", Effect.WORSE),
        (Outcome.FAIL, Outcome.PASS, "closed", Effect.BETTER),
        (Outcome.FAIL, None, "closed", Effect.BETTER),
        (Outcome.FAIL, Outcome.NOT_APPLICABLE, "closed", Effect.BETTER),
        (Outcome.FAIL, Outcome.WAIVED, "waived", Effect.OTHER),
        (Outcome.FAIL, Outcome.UNKNOWN, "unread", Effect.UNKNOWN),
        (Outcome.PASS, Outcome.UNKNOWN, "unread", Effect.UNKNOWN),
        (Outcome.PASS, Outcome.ERROR, "unread", Effect.UNKNOWN),
        (Outcome.UNKNOWN, Outcome.PASS, "told", Effect.OTHER),
        (Outcome.UNKNOWN, None, "told", Effect.OTHER),
        (Outcome.WAIVED, Outcome.PASS, "closed", Effect.OTHER),
        (Outcome.PASS, Outcome.WAIVED, "waived", Effect.OTHER),
        (Outcome.PASS, None, "", None),
        (None, Outcome.PASS, "", None),
        (Outcome.PASS, Outcome.NOT_APPLICABLE, "", None),
        (None, Outcome.MANUAL, "", None),
    ],
)
def test_what_a_change_of_outcome_is(before: Any, after: Any, kind: str, effect: Effect | None) -> None:
    assert diff_findings.judged(before, after) == (kind, effect)


# --- documents --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"a": "X"}, {"A": "x"}, True),
        ({"a": [1, {"b": 2}]}, {"a": [{"B": 2}, 1]}, True),
        ({"etag": "1", "a": 1}, {"etag": "2", "a": 1}, True),
        ({"a": 1}, {"a": "1"}, False),
        ({"a": None}, {}, False),
        ({"a": [1, 1]}, {"a": [1]}, False),
        ({"a": True}, {"a": False}, False),
    ],
)
def test_what_azure_takes_for_the_same(one: Any, other: Any, same: bool) -> None:
    assert (canonical(one) == canonical(other)) is same


def test_a_child_does_not_touch_its_parent_but_a_list_that_is_gone_does() -> None:
    group = doc("Microsoft.Network/networkSecurityGroups", "nsg", properties={"securityRules": []})
    bare = group | {"properties": {}}
    rule = {"name": "r", "id": f"{group['id']}/securityRules/r", "properties": {"priority": 100}}
    filled = group | {"properties": {"securityRules": [rule]}}
    touched = Pair(estate_of([group]), estate_of([filled])).touched
    assert [id_.name for id_ in touched] == ["r"]
    assert [id_.name for id_ in Pair(estate_of([group]), estate_of([bare])).touched] == ["nsg"]


def test_every_topic_has_its_place_in_reports() -> None:
    from auditor.drift.report.wording import TITLES, WORDS

    assert tuple(TITLES) == tuple(Topic)
    assert set(WORDS) == set(Effect)
