"""Which resource plays which part of an architecture: asked of its selectors, once each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from auditor.documents.ml_workspace import Workspace, projects_of
from auditor.documents.network_hosts import AGENT_POOL, CLUSTER, AgentPool
from auditor.documents.pool_membership import SCALE_SET, SCALE_SET_INTERFACE, Pooled
from auditor.estate import Estate, Relation
from auditor.model import ArmId, NotKnown, Resource, Unknown
from auditor.workload.architecture import Architecture, default_architecture, shipped_architectures
from auditor.workload.selectors import NamedSelector, find
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


@dataclass(frozen=True)
class Pins:
    """What a person says of parts that structure cannot tell: ARM ids by part.

    `parts` are pinnable parts of the architecture. `subnets` are subnets by the part they play, a name space of its
    own: `gateway` is an Application Gateway among the parts and the subnet of one among the subnets.
    """

    parts: Mapping[str, tuple[ArmId, ...]] = field(default_factory=dict)
    subnets: Mapping[str, tuple[ArmId, ...]] = field(default_factory=dict)

    def of(self, part: str) -> tuple[ArmId, ...]:
        """The pinned ids of a part; none where it is not pinned."""
        return self.parts.get(part, ())


@dataclass(frozen=True)
class Workload:
    """One deployment of an architecture. `anchor` is what plays its anchoring part; `None` where nothing does.

    Every part is a tuple, empty where it is known that nothing plays it, or where the architecture has no such part.
    What is not known raises `NotKnown`. The properties are the parts that rules of the program ask for by name; `part`
    answers for every part of an architecture.
    """

    estate: Estate
    anchor: Resource | None
    pins: Pins = field(default_factory=Pins)
    alone: bool = True
    architecture: Architecture = field(default_factory=default_architecture)

    @property
    def name(self) -> str:
        """The anchor's name, or the empty string."""
        return self.anchor.name if self.anchor else ""

    @cached_property
    def as_seen(self) -> Workload:
        """The same workload as far as the snapshot shows it: see `Estate.as_seen`."""
        return replace(self, estate=self.estate.as_seen)

    # --- the parts -------------------------------------------------------------------------------------------------

    @cached_property
    def _found(self) -> dict[str, tuple[Resource, ...]]:
        return {}

    def part(self, name: str) -> tuple[Resource, ...]:
        """What plays a part of the architecture; nothing where it has no part of that name."""
        if name not in self._found:
            self._found[name] = self._selected(name)
        return self._found[name]

    def has(self, name: str) -> bool:
        """Whether the architecture has a part of that name."""
        return name in self.architecture.parts

    def _selected(self, name: str) -> tuple[Resource, ...]:
        described = self.architecture.parts.get(name)
        if described is None:
            return ()
        if name == self.architecture.anchor:
            return self.anchors
        pinned = self._pinned(name)
        return pinned if pinned is not None else find(described.find, self, NAMED)

    def _pinned(self, part: str) -> tuple[Resource, ...] | None:
        ids = self.pins.of(part)
        if not ids:
            return None
        missing = [id_ for id_ in ids if self.estate.find(id_) is None]
        if missing:
            raise NotKnown(Unknown(f"{missing[0].text}, pinned as {part}, is not in this snapshot"))
        return tuple(r for r in map(self.estate.find, ids) if r is not None)

    @property
    def anchors(self) -> tuple[Resource, ...]:
        """The anchor, as a tuple. Without one it is known that there is none, or this raises `NotKnown`."""
        if self.anchor is None:
            self.estate.all(self.architecture.parts[self.architecture.anchor].type)
            return ()
        return (self.anchor,)

    # --- what is the workload's ------------------------------------------------------------------------------------

    @cached_property
    def groups(self) -> frozenset[tuple[str, str]]:
        """Subscription and resource group of everything the anchor names as its own, the anchor included."""
        own: list[ArmId] = [self.anchor.id] if self.anchor else []
        if self.anchor is not None:
            own += [r.id for part in self.architecture.groups_of for r in self.as_seen.part(part)]
            own += self.estate.targets(self.anchor, Relation.USES)
        own += [id_ for ids in self.pins.parts.values() for id_ in ids]
        return frozenset((id_.subscription, id_.resource_group) for id_ in own)

    def owns(self, resource: Resource) -> bool:
        """Whether a resource is taken for the workload's by where it is: its groups, or everything if it is alone."""
        if self.anchor is None:
            return True
        return (resource.id.subscription, resource.id.resource_group) in self.groups

    def may_own(self, resource: Resource) -> bool:
        """As `owns`, for what is told beside the verdicts: where its groups are not known, all may be its own."""
        try:
            return self.owns(resource)
        except NotKnown:
            return True

    @cached_property
    def subnets(self) -> SubnetParts:
        """Which subnet plays which part."""
        return SubnetParts(self.estate, self.networks, self.pins.subnets, self.architecture, self.part)

    def subnet(self, part: str) -> tuple[Resource, ...]:
        """The subnet that plays a part (`gateway`, `private_endpoints`, ...); empty where none does."""
        return self.subnets.of(part)

    def nics_of(self, holder: Resource) -> tuple[ArmId, ...]:
        """The network interfaces of a machine or a private endpoint."""
        return self.estate.targets(holder, Relation.HAS_NIC)

    def endpoints_to(self, target: Resource) -> tuple[Resource, ...]:
        """The private endpoints that lead to a resource."""
        self.estate.all(ENDPOINT)
        return self.estate.into(target, Relation.LEADS_TO, ENDPOINT)

    def identities_of(self, carriers: Iterable[Resource]) -> tuple[Resource, ...]:
        """The user-assigned identities that these resources carry."""
        found: dict[Resource, None] = {}
        for carrier in carriers:
            for identity in self.estate.out(carrier, Relation.CARRIES):
                if isinstance(identity, Unknown):
                    raise NotKnown(identity)
                found[identity] = None
        return tuple(found)

    # --- the parts that rules know by name -------------------------------------------------------------------------

    @property
    def workspaces(self) -> tuple[Resource, ...]:
        """Machine Learning workspaces: the anchor of the article's architecture."""
        return self.part("workspace")

    @property
    def projects(self) -> tuple[Resource, ...]:
        """The projects of the workspace, where that is a hub: endpoints and connections belong to them, too."""
        return self.part("project")

    @property
    def storages(self) -> tuple[Resource, ...]:
        """The storage account that the anchor keeps its files in."""
        return self.part("storage")

    @property
    def vaults(self) -> tuple[Resource, ...]:
        """The workload's own key vault."""
        return self.part("vault")

    @property
    def registries(self) -> tuple[Resource, ...]:
        """The workspace's container registry."""
        return self.part("registry")

    @property
    def insights(self) -> tuple[Resource, ...]:
        """The workload's Application Insights."""
        return self.part("insights")

    @property
    def online_endpoints(self) -> tuple[Resource, ...]:
        """The online endpoints of the workspace, those on Kubernetes clusters included."""
        return self.part("online_endpoint")

    @property
    def online_deployments(self) -> tuple[Resource, ...]:
        """Every deployment behind an online endpoint."""
        return self.part("online_deployment")

    @property
    def compute_instances(self) -> tuple[Resource, ...]:
        """Computes of type ComputeInstance."""
        return self.part("compute_instance")

    @property
    def outbound_rules(self) -> tuple[Resource, ...]:
        """The rules of the workspace's managed network."""
        return self.part("outbound_rule")

    @property
    def connections(self) -> tuple[Resource, ...]:
        """The connections of the anchor, or of its projects, to other services."""
        return self.part("connection")

    @property
    def private_endpoints(self) -> tuple[Resource, ...]:
        """Private endpoints in the workload's groups, or leading to one of its parts."""
        return self.part("private_endpoint")

    @property
    def networks(self) -> tuple[Resource, ...]:
        """The virtual networks that the workload's parts sit in."""
        return self.part("network")

    @property
    def gateways(self) -> tuple[Resource, ...]:
        """Application gateways in the workload's networks or groups."""
        return self.part("gateway")

    @property
    def bastions(self) -> tuple[Resource, ...]:
        """Bastion hosts in the workload's networks or groups."""
        return self.part("bastion")

    @property
    def jump_boxes(self) -> tuple[Resource, ...]:
        """Virtual machines whose network interface sits in the workload's networks."""
        return self.part("jump_box")

    @property
    def sites(self) -> tuple[Resource, ...]:
        """Web apps of the workload: integrated into its networks, behind its gateway, or in its groups."""
        return self.part("site")

    @property
    def chat_uis(self) -> tuple[Resource, ...]:
        """Web apps that the gateway's backend pools name; without a gateway, those that run no container."""
        return self.part("chat_ui")

    @property
    def flow_sites(self) -> tuple[Resource, ...]:
        """Web apps that run the flow as a container beside the chat UI: the article's alternate architecture."""
        return self.part("flow_site")

    @property
    def plans(self) -> tuple[Resource, ...]:
        """The App Service plans that the workload's sites run on."""
        return self.part("plan")

    @property
    def openai(self) -> tuple[Resource, ...]:
        """The accounts whose models the workload uses."""
        return self.part("openai")

    @property
    def model_deployments(self) -> tuple[Resource, ...]:
        """Model deployments of those accounts."""
        return self.part("model_deployment")

    @property
    def searches(self) -> tuple[Resource, ...]:
        """Azure AI Search services."""
        return self.part("search")

    @property
    def other_storages(self) -> tuple[Resource, ...]:
        """Storage accounts of the workload that are not the anchor's own."""
        return self.part("other_storage")

    @property
    def public_addresses(self) -> tuple[Resource, ...]:
        """Public IP addresses in the workload's groups or used by what sits in its networks."""
        return self.part("public_address")

    @property
    def instance_addresses(self) -> tuple[Resource, ...]:
        """What gives each of its machines a public address, which no list of addresses shows."""
        return self.part("instance_address")


