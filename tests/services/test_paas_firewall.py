"""Who may use a service's public endpoint: the Azure defaults, the rules, and what is left unknown."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.estate import Estate
from auditor.model import ArmId, NotKnown, Read, Unknown
from auditor.services.app_service import scm_open_to
from auditor.services.paas_firewall import (
    FIREWALLS,
    FirewallVerdict,
    open_to,
    public_access,
)
from auditor.sets.address_set import AddressSet
from tests.builders.estates import (
    WHOLE,
    doc,
    estate_of,
    id_of,
    named,
    need,
    world,
)

STORAGE = "Microsoft.Storage/storageAccounts"
VAULT = "Microsoft.KeyVault/vaults"
REGISTRY = "Microsoft.ContainerRegistry/registries"
OPENAI = "Microsoft.CognitiveServices/accounts"
SEARCH = "Microsoft.Search/searchServices"
SITE = "Microsoft.Web/sites"
ML = "Microsoft.MachineLearningServices/workspaces"
ENDPOINT = f"{ML}/onlineEndpoints"
APIM = "Microsoft.ApiManagement/service"

EVERYBODY = AddressSet.everything()
NOBODY = AddressSet.none()
SUBNET = id_of("Microsoft.Network/virtualNetworks/subnets", "v", "s")


def ask(type_: str, properties: dict[str, Any], *more: dict[str, Any]) -> FirewallVerdict:
    names = ("parent", "x") if type_.count("/") == 2 else ("x",)
    document = doc(type_, *names, properties=properties)
    return open_to(estate := estate_of([document, *more]), need(estate, document["id"]))


def acls(default: str | None, **rest: Any) -> dict[str, Any]:
    return {"networkAcls": {**({"defaultAction": default} if default else {}), **rest}}


DECIDED = [
    (STORAGE, {}, EVERYBODY, "nothing stated is Azure's default: open"),
    (STORAGE, {"publicNetworkAccess": None}, EVERYBODY, "null is absent"),
    (STORAGE, {"publicNetworkAccess": "disabled"}, NOBODY, "the switch is compared without letter case"),
    (STORAGE, {"publicNetworkAccess": "Disabled", **acls("Allow")}, NOBODY, "the switch wins over the rules"),
    (STORAGE, acls("allow"), EVERYBODY, "allowed by default"),
    (STORAGE, acls("Deny"), NOBODY, "denied, and no rule"),
    (STORAGE, acls("Deny", ipRules=[{"value": "203.0.113.24"}]), AddressSet.of("203.0.113.24"), "one address"),
    (STORAGE, acls("Deny", ipv6Rules=[{"value": "2001:db8::/32"}]), AddressSet.of("2001:db8::/32"), "IPv6 rules"),
    (STORAGE, acls("Deny", ipRules=[{"value": "1.2.3.0/24", "action": "Allow"}]), AddressSet.of("1.2.3.0/24"), "CIDR"),
    (VAULT, {}, EVERYBODY, "a vault without either setting is open"),
    (VAULT, {"publicNetworkAccess": "Enabled", **acls("Deny")}, NOBODY, "switch on, rules deny"),
    (REGISTRY, {}, EVERYBODY, "an old registry shows neither switch nor rules"),
    (REGISTRY, {"networkRuleSet": {"defaultAction": "Deny", "ipRules": []}}, NOBODY, "rules of a registry"),
    (OPENAI, {}, EVERYBODY, "an account without the switch answers"),
    (OPENAI, {"publicNetworkAccess": "Disabled"}, NOBODY, "an account switched off"),
    (SEARCH, {"publicNetworkAccess": "enabled"}, EVERYBODY, "search without rules takes everybody"),
    (SEARCH, {"networkRuleSet": {"ipRules": []}}, EVERYBODY, "an empty rule list is none"),
    (SEARCH, {"networkRuleSet": {"ipRules": [{"value": "9.9.9.9"}]}}, AddressSet.of("9.9.9.9"), "rules deny the rest"),
    (ENDPOINT, {}, EVERYBODY, "an online endpoint is public unless it says otherwise"),
    (ENDPOINT, {"publicNetworkAccess": "Disabled"}, NOBODY, "an online endpoint switched off"),
    (ML, {"publicNetworkAccess": "Disabled"}, NOBODY, "a workspace switched off"),
    (
        ML,
        {"publicNetworkAccess": "Enabled", **acls("Deny", ipRules=[{"value": "1.1.1.1"}])},
        AddressSet.of("1.1.1.1"),
        "shown rules",
    ),
    (APIM, {"virtualNetworkType": "Internal"}, NOBODY, "no public gateway when injected as Internal"),
    (APIM, {"virtualNetworkType": "External"}, EVERYBODY, "External keeps the public gateway"),
]


@pytest.mark.parametrize(("type_", "properties", "let_in", "reason"), DECIDED, ids=[row[3] for row in DECIDED])
def test_addresses_let_in(type_: str, properties: dict[str, Any], let_in: AddressSet, reason: str) -> None:
    verdict = ask(type_, properties)
    assert (verdict.addresses, verdict.at_most, verdict.gap) == (let_in, let_in, None), reason
    assert verdict.closed is let_in.is_empty
    assert verdict.says
    assert verdict.reasons


OPEN_QUESTIONS = [
    (STORAGE, {"publicNetworkAccess": "SecuredByPerimeter"}, "perimeter", "its rules stand elsewhere"),
    (VAULT, {"publicNetworkAccess": "SecureByPerimeter"}, "perimeter", "the vault's own spelling"),
    (STORAGE, {"publicNetworkAccess": "Sometimes"}, "'Sometimes'", "a word of a later version"),
    (STORAGE, acls(None, ipRules=[]), "defaultAction of x is not stated", "the rules object without a default"),
    (STORAGE, acls("Audit"), "'Audit'", "a default action of a later version"),
    (STORAGE, acls("Deny", ipRules=[{"value": "nonsense"}]), "'nonsense'", "a rule that is no address"),
    (ML, {"publicNetworkAccess": "Enabled"}, "preview", "rules that stable versions hide"),
    (SITE, {"publicNetworkAccess": "Enabled"}, "config/web", "restrictions not read"),
    (SITE, {"publicNetworkAccess": "Perhaps"}, "'Perhaps'", "a word of a later version"),
]


@pytest.mark.parametrize(("type_", "properties", "word", "reason"), OPEN_QUESTIONS, ids=[r[3] for r in OPEN_QUESTIONS])
def test_what_is_not_known_is_unknown(type_: str, properties: dict[str, Any], word: str, reason: str) -> None:
    verdict = ask(type_, properties)
    assert isinstance(verdict.closed, Unknown), reason
    assert word in verdict.closed.because
    assert "8.8.8.8" in verdict.at_most
    assert "8.8.8.8" not in verdict.addresses


def test_a_type_that_is_not_in_the_table_is_not_known() -> None:
    with pytest.raises(NotKnown, match=r"contoso.things/servers .*\(properties/publicNetworkAccess of x shows"):
        ask("Contoso.Things/servers", {"publicNetworkAccess": "Enabled"})


TRUSTED = [
    (STORAGE, acls("Deny"), True, "absent bypass is AzureServices"),
    (STORAGE, acls("Deny", bypass="None"), False, "none"),
    (STORAGE, acls("Deny", bypass="Logging, Metrics"), False, "a list without it"),
    (STORAGE, acls("Deny", bypass="Logging, AzureServices"), True, "a list with it"),
    (STORAGE, {"publicNetworkAccess": "Disabled", **acls("Deny")}, True, "the exception outlives the switch"),
    (VAULT, {"publicNetworkAccess": "Disabled", **acls("Deny", bypass="AzureServices")}, True, "documented for vaults"),
    (VAULT, {"publicNetworkAccess": "Disabled", **acls("Deny", bypass="None")}, False, "and can be taken away"),
    (REGISTRY, {"publicNetworkAccess": "Disabled", "networkRuleBypassOptions": "None"}, False, "a registry without"),
    (REGISTRY, {"publicNetworkAccess": "Disabled"}, True, "a registry's default"),
    (OPENAI, {**acls("Deny")}, False, "AI services: none unless stated"),
    (OPENAI, {**acls("Deny", bypass="AzureServices")}, True, "AI services: stated"),
    (OPENAI, {"publicNetworkAccess": "Disabled", **acls("Deny", bypass="AzureServices")}, False, "part of the rules"),
    (SEARCH, {"networkRuleSet": {"ipRules": [{"value": "9.9.9.9"}]}}, False, "search: none unless stated"),
]


@pytest.mark.parametrize(("type_", "properties", "expected", "reason"), TRUSTED, ids=[row[3] for row in TRUSTED])
def test_trusted_services(type_: str, properties: dict[str, Any], expected: bool, reason: str) -> None:
    assert ask(type_, properties).trusted_services is expected, reason


def test_subnets_and_instances_enter_by_their_own_rules() -> None:
    verdict = ask(
        STORAGE,
        acls(
            "Deny",
            virtualNetworkRules=[{"id": SUBNET, "action": "Allow"}],
            resourceAccessRules=[{"tenantId": "t", "resourceId": "/subscriptions/s/x"}],
        ),
    )
    assert verdict.subnets == (ArmId(SUBNET.upper()),)
    assert verdict.instances == ("/subscriptions/s/x",)
    assert verdict.closed is False
    assert "subnet s" in verdict.says


def test_a_rule_of_an_unheard_of_action_lets_nobody_in() -> None:
    rules = [{"value": "9.9.9.9", "action": "Audit"}]
    assert ask(STORAGE, acls("Deny", ipRules=rules)).addresses.is_empty


def workspace_ends(*names: str) -> list[dict[str, Any]]:
    return [doc(f"{ML}/privateEndpointConnections", "x", name, properties={}) for name in names]


def test_a_workspace_of_the_old_kind_is_decided_by_its_flag() -> None:
    closed = ask(ML, {"allowPublicAccessWhenBehindVnet": False}, *workspace_ends("pe"))
    assert closed.closed is True
    # With the flag, or without any private endpoint, it is open as far as the stable API shows.
    for properties, ends in (({"allowPublicAccessWhenBehindVnet": True}, ["pe"]), ({}, [])):
        verdict = ask(ML, properties, *workspace_ends(*ends))
        assert verdict.at_most == EVERYBODY
        assert isinstance(verdict.closed, Unknown)


def test_a_preview_read_shows_that_a_workspace_has_no_rules() -> None:
    read = Read("workspaces", "2024-10-01-preview", 200, ML.casefold(), "/")
    document = doc(ML, "x", properties={"publicNetworkAccess": "Enabled"})
    estate = estate_of([document], reads=[WHOLE, read])
    assert open_to(estate, need(estate, document["id"])).addresses == EVERYBODY


# --- web apps ---------------------------------------------------------------------------------------------------------


def site(config: dict[str, Any] | None, *ends: str, **properties: Any) -> tuple[Estate, Any]:
    documents = [doc(SITE, "x", properties=properties)]
    if config is not None:
        documents.append(doc(f"{SITE}/config", "x", "web", properties=config))
    documents += [doc(f"{SITE}/privateEndpointConnections", "x", end, properties={}) for end in ends]
    estate = estate_of(documents)
    return estate, named(estate, SITE.casefold(), "x")


ANY = {"ipAddress": "Any", "action": "Allow", "priority": 2147483647}
DENY_ANY = {"ipAddress": "Any", "action": "Deny", "priority": 2147483647}
ONE = {"ipAddress": "1.2.3.4/32", "action": "Allow", "priority": 100}

RESTRICTED = [
    ([], None, EVERYBODY, "no rule and no default action: open"),
    ([ANY], None, EVERYBODY, "the one recorded entry that Azure writes"),
    ([ONE], None, AddressSet.of("1.2.3.4"), "a rule without a default action denies the rest"),
    ([ONE, DENY_ANY], None, AddressSet.of("1.2.3.4"), "the entry that Azure appends"),
    ([ONE], "Allow", EVERYBODY, "a stated default action"),
    ([{**ONE, "action": "Deny"}], "Allow", ~AddressSet.of("1.2.3.4"), "everybody but one"),
    ([], "Deny", NOBODY, "nobody by default"),
    ([DENY_ANY, {**ONE, "priority": 1}], None, AddressSet.of("1.2.3.4"), "priority, not position, orders rules"),
    ([{**DENY_ANY, "priority": 1}, ONE], None, NOBODY, "a deny that comes first"),
    ([{**ONE, "ipAddress": "1.2.3.4/32,5.6.7.8/32"}], None, AddressSet.of("1.2.3.4", "5.6.7.8"), "a list in one rule"),
]


@pytest.mark.parametrize(("rules", "default", "let_in", "reason"), RESTRICTED, ids=[row[3] for row in RESTRICTED])
def test_access_restrictions(rules: list[dict[str, Any]], default: str | None, let_in: AddressSet, reason: str) -> None:
    config = {"ipSecurityRestrictions": rules, "ipSecurityRestrictionsDefaultAction": default}
    verdict = open_to(*site(config, publicNetworkAccess="Enabled"))
    assert (verdict.addresses, verdict.at_most) == (let_in, let_in), reason


@pytest.mark.parametrize(
    "doubtful",
    [
        {"ipAddress": "AzureFrontDoor.Backend", "tag": "ServiceTag", "action": "Allow", "priority": 1},
        {"ipAddress": "1.2.3.4/32", "action": "Allow", "priority": 1, "headers": {"X-Azure-FDID": ["a"]}},
        {"ipAddress": "1.2.3.4/32", "tag": "XffProxy", "action": "Allow", "priority": 1},
        {"ipAddress": "some day", "action": "Allow", "priority": 1},
    ],
    ids=["a service tag", "a header", "a forwarded address", "not an address"],
)
def test_a_restriction_by_more_than_the_address_is_unknown(doubtful: dict[str, Any]) -> None:
    verdict = open_to(*site({"ipSecurityRestrictions": [doubtful]}, publicNetworkAccess="Enabled"))
    assert verdict.addresses.is_empty
    assert isinstance(verdict.closed, Unknown)
    assert "1.2.3.4" in verdict.at_most
    assert "1.2.3.4" not in verdict.addresses


def test_a_service_tag_is_exact_where_the_snapshot_brought_its_prefixes() -> None:
    rule = {"ipAddress": "AzureFrontDoor.Backend", "tag": "ServiceTag", "action": "Allow", "priority": 1}
    values = [{"name": "AzureFrontDoor.Backend", "properties": {"addressPrefixes": ["147.243.0.0/16"]}}]
    documents = [
        doc(SITE, "x", properties={"publicNetworkAccess": "Enabled"}),
        doc(f"{SITE}/config", "x", "web", properties={"ipSecurityRestrictions": [rule]}),
        {
            "id": "/subscriptions/s/providers/Microsoft.Network/serviceTags/public",
            "type": "Microsoft.Network/serviceTags",
            "name": "public",
            "values": values,
        },
    ]
    estate = estate_of(documents)
    verdict = open_to(estate, named(estate, SITE.casefold(), "x"))
    assert (verdict.addresses, verdict.gap) == (AddressSet.of("147.243.0.0/16"), None)


def test_a_doubtful_deny_leaves_only_the_rest_certain() -> None:
    rules = [{"ipAddress": "1.2.3.4/32", "action": "Deny", "priority": 1, "headers": {"x": ["y"]}}]
    config = {"ipSecurityRestrictions": rules, "ipSecurityRestrictionsDefaultAction": "Allow"}
    verdict = open_to(*site(config, publicNetworkAccess="Enabled"))
    assert "9.9.9.9" in verdict.addresses
    assert "1.2.3.4" in verdict.at_most
    assert "1.2.3.4" not in verdict.addresses


def test_a_subnet_rule_lets_a_subnet_in_unless_a_deny_comes_first() -> None:
    rule = {"vnetSubnetResourceId": SUBNET, "action": "Allow", "priority": 200}
    for deny, expected in ((300, (ArmId(SUBNET),)), (100, ())):
        rules = [rule, {**DENY_ANY, "priority": deny}]
        verdict = open_to(*site({"ipSecurityRestrictions": rules}, publicNetworkAccess="Enabled"))
        assert verdict.subnets == expected
        assert verdict.addresses.is_empty


def test_the_management_site_has_rules_of_its_own_unless_told_otherwise() -> None:
    config = {"ipSecurityRestrictions": [ONE], "scmIpSecurityRestrictions": [ANY]}
    assert scm_open_to(*site(config, publicNetworkAccess="Enabled")).addresses == EVERYBODY
    shared = {**config, "scmIpSecurityRestrictionsUseMain": True}
    assert scm_open_to(*site(shared, publicNetworkAccess="Enabled")).addresses == AddressSet.of("1.2.3.4")


def test_a_site_that_does_not_state_its_access_is_closed_by_a_private_endpoint_only() -> None:
    for stated in ("", None):
        assert open_to(*site({}, "pe", publicNetworkAccess=stated)).closed is True
        assert open_to(*site({}, publicNetworkAccess=stated)).addresses == EVERYBODY


def test_a_site_is_closed_where_either_of_its_documents_says_so() -> None:
    verdict = open_to(*site({"publicNetworkAccess": "Disabled"}, publicNetworkAccess="Enabled"))
    assert verdict.closed is True
    assert verdict.reasons[0].place.document.name == "web"


def test_a_config_that_may_not_be_read_names_the_permission() -> None:
    failed = Read("c", "1", 403, "microsoft.web/sites/config", id_of(SITE, "x"), error="AuthorizationFailed")
    documents = [doc(SITE, "x", properties={"publicNetworkAccess": "Enabled"})]
    estate = estate_of(documents, reads=[WHOLE, failed])
    closed = open_to(estate, named(estate, SITE.casefold(), "x")).closed
    assert isinstance(closed, Unknown)
    assert closed.permission == "microsoft.web/sites/config/read"


# --- the reference deployment -----------------------------------------------------------------------------------------


def test_the_reference_deployment() -> None:
    estate = estate_of(world())
    answers = {
        resource.name: str(open_to(estate, resource).addresses)
        for type_ in FIREWALLS
        for resource in estate.seen(type_)
    }
    beside = {name: who for name, who in answers.items() if name.startswith(("log-", "appi", "vm-"))}
    assert {who for name, who in beside.items() if not name.startswith("vm-")} == {str(EVERYBODY)}
    assert {who for name, who in beside.items() if name.startswith("vm-")} == {"no address"}
    assert answers == beside | {
        "staibase": "203.0.113.24",
        "stmlaibase": "no address",
        "kv-aibase": "no address",
        "craibase": "no address",
        "oai-aibase": "no address",
        "mlw-aibase": "no address",
        "ept-aibase": "no address",
        "app-aibase": "no address",
        "app-aibase-pf": "no address",
        "amli-aibase": "no address",
    }
    vault = open_to(estate, named(estate, VAULT.casefold(), "kv-aibase"))
    assert vault.trusted_services
    assert vault.reasons[0].value == "Enabled"


def test_public_access_cites_the_switch() -> None:
    estate = estate_of([doc(VAULT, "x", properties={"publicNetworkAccess": "Enabled"})])
    access, evidence = public_access(named(estate, VAULT.casefold(), "x"))
    assert (access, evidence.value, evidence.place.pointer) == ("enabled", "Enabled", "/properties/publicNetworkAccess")
