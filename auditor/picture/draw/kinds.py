"""What the picture calls the things of an estate, and which small drawing stands beside each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from auditor.picture.model import (
    IDENTITY,
    INTEGRATION,
    INTERNET,
    MANAGED_NETWORK,
    RULE_ANY,
    RULE_HOST,
    RULE_PRIVATE,
    RULE_REQUIRED,
    RULE_TAG,
    WORKLOAD,
    Item,
    Tally,
)


class Kind(NamedTuple):
    """The word for a type, and the name of its icon."""

    word: str
    icon: str


_ML = "microsoft.machinelearningservices/workspaces"

KINDS: Mapping[str, Kind] = {
    INTERNET: Kind("the Internet", "globe"),
    INTEGRATION: Kind("web app, outbound", "window"),
    IDENTITY: Kind("identity", "person"),
    MANAGED_NETWORK: Kind("managed network", "network"),
    RULE_PRIVATE: Kind("private endpoint", "plug"),
    RULE_HOST: Kind("host name rule", "arrow"),
    RULE_TAG: Kind("service tag rule", "arrow"),
    RULE_REQUIRED: Kind("required by Azure", "arrow"),
    RULE_ANY: Kind("no approved list", "arrow"),
    WORKLOAD: Kind("workload as a whole", "box"),
    "microsoft.network/virtualnetworks": Kind("virtual network", "network"),
    "microsoft.network/virtualnetworks/subnets": Kind("subnet", "network"),
    "microsoft.network/publicipaddresses": Kind("public address", "address"),
    "microsoft.network/applicationgateways": Kind("Application Gateway", "gateway"),
    "microsoft.network/bastionhosts": Kind("Azure Bastion", "gateway"),
    "microsoft.network/azurefirewalls": Kind("Azure Firewall", "shield"),
    "microsoft.network/virtualnetworkgateways": Kind("VPN gateway", "gateway"),
    "microsoft.network/loadbalancers": Kind("load balancer", "gateway"),
    "microsoft.network/networkinterfaces": Kind("network interface", "plug"),
    "microsoft.network/privateendpoints": Kind("private endpoint", "plug"),
    "microsoft.network/networksecuritygroups": Kind("security group", "shield"),
    "microsoft.network/privatednszones": Kind("private DNS zone", "lens"),
    "microsoft.compute/virtualmachines": Kind("virtual machine", "screen"),
    "microsoft.compute/virtualmachinescalesets": Kind("scale set", "screen"),
    "microsoft.web/sites": Kind("web app", "window"),
    "microsoft.web/sites/slots": Kind("slot of a web app", "window"),
    "microsoft.web/serverfarms": Kind("App Service plan", "gear"),
    "microsoft.storage/storageaccounts": Kind("storage account", "drum"),
    "microsoft.keyvault/vaults": Kind("key vault", "key"),
    "microsoft.containerregistry/registries": Kind("container registry", "crate"),
    "microsoft.cognitiveservices/accounts": Kind("Azure AI services", "spark"),
    "microsoft.search/searchservices": Kind("AI Search service", "lens"),
    _ML: Kind("Machine Learning workspace", "flask"),
    f"{_ML}/onlineendpoints": Kind("online endpoint", "spark"),
    f"{_ML}/onlineendpoints/deployments": Kind("deployment", "gear"),
    f"{_ML}/computes": Kind("compute", "screen"),
    "microsoft.managedidentity/userassignedidentities": Kind("identity", "person"),
    "microsoft.insights/components": Kind("Application Insights", "chart"),
    "microsoft.operationalinsights/workspaces": Kind("Log Analytics workspace", "chart"),
    "microsoft.resources/resourcegroups": Kind("resource group", "box"),
    "microsoft.resources/subscriptions": Kind("subscription", "box"),
    "microsoft.apimanagement/service": Kind("API Management", "gateway"),
}


def kind_of(item: Item) -> Kind:
    """The word and icon of an item; a type without a row is called by its own last word."""
    return KINDS.get(item.type) or Kind(item.type.rpartition("/")[2] or "resource", "box")


def about(item: Item) -> str:
    """What an item is, in few words: its part where it plays one, and what is to be known beside."""
    word = item.part or kind_of(item).word
    if not item.seen:
        return f"{word}, not in this snapshot"
    if item.type == "microsoft.network/publicipaddresses":
        return item.note or "no address yet"
    note = item.note if item.type != RULE_REQUIRED else ""
    return f"{word}, {note}" if note else word


def badge(tally: Tally) -> str:
    """`2 high`, `2 high +5`, `1 unknown`, `2 high, 1 ?`: of the fails the worst, how many more there are, and what
    is not known; empty where nothing is to be looked at."""
    if tally.fails:
        more, others = tally.unknown + tally.errors, tally.fails - _worst(tally)
        said = f"{_worst(tally)} {tally.severity}" + (f" +{others}" if others else "")
        return said + (f", {more} ?" if more else "")
    if tally.errors:
        return f"{tally.errors} error" + ("s" if tally.errors > 1 else "")
    return f"{tally.unknown} unknown" if tally.unknown else ""


def _worst(tally: Tally) -> int:
    """How many fails have the worst severity; all of them where nobody counted."""
    return tally.worst or tally.fails


def spoken(tally: Tally) -> str:
    """The findings in a phrase: `3 fail (2 high), 1 unknown, 8 pass`."""
    worst = f" ({_worst(tally)} {tally.severity})" if tally.fails else ""
    said = [
        f"{tally.fails} fail{worst}" if tally.fails else "",
        f"{tally.errors} in error" if tally.errors else "",
        f"{tally.unknown} unknown" if tally.unknown else "",
        f"{tally.waived} waived" if tally.waived else "",
        f"{tally.passes} pass" if tally.passes else "",
    ]
    return ", ".join(filter(None, said)) or "nothing checked"
