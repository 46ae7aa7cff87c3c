"""Public access: nothing but the gateway and Bastion answers the Internet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from auditor.documents.defaults import az, az_set, setting
from auditor.documents.ml_workspace import OnlineEndpoint
from auditor.documents.network_hosts import AGENT_POOL, AgentPool
from auditor.documents.pool_membership import SCALE_SET_INTERFACE, Pooled
from auditor.estate import Relation
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown, Verdict
from auditor.model.change import Action, Change, delete, set_to
from auditor.rules.changes import made_anew, shut
from auditor.rules.rule import Answer, broken, decides, holds, unknown
from auditor.services.paas_firewall import open_to, public_access
from auditor.text.shell import q
from auditor.workload.owned import (
    registries_of,
    sites_and_slots,
    storages_of,
    vaults_of,
)
from auditor.workload.parts import Workload

_SWITCH = ("properties", "publicNetworkAccess")


@decides(on=lambda w: w.workspaces, part="workspace")
def workspace_answers_the_internet(workspace: Resource, w: Workload, _terms: object) -> Answer:
    """The Machine Learning workspace can be used from the Internet.

    What is read: `publicNetworkAccess` of the workspace and `allowPublicAccessWhenBehindVnet`, the older flag that
    says the same and overrides it or is overridden by it, whichever was written last.

    Why it matters: whoever reaches the workspace reaches its notebooks, its flows and the API that starts compute in
    the managed network. A private endpoint beside an open public endpoint protects nothing.

    What is wrong: `publicNetworkAccess` is anything but Disabled, or the older flag is true. Without
    `publicNetworkAccess` and without the flag Azure does not say which holds, and the answer is unknown.

    How to put it right: `az ml workspace update --public-network-access Disabled`; make sure first that a private
    endpoint exists and that its names resolve (PL-01, PL-11, PL-12).

    References: article, "Ingress to Azure Machine Learning";
    learn.microsoft.com/azure/machine-learning/how-to-configure-private-link.
    """
    flag = setting(workspace, "properties", "allowPublicAccessWhenBehindVnet")
    switch = workspace.at(*_SWITCH)
    fix = az("ml workspace update", workspace, "--public-network-access Disabled")
    if flag.value is True:
        says = f"allowPublicAccessWhenBehindVnet of {workspace.name} is true"
        older = set_to(workspace.id, "properties/allowPublicAccessWhenBehindVnet", False)
        changes = [*shut(workspace), older]
        return broken(workspace, says, flag.evidence, switch, fix=fix, changes=changes)
    return _switched_off(workspace, w, fix, flag.evidence)


@decides(on=lambda w: w.online_endpoints, part="online endpoint")
def endpoint_answers_the_internet(endpoint: Resource, w: Workload, _terms: object) -> Answer:
    """An online endpoint of the workspace can be called from the Internet.

    What is read: `publicNetworkAccess` of the endpoint; absent means Enabled, the default. An endpoint on a Kubernetes
    cluster has no such switch: the ingress of the cluster decides, which is not read, and the answer is unknown.

    Why it matters: an endpoint has a switch of its own and does not inherit the workspace's. Flows that are deployed
    to an endpoint that does not exist yet create one that is open, and then only its key stands before the flow.

    What is wrong: `publicNetworkAccess` is anything but Disabled.

    How to put it right: `az ml online-endpoint update --set public_network_access=disabled`.

    References: article, "Ephemeral components";
    learn.microsoft.com/azure/machine-learning/concept-secure-online-endpoint.
    """
    view = OnlineEndpoint(endpoint)
    if view.on_kubernetes:
        because = f"{endpoint.name} is served by a Kubernetes cluster, whose ingress decides who reaches it"
        return unknown(endpoint, Unknown(because), view.compute.evidence, endpoint.at("kind"))
    workspace = endpoint.id.parent.name if endpoint.id.parent is not None else w.name
    fix = (
        f"az ml online-endpoint update --name {q(endpoint.name)} --workspace-name {q(workspace)}"
        f" --resource-group {q(endpoint.id.resource_group)} --set public_network_access=disabled"
    )
    return _switched_off(endpoint, w, fix)


def _switched_off(resource: Resource, w: Workload, fix: str, *more: Evidence) -> Verdict:
    """Whether the switch alone, and no list of addresses, keeps the public endpoint shut."""
    access, evidence = public_access(resource)
    if access == "disabled":
        return holds(resource, f"public network access of {resource.name} is Disabled", evidence, *more)
    if access == "enabled":
        stated = "Enabled" if evidence.value is not None else "not set, which means Enabled"
        says = f"public network access of {resource.name} is {stated}"
        return broken(resource, says, evidence, *more, fix=fix, changes=shut(resource))
    if access == "perimeter":
        return _by_perimeter(resource, w, fix, *more)
    if access:
        because = f"publicNetworkAccess of {resource.name} is {evidence.value!r}, which this version does not know"
    else:
        because = f"{resource.name} does not state publicNetworkAccess, and Azure does not define what that means"
    return unknown(resource, Unknown(because), evidence, *more)


def _by_perimeter(resource: Resource, w: Workload, fix: str, *more: Evidence) -> Verdict:
    """Whether the inbound rules of a perimeter keep everybody out."""
    found = open_to(w.estate, resource)
    if isinstance(found.closed, Unknown):
        return unknown(resource, found.closed, *found.reasons, *more)
    if not found.closed:
        return broken(resource, found.says, *found.reasons, *more, fix=fix, changes=shut(resource))
    return holds(resource, found.says, *found.reasons, *more)


class ExposureTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may stand in for a public endpoint that is off.

    `rules_suffice`: whether rules that allow no address are enough, as where services that Azure trusts must get in.
    `trusted_services`: whether those may pass the rules; they come from Azure, not the Internet, and still need a role.
    """

    rules_suffice: bool
    trusted_services: bool


