"""Mutations of the services: public access, transport, content filters, components, reliability, cost, operations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.mutations.every import Mutation, broken

_SITES = ("app-aibase", "app-aibase-pf")
_STORAGES = ("staibase", "stmlaibase")


def mutations() -> Iterator[Mutation]:
    """Family by family."""
    yield from _public()
    yield from _transport()
    yield from _filters()
    yield from _reliability()
    yield from _the_rest()


def one(name: str, path: str, value: Any, by: str) -> Mutation:
    """One property set."""
    return broken(name, ("set", path, value), by=by)


def _public() -> Iterator[Mutation]:
    on = "Enabled"
    # Rules that a preview version shows may narrow a public workspace, so whether it is reached cannot be determined.
    switch = ("set", "workspaces/mlw-aibase/properties/publicNetworkAccess", on)
    yield broken("workspace public", switch, by="PUB-01 mlw-aibase", leaves_unknown="NET-02 workspaces/mlw-aibase")
    older = "workspaces/mlw-aibase/properties/allowPublicAccessWhenBehindVnet"
    yield one("workspace public by the older flag", older, True, "PUB-01 mlw-aibase")
    endpoint = "onlineEndpoints/ept-aibase/properties/publicNetworkAccess"
    by = "PUB-02 onlineEndpoints/ept-aibase, PL-14 sites/app-aibase, NET-02 onlineEndpoints/ept-aibase"
    yield one("endpoint public", endpoint, on, by)
    doors = {
        "accounts/oai-aibase": ("PUB-03", "networkAcls"),
        "searchServices/srch-aibase": ("PUB-04", "networkRuleSet"),
        "vaults/kv-aibase": ("PUB-05", "networkAcls"),
        "registries/craibase": ("PUB-06", "networkRuleSet"),
        "storageAccounts/staibase": ("PUB-07", "networkAcls"),
        "storageAccounts/stmlaibase": ("PUB-07", "networkAcls"),
    }
    for resource, (row, rules) in doors.items():
        by = f"{row} {resource}, NET-02 {resource}" + (f", IDN-14 {resource}" if row == "PUB-03" else "")
        opened = ("set", f"{resource}/properties/publicNetworkAccess", on)
        rule = {"value": "198.51.100.7", "action": "Allow"}
        yield broken(
            f"{resource}: an address is let in",
            opened,
            ("set", f"{resource}/properties/{rules}/ipRules", [rule]),
            by=by,
        )
        if row != "PUB-04":
            allow = ("set", f"{resource}/properties/{rules}/defaultAction", "Allow")
            yield broken(f"{resource}: everybody is let in", opened, allow, by=by)
        yield broken(f"{resource}: no rules at all", opened, ("unset", f"{resource}/properties/{rules}"), by=by)
    for account in _STORAGES:
        path = f"storageAccounts/{account}/properties/allowBlobPublicAccess"
        yield one(f"{account}: anonymous blobs", path, True, f"PUB-07 storageAccounts/{account}")
    path = "registries/craibase/properties/anonymousPullEnabled"
    yield one("registry: anonymous pull", path, True, "PUB-06 registries/craibase")
    compute = "computes/amli-aibase/properties/properties"
    yield one("compute instance: public address", f"{compute}/enableNodePublicIp", True, "PUB-10 computes/amli-aibase")
    yield one("compute instance: SSH", f"{compute}/sshSettings/sshPublicAccess", on, "PUB-10 computes/amli-aibase")


def _transport() -> Iterator[Mutation]:
    for site in _SITES:
        path = f"{site}/properties"
        yield one(f"{site}: plain HTTP", f"{path}/httpsOnly", False, f"NET-07 sites/{site}")
        yield one(f"{site}: TLS ends early", f"{path}/endToEndEncryptionEnabled", False, f"NET-09 sites/{site}")
        web = f"{site}/config/web/properties"
        for key in ("minTlsVersion", "scmMinTlsVersion"):
            for version in ("1.0", "1.1"):
                yield one(f"{site}: {key} {version}", f"{web}/{key}", version, f"NET-08 sites/{site}")
        yield one(f"{site}: FTP", f"{web}/ftpsState", "AllAllowed", f"NET-08 sites/{site}")
    for account in _STORAGES:
        path, by = f"storageAccounts/{account}/properties", f"NET-10 storageAccounts/{account}"
        yield one(f"{account}: plain HTTP", f"{path}/supportsHttpsTrafficOnly", False, by)
        for version in ("TLS1_0", "TLS1_1"):
            yield one(f"{account}: {version}", f"{path}/minimumTlsVersion", version, by)
    gateway = "agw-aibase/properties"
    yield one("WAF detects", "waf-aibase/properties/policySettings/mode", "Detection", "NET-03 agw-aibase")
    yield one("WAF off", "waf-aibase/properties/policySettings/state", "Disabled", "NET-03 agw-aibase")
    yield broken("no WAF", ("unset", f"{gateway}/firewallPolicy"), by="NET-03 agw-aibase")
    for version in ("TLSv1_0", "TLSv1_1"):
        yield one(f"gateway {version}", f"{gateway}/sslPolicy/minProtocolVersion", version, "NET-05 agw-aibase")
    backend = f"{gateway}/backendHttpSettingsCollection/WebAppBackendHttpSettings/properties/protocol"
    yield one("backend leg plain", backend, "Http", "NET-06 agw-aibase")
    yield one(
        "listener plain", f"{gateway}/httpListeners/WebAppListener/properties/protocol", "Http", "NET-04 agw-aibase"
    )
    yield one("DDoS off", "vnet-aibase/properties/enableDdosProtection", False, "NET-11 agw-aibase")
    yield broken("no DDoS plan", ("unset", "vnet-aibase/properties/ddosProtectionPlan"), by="NET-11 agw-aibase")
    yield one("chat UI past the network", "app-aibase/properties/vnetRouteAllEnabled", False, "PL-13 sites/app-aibase")


_FILTERS = {
    "hate": "CF-01",
    "sexual": "CF-02",
    "selfharm": "CF-03",
    "violence": "CF-04",
    "profanity": "CF-05",
    "jailbreak": "CF-06",
}


def _filters() -> Iterator[Mutation]:
    """Each filter on each side: off, only annotating, too lenient, gone."""
    harms = ("hate", "sexual", "selfharm", "violence")
    prompts = [(name, "Prompt") for name in (*harms, "jailbreak", "profanity")]
    order = prompts + [(name, "Completion") for name in (*harms, "profanity")]
    policy = "raiPolicies/blocking-filter"
    for index, (name, side) in enumerate(order):
        path, by = f"{policy}/properties/contentFilters/{index}", f"{_FILTERS[name]} {policy}, CF-07 deployments/gpt35"
        yield one(f"{name} {side}: off", f"{path}/enabled", False, by)
        yield one(f"{name} {side}: annotates only", f"{path}/blocking", False, by)
        if name not in ("jailbreak", "profanity"):
            for level in ("Medium", "High"):
                yield one(f"{name} {side}: {level}", f"{path}/severityThreshold", level, by)
    for mode in ("Deferred", "Asynchronous_filter"):
        yield one(f"policy {mode}", f"{policy}/properties/mode", mode, f"CF-08 {policy}")


def _reliability() -> Iterator[Mutation]:
    service = "searchServices/srch-aibase"
    for sku in ("free", "basic"):
        yield one(f"search sku {sku}", f"{service}/sku/name", sku, f"REL-01 {service}")
    for count in (1, 2):
        yield one(f"search replicas {count}", f"{service}/properties/replicaCount", count, f"REL-03 {service}")


def _the_rest() -> Iterator[Mutation]:
    yield broken("no budget", ("drop", "budgets/chat"), by="CST-01 mlw-aibase")
    warned = "budgets/chat/properties/notifications/actual_80/enabled"
    yield one("budget warns nobody", warned, False, "CST-01 mlw-aibase")
    yield one("dearer model", "deployments/gpt35/properties/model/name", "gpt-4", "CST-03 deployments/gpt35")
    yield broken(
        "no agents",
        ("set", "vnet-aibase/properties/subnets/snet-agents/properties/delegations", []),
        by="OPS-02 snet-agents",
    )
    yield broken("no ML registry", ("drop", "registries/mlr-aibase"), by="OPS-04 mlw-aibase")
    machine = "onlineEndpoints/ept-aibase/deployments/ept-aibase"
    yield broken("no instance type", ("unset", f"{machine}/properties/instanceType"), by=f"CST-05 {machine}")
