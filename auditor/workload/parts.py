"""Which resource plays which part: found by what it is delegated to, what sits in it and what points at it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from auditor.documents.host_names import planned_hosts
from auditor.documents.ml_workspace import Workspace, projects_of
from auditor.documents.network_hosts import AGENT_POOL, CLUSTER, AgentPool
from auditor.documents.pool_membership import SCALE_SET, SCALE_SET_INTERFACE, Pooled
from auditor.estate import Estate, Relation
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.network.topology.seated import seated_in
from auditor.workload.subnets import SubnetParts

ML = "microsoft.machinelearningservices/workspaces"
OPENAI = "microsoft.cognitiveservices/accounts"
SEARCH = "microsoft.search/searchservices"
SITE = "microsoft.web/sites"
STORAGE = "microsoft.storage/storageaccounts"
VAULT = "microsoft.keyvault/vaults"
REGISTRY = "microsoft.containerregistry/registries"
NETWORK = "microsoft.network/virtualnetworks"
SUBNET = "microsoft.network/virtualnetworks/subnets"
ENDPOINT = "microsoft.network/privateendpoints"
GATEWAY = "microsoft.network/applicationgateways"
BASTION = "microsoft.network/bastionhosts"
NIC = "microsoft.network/networkinterfaces"
VM = "microsoft.compute/virtualmachines"

_OPENAI_KINDS = ("openai", "aiservices")


PINNABLE: Mapping[str, str] = {
    "workspace": ML,
    "storage": STORAGE,
    "vault": VAULT,
    "registry": REGISTRY,
    "insights": "microsoft.insights/components",
    "openai": OPENAI,
    "search": SEARCH,
    "chat_ui": SITE,
    "flow_site": SITE,
    "network": NETWORK,
    "gateway": GATEWAY,
    "bastion": BASTION,
    "jump_box": VM,
}
"""The parts that a person may pin, and the type of what plays them."""


@dataclass(frozen=True)
class Pins:
    """What a person says of parts that structure cannot tell: ARM ids by part.

    `parts` are of `PINNABLE`. `subnets` are subnets by the part they play, a name space of its own: `gateway` is an
    Application Gateway among the parts and the subnet of one among the subnets.
    """

    parts: Mapping[str, tuple[ArmId, ...]] = field(default_factory=dict)
    subnets: Mapping[str, tuple[ArmId, ...]] = field(default_factory=dict)

    def of(self, part: str) -> tuple[ArmId, ...]:
        """The pinned ids of a part; none where it is not pinned."""
        return self.parts.get(part, ())


@dataclass(frozen=True)
class Workload:
    """One deployment of the architecture. Its anchor is a workspace; `None` where there is none to anchor it.

    Every part is a tuple, empty where it is known that nothing plays it. What is not known raises `NotKnown`.
    """

    estate: Estate
    anchor: Resource | None
    pins: Pins = field(default_factory=Pins)
    alone: bool = True

    @property
    def name(self) -> str:
        """The workspace's name, or the empty string."""
        return self.anchor.name if self.anchor else ""

    @cached_property
    def as_seen(self) -> Workload:
        """The same workload as far as the snapshot shows it: see `Estate.as_seen`."""
        return replace(self, estate=self.estate.as_seen)

    # --- around the workspace ------------------------------------------------------------------------------------

    @property
    def workspaces(self) -> tuple[Resource, ...]:
        """The anchor, as a tuple. Without one it is known that there is no workspace, or this raises `NotKnown`."""
        if self.anchor is None:
            self.estate.all(ML)
            return ()
        return (self.anchor,)

    @cached_property
    def projects(self) -> tuple[Resource, ...]:
        """The projects of the workspace, where that is a hub: endpoints and connections belong to them, too."""
        if self.anchor is None or Workspace(self.anchor).sort != "hub":
            return ()
        return projects_of(self.anchor, self.estate.all(ML))

    @cached_property
    def storages(self) -> tuple[Resource, ...]:
        """The workspace's own storage account."""
        return self._used("storageAccount", "storage")

    @cached_property
    def vaults(self) -> tuple[Resource, ...]:
        """The workspace's key vault."""
        return self._used("keyVault", "vault")

    @cached_property
    def registries(self) -> tuple[Resource, ...]:
        """The workspace's container registry."""
        return self._used("containerRegistry", "registry")

    @cached_property
    def insights(self) -> tuple[Resource, ...]:
        """The workspace's Application Insights."""
        return self._used("applicationInsights", "insights")

    @cached_property
    def online_endpoints(self) -> tuple[Resource, ...]:
        """The online endpoints of the workspace, those on Kubernetes clusters included."""
        return self._below(f"{ML}/onlineendpoints")

    @cached_property
    def online_deployments(self) -> tuple[Resource, ...]:
        """Every deployment behind an online endpoint."""
        found: list[Resource] = []
        for endpoint in self.online_endpoints:
            found.extend(self.estate.all(f"{ML}/onlineendpoints/deployments", under=endpoint.id))
        return tuple(found)

    @cached_property
    def compute_instances(self) -> tuple[Resource, ...]:
        """Computes of type ComputeInstance."""
        found = self._below(f"{ML}/computes")
        return tuple(c for c in found if c.text("properties", "computeType") == "computeinstance")

    @cached_property
    def outbound_rules(self) -> tuple[Resource, ...]:
        """The rules of the workspace's managed network."""
        return self._below(f"{ML}/outboundrules")

    @cached_property
    def connections(self) -> tuple[Resource, ...]:
        """The workspace's connections to other services."""
        return self._below(f"{ML}/connections")

    # --- around the network --------------------------------------------------------------------------------------

    @cached_property
    def groups(self) -> frozenset[tuple[str, str]]:
        """Subscription and resource group of everything the workspace names as its own, the workspace included."""
        own: list[ArmId] = [self.anchor.id] if self.anchor else []
        own += [p.id for p in projects_of(self.anchor, self.estate.seen(ML))] if self.anchor else []
        own += self.estate.targets(self.anchor, Relation.USES) if self.anchor else ()
        own += [id_ for ids in self.pins.parts.values() for id_ in ids]
        return frozenset((id_.subscription, id_.resource_group) for id_ in own)

    def owns(self, resource: Resource) -> bool:
        """Whether a resource is taken for the workload's by where it is: its groups, or everything if it is alone."""
        if self.anchor is None:
            return True
        return (resource.id.subscription, resource.id.resource_group) in self.groups

    @cached_property
    def private_endpoints(self) -> tuple[Resource, ...]:
        """Private endpoints in the workload's networks or groups, or leading to one of its parts."""
        targets = {r.id for r in (*self.workspaces, *self._accounts())}
        found = self.estate.all(ENDPOINT)
        return tuple(p for p in found if self.owns(p) or targets & set(self.estate.targets(p, Relation.LEADS_TO)))

    @cached_property
    def networks(self) -> tuple[Resource, ...]:
        """The virtual networks that the workload's private endpoints, gateways, sites and pinned subnets sit in."""
        pinned = self._pinned("network")
        if pinned is not None:
            return pinned
        seats = [s for p in self.private_endpoints for s in self.estate.targets(p, Relation.IN_SUBNET)]
        for kind in (GATEWAY, BASTION, SITE):
            owned = (r for r in self.estate.all(kind) if self.owns(r))
            seats += [s for r in owned for s in self.estate.targets(r, Relation.IN_SUBNET)]
        if self.alone:
            seats += [id_ for ids in self.pins.subnets.values() for id_ in ids if self.estate.find(id_) is not None]
        wanted = {seat.parent for seat in seats if seat.parent is not None}
        everything = self.estate.all(NETWORK)
        missing = sorted(id_ for id_ in wanted if self.estate.find(id_) is None)
        if missing:
            raise NotKnown(_elsewhere(missing[0], "the network of the workload's private endpoints"))
        by_seat = tuple(n for n in everything if n.id in wanted)
        return by_seat or tuple(n for n in everything if self.owns(n))

    @cached_property
    def subnets(self) -> SubnetParts:
        """Which subnet plays which part."""
        return SubnetParts(self.estate, self.networks, self.pins.subnets)

    def subnet(self, part: str) -> tuple[Resource, ...]:
        """The subnet that plays a part (`gateway`, `private_endpoints`, ...); empty where none does."""
        return self.subnets.of(part)

    @cached_property
    def gateways(self) -> tuple[Resource, ...]:
        """Application gateways in the workload's networks or groups."""
        return self._pinned("gateway") or tuple(g for g in self.estate.all(GATEWAY) if self._in_reach(g))

    @cached_property
    def bastions(self) -> tuple[Resource, ...]:
        """Bastion hosts in the workload's networks or groups."""
        return self._pinned("bastion") or tuple(b for b in self.estate.all(BASTION) if self._in_reach(b))

    @cached_property
    def jump_boxes(self) -> tuple[Resource, ...]:
        """Virtual machines whose network interface sits in the workload's networks."""
        pinned = self._pinned("jump_box")
        if pinned is not None:
            return pinned
        networks, seated = self.networks, seated_in(self.estate, VM)
        found = {machine for network in networks for machine in seated.get(network.id, ())}
        return tuple(sorted(found, key=lambda machine: machine.id.key))

    def nics_of(self, holder: Resource) -> tuple[ArmId, ...]:
        """The network interfaces of a machine or a private endpoint."""
        return self.estate.targets(holder, Relation.HAS_NIC)

    # --- what the workload serves with ---------------------------------------------------------------------------

    @cached_property
    def sites(self) -> tuple[Resource, ...]:
        """Web apps of the workload: integrated into its networks, behind its gateway, or in its groups."""
        here = {n.id for n in self.networks}
        found = self.estate.all(SITE)
        return tuple(
            s
            for s in found
            if self.owns(s) or {seat.parent for seat in self.estate.targets(s, Relation.IN_SUBNET)} & here
        )

    @cached_property
    def chat_uis(self) -> tuple[Resource, ...]:
        """Web apps that the gateway's backend pools name; without a gateway, those that run no container."""
        pinned = self._pinned("chat_ui")
        if pinned is not None:
            return pinned
        named = {host for gateway in self.gateways for host in _backend_hosts(gateway)}
        behind = tuple(s for s in self.sites if named & _host_names(s))
        return behind or tuple(s for s in self.sites if not _is_container(s))

    @cached_property
    def flow_sites(self) -> tuple[Resource, ...]:
        """Web apps that run the flow as a container beside the chat UI: the article's alternate architecture."""
        pinned = self._pinned("flow_site")
        if pinned is not None:
            return pinned
        return tuple(s for s in self.sites if _is_container(s) and s not in self.chat_uis)

    @cached_property
    def plans(self) -> tuple[Resource, ...]:
        """The App Service plans that the workload's sites run on."""
        found = [self.estate.one(site, Relation.RUNS_ON) for site in self.sites]
        return tuple(dict.fromkeys(plan for plan in found if plan is not None))

    @cached_property
    def openai(self) -> tuple[Resource, ...]:
        """Azure OpenAI accounts (kind OpenAI, or AIServices, which holds OpenAI deployments too)."""
        found = self._pinned("openai")
        if found is not None:
            return found
        return self._linked([a for a in self.estate.all(OPENAI) if a.kind in _OPENAI_KINDS])

    @cached_property
    def model_deployments(self) -> tuple[Resource, ...]:
        """Model deployments of the workload's Azure OpenAI accounts."""
        found: list[Resource] = []
        for account in self.openai:
            found.extend(self.estate.all(f"{OPENAI}/deployments", under=account.id))
        return tuple(found)

    @cached_property
    def searches(self) -> tuple[Resource, ...]:
        """Azure AI Search services."""
        found = self._pinned("search")
        return found if found is not None else self._linked(list(self.estate.all(SEARCH)))

    @cached_property
    def other_storages(self) -> tuple[Resource, ...]:
        """Storage accounts of the workload that are not the workspace's own."""
        own = {s.id for s in self.storages}
        return tuple(s for s in self.estate.all(STORAGE) if s.id not in own and self.owns(s))

    @cached_property
    def public_addresses(self) -> tuple[Resource, ...]:
        """Public IP addresses in the workload's groups or used by what sits in its networks."""
        used = {a for r in (*self.gateways, *self.bastions) for a in self.estate.targets(r, Relation.HAS_ADDRESS)}
        return tuple(p for p in self.estate.all("microsoft.network/publicipaddresses") if p.id in used or self.owns(p))

    @cached_property
    def instance_addresses(self) -> tuple[Resource, ...]:
        """What gives each of its machines a public address, which no list of addresses shows.

        The interfaces of the profiles of scale sets, and pools of Kubernetes nodes, in the workload's networks or
        groups.
        """
        patterns = (
            pattern
            for scale_set in self.estate.all(SCALE_SET)
            if self._in_reach(scale_set)
            for pattern in self.estate.seen(SCALE_SET_INTERFACE, under=scale_set.id)
            if Pooled(pattern).instance_addresses
        )
        unlisted = self.estate.coverage.unlisted(CLUSTER)
        if unlisted is not None:
            raise NotKnown(unlisted)
        pools = (pool for pool in self.estate.seen(AGENT_POOL) if self._in_reach(pool))
        return (*patterns, *(pool for pool in pools if AgentPool(pool).gives_addresses.known is not False))

    def endpoints_to(self, target: Resource) -> tuple[Resource, ...]:
        """The private endpoints that lead to a resource."""
        self.estate.all(ENDPOINT)
        return self.estate.into(target, Relation.LEADS_TO, ENDPOINT)

    # --- identities ----------------------------------------------------------------------------------------------

    def identities_of(self, carriers: Iterable[Resource]) -> tuple[Resource, ...]:
        """The user-assigned identities that these resources carry."""
        found: dict[Resource, None] = {}
        for carrier in carriers:
            for identity in self.estate.out(carrier, Relation.CARRIES):
                if isinstance(identity, Unknown):
                    raise NotKnown(identity)
                found[identity] = None
        return tuple(found)

    # --- how parts are found -------------------------------------------------------------------------------------

    def _pinned(self, part: str) -> tuple[Resource, ...] | None:
        ids = self.pins.of(part)
        if not ids:
            return None
        missing = [id_ for id_ in ids if self.estate.find(id_) is None]
        if missing:
            raise NotKnown(Unknown(f"{missing[0].text}, pinned as {part}, is not in this snapshot"))
        return tuple(r for r in map(self.estate.find, ids) if r is not None)

    def _used(self, prop: str, part: str) -> tuple[Resource, ...]:
        pinned = self._pinned(part)
        if pinned is not None:
            return pinned
        if not self.workspaces or self.anchor is None:
            return ()
        target = self.anchor.ref("properties", prop)
        return (self.estate.need(target, self.anchor.place("properties", prop)),) if target else ()

    def _below(self, type_: str) -> tuple[Resource, ...]:
        owners = (*self.workspaces, *self.projects)
        return tuple(found for workspace in owners for found in self.estate.all(type_, under=workspace.id))

    def _accounts(self) -> tuple[Resource, ...]:
        return tuple(r for kind in (OPENAI, SEARCH) for r in self.estate.seen(kind) if self.owns(r))

    def _in_reach(self, resource: Resource) -> bool:
        here = {n.id for n in self.networks}
        return self.owns(resource) or bool({s.parent for s in self.estate.targets(resource, Relation.IN_SUBNET)} & here)

    def _linked(self, candidates: list[Resource]) -> tuple[Resource, ...]:
        """Those that its outbound rules, connections or private endpoints lead to, or that it owns."""
        wanted = {t for rule in self.outbound_rules for t in self.estate.targets(rule, Relation.MAY_REACH)}
        for connection in self.connections:
            named = connection.get("properties", "metadata", "ResourceId")
            if isinstance(named, str):
                wanted.add(ArmId(named))
        for endpoint in self.private_endpoints:
            wanted |= set(self.estate.targets(endpoint, Relation.LEADS_TO))
        return tuple(c for c in candidates if c.id in wanted or self.owns(c))


