"""Segmentation: a subnet for each purpose, a group on each, and groups that really apply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import msgspec

from auditor.estate import Relation
from auditor.model import ArmId, NotKnown, Resource, Unknown, Verdict
from auditor.model.change import set_to
from auditor.network.topology.seated import seated_in
from auditor.rules.changes import attached
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.text.shell import q
from auditor.workload.architecture import subnet_names
from auditor.workload.needed_flows import condition_holds
from auditor.workload.parts import Workload


class SubnetTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parts that must have a subnet, and those that may (names under `subnets` of the architecture)."""

    parts: tuple[str, ...]
    optional: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a part that no subnet can play."""
        unknown_parts = sorted({*self.parts, *self.optional} - set(subnet_names()))
        if unknown_parts:
            raise ValueError(f"`{unknown_parts[0]}` is no part of a network; it is one of {', '.join(subnet_names())}")


@decides(on=lambda w: w.networks, part="virtual network", terms=SubnetTerms)
def purposes_share_a_subnet(network: Resource, w: Workload, terms: SubnetTerms) -> Iterator[Verdict]:
    """A purpose of the architecture has no subnet of its own.

    What is read: the network's subnets, what each is delegated to and what sits in it: gateways, private endpoints,
    Bastion hosts, integrated apps, machines, scale sets, computes. Names are not asked; where nothing marks a subnet
    (agents, training and scoring while they are empty) names break ties, and then the order of addresses does.

    Why it matters: a security group can only separate what is in different subnets.

    What is wrong: no subnet plays a part, or one subnet plays two.

    How to put it right: create the subnet, and move what shares one.

    References: article, "Virtual network segmentation and security".
    """
    here = [s for s in w.subnets.all if s.id.is_within(network.id)]
    if len(w.networks) > 1 and not any(w.subnets.part_of(s) for s in here):
        yield not_applicable(network, f"no part of the workload sits in {network.name}")
        return
    for part in (*terms.parts, *terms.optional):
        called = part.replace("_", " ")
        playing = [s for s in w.subnet(part) if s in here]
        elsewhere = [s for s in w.subnet(part) if s not in here]
        if not playing and not elsewhere and part == "bastion" and here and _needs_no_subnet(w, here[0]):
            says = f"the Bastion host of {network.name} is of sku Developer, which has no subnet"
            yield replace(not_applicable(network, says), aspect=part)
        elif not playing and not elsewhere and part in terms.parts:
            fix = (
                f"az network vnet subnet create --resource-group {q(network.id.resource_group)}"
                f" --vnet-name {q(network.name)}"
                f" --name snet-{part} --address-prefixes <free range> --network-security-group <nsg>"
            )
            yield broken(
                network, f"no subnet of {network.name} is the one for {called}", network.at("properties", "subnets"),
                fix=fix, aspect=part,
            )  # fmt: skip
        for subnet in playing:
            yield _one_purpose(network, subnet, part, w)


def _needs_no_subnet(w: Workload, subnet: Resource) -> bool:
    """Whether Bastion serves the network of a subnet from Azure's host.

    (learn.microsoft.com/azure/bastion/quickstart-developer)
    """
    found = condition_holds("bastion-developer", w, subnet)
    if isinstance(found, Unknown):
        raise NotKnown(found)
    return found


def _one_purpose(network: Resource, subnet: Resource, part: str, w: Workload) -> Verdict:
    called = part.replace("_", " ")
    others = [p.replace("_", " ") for p in w.subnets.part_of(subnet) if p != part]
    where = subnet.at("name")
    if others:
        says = f"{subnet.name} is the subnet for {called} and for {', '.join(others)}"
        fix = f"move {others[0]} out of {subnet.name} into a subnet of its own"
        return broken(network, says, where, aspect=part, fix=fix)
    return holds(network, f"{subnet.name} is the subnet for {called}", where, aspect=part)


class GroupTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Subnets that Azure does not let have a group, by the name that Azure knows them by."""

    exempt: tuple[str, ...]


def _subnets(w: Workload) -> Iterable[Resource]:
    return w.subnets.all


@decides(on=_subnets, part="subnet", terms=GroupTerms)
def subnet_has_no_security_group(subnet: Resource, w: Workload, terms: GroupTerms) -> Answer:
    """A subnet has no network security group.

    What is read: `networkSecurityGroup` of every subnet of the workload's networks.

    Why it matters: without a group the network layer lets everything through in both directions.

    What is wrong: no group is attached, to a subnet that can have one.

    How to put it right: `az network vnet subnet update --network-security-group <nsg>`.

    References: article, "Virtual network segmentation and security" (a group on every subnet where possible).
    """
    evidence = subnet.at("properties", "networkSecurityGroup", "id")
    if subnet.id.name.casefold() in {name.casefold() for name in terms.exempt}:
        return not_applicable(subnet, f"Azure does not let {subnet.name} have a security group", evidence)
    for group in w.estate.out(subnet, Relation.GUARDED_BY):
        if isinstance(group, Unknown):
            return unknown(subnet, group, evidence)
        return holds(subnet, f"{subnet.name} is guarded by {group.name}", evidence)
    return broken(
        subnet, f"{subnet.name} has no network security group", evidence,
        fix=f"az network vnet subnet update --ids {q(subnet.id.text)} --network-security-group <nsg>",
        changes=attached(subnet, w),
    )  # fmt: skip


class PolicyTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values of `privateEndpointNetworkPolicies` under which groups apply to private endpoints."""

    policies: tuple[str, ...]


@decides(on=lambda w: w.subnet("private_endpoints"), part="private endpoints subnet", terms=PolicyTerms)
def group_does_not_apply_to_endpoints(subnet: Resource, w: Workload, terms: PolicyTerms) -> Answer:
    """The group on the private endpoints' subnet does not apply to the private endpoints.

    What is read: `privateEndpointNetworkPolicies` of the subnet that holds the private endpoints. Azure's documented
    default is Disabled; an absent value is reported as that default.

    Why it matters: with the policies disabled Azure ignores the group for private endpoints. The rules stand there
    and filter nothing.

    What is wrong: the setting is Disabled, RouteTableEnabled or absent.

    How to put it right: `az network vnet subnet update --private-endpoint-network-policies Enabled`.

    References: article, "Virtual network segmentation and security" ("limits");
    learn.microsoft.com/azure/private-link/disable-private-endpoint-network-policy.
    """
    evidence = subnet.at("properties", "privateEndpointNetworkPolicies")
    if str(evidence.value).casefold() in {value.casefold() for value in terms.policies}:
        return holds(subnet, f"groups apply to the private endpoints in {subnet.name} ({evidence.value})", evidence)
    stated = evidence.value or "not set, which means Disabled"
    says = f"privateEndpointNetworkPolicies of {subnet.name} is {stated}: its group filters no private endpoint"
    option = f"--private-endpoint-network-policies {q(terms.policies[0])}"
    lost = f"what the security group of {subnet.name} does not allow cannot reach private endpoints any more"
    change = set_to(subnet.id, "properties/privateEndpointNetworkPolicies", terms.policies[0], warning=lost)
    fix = f"az network vnet subnet update --ids {q(subnet.id.text)} {option}"
    return broken(subnet, says, evidence, fix=fix, changes=[change])


@decides(on=lambda w: w.networks, part="virtual network")
def no_application_groups(network: Resource, w: Workload, _terms: object) -> Answer:
    """No rule of the network's groups names an application security group that has members.

    What is read: the application security groups that network interfaces and private endpoints in the network belong
    to, and the rules of the groups on its subnets.

    Why it matters: rules that name what they mean survive a renumbering; rules that repeat prefixes drift from it.

    What is wrong: nothing is a member of a group, or no rule names one that has members.

    How to put it right: `az network asg create`, make interfaces members, name the group in the rules.

    References: article, "Virtual network segmentation and security" (use application security groups).
    """
    members = _memberships(network, w)
    used = {id_ for rule in _rules(network, w) for id_ in _named_groups(rule)}
    common = sorted(id_.name for id_ in members & used)
    where = network.at("name")
    if common:
        return holds(network, f"rules of {network.name} name application security groups: {', '.join(common)}", where)
    what = "no interface is a member of one" if not members else "no rule names one that has members"
    return broken(
        network, f"{network.name} uses no application security group: {what}", where,
        fix=f"az network asg create --resource-group {q(network.id.resource_group)} --name <asg>",
    )  # fmt: skip


def _memberships(network: Resource, w: Workload) -> set[ArmId]:
    found: set[ArmId] = set()
    for kind in ("microsoft.network/networkinterfaces", "microsoft.network/privateendpoints"):
        for holder in seated_in(w.estate, kind).get(network.id, ()):
            found |= set(w.estate.targets(holder, Relation.IN_GROUP))
    return found


def _rules(network: Resource, w: Workload) -> Iterator[Resource]:
    for subnet in w.subnets.all:
        if subnet.id.is_within(network.id):
            group = w.estate.one(subnet, Relation.GUARDED_BY)
            if group is not None:
                yield from w.estate.all("microsoft.network/networksecuritygroups/securityrules", group.id)


def _named_groups(rule: Resource) -> Iterator[ArmId]:
    for side in ("sourceApplicationSecurityGroups", "destinationApplicationSecurityGroups"):
        for index, _ in rule.items("properties", side):
            named = rule.ref("properties", side, index)
            if named is not None:
                yield named
