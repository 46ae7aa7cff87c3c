"""The network that agents run in: whose it is, what it is delegated to, and how large it is."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

import msgspec

from auditor.documents.foundry import ACCOUNT, Account, Injection
from auditor.estate import Relation
from auditor.model import NotKnown, Resource, Unknown, Verdict
from auditor.model.change import set_to
from auditor.rules.rule import Answer, broken, decides, holds, unknown
from auditor.text.shell import q
from auditor.workload.parts import Workload

_PERIMETER = "microsoft.network/networksecurityperimeters/resourceassociations"


def _injections(account: Resource) -> list[Injection]:
    return [i for i in Account(account).injections.value if i.scenario.value == "agent"]


@decides(on=lambda w: w.anchors, part="Foundry account")
def agents_leave_by_microsofts_network(account: Resource, w: Workload, _terms: object) -> Answer:
    """Agents do not run in a subnet of the workload.

    What is read: `networkInjections` of the account: the scenario, the subnet, and whether Microsoft manages it.

    Why it matters: what leaves through a network of Microsoft's passes no firewall and no rule of the workload.

    What is wrong: there is no injection for agents, it names no subnet, or Microsoft manages the network.

    How to put it right: make the account again with `networkInjections` that name the agents' subnet.

    References: article, "Control traffic"; learn.microsoft.com/azure/foundry/agents/how-to/virtual-networks.
    """
    stated = account.at("properties", "networkInjections")
    found = _injections(account)
    if not found:
        return broken(account, f"{account.name} puts its agents into no network of the workload", stated)
    for injection in found:
        managed = injection.managed_by_microsoft
        if managed.known is True:
            return broken(account, f"Microsoft manages the network of the agents of {account.name}", managed.evidence)
        subnet = injection.subnet.value
        if subnet is None:
            return broken(account, f"{account.name} names no subnet for its agents", injection.subnet.evidence)
        if w.estate.find(subnet) is None:
            return unknown(account, Unknown(f"{subnet.text}, the agents' subnet, is not in this snapshot"), stated)
    return holds(account, f"agents of {account.name} run in {found[0].subnet.value.name}", stated)  # type: ignore[union-attr]


class DelegationTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a subnet must be delegated to."""

    service: str


def _agents(w: Workload) -> Iterable[Resource]:
    return w.subnet("agents_egress")


@decides(on=_agents, part="agents' subnet", terms=DelegationTerms)
def subnet_is_not_delegated(subnet: Resource, w: Workload, terms: DelegationTerms) -> Answer:
    """The agents' subnet is not delegated to what runs agents.

    What is read: `delegations` of the subnet.

    Why it matters: without the delegation no agent starts in the subnet.

    What is wrong: no delegation names the service.

    How to put it right: `az network vnet subnet update --delegations Microsoft.App/environments`.

    References: learn.microsoft.com/azure/foundry/agents/how-to/virtual-networks.
    """
    at = ("properties", "delegations")
    named = [subnet.text(*at, n, "properties", "serviceName") for n, _ in subnet.items(*at)]
    if terms.service.casefold() in named:
        return holds(subnet, f"{subnet.name} is delegated to {terms.service}", subnet.at(*at))
    fix = f"az network vnet subnet update --ids {q(subnet.id.text)} --delegations {q(terms.service)}"
    return broken(subnet, f"{subnet.name} is delegated to {', '.join(named) or 'nothing'}", subnet.at(*at), fix=fix)


@decides(on=_agents, part="agents' subnet")
def others_are_in_the_agents_subnet(subnet: Resource, w: Workload, _terms: object) -> Answer:
    """The agents' subnet is used by another account, or something else sits in it.

    What is read: the injections of every Foundry account, and what sits in the subnet.

    Why it matters: Azure gives each account's agents a subnet of their own, and refuses to start them in another's.

    What is wrong: a second account names the subnet, or an interface or a private endpoint sits in it.

    How to put it right: give each account a subnet of its own.

    References: learn.microsoft.com/azure/foundry/agents/how-to/virtual-networks.
    """
    accounts = [
        a
        for a in w.estate.all(ACCOUNT)
        if a.kind == "aiservices" and any(i.subnet.value == subnet.id for i in _injections(a))
    ]
    if len(accounts) > 1:
        names = ", ".join(a.name for a in accounts)
        evidence = (a.at("properties", "networkInjections") for a in accounts)
        return broken(subnet, f"{len(accounts)} accounts put their agents into {subnet.name}: {names}", *evidence)
    inside = w.estate.into(subnet, Relation.IN_SUBNET)
    if inside:
        says = f"{inside[0].name} sits in {subnet.name}, which is for agents alone"
        return broken(subnet, says, inside[0].at("name"))
    for key in ("ipConfigurations", "privateEndpoints"):
        if subnet.get("properties", key, default=[]):
            return broken(subnet, f"{subnet.name} holds {key} of something else", subnet.at("properties", key))
    return holds(subnet, f"{subnet.name} is for agents alone", subnet.at("name"))


class RangeTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a prefix may be at most, and ranges that it must lie in or must not meet."""

    longest: int
    within: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()


@decides(on=_agents, part="agents' subnet", terms=RangeTerms)
def subnet_range_does_not_do(subnet: Resource, w: Workload, terms: RangeTerms) -> Iterator[Verdict]:
    """The agents' subnet is too small, or lies where the service cannot use it.

    What is read: the prefixes of the subnet.

    Why it matters: agents that find no free address do not start; ranges that the service keeps for itself do not
    reach what has an address in them.

    What is wrong: the prefix is longer than the terms allow, lies outside of the ranges, or meets one that is kept.

    How to put it right: make the subnet again with another range, and the account with it.

    References: learn.microsoft.com/azure/foundry/agents/how-to/virtual-networks.
    """
    evidence = subnet.at("properties", "addressPrefix")
    stated = evidence.value or next(iter(subnet.get("properties", "addressPrefixes", default=[])), None)
    try:
        prefix = ipaddress.ip_network(str(stated), strict=False)
    except ValueError as problem:
        raise NotKnown(Unknown(f"the range of {subnet.name} is not in its document", absent=True)) from problem
    within = [ipaddress.ip_network(each) for each in terms.within]
    met = [each for each in terms.outside if prefix.overlaps(ipaddress.ip_network(each))]
    if prefix.prefixlen > terms.longest:
        yield broken(subnet, f"{subnet.name} is {prefix}, smaller than /{terms.longest}", evidence)
    elif within and not any(prefix.version == each.version and prefix.subnet_of(each) for each in within):  # type: ignore[arg-type]
        yield broken(subnet, f"{subnet.name} is {prefix}, which lies in none of {', '.join(terms.within)}", evidence)
    elif met:
        yield broken(subnet, f"{subnet.name} is {prefix}, which meets {met[0]}, a range of the service's own", evidence)
    else:
        yield holds(subnet, f"{subnet.name} is {prefix}", evidence)


@decides(on=lambda w: w.anchors, part="Foundry account")
def perimeter_lies_over_the_account(account: Resource, w: Workload, _terms: object) -> Answer:
    """A network security perimeter lies over the account, which agents in a subnet do not work with.

    What is read: the associations of network security perimeters.

    Why it matters: agents that run in a subnet of the customer cannot reach an account inside a perimeter.

    What is wrong: a perimeter is associated with the account.

    How to put it right: `az network perimeter association delete`.

    References: article, "Network flows"; learn.microsoft.com/azure/foundry/agents/how-to/virtual-networks.
    """
    for association in w.estate.all(_PERIMETER):
        at = ("properties", "privateLinkResource", "id")
        if association.ref(*at) == account.id:
            says = (
                f"the perimeter {association.id.parent.name if association.id.parent else ''} lies over {account.name}"
            )
            return broken(account, says, association.at(*at))
    return holds(account, f"no network security perimeter lies over {account.name}", account.at("name"))


class ThroughputTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Request units a second that each project's agents need."""

    for_each_project: int


@decides(on=lambda w: w.part("cosmos"), part="Cosmos DB account", terms=ThroughputTerms)
def throughput_limit_is_too_low(account: Resource, w: Workload, terms: ThroughputTerms) -> Answer:
    """The account's limit of throughput is below what its agents' containers take.

    What is read: `capacity.totalThroughputLimit` of the account (absent or -1: no limit), and the projects.

    Why it matters: with a lower limit Azure cannot make the containers, and no agent starts.

    What is wrong: the limit is below the sum for all projects.

    How to put it right: `az cosmosdb update --total-throughput-limit <limit>`.

    References: learn.microsoft.com/azure/foundry/agents/concepts/standard-agent-setup.
    """
    evidence = account.at("properties", "capacity", "totalThroughputLimit")
    if evidence.value is None or evidence.value == -1:
        return holds(account, f"{account.name} has no limit of throughput", evidence)
    needed = terms.for_each_project * max(1, len(w.projects))
    if not isinstance(evidence.value, int):
        return unknown(account, Unknown(f"totalThroughputLimit of {account.name} is {evidence.value!r}"), evidence)
    if evidence.value >= needed:
        return holds(account, f"{account.name} may take {evidence.value} RU/s", evidence)
    says = f"{account.name} is limited to {evidence.value} RU/s; {len(w.projects)} projects need {needed}"
    return broken(account, says, evidence)


class ClosedTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may stand in for a public endpoint that is off: see the rules on public access."""

    rules_suffice: bool
    trusted_services: bool


@decides(on=lambda w: w.part("cosmos"), part="Cosmos DB account", terms=ClosedTerms)
def database_answers_the_internet(account: Resource, w: Workload, terms: ClosedTerms) -> Iterator[Verdict]:
    """The Cosmos DB account can be reached from the Internet, or from networks and services beside its endpoints.

    What is read: `publicNetworkAccess`, `ipRules` (0.0.0.0 stands for everything in Azure), `virtualNetworkRules`,
    `networkAclBypass` and `networkAclBypassResourceIds` of the account.

    Why it matters: the account holds what every user wrote to the agents.

    What is wrong: public access is not Disabled, or a rule allows access once it is enabled.

    How to put it right: `az cosmosdb update --public-network-access DISABLED`.

    References: article, "Networking"; learn.microsoft.com/azure/cosmos-db/how-to-configure-private-endpoints.
    """
    switch = account.at("properties", "publicNetworkAccess")
    word = account.text("properties", "publicNetworkAccess")
    if not word:
        yield unknown(account, Unknown(f"publicNetworkAccess of {account.name} is not stated", absent=True), switch)
        return
    if word not in ("disabled", "enabled", "securedbyperimeter"):
        yield unknown(account, Unknown(f"publicNetworkAccess of {account.name} is {switch.value!r}"), switch)
        return
    lists = [account.at("properties", key) for key in ("ipRules", "virtualNetworkRules", "networkAclBypassResourceIds")]
    open_lists = [evidence for evidence in lists if evidence.value]
    bypass = account.at("properties", "networkAclBypass")
    let_by = account.text("properties", "networkAclBypass")
    passes = let_by == "azureservices" and not terms.trusted_services
    if let_by not in ("", "none", "azureservices"):
        yield unknown(account, Unknown(f"networkAclBypass of {account.name} is {bypass.value!r}"), bypass)
        return
    if word == "enabled":
        change = set_to(account.id, "properties/publicNetworkAccess", "Disabled")
        yield broken(account, f"public network access of {account.name} is Enabled", switch, changes=[change])
    for evidence in open_lists:
        key = evidence.place.pointer.rpartition("/")[2]
        says = f"{key} of {account.name} allows access as soon as public access is enabled"
        yield broken(account, says, evidence, aspect=key, changes=[set_to(account.id, f"properties/{key}", [])])
    if passes:
        change = set_to(account.id, "properties/networkAclBypass", "None")
        yield broken(account, f"services that Azure trusts pass the rules of {account.name}", bypass, changes=[change])
    if word == "securedbyperimeter":
        yield unknown(
            account, Unknown(f"a perimeter decides who reaches {account.name}, which is not compared"), switch
        )
    elif word == "disabled" and not open_lists and not passes:
        yield holds(account, f"public network access of {account.name} is Disabled", switch, bypass)


class RuleSetTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rule sets of web application firewalls that Microsoft manages, of which one must be carried."""

    rule_sets: tuple[str, ...]


@decides(on=lambda w: w.gateways, part="Application Gateway", terms=RuleSetTerms)
def firewall_has_no_managed_rules(gateway: Resource, w: Workload, terms: RuleSetTerms) -> Iterator[Verdict]:
    """The web application firewall carries no rule set that Microsoft manages.

    What is read: `managedRules.managedRuleSets` of the policies of the gateway and its listeners.

    Why it matters: a firewall without rules prevents nothing.

    What is wrong: a policy names none of the rule sets, or the gateway has no policy.

    How to put it right: `az network application-gateway waf-policy managed-rule rule-set add`.

    References: App Service baseline;
    learn.microsoft.com/azure/web-application-firewall/ag/application-gateway-crs-rulegroups-rules.
    """
    policies = w.estate.out(gateway, Relation.FILTERED_BY)
    wanted = {each.casefold() for each in terms.rule_sets}
    if not policies:
        yield broken(gateway, f"{gateway.name} has no firewall policy", gateway.at("properties", "firewallPolicy"))
    for policy in dict.fromkeys(policies):
        if isinstance(policy, Unknown):
            yield unknown(gateway, policy)
            continue
        at = ("properties", "managedRules", "managedRuleSets")
        sets = [policy.text(*at, n, "ruleSetType") for n, _ in policy.items(*at)]
        if wanted & set(sets):
            yield holds(gateway, f"{policy.name} carries {', '.join(sets)}", policy.at(*at), aspect=policy.name)
        else:
            yield broken(
                gateway, f"{policy.name} carries no rule set of Microsoft's", policy.at(*at), aspect=policy.name
            )