def workloads(estate: Estate, pins: Pins | None = None) -> tuple[Workload, ...]:
    """Every workload of an estate, one a workspace; a single one without an anchor where there is no workspace.

    A hub is a workspace for this architecture: Microsoft's own implementation was a hub with a project from October
    2024 to June 2025. Its projects are parts of it (learn.microsoft.com/azure/machine-learning/concept-hub-workspace).
    """
    pins = pins or Pins()
    found = [w for w in estate.seen(ML) if w.kind in ("", "default", "hub")]
    chosen = set(pins.of("workspace"))
    anchors = [w for w in found if not chosen or w.id in chosen]
    if not anchors:
        return (Workload(estate, None, pins),)
    return tuple(Workload(estate, anchor, pins, alone=len(anchors) == 1) for anchor in anchors)


def _backend_hosts(gateway: Resource) -> set[str]:
    hosts = set()
    for index, _ in gateway.items("properties", "backendAddressPools"):
        pool = ("properties", "backendAddressPools", index, "properties", "backendAddresses")
        hosts |= {str(address.get("fqdn") or "").casefold() for _, address in gateway.items(*pool)}
    return hosts - {""}


def _host_names(site: Resource) -> set[str]:
    found = site.get("properties", "hostNames", default=[])
    stated = {str(name).casefold() for name in found} if isinstance(found, list) else set()
    return stated | set(planned_hosts(site))


def _is_container(site: Resource) -> bool:
    runtime = site.text("properties", "siteConfig", "linuxFxVersion")
    return "container" in site.kind or runtime.startswith("docker|")


def _elsewhere(id_: ArmId, what: str) -> Unknown:
    return Unknown(
        f"{what}, {id_.text}, is not in this snapshot; include its subscription and resource group", absent=True
    )