@decides(on=lambda w: w.openai, part="Azure OpenAI account", terms=ExposureTerms)
def openai_answers_the_internet(account: Resource, w: Workload, terms: ExposureTerms) -> Answer:
    """The Azure OpenAI account can be called from the Internet.

    What is read: `publicNetworkAccess`, and where that is not Disabled the firewall: `networkAcls` with its default
    action, addresses and subnets. Absent means Enabled; without `networkAcls` everybody is let in.

    Why it matters: the account is used with keys here, so a leaked key is all that an attacker needs once let in.

    What is wrong: some address or some subnet is let in; or the endpoint is on where the terms want it off, even if its
    rules allow no address (`rules_suffice`). Private endpoints are not a matter of this firewall.

    How to put it right: set `publicNetworkAccess` to Disabled. The flow reaches the account through the workspace's
    managed private endpoint (MVN-06) and the network through its own (PL-03).

    References: article, "Ingress to Azure Machine Learning" and "Azure OpenAI" (control clients);
    learn.microsoft.com/azure/ai-services/cognitive-services-virtual-networks.
    """
    return _shut(account, w, terms, az_set(account.id, "properties.publicNetworkAccess", "Disabled"))


@decides(on=lambda w: w.searches, part="AI Search service", terms=ExposureTerms)
def search_answers_the_internet(service: Resource, w: Workload, terms: ExposureTerms) -> Answer:
    """The AI Search service can be queried from the Internet.

    What is read: `publicNetworkAccess`, compared without letter case since Azure writes it both ways, and
    `networkRuleSet.ipRules`. A service that is enabled and lists no address takes all of them.

    Why it matters: the index holds the grounding data, which is the company's own.

    What is wrong: public access is enabled, with or without addresses to narrow it.

    How to put it right: `az search service update --public-access disabled`.

    References: article, "Ingress to Azure Machine Learning";
    learn.microsoft.com/azure/search/service-configure-firewall.
    """
    return _shut(service, w, terms, az("search service update", service, "--public-access disabled"))


