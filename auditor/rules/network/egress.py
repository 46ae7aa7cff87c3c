"""The way out: which subnets go by the firewall, and what its rules let out from each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from auditor.documents.azure_firewall import (
    FIREWALL,
    RULE_GROUP,
    AzureFirewall,
    RuleGroup,
)
from auditor.documents.route_table import RouteTable, UserRoute
from auditor.estate import Relation
from auditor.model import Evidence, Resource, Unknown, Verdict
from auditor.network.routing.user_routes import routes_of
from auditor.network.topology.virtual_networks import subnet_prefixes
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.sets.address_set import AddressSet
from auditor.workload.architecture import subnet_names
from auditor.workload.firewall_rules import LISTS, Let, lets_of, meets
from auditor.workload.parts import Workload

_EVERYWHERE = ("0.0.0.0/0", "*", "any", "internet")


def _none(w: Workload) -> Iterable[Resource]:
    return ()


# --- routes ----------------------------------------------------------------------------------------------------------


def _default_routes(subnet: Resource, w: Workload) -> list[UserRoute]:
    """The routes for every address that a subnet's table holds. Raises `NotKnown` where the table was not read."""
    table = w.estate.one(subnet, Relation.ROUTED_BY)
    if table is None:
        return []
    return [view for route in routes_of(w.estate, table) if (view := UserRoute(route)).prefix.value == "0.0.0.0/0"]


@decides(on=_none, part="subnet")
def subnet_leaves_past_the_firewall(subnet: Resource, w: Workload, _terms: object) -> Answer:
    """What leaves a subnet does not go by the firewall.

    What is read: the subnet's route table, and its route for 0.0.0.0/0.

    Why it matters: what goes another way, no rule of the firewall sees.

    What is wrong: the subnet has no route table, the table no route for 0.0.0.0/0, or that leads to no appliance.

    How to put it right: `az network route-table route create --address-prefix 0.0.0.0/0 --next-hop-type
    VirtualAppliance --next-hop-ip-address <firewall>`, and put the table on the subnet.

    References: article, "Virtual network segmentation and security" (user-defined routes).
    """
    found = _default_routes(subnet, w)
    evidence = subnet.at("properties", "routeTable")
    if not found:
        says = f"{subnet.name} has no route for 0.0.0.0/0: what leaves it passes no firewall"
        return broken(subnet, says, evidence, fix="put a route table with a default route to the firewall on it")
    route = found[0]
    if route.hop.value != "virtualappliance":
        says = f"0.0.0.0/0 of {subnet.name} leads to {route.hop.evidence.value}, not to the firewall"
        return broken(subnet, says, route.hop.evidence)
    return holds(subnet, f"0.0.0.0/0 of {subnet.name} leads to {route.appliance}", route.hop.evidence)


@decides(on=_none, part="subnet")
def subnet_is_routed_to_the_firewall(subnet: Resource, w: Workload, _terms: object) -> Answer:
    """A subnet that Azure itself has to reach is routed to the firewall.

    What is read: the subnet's route table, and its route for 0.0.0.0/0.

    Why it matters: Application Gateway, Bastion and the firewall answer what comes from the Internet; answers that go
    by a firewall which saw no request are lost.

    What is wrong: the table has a route for 0.0.0.0/0 to an appliance.

    How to put it right: take the route table off the subnet.

    References: article, "Virtual network segmentation and security" (user-defined routes).
    """
    for route in _default_routes(subnet, w):
        if route.hop.value != "internet":
            says = f"0.0.0.0/0 of {subnet.name} leads to {route.hop.evidence.value}"
            return broken(subnet, says, route.hop.evidence)
    return holds(subnet, f"no default route of {subnet.name} leads away", subnet.at("properties", "routeTable"))


@decides(on=_none, part="subnet")
def default_route_leads_elsewhere(subnet: Resource, w: Workload, _terms: object) -> Answer:
    """A default route leads to an address that is no firewall's, or a learned route goes before it.

    What is read: the next hop of the subnet's route for 0.0.0.0/0, the private addresses of the firewalls in the
    snapshot, and `disableBgpRoutePropagation` of the table.

    Why it matters: packets to an address that nothing has are lost; a narrower route that a gateway learns takes its
    packets past the firewall.

    What is wrong: no firewall has the address, or the table takes routes of gateways.

    How to put it right: correct the next hop; `az network route-table update --disable-bgp-route-propagation true`.

    References: learn.microsoft.com/azure/firewall/forced-tunneling.
    """
    routes = [route for route in _default_routes(subnet, w) if route.hop.value == "virtualappliance"]
    if not routes:
        return not_applicable(subnet, f"{subnet.name} has no default route to an appliance")
    route = routes[0]
    table = w.estate.one(subnet, Relation.ROUTED_BY)
    assert table is not None
    keeps_out = RouteTable(table).keeps_gateways_out
    if keeps_out.known is False:
        return broken(subnet, f"{table.name} takes the routes that gateways learn", keeps_out.evidence)
    firewalls = {address: firewall for firewall in w.estate.all(FIREWALL) for address in _addresses(firewall)}
    if route.appliance not in firewalls:
        says = f"no firewall here has {route.appliance}, which 0.0.0.0/0 of {subnet.name} leads to"
        away = Unknown(f"{says}; one in a network that was not read may have it")
        return (
            unknown(subnet, away, route.address.evidence)
            if _has_peers(w)
            else broken(subnet, says, route.address.evidence)
        )
    keeps_out.value  # noqa: B018 - raises where it cannot be determined
    says = f"0.0.0.0/0 of {subnet.name} leads to {firewalls[route.appliance].name}"
    return holds(subnet, says, route.address.evidence, keeps_out.evidence)


