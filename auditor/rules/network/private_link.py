"""Private link: every service is reached through an approved endpoint in the network, under its private name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import msgspec

from auditor.estate import Relation
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown, Verdict
from auditor.model.change import Change, create, set_to
from auditor.network.private_link.private_dns import Resolution, resolve
from auditor.network.private_link.private_endpoints import Connection, approval, connections
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.text.shell import q
from auditor.workload.architecture import spoken_of
from auditor.workload.parts import Workload


class EndpointTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of the private endpoint table: the part that is the target, the group ids it needs and their zones."""

    target: str
    groups: tuple[str, ...]
    zones: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a part that no workload has."""
        if self.target not in spoken_of().parts:
            raise ValueError(f"`{self.target}` is no part; it is one of {', '.join(spoken_of().parts)}")


def _targets(w: Workload, terms: EndpointTerms) -> Iterable[Resource]:
    return w.part(terms.target)


@decides(by_terms=_targets, part="private link target", terms=EndpointTerms)
def no_private_endpoint_leads_here(target: Resource, w: Workload, terms: EndpointTerms) -> Iterator[Verdict]:
    """A service of the workload cannot be reached through a private endpoint in the workload's network.

    What is read: every private endpoint of the subscription, what its connections lead to and with which group id,
    the state of each connection on both of its ends, and the network that the endpoint's subnet belongs to.

    Why it matters: the architecture disables public access everywhere, so a service without an approved endpoint is
    either cut off from the workload or is reached over a public address after all.

    What is wrong: no endpoint in the workload's networks leads to the service with the group id it needs, or the
    connection is Pending, Rejected or Disconnected. Only Approved carries traffic.

    How to put it right: create the endpoint in the private endpoints subnet (`az network private-endpoint create`),
    or approve the waiting connection (`az network private-endpoint-connection approve`).

    References: article, "Ingress to Azure Machine Learning";
    learn.microsoft.com/azure/private-link/private-endpoint-overview.
    """
    for group in terms.groups:
        yield _reached(target, w, group)


def _reached(target: Resource, w: Workload, group: str) -> Verdict:
    wanted = group.casefold()
    found = [c for e in w.endpoints_to(target) for c in connections(e) if c.target == target.id and wanted in c.groups]
    here = [c for c in found if _network_of(c.endpoint, w) is not None]
    judged = [(c, approval(w.estate, c)) for c in here]
    for connection, step in judged:
        if step.holds is True:
            says = f"{connection.endpoint.name} leads to {target.name} ({group}) and is approved"
            return holds(target, says, *step.evidence, aspect=group)
    for _, step in judged:
        if isinstance(step.holds, Unknown):
            return unknown(target, step.holds, *step.evidence, aspect=group)
    if judged:
        _, step = judged[0]
        changes = [change for connection, _ in judged[:1] for change in _approved(connection, w)]
        return broken(target, step.says, *step.evidence, aspect=group, fix=_approve(target), changes=changes)
    elsewhere = f"; {found[0].endpoint.name} does, from another network" if found else ""
    return broken(
        target,
        f"no private endpoint in the workload's network leads to {target.name} ({group}){elsewhere}",
        target.shown("properties", "privateEndpointConnections"),
        aspect=group,
        fix=_create(target, group),
    )


def _network_of(endpoint: Resource, w: Workload) -> Resource | None:
    seats = {seat.parent for seat in w.estate.targets(endpoint, Relation.IN_SUBNET)}
    return next((network for network in w.networks if network.id in seats), None)


def _create(target: Resource, group: str) -> str:
    return (
        f"az network private-endpoint create --resource-group {q(target.id.resource_group)} --name pep-{q(target.name)}"
        f" --vnet-name <vnet> --subnet <private endpoints subnet> --connection-name pep-{q(target.name)}"
        f" --private-connection-resource-id {q(target.id.text)} --group-id {q(group)}"
    )


def _approve(target: Resource) -> str:
    return (
        f"az network private-endpoint-connection list --id {q(target.id.text)} -o table, then"
        " az network private-endpoint-connection approve --id <the connection's id>"
    )


def _endpoints(w: Workload) -> Iterable[Resource]:
    return w.private_endpoints


@decides(on=_endpoints, part="private endpoint")
def connection_not_approved(endpoint: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """A private endpoint has a connection that one of its two ends has not approved.

    What is read: `privateLinkServiceConnectionState.status` of the endpoint and of the connection that the target
    shows for it, where the target is in the snapshot.

    Why it matters: a connection that is not Approved carries no traffic, and an endpoint that waits for approval of
    something unknown is an open path that others control.

    What is wrong: the status on either end is Pending, Rejected or Disconnected.

    How to put it right: approve it at the target, or delete the endpoint that is not wanted.

    References: article, "Networking"; learn.microsoft.com/azure/private-link/manage-private-endpoint.
    """
    for connection in connections(endpoint):
        step = approval(w.estate, connection)
        aspect = connection.target.type
        if isinstance(step.holds, Unknown):
            yield unknown(endpoint, step.holds, *step.evidence, aspect=aspect)
        elif step.holds:
            yield holds(endpoint, step.says, *step.evidence, aspect=aspect)
        else:
            changes = _approved(connection, w)
            yield broken(
                endpoint, step.says, *step.evidence, aspect=aspect, fix=_approve_at(connection), changes=changes
            )


def _approved(connection: Connection, w: Workload) -> list[Change]:
    """The connection approved at its target, and the state that the endpoint then shows.

    Nothing where the target's side was not read: a connection is approved there, by its id.
    """
    sides = [
        side
        for side in w.estate.into(connection.endpoint, Relation.CONNECTED_FROM)
        if side.id.parent == connection.target
    ]
    if not sides:
        return []
    lost = f"whoever uses {connection.endpoint.name} reaches {connection.target.name} from then on"
    changes = [set_to(side.id, _STATUS, "Approved", warning=lost) for side in sides]
    own = connection.evidence.place
    if connection.state != "approved":
        changes.append(set_to(own.document, own.pointer, "Approved"))
    return changes


_STATUS = "properties/privateLinkServiceConnectionState/status"


def _approve_at(connection: Connection) -> str:
    return (
        f"az network private-endpoint-connection approve --id <connection of {q(connection.target.text)}"
        f' from {q(connection.endpoint.name)}> --description "approved after review"'
    )


@decides(on=_endpoints, part="private endpoint")
def endpoint_outside_its_subnet(endpoint: Resource, w: Workload, _terms: object) -> Answer:
    """A private endpoint sits in a subnet that is not the one for private endpoints.

    What is read: `properties.subnet.id` of every private endpoint of the workload. The subnet for private endpoints
    is the one that holds most of them (or the one that the settings file pins).

    Why it matters: the table of network security groups lets the other subnets talk to the private endpoints' subnet
    and to nothing else; an endpoint elsewhere is either unreachable or gets past the segmentation.

    What is wrong: the endpoint's subnet plays another part.

    How to put it right: create the endpoint again in the private endpoints subnet; an endpoint cannot be moved.

    References: article, "Virtual network segmentation and security".
    """
    seats = w.estate.targets(endpoint, Relation.IN_SUBNET)
    evidence = endpoint.at("properties", "subnet", "id")
    if not seats:
        raise NotKnown(Unknown(f"{endpoint.name} does not say which subnet it sits in"))
    meant = w.subnet("private_endpoints")
    if seats[0] in {subnet.id for subnet in meant}:
        return holds(endpoint, f"{endpoint.name} sits in {seats[0].name}", evidence)
    where = meant[0].name if meant else "a subnet of their own"
    return broken(
        endpoint,
        f"{endpoint.name} sits in {seats[0].name}, not in {where}",
        evidence,
        fix=f"create {q(endpoint.name)} again with --subnet {where} and delete this one",
    )


@decides(on=_endpoints, part="private endpoint")
def name_does_not_resolve_privately(endpoint: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """Machines in the workload's network do not resolve a service's name to its private endpoint.

    What is read: the endpoint's DNS zone group, the private DNS zone it writes to, the A records in it against the
    addresses of the endpoint's network interface, the zone's links, and the DNS servers of the network.

    Why it matters: an endpoint alone moves nothing. Until the service's name leads to it, clients in the network ask
    public DNS and go to the public address, which is closed (or worse, is not).

    What is wrong: the zone group is missing or names another zone, the zone is not linked to the network, or a record
    is missing or holds another address. Each broken link of the chain is a sentence of its own.

    How to put it right: `az network private-endpoint dns-zone-group create`,
    `az network private-dns link vnet create`.

    References: article, "Ingress to Azure Machine Learning";
    learn.microsoft.com/azure/private-link/private-endpoint-dns.
    """
    network = _network_of(endpoint, w)
    if network is None:
        seats = w.estate.targets(endpoint, Relation.IN_SUBNET)
        network_id = seats[0].parent if seats else None
    else:
        network_id = network.id
    if network_id is None:
        raise NotKnown(Unknown(f"{endpoint.name} does not say which subnet it sits in"))
    yield from _proof(endpoint, resolve(w.estate, endpoint, network_id), w)


def _proof(endpoint: Resource, proof: Resolution, w: Workload) -> Iterator[Verdict]:
    steps = [step for step in proof.steps if step.name != "approval"]
    for step in steps:
        if isinstance(step.holds, Unknown):
            yield unknown(endpoint, step.holds, *step.evidence, aspect=f"{step.name} {step.subject}".strip())
        elif not step.holds:
            aspect = f"{step.name} {step.subject}".strip()
            changes = _linked(endpoint, step.subject, proof, w) if step.name == "link" else ()
            fix = _dns_fix(endpoint, step.name, step.subject)
            yield broken(endpoint, step.says, *step.evidence, aspect=aspect, fix=fix, changes=changes)
    if all(step.holds is True for step in steps):
        evidence: list[Evidence] = [e for step in steps for e in step.evidence]
        zones = ", ".join(proof.zones)
        says = f"{endpoint.name} is found under its private name in {proof.network.name} ({zones})"
        yield holds(endpoint, says, *evidence[:6])


def _linked(endpoint: Resource, zone: str, proof: Resolution, w: Workload) -> list[Change]:
    """The zone linked to the network, where exactly one zone of the name is seen in the endpoint's group."""
    here = [z for z in w.estate.seen(_ZONE) if z.name.casefold() == zone.casefold()]
    if len(here) != 1:
        return []
    id_ = here[0].id.child("virtualNetworkLinks", f"to-{proof.network.name}")
    properties = {"virtualNetwork": {"id": proof.network.text}, "registrationEnabled": False}
    lost = f"names of {zone} that {proof.network.name} resolved in public resolve by the zone alone from then on"
    return [create(id_, {"location": "global", "properties": properties}, warning=lost)]