def workloads(
    estate: Estate, pins: Pins | None = None, architecture: Architecture | None = None
) -> tuple[Workload, ...]:
    """Every workload of an estate, one an anchor; a single one without an anchor where nothing plays that part.

    `architecture` is the shipped one that is asked where none is named, unless told otherwise.
    """
    pins = pins or Pins()
    described = architecture or default_architecture()
    anchors = _anchors(estate, pins, described)
    if not anchors:
        return (Workload(estate, None, pins, architecture=described),)
    alone = len(anchors) == 1
    return tuple(Workload(estate, anchor, pins, alone, described) for anchor in anchors)


def workloads_of_any(estate: Estate) -> tuple[Workload, ...]:
    """The workloads of every shipped architecture that is no general one; where nothing anchors one, as `workloads`."""
    specific = (a for a in shipped_architectures().values() if not a.general)
    found = tuple(w for each in specific for w in workloads(estate, None, each) if w.anchor is not None)
    return found or workloads(estate)


def _anchors(estate: Estate, pins: Pins, architecture: Architecture) -> list[Resource]:
    """What plays the anchoring part, as far as the snapshot shows it."""
    asked = Workload(estate.as_seen, None, Pins(), architecture=architecture)
    found = find(architecture.parts[architecture.anchor].find, asked, NAMED)
    chosen = set(pins.of(architecture.anchor))
    return [anchor for anchor in found if not chosen or anchor.id in chosen]