def _has_peers(w: Workload) -> bool:
    return any(w.estate.all("microsoft.network/virtualnetworks/virtualnetworkpeerings", n.id) for n in w.networks)


def _addresses(firewall: Resource) -> Iterator[str]:
    view = AzureFirewall(firewall)
    for configuration in view.configurations.value:
        known = configuration.private_address.known
        if isinstance(known, str):
            yield known


# --- rules of the firewall -------------------------------------------------------------------------------------------


class OutTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the firewall may let out of a subnet.

    `nothing`: no rule at all. `named`: application rules with names that are no `*`, on `ports`. `tags` are service
    tags that network rules may lead to; `needs` are tags or names of which one must be let out; `any_port` says that
    a network rule to a named destination may be on any port; `only_needs` that nothing is asked but whether that is
    let out.
    """

    nothing: bool = False
    named: bool = False
    ports: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    any_port: bool = False
    only_needs: bool = False


@decides(on=_none, part="subnet", terms=OutTerms)
def firewall_lets_out_more(subnet: Resource, w: Workload, terms: OutTerms) -> Iterator[Verdict]:
    """The firewall lets more out of a subnet than the architecture's table says.

    What is read: the rules of the firewall and of its policy with those that it inherits, in the order of their
    priorities: sources with IP groups, destinations, names, ports.

    Why it matters: what may leave for anywhere can take the company's data anywhere.

    What is wrong: a rule about addresses of the subnet allows what the terms do not: any name, any address, a port
    that the table has not, or anything at all. Or what the subnet needs is not let out.

    How to put it right: name the destinations in the rule, or delete it.

    References: article, "Virtual network segmentation and security" (table of firewall rules);
    learn.microsoft.com/azure/firewall/rule-processing.
    """
    if not w.part("firewall"):
        yield not_applicable(subnet, "this workload has no firewall whose rules could be read")
        return
    gaps: list[Unknown] = []
    met: list[Let] = []
    wrong = False
    for let in lets_of(w):
        met_here = meets(let, subnet)
        if isinstance(met_here, Unknown):
            gaps.append(met_here)
        elif met_here:
            met.append(let)
            why = "" if terms.only_needs else _too_wide(let, terms)
            if why and let.perhaps_denied:
                gaps.append(
                    Unknown(
                        f"rule {let.rule.name} lets {why}, and whether a rule before it denies that is not compared"
                    )
                )
            elif why:
                wrong = True
                yield broken(
                    subnet, f"rule {let.rule.name} lets {why} out of {subnet.name}", *let.evidence, aspect=let.rule.name
                )
    lacking = [need for need in terms.needs if any(_covers(let, need) for let in met)]
    if terms.needs and not lacking:
        says = f"no rule lets {' or '.join(terms.needs)} out of {subnet.name}"
        if gaps:
            yield unknown(subnet, gaps[0], aspect="needs")
        else:
            yield broken(subnet, says, subnet.at("properties", "addressPrefix"), aspect="needs")
    elif gaps:
        yield unknown(subnet, gaps[0])
    elif not wrong:
        names = ", ".join(let.rule.name for let in met) or "no rule"
        yield holds(
            subnet,
            f"{names} of the firewall lets out what {subnet.name} may",
            *(e for let in met[:3] for e in let.evidence),
        )


def _too_wide(let: Let, terms: OutTerms) -> str:
    """What a rule allows beyond the terms, in words; empty where nothing."""
    rule = let.rule
    if terms.nothing:
        return "something"
    stated = {key: getattr(rule, attribute).value if rule.states(key) else () for key, attribute in LISTS.items()}
    if let.of_names:
        names = [n for n in stated["targetFqdns"] if n.strip() == "*"]
        if names or any(n.strip() in ("*", "*/*") for n in stated["targetUrls"]):
            return "every name"
        if stated["webCategories"]:
            return f"the category {stated['webCategories'][0]}"
        if terms.names and not all(_is_among(n, terms.names) for n in (*stated["targetFqdns"], *stated["fqdnTags"])):
            return f"{', '.join((*stated['targetFqdns'], *stated['fqdnTags']))}"
        ports = {p.port.value for p in rule.web_protocols.value} if rule.states("protocols") else set()
        extra = sorted(ports - set(terms.ports)) if terms.ports else []
        return f"port {extra[0]}" if extra else "" if terms.named or terms.names else "names"
    wide = [d for d in stated["destinationAddresses"] if d.strip().casefold() in _EVERYWHERE]
    if wide:
        return "every address"
    others = [d for d in stated["destinationAddresses"] if not _is_among(d, terms.tags)]
    if others and not terms.any_port:
        return f"{others[0]}, which is no destination of its row,"
    if (
        stated["destinationFqdns"]
        and not terms.named
        and not all(_is_among(n, terms.names) for n in stated["destinationFqdns"])
    ):
        return str(stated["destinationFqdns"][0])
    if stated["destinationIpGroups"] and not terms.any_port:
        return "a group of addresses"
    return ""


def _is_among(word: str, allowed: Iterable[str]) -> bool:
    from auditor.model.wildcard import like

    plain = word.strip()
    return any(like(plain, each) or plain.casefold().startswith(f"{each.casefold()}.") for each in allowed)


def _covers(let: Let, need: str) -> bool:
    rule = let.rule
    for key, attribute in LISTS.items():
        for stated in getattr(rule, attribute).value if rule.states(key) else ():
            if stated.strip() == "*" or _is_among(need, (stated.strip(),)) or _is_among(stated, (need,)):
                return True
    return False


class SourceTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The subnets that the firewall may let something out of."""

    subnets: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a subnet that the architecture has not."""
        if strange := sorted(set(self.subnets) - set(subnet_names())):
            raise ValueError(f"`{strange[0]}` is no subnet of this architecture")


@decides(on=lambda w: w.part("firewall"), part="firewall", terms=SourceTerms)
def firewall_lets_others_out(firewall: Resource, w: Workload, terms: SourceTerms) -> Iterator[Verdict]:
    """The firewall lets something out that is in none of the subnets which may leave.

    What is read: the sources of every rule of the firewall that allows.

    Why it matters: who may leave is a list; what is not on it must not.

    What is wrong: the sources of a rule reach beyond the subnets of the terms.

    How to put it right: name the subnets' prefixes as the sources of the rule.

    References: article, "Virtual network segmentation and security" (deny by default).
    """
    may = AddressSet.none()
    for name in terms.subnets:
        for subnet in w.subnet(name):
            may |= subnet_prefixes(subnet)
    wrong, gaps = False, []
    for let in lets_of(w):
        if isinstance(let.sources, Unknown):
            gaps.append(let.sources)
            continue
        beyond = let.sources - may
        if not beyond.is_empty:
            wrong = True
            says = f"rule {let.rule.name} lets out of {beyond}, which lies in no subnet that may leave"
            yield broken(firewall, says, *let.evidence, aspect=let.rule.name)
    if gaps:
        yield unknown(firewall, gaps[0])
    elif not wrong:
        yield holds(
            firewall, f"{firewall.name} lets out of the subnets that may leave, and of no other", firewall.at("name")
        )


@decides(on=lambda w: w.part("firewall"), part="firewall")
def firewall_lets_connections_in(firewall: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """The firewall translates what comes from the Internet to an address inside.

    What is read: the collections of translating (DNAT) rules of the firewall and of its policy.

    Why it matters: the gateway is the only path from the Internet; a translation is another, past every web firewall.

    What is wrong: there is such a rule.

    How to put it right: delete it.

    References: article, "Security"; learn.microsoft.com/azure/firewall/tutorial-firewall-dnat-policy.
    """
    view = AzureFirewall(firewall)
    found: list[Evidence] = [rule.shown("name") for c in view.translating_collections.value for rule in c.rules.value]
    policy = view.policy.value
    if policy is not None:
        w.estate.need(policy, firewall.place("properties", "firewallPolicy"))
        for group in w.estate.all(RULE_GROUP, under=policy):
            for collection in RuleGroup(group).collections.value:
                if "nat" in collection.collection_type.value:
                    found += [rule.shown("name") for rule in collection.rules.value]
    if found:
        yield broken(firewall, f"{firewall.name} translates what comes in by {len(found)} rules", *found[:4])
    else:
        yield holds(firewall, f"{firewall.name} lets nothing in", firewall.at("name"))


@decides(on=_none, part="subnet")
def firewall_opens_the_traffic(subnet: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """The firewall ends TLS of what leaves a subnet, which the agent service does not support.

    What is read: `terminateTLS` of the application rules about the subnet.

    Why it matters: agents check the certificates of what they call; one of the firewall's is none that they know.

    What is wrong: a rule about the subnet ends TLS.

    How to put it right: switch TLS inspection off in these rules.

    References: learn.microsoft.com/azure/foundry/agents/how-to/virtual-networks.
    """
    if not w.part("firewall"):
        yield not_applicable(subnet, "this workload has no firewall whose rules could be read")
        return
    wrong = False
    for let in lets_of(w):
        met_here = meets(let, subnet)
        if isinstance(met_here, Unknown):
            yield unknown(subnet, met_here, *let.evidence, aspect=let.rule.name)
        elif met_here and let.rule.resource.stated(*let.rule.path, "terminateTLS") is True:
            wrong = True
            says = f"rule {let.rule.name} ends the TLS of {subnet.name}"
            yield broken(subnet, says, let.rule.shown("terminateTLS"), aspect=let.rule.name)
    if not wrong:
        yield holds(subnet, f"no rule of the firewall ends the TLS of {subnet.name}", subnet.at("name"))