@decides(on=vaults_of, part="key vault", terms=ExposureTerms)
def vault_answers_the_internet(vault: Resource, w: Workload, terms: ExposureTerms) -> Answer:
    """The key vault can be reached from the Internet.

    What is read: `publicNetworkAccess`; where it is not Disabled, `networkAcls`: the default action, the addresses
    and subnets that it lets in, and the exception for services that Azure trusts (`bypass`). Absent public access is
    Enabled, absent rules let everybody in.

    Why it matters: the vault holds the keys of Azure OpenAI and of the online endpoint, and the gateway's
    certificate.

    What is wrong: an address or a subnet is let in. A vault that is Enabled but denies by default and lists no address
    is shut to the Internet; what remains is the exception for trusted services such as Application Gateway, which the
    terms allow or refuse (`trusted_services`). They still need a role in the vault.

    How to put it right: `az keyvault update --public-network-access Disabled`.

    References: article, "Ingress to Azure Machine Learning";
    learn.microsoft.com/azure/key-vault/general/network-security.
    """
    return _shut(vault, w, terms, az("keyvault update", vault, "--public-network-access Disabled"))


@decides(on=registries_of, part="container registry", terms=ExposureTerms)
def registry_answers_the_internet(registry: Resource, w: Workload, terms: ExposureTerms) -> Answer:
    """The container registry can be reached from the Internet, or hands out images without asking who wants them.

    What is read: `publicNetworkAccess`, `networkRuleSet` and `anonymousPullEnabled`. Absent means Enabled, everybody
    and false, the defaults.

    Why it matters: images hold the flows' code. What can be pulled can be read; what can be pushed will run.

    What is wrong: an address is let in, the endpoint is on where the terms want it off, or anonymous pull is on. Only
    the Premium tier can shut its public endpoint.

    How to put it right: `az acr update --public-network-enabled false` and `az acr update --anonymous-pull-enabled
    false`.

    References: article, "Components" (a private registry);
    learn.microsoft.com/azure/container-registry/container-registry-access-selected-networks.
    """
    anonymous = setting(registry, "properties", "anonymousPullEnabled")
    if anonymous.value is True:
        fix = f"az acr update --name {q(registry.name)} --anonymous-pull-enabled false"
        lost = f"whoever pulls images from {registry.name} without signing in cannot any more"
        change = set_to(registry.id, "properties/anonymousPullEnabled", False, warning=lost)
        says = f"{registry.name} allows anonymous pull of images"
        return broken(registry, says, anonymous.evidence, fix=fix, changes=[change])
    fix = f"az acr update --name {q(registry.name)} --public-network-enabled false"
    return _shut(registry, w, terms, fix, anonymous.evidence)


@decides(on=storages_of, part="storage account", terms=ExposureTerms)
def storage_answers_the_internet(account: Resource, w: Workload, terms: ExposureTerms) -> Answer:
    """A storage account can be reached from the Internet, or serves blobs to anonymous readers.

    What is read: `publicNetworkAccess` (absent means Enabled), `networkAcls` (absent means everybody) and
    `allowBlobPublicAccess`.

    Why it matters: the workspace's account holds the sources of the flows and, in its file share, the authors' work.
    One address left over from the day of the deployment is enough.

    What is wrong: an address or a subnet is let in, or anonymous blobs are allowed. An account that does not say
    whether anonymous blobs are allowed is unknown: Azure took it for yes until 2023 and for no since.

    How to put it right: `az storage account update --public-network-access Disabled --allow-blob-public-access false`.

    References: article, "Ingress to Azure Machine Learning";
    learn.microsoft.com/azure/storage/common/storage-network-security.
    """
    fix = az("storage account update", account, "--public-network-access Disabled --allow-blob-public-access false")
    blobs = account.at("properties", "allowBlobPublicAccess")
    if blobs.value is True:
        lost = f"whoever reads blobs of {account.name} without signing in cannot any more"
        change = set_to(account.id, "properties/allowBlobPublicAccess", False, warning=lost)
        says = f"{account.name} allows anonymous blobs: allowBlobPublicAccess is true"
        return broken(account, says, blobs, fix=fix, changes=[*_unless_shut(account, w, terms), change])
    verdict = _shut(account, w, terms, fix, blobs)
    if verdict.outcome == "pass":
        setting(account, "properties", "allowBlobPublicAccess")
    return verdict


