"""Certificates that nothing from the Internet reaches a place past the gateway and Bastion: the cut, hop by hop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.model import ArmId, Resource
from auditor.proofs.pieces import NotCertifiedError
from auditor.workload.parts import NIC, Workload

RULE = "internet_reaches_more_than_the_chat"
_ADDRESS = "microsoft.network/publicipaddresses"
_FIREWALL = "microsoft.network/azurefirewalls"
_GROUPS = "microsoft.network/firewallpolicies/rulecollectiongroups"
_COMPUTE = "microsoft.machinelearningservices/workspaces/computes"
_NAT = "firewallpolicynatrulecollection"
_DOORS = {"microsoft.network/applicationgateways": "gateway", "microsoft.network/bastionhosts": "bastion"}
_SWITCHED = frozenset({
    "microsoft.cognitiveservices/accounts",
    "microsoft.containerregistry/registries",
    "microsoft.keyvault/vaults",
    "microsoft.machinelearningservices/workspaces",
    "microsoft.machinelearningservices/workspaces/onlineendpoints",
    "microsoft.search/searchservices",
    "microsoft.storage/storageaccounts",
    "microsoft.web/sites",
})  # fmt: skip
"""Services that answer at a public endpoint, and whose `publicNetworkAccess` shuts it."""
_INSIDE = frozenset({
    "microsoft.network/networkinterfaces",
    "microsoft.network/privateendpoints",
    "microsoft.network/virtualnetworks/subnets",
})  # fmt: skip
"""What has no endpoint of its own but what a public address leads to."""
_WITHOUT_A_WAY = frozenset({
    "microsoft.alertsmanagement",
    "microsoft.authorization",
    "microsoft.bing",
    "microsoft.consumption",
    "microsoft.insights",
    "microsoft.managedidentity",
    "microsoft.operationalinsights",
    "microsoft.security",
    "microsoft.cognitiveservices/accounts",
    "microsoft.compute/disks",
    "microsoft.compute/virtualmachines",
    "microsoft.containerregistry/registries",
    "microsoft.devopsinfrastructure/pools",
    "microsoft.documentdb/databaseaccounts",
    "microsoft.keyvault/vaults",
    "microsoft.machinelearningservices/registries",
    "microsoft.machinelearningservices/workspaces",
    "microsoft.network/applicationgateways",
    "microsoft.network/applicationgatewaywebapplicationfirewallpolicies",
    "microsoft.network/applicationsecuritygroups",
    "microsoft.network/azurefirewalls",
    "microsoft.network/bastionhosts",
    "microsoft.network/ddosprotectionplans",
    "microsoft.network/firewallpolicies",
    "microsoft.network/networkinterfaces",
    "microsoft.network/networksecuritygroups",
    "microsoft.network/privatednszones",
    "microsoft.network/privateendpoints",
    "microsoft.network/publicipaddresses",
    "microsoft.network/routetables",
    "microsoft.network/virtualnetworks",
    "microsoft.search/searchservices",
    "microsoft.storage/storageaccounts",
    "microsoft.web/serverfarms",
    "microsoft.web/sites",
})  # fmt: skip
"""Providers, and kinds with all that is inside of them, that let nobody on to another resource but over a public
address that stands by itself, or over one of the doors that are looked at here."""
_PROVIDER = "/providers/"


def covers(target: Resource) -> bool:
    """Whether a cut can certify that a resource is not reached."""
    return target.type in _SWITCHED | _INSIDE


def certificate(target: Resource, w: Workload) -> dict[str, Any]:
    """The entrances from the Internet, and why none leads to a target past the gateway and Bastion.

    Raises `NotCertifiedError` where the form does not cover what the snapshot shows.
    """
    hops = [*_own(target), *_computes(w), *(_address(each, w) for each in w.estate.seen(_ADDRESS))]
    for nic in w.estate.seen(NIC):
        configurations = nic.stated("properties", "ipConfigurations") or ()
        if any(nic.stated("properties", "ipConfigurations", n, "properties", "publicIPAddress")
               for n in range(len(configurations))):  # fmt: skip
            raise NotCertifiedError(f"{nic.name} has a public address")
    for document in w.estate.snapshot.documents:
        id_ = ArmId(str(document.get("id", "")))
        kind = "/".join(id_.type.split("/")[:2])
        if _PROVIDER in id_.key and not {kind, kind.partition("/")[0]} & _WITHOUT_A_WAY:
            raise NotCertifiedError(f"a {kind} may be an entrance, and the form does not cover it")
    return {"form": "cut", "hops": hops}


def _own(target: Resource) -> Iterator[dict[str, Any]]:
    if target.type not in _SWITCHED:
        return
    place = target.place("properties", "publicNetworkAccess")
    value = target.stated("properties", "publicNetworkAccess")
    if str(value).casefold() != "disabled" or place.document != target.id:
        raise NotCertifiedError("its public endpoint is not closed as a whole")
    yield {"entrance": target.id.text, "why": "closed", "pointer": place.pointer, "value": value}


def _computes(w: Workload) -> Iterator[dict[str, Any]]:
    for compute in w.estate.seen(_COMPUTE):
        if compute.stated("properties", "properties", "enableNodePublicIp") is not False:
            raise NotCertifiedError(f"{compute.name} may have a public address")
        yield {"entrance": compute.id.text, "why": "no address"}


def _address(address: Resource, w: Workload) -> dict[str, Any]:
    stated = address.stated("properties", "ipConfiguration", "id")
    found: dict[str, Any] = {"entrance": address.id.text}
    if stated is None:
        return {**found, "why": "of nothing"}
    owner = ArmId(str(stated)).parent
    kind = owner.type if owner is not None else ""
    if owner is None or w.estate.find(owner) is None or kind not in (*_DOORS, _FIREWALL):
        raise NotCertifiedError(f"{address.name} leads past the gateway and Bastion, and the form does not cover it")
    if kind == _FIREWALL and not _without_nat(w):
        raise NotCertifiedError("a firewall may translate addresses, and the form does not cover it")
    return {**found, "why": _DOORS.get(kind, "firewall without NAT"), "of": owner.text}


def _without_nat(w: Workload) -> bool:
    own = [firewall.stated("properties", "natRuleCollections") for firewall in w.estate.seen(_FIREWALL)]
    lists = [group.stated("properties", "ruleCollections") for group in w.estate.seen(_GROUPS)]
    kinds = {str(c.get("ruleCollectionType")).casefold() for each in lists for c in each or () if isinstance(c, dict)}
    return not any(own) and _NAT not in kinds