# --- what the language of selectors cannot say -----------------------------------------------------------------------


def _projects_of_a_hub(w: Workload, parts: tuple[str, ...]) -> tuple[Resource, ...]:
    """The projects of the anchor where that is a hub; a workspace of its own has none, and nothing is read for it.

    A hub is a workspace for this architecture: Microsoft's own implementation was a hub with a project from October
    2024 to June 2025. Its projects are parts of it (learn.microsoft.com/azure/machine-learning/concept-hub-workspace).
    """
    if w.anchor is None or Workspace(w.anchor).sort != "hub":
        return ()
    return projects_of(w.anchor, w.estate.all(ML))


def _endpoints_of_the_workload(w: Workload, parts: tuple[str, ...]) -> tuple[Resource, ...]:
    """Private endpoints in the workload's groups, or leading to its anchor or to something of these parts' types.

    Parts are found through the endpoints in turn, so that only what stands in the workload's groups counts here.
    """
    types = [w.architecture.parts[part].type for part in parts]
    owned = (r for type_ in types for r in w.estate.seen(type_) if w.owns(r))
    targets = {r.id for r in (*w.anchors, *owned)}
    found = w.estate.all(ENDPOINT)
    return tuple(p for p in found if w.owns(p) or targets & set(w.estate.targets(p, Relation.LEADS_TO)))