def _unless_shut(service: Resource, w: Workload, terms: ExposureTerms) -> list[Change]:
    """What else it takes to shut a service whose one fault is told already."""
    return list(_shut(service, w, terms, "").changes)


def _shut(service: Resource, w: Workload, terms: ExposureTerms, fix: str, *more: Evidence) -> Verdict:
    """Whether the service's switch and firewall together keep everybody out who is not a trusted service."""
    firewall = open_to(w.estate, service)
    match firewall.closed:
        case Unknown() as gap:
            return unknown(service, gap, *firewall.reasons, *more)
        case False:
            return broken(service, firewall.says, *firewall.reasons, *more, fix=fix, changes=shut(service))
    access, switch = public_access(service)
    if access == "enabled" and not terms.rules_suffice and not firewall.by_perimeter:
        says = f"public network access of {service.name} is on; {firewall.says}"
        return broken(service, says, switch, *firewall.reasons, *more, fix=fix, changes=shut(service))
    if firewall.trusted_services and not terms.trusted_services:
        says = f"{firewall.says}, but services that Azure trusts pass"
        lost = f"services that Azure trusts and that come to {service.name} without a private endpoint lose access"
        change = set_to(service.id, "properties/networkAcls/bypass", "None", warning=lost)
        return broken(service, says, *firewall.reasons, *more, fix=fix, changes=[change])
    return holds(service, firewall.says, *firewall.reasons, *more)


@decides(on=sites_and_slots, part="web app")
def web_app_answers_the_internet(site: Resource, w: Workload, _terms: object) -> Answer:
    """A web app answers the Internet beside the gateway.

    What is read: `publicNetworkAccess` of the site and of its `config/web`; the site's deployment slots likewise.
    Where neither states it, the site is shut if it has a private endpoint and open if it has none.

    Why it matters: a request that goes to `*.azurewebsites.net` directly passes no web application firewall.

    What is wrong: one of the two says Enabled, or neither says anything and there is no private endpoint.

    How to put it right: `az webapp update --set publicNetworkAccess=Disabled`.

    References: article, introduction; learn.microsoft.com/azure/app-service/overview-access-restrictions.
    """
    fix = az_set(site.id, "properties.publicNetworkAccess", "Disabled")
    stated = [site.at(*_SWITCH)]
    gap: Unknown | None = None
    try:
        stated += [c.at(*_SWITCH) for c in _config(site, w)]
    except NotKnown as missing:
        gap = missing.unknown
    words = [str(e.value or "").casefold() for e in stated]
    if "enabled" in words:
        changes = _site_off(site, w, stated)
        return broken(site, f"public network access of {site.name} is Enabled", *stated, fix=fix, changes=changes)
    strange = [e.value for e, word in zip(stated, words, strict=True) if word not in ("", "disabled")]
    if strange:
        because = f"publicNetworkAccess of {site.name} is {strange[0]!r}, which this version does not know"
        return unknown(site, Unknown(because), *stated)
    if gap is not None:
        return unknown(site, gap, *stated)
    if "disabled" in words:
        return holds(site, f"public network access of {site.name} is Disabled", *stated)
    return _by_private_endpoint(site, w, fix, stated)


def _site_off(site: Resource, w: Workload, stated: list[Evidence]) -> list[Change]:
    """The switch of the site, and of its configuration where that states another."""
    changes = shut(site)
    config = w.estate.child(site, "config", "web")
    if config is not None and any(e.value for e in stated[1:]):
        changes.append(set_to(config.id, "properties/publicNetworkAccess", "Disabled"))
    return changes


def _config(site: Resource, w: Workload) -> Iterator[Resource]:
    found = w.estate.child(site, "config", "web")
    if found is None:
        because = f"config/web of {site.name} is not in this snapshot"
        raise NotKnown(Unknown(because, permission="Microsoft.Web/sites/config/read"))
    yield found


def _by_private_endpoint(site: Resource, w: Workload, fix: str, stated: list[Evidence]) -> Verdict:
    ends = w.estate.seen(f"{site.type}/privateendpointconnections", under=site.id)
    if ends:
        says = f"{site.name} states no public network access and has a private endpoint, which shuts it"
        return holds(site, says, *stated, ends[0].at("id"))
    says = f"{site.name} states no public network access and has no private endpoint, so it is open"
    return broken(site, says, *stated, fix=fix, changes=shut(site))