_ZONE = "microsoft.network/privatednszones"


def _dns_fix(endpoint: Resource, step: str, zone: str) -> str:
    group = endpoint.id.resource_group
    if step == "zone group":
        return (
            f"az network private-endpoint dns-zone-group create --resource-group {q(group)}"
            f" --endpoint-name {q(endpoint.name)} --name default --private-dns-zone {q(zone)} --zone-name {q(zone)}"
        )
    if step == "link":
        return (
            f"az network private-dns link vnet create --resource-group {q(group)} --zone-name {q(zone)}"
            " --name <link> --virtual-network <vnet> --registration-enabled false"
        )
    if step == "zone":
        return f"az network private-dns zone create --resource-group {q(group)} --name {q(zone)}"
    if step == "record":
        return f"delete the record by hand and let the zone group of {endpoint.name} write it again in {zone}"
    return "point the network's DNS servers at ones that forward to Azure DNS (168.63.129.16)"


@decides(on=lambda w: w.workspaces, part="workspace", terms=EndpointTerms)
def workspace_zone_missing(workspace: Resource, w: Workload, terms: EndpointTerms) -> Iterator[Verdict]:
    """The workspace's private endpoint does not write to both of the zones that a workspace needs.

    What is read: the zone groups of every private endpoint that leads to the workspace.

    Why it matters: authoring needs two names, the workspace's API and its notebooks. With one of them missing the
    studio opens and its notebooks do not, and people reach for public access.

    What is wrong: one of the two zones is in no zone group of the workspace's endpoint.

    How to put it right: add the zone to the endpoint's zone group (`az network private-endpoint dns-zone-group add`).

    References: article, "Ingress to Azure Machine Learning";
    learn.microsoft.com/azure/machine-learning/how-to-configure-private-link.
    """
    endpoints = w.endpoints_to(workspace)
    groups = [
        g for e in endpoints for g in w.estate.all("microsoft.network/privateendpoints/privatednszonegroups", e.id)
    ]
    written = {
        zone.name.casefold(): group for group in groups for zone in w.estate.targets(group, Relation.RESOLVES_BY)
    }
    for zone in terms.zones:
        if zone.casefold() in written:
            group = written[zone.casefold()]
            yield holds(workspace, f"{group.id.parent} keeps records in {zone}", group.at("name"), aspect=zone)
        else:
            name = endpoints[0].name if endpoints else "no endpoint"
            yield broken(
                workspace,
                f"the private endpoint of {workspace.name} ({name}) writes no records to {zone}",
                *[g.at("properties", "privateDnsZoneConfigs") for g in groups],
                aspect=zone,
                fix=f"az network private-endpoint dns-zone-group add --resource-group {q(workspace.id.resource_group)}"
                f" --endpoint-name {q(name)} --name default --private-dns-zone {q(zone)} --zone-name {q(zone)}",
            )