def _networks_of_the_workload(w: Workload, parts: tuple[str, ...]) -> tuple[Resource, ...]:
    """The networks that the workload's private endpoints, pinned subnets and what it owns of these parts sit in.

    Without any of these, the networks in its groups. Parts are found through their network in turn, so that what stands
    in the workload's groups counts here, and not all that plays the part.
    """
    seats = [s for p in w.private_endpoints for s in w.estate.targets(p, Relation.IN_SUBNET)]
    for part in parts:
        owned = (r for r in w.estate.all(w.architecture.parts[part].type) if w.owns(r))
        seats += [s for r in owned for s in w.estate.targets(r, Relation.IN_SUBNET)]
    if w.alone:
        seats += [id_ for ids in w.pins.subnets.values() for id_ in ids if w.estate.find(id_) is not None]
    wanted = {seat.parent for seat in seats if seat.parent is not None}
    everything = w.estate.all(NETWORK)
    missing = sorted(id_ for id_ in wanted if w.estate.find(id_) is None)
    if missing:
        raise NotKnown(_elsewhere(missing[0], "the network of the workload's private endpoints"))
    by_seat = tuple(n for n in everything if n.id in wanted)
    return by_seat or tuple(n for n in everything if w.owns(n))


def _instance_addresses(w: Workload, parts: tuple[str, ...]) -> tuple[Resource, ...]:
    """What gives each of its machines a public address, which no list of addresses shows.

    The interfaces of the profiles of scale sets, and pools of Kubernetes nodes, in the workload's networks or groups.
    """
    patterns = (
        pattern
        for scale_set in w.estate.all(SCALE_SET)
        if _in_reach(w, scale_set)
        for pattern in w.estate.seen(SCALE_SET_INTERFACE, under=scale_set.id)
        if Pooled(pattern).instance_addresses
    )
    unlisted = w.estate.coverage.unlisted(CLUSTER)
    if unlisted is not None:
        raise NotKnown(unlisted)
    pools = (pool for pool in w.estate.seen(AGENT_POOL) if _in_reach(w, pool))
    return (*patterns, *(pool for pool in pools if AgentPool(pool).gives_addresses.known is not False))


def _vaults_of_certificates(w: Workload, parts: tuple[str, ...]) -> tuple[Resource, ...]:
    """The vaults that the certificates of these parts' listeners lie in, by the host of `keyVaultSecretId`."""
    hosts: set[str] = set()
    for gateway in (r for part in parts for r in w.part(part)):
        for index, _ in gateway.items("properties", "sslCertificates"):
            at = gateway.text("properties", "sslCertificates", index, "properties", "keyVaultSecretId")
            hosts.add(at.removeprefix("https://").split(".")[0])
    return tuple(vault for vault in w.estate.all(VAULT) if vault.name.casefold() in hosts - {""})


def _in_reach(w: Workload, resource: Resource) -> bool:
    here = {n.id for n in w.networks}
    return w.owns(resource) or bool({s.parent for s in w.estate.targets(resource, Relation.IN_SUBNET)} & here)


def _elsewhere(id_: ArmId, what: str) -> Unknown:
    return Unknown(
        f"{what}, {id_.text}, is not in this snapshot; include its subscription and resource group", absent=True
    )


NAMED: Mapping[str, NamedSelector] = {
    "projects of a hub": _projects_of_a_hub,
    "private endpoints of the workload": _endpoints_of_the_workload,
    "networks of the workload": _networks_of_the_workload,
    "machines with public addresses": _instance_addresses,
    "vaults of certificates": _vaults_of_certificates,
}
"""The named selectors, as a baseline calls them. Each docstring is its documentation."""