@decides(on=lambda w: w.jump_boxes, part="jump box")
def jump_box_has_a_public_address(machine: Resource, w: Workload, _terms: object) -> Answer:
    """The jump box has a public address.

    What is read: `ipConfigurations[].publicIPAddress` of every network interface of the machine.

    Why it matters: authors come through Bastion, which asks who they are. A public address is a second entry point for
    everybody who scans for RDP and SSH.

    What is wrong: one of its interfaces carries a public address.

    How to put it right: `az network nic ip-config update --remove publicIpAddress`, then delete the address.

    References: article, "Ingress to Azure Machine Learning" (jump box through Bastion);
    learn.microsoft.com/azure/virtual-network/ip-services/remove-public-ip-address-vm.
    """
    place = machine.place("properties", "networkProfile", "networkInterfaces")
    nics = [w.estate.need(id_, place) for id_ in w.nics_of(machine)]
    read = [
        (nic, str(config.get("name")), nic.at("properties", "ipConfigurations", index, "properties", "publicIPAddress"))
        for nic in nics
        for index, config in nic.items("properties", "ipConfigurations")
    ]
    for nic, config, evidence in read:
        if evidence.value is not None:
            address = ArmId(str(evidence.value.get("id")))
            fix = (
                f"az network nic ip-config update --resource-group {q(nic.id.resource_group)} --nic-name {q(nic.name)}"
                f" --name {q(config)} --remove publicIpAddress"
            )
            says = f"{nic.name} of {machine.name} carries {address.name}"
            return broken(machine, says, evidence, fix=fix, changes=[_detached(machine, nic, evidence, address)])
    return holds(machine, f"no interface of {machine.name} carries a public address", *(e for _, _, e in read))


def _detached(machine: Resource, nic: Resource, evidence: Evidence, address: ArmId) -> Change:
    lost = f"whoever reaches {machine.name} at {address.name} has to come through Bastion"
    return Change(Action.REMOVE, nic.id, evidence.place.pointer, warning=lost)


@decides(on=lambda w: w.compute_instances, part="compute instance")
def compute_instance_is_public(compute: Resource, w: Workload, _terms: object) -> Answer:
    """A compute instance has a public address, or its SSH port is open.

    What is read: `enableNodePublicIp` and `sshSettings.sshPublicAccess` of the compute. Neither has a default that
    Azure states, so a compute that does not say is unknown.

    Why it matters: a compute instance runs what an author runs, with an identity that pulls images and reads the
    workspace's storage. From the managed network it needs no address of its own.

    What is wrong: `enableNodePublicIp` is true, or `sshPublicAccess` is Enabled.

    How to put it right: neither can be changed on an instance that exists. Delete it and create it again with
    `az ml compute create --type ComputeInstance --enable-node-public-ip false --ssh-public-access-enabled false`.

    References: article, "Flow from the Azure Machine Learning managed virtual network to Azure PaaS services";
    learn.microsoft.com/azure/machine-learning/how-to-create-compute-instance.
    """
    inner = ("properties", "properties")
    address = compute.at(*inner, "enableNodePublicIp")
    ssh = compute.at(*inner, "sshSettings", "sshPublicAccess")
    fix = (
        f"az ml compute delete --name {q(compute.name)} --workspace-name {q(w.name)}"
        f" --resource-group {q(compute.id.resource_group)} && az ml compute create --type ComputeInstance"
        f" --name {q(compute.name)} --workspace-name {q(w.name)} --resource-group {q(compute.id.resource_group)}"
        " --enable-node-public-ip false --ssh-public-access-enabled false"
    )
    if address.value is True:
        says = f"{compute.name} has a public address: enableNodePublicIp is true"
        return broken(compute, says, address, ssh, fix=fix, changes=_anew(compute))
    if str(ssh.value).casefold() == "enabled":
        says = f"the SSH port of {compute.name} is open: sshPublicAccess is {ssh.value}"
        return broken(compute, says, ssh, address, fix=fix, changes=_anew(compute))
    setting(compute, *inner, "enableNodePublicIp")
    setting(compute, *inner, "sshSettings", "sshPublicAccess")
    return holds(compute, f"{compute.name} has no public address and its SSH port is shut", address, ssh)