@decides(on=lambda w: w.chat_uis, part="chat UI")
def chat_ui_leaves_past_the_network(site: Resource, w: Workload, _terms: object) -> Answer:
    """The chat UI's outgoing traffic does not all go through the workload's network.

    What is read: `virtualNetworkSubnetId` and `vnetRouteAllEnabled` of the site (`outboundVnetRouting` in api-versions
    from 2024-11-01 on), and the delegation of the subnet.

    Why it matters: what does not go through the subnet leaves from App Service's shared public addresses, past the
    subnet's security group and past every private endpoint.

    What is wrong: no integration, an integration that routes only private ranges, or a subnet that is not delegated.

    How to put it right: `az webapp vnet-integration add`, then
    `az resource update --ids <site> --set properties.vnetRouteAllEnabled=true`.

    References: article, introduction and "Network flows", step 1;
    learn.microsoft.com/azure/app-service/overview-vnet-integration.
    """
    subnet = site.ref("properties", "virtualNetworkSubnetId")
    seat = site.at("properties", "virtualNetworkSubnetId")
    add = f"az webapp vnet-integration add --ids {q(site.id.text)} --vnet <vnet> --subnet <app service subnet>"
    if subnet is None:
        return broken(site, f"{site.name} is not integrated into a virtual network", seat, fix=add)
    routed, evidence = _routes_all(site, w)
    if not routed:
        fix = f"az resource update --ids {q(site.id.text)} --set properties.vnetRouteAllEnabled=true"
        says = f"{site.name} sends only private ranges through {subnet.name}"
        return broken(site, says, seat, evidence, fix=fix, changes=_all_routed(site, subnet, evidence))
    home = w.estate.need(subnet, site.place("properties", "virtualNetworkSubnetId"))
    delegated = {
        str(d.get("properties", {}).get("serviceName", "")).casefold()
        for _, d in home.items("properties", "delegations")
    }
    if "microsoft.web/serverfarms" not in delegated:
        says = f"{home.name}, which {site.name} is integrated into, is not delegated to Microsoft.Web/serverFarms"
        return broken(site, says, home.at("properties", "delegations"), fix=add)
    return holds(site, f"{site.name} sends everything through {subnet.name}", seat, evidence)


def _all_routed(site: Resource, subnet: ArmId, evidence: Evidence) -> list[Change]:
    """In the setting that decides now: the newer one where it is stated."""
    lost = f"what {site.name} sends has to pass the security group, the routes and the firewall of {subnet.name}"
    newer = evidence.place.pointer.startswith("/properties/outboundVnetRouting")
    pointer = "properties/outboundVnetRouting/allTraffic" if newer else "properties/vnetRouteAllEnabled"
    return [set_to(evidence.place.document, pointer, True, warning=lost)]


def _routes_all(site: Resource, w: Workload) -> tuple[bool, Evidence]:
    newer = ("properties", "outboundVnetRouting")
    for step in ("allTraffic", "applicationTraffic"):
        if site.get(*newer, step) is True:
            return True, site.at(*newer, step)
    if site.get(*newer) is not None:
        return False, site.at(*newer)
    if site.get("properties", "vnetRouteAllEnabled") is not None:
        return site.get("properties", "vnetRouteAllEnabled") is True, site.at("properties", "vnetRouteAllEnabled")
    config = w.estate.child(site, "config", "web")
    if config is not None and config.get("properties", "vnetRouteAllEnabled") is not None:
        evidence = config.at("properties", "vnetRouteAllEnabled")
        return evidence.value is True, evidence
    raise NotKnown(
        Unknown(f"whether {site.name} routes everything through its subnet is not in this snapshot", absent=True)
    )


class FlowTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a flow hosted on App Service must reach privately: part and group id of each row."""

    targets: tuple[EndpointTerms, ...]


@decides(on=lambda w: w.flow_sites, part="flow web app", terms=FlowTerms)
def flow_site_has_no_private_way(site: Resource, w: Workload, terms: FlowTerms) -> Iterator[Verdict]:
    """A flow hosted on App Service cannot reach a service it depends on through a private endpoint in the network.

    What is read: as for PL-03, PL-04 and PL-06, in the networks that the flow's web app is integrated into.

    Why it matters: the managed network's endpoints serve the workspace only. A flow that runs on App Service leaves
    through the workload's own network, so registry, search and Azure OpenAI must be exposed there as well.

    What is wrong: one of them has no approved private endpoint in the network.

    How to put it right: create the private endpoint in the private endpoints subnet.

    References: article, "Zonal redundancy for flow deployments", items 3 and 4.
    """
    for row in terms.targets:
        for target in w.part(row.target):
            for group in row.groups:
                inner = _reached(target, w, group)
                yield replace(inner, resource=site.id, aspect=f"{target.type} {inner.aspect}")
        if not w.part(row.target):
            yield not_applicable(site, f"the workload has no {row.target} for {site.name} to reach")