def _anew(compute: Resource) -> list[Change]:
    """Neither setting can be changed on an instance that exists, so it is made again with both."""
    lost = f"{compute.name} is deleted and made again: files on its own disk are lost"
    inner = compute.get("properties", "properties", default={})
    ssh = {**inner.get("sshSettings", {}), "sshPublicAccess": "Disabled"}
    return made_anew(compute, lost, {"properties": {**inner, "enableNodePublicIp": False, "sshSettings": ssh}})


class AddressTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ARM types that may hold a public address."""

    holders: tuple[str, ...]


@decides(on=lambda w: (*w.public_addresses, *w.instance_addresses), part="public address", terms=AddressTerms)
def address_is_not_the_entry(address: Resource, w: Workload, terms: AddressTerms) -> Answer:
    """There is a public address that is neither the gateway's nor Bastion's.

    What is read: `ipConfiguration.id` of every public address of the workload, which names what holds it, and the
    gateways, Bastion hosts, NAT gateways and load balancers that name the address themselves; and
    `publicIPAddressConfiguration` of the profile of every scale set, which gives each instance an address that stands
    in no list; `enableNodePublicIP` of the pools of a Kubernetes cluster.

    Why it matters: each address is an entry point, or will be one the day it is attached.

    What is wrong: the address is held by something else, or by nothing.

    How to put it right: detach it from what holds it, then `az network public-ip delete`.

    References: article, "Security" (only the chat UI is reachable from the Internet);
    learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses.
    """
    if address.type == AGENT_POOL:
        return _of_nodes(address)
    if address.type == SCALE_SET_INTERFACE:
        return _of_instances(address, terms)
    held = address.at("properties", "ipConfiguration")
    holders = tuple(_holders(address, w))
    fix = f"az network public-ip delete --name {q(address.name)} --resource-group {q(address.id.resource_group)}"
    if not holders:
        says = f"{address.name} is a public address that nothing holds"
        lost = f"{address.name} goes back to Azure, and cannot be had again"
        return broken(address, says, held, fix=fix, changes=[delete(address.id, lost)])
    allowed = {type_.casefold() for type_ in terms.holders}
    strange = [holder for holder in holders if holder.type not in allowed]
    if strange:
        says = f"{address.name} is a public address of {strange[0].name} ({strange[0].type})"
        return broken(address, says, held, fix=f"detach it from {strange[0].text}, then {fix}")
    return holds(address, f"{address.name} is the address of {holders[0].name}", held)


def _of_nodes(pool: Resource) -> Verdict:
    given = AgentPool(pool).gives_addresses
    if not given.value:
        return holds(pool, f"the nodes of {pool.name} have no public addresses", given.evidence)
    says = f"{pool.name} gives each of its nodes a public address"
    return broken(pool, says, given.evidence, fix=f"make the pool {q(pool.id.text)} anew without node public IPs")


def _of_instances(pattern: Resource, terms: AddressTerms) -> Verdict:
    scale_set = pattern.id.parent or pattern.id
    evidence = tuple(address.shown() for address in Pooled(pattern).instance_addresses)
    if scale_set.type in {type_.casefold() for type_ in terms.holders}:
        return holds(scale_set, f"the instances of {scale_set.name} may have public addresses", *evidence)
    says = f"{scale_set.name} gives each of its instances a public address"
    return broken(
        scale_set, says, *evidence, fix=f"remove publicIPAddressConfiguration from the profile of {scale_set.text}"
    )


def _holders(address: Resource, w: Workload) -> Iterable[ArmId]:
    """What an address is attached to: by its own word, and by theirs."""
    named = address.ref("properties", "ipConfiguration")
    own = [named.parent] if named is not None and named.parent is not None else []
    return dict.fromkeys((*own, *(r.id for r in w.estate.into(address, Relation.HAS_ADDRESS))))
