"""Access restrictions of web apps: ordered rules in `config/web`, for the site and for its management (scm) site."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.documents.site_access import AppEnvironment, Restriction, Site, SiteConfig
from auditor.estate import Estate
from auditor.model import ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.network.topology.service_tags import ServiceTags
from auditor.services.firewall_verdict import (
    EVERYBODY,
    NOBODY,
    FirewallVerdict,
    everybody,
    nobody,
    undecided,
)
from auditor.sets.address_set import AddressSet

_LAST = 2147483647


@dataclass(frozen=True)
class _Rule:
    """A restriction. `certain` is false where more than the source address decides (headers, a forwarded address)."""

    priority: int
    allow: bool
    addresses: AddressSet
    certain: bool
    subnet: ArmId | None
    evidence: Evidence


def site_open_to(estate: Estate, site: Resource) -> FirewallVerdict:
    """Who may use the site's own host name over the public endpoint."""
    return _open_to(estate, site, "ipSecurityRestrictions")


def scm_open_to(estate: Estate, site: Resource) -> FirewallVerdict:
    """Who may use the management (Kudu, deployment) site over the public endpoint."""
    config = _config(estate, site)
    try:
        if isinstance(config, Resource) and SiteConfig(config).scm_as_main.value:
            return site_open_to(estate, site)
    except NotKnown as gap:
        closed = _switch(estate, site, config)
        return undecided(site.id, gap.unknown) if closed is None else closed
    return _open_to(estate, site, "scmIpSecurityRestrictions")


def _open_to(estate: Estate, site: Resource, rules: str) -> FirewallVerdict:
    inside = _environment(estate, site, rules)
    if inside is not None and inside.closed is True:
        return inside
    config = _config(estate, site)
    switched = _switch(estate, site, config) or inside
    if switched is not None:
        return switched
    on = Site(site).public_access.evidence
    if isinstance(config, Unknown):
        return undecided(site.id, config, on)
    try:
        return _by_rules(site, config, rules, on, ServiceTags.of_estate(estate))
    except NotKnown as gap:
        return undecided(site.id, gap.unknown, on)


def _config(estate: Estate, site: Resource) -> Resource | Unknown:
    """The `config/web` child, or what the site itself states of it."""
    try:
        found = estate.child(site, "config", "web")
    except NotKnown as gap:
        return gap.unknown
    if found is not None:
        return found
    return Unknown(
        f"config/web of {site.name} is not in this snapshot",
        permission="Microsoft.Web/sites/config/read",
    )


def _environment(estate: Estate, site: Resource, rules: str) -> FirewallVerdict | None:
    """An App Service Environment with an internal load balancer has no public address, whatever the site says.

    `Web` keeps the sites' own hosts inside, `Publishing` the management sites
    (app-service/environment/creation: internalLoadBalancingMode).
    """
    where = Site(site).environment
    if isinstance(where.known, Unknown):
        return undecided(site.id, where.known, where.evidence)
    if where.known is None:
        return None
    environment = estate.resolve(where.known, where.place)
    if isinstance(environment, Unknown):
        return undecided(site.id, environment, where.evidence)
    mode = AppEnvironment(environment).inside
    if isinstance(mode.known, Unknown):
        return undecided(site.id, mode.known, mode.evidence)
    inside = {word.strip() for word in mode.known.split(",")}
    if ("publishing" if rules.startswith("scm") else "web") not in inside and "3" not in inside:
        return None
    says = f"{site.name} is in {environment.name}, an App Service Environment with an internal load balancer"
    return nobody(site.id, says, mode.evidence)


def _switch(estate: Estate, site: Resource, config: Resource | Unknown) -> FirewallVerdict | None:
    """`Disabled` on either document closes; absent or empty is open unless a private endpoint exists."""
    switches = [Site(site).public_access]
    own = switches[0].value
    if isinstance(config, Resource) and not isinstance(SiteConfig(config).public_access.known, Unknown):
        # Where the settings do not tell, the site's own word decides, or what is asked next.
        switches.append(SiteConfig(config).public_access)
    stated = [switch.evidence for switch in switches]
    words = [own, *(switch.value for switch in switches[1:])]
    if "disabled" in words:
        says = f"public network access of {site.name} is disabled"
        return nobody(site.id, says, stated[words.index("disabled")])
    if "enabled" in words:
        return None
    if any(words):
        because = f"publicNetworkAccess of {site.name} is {stated[0].value!r}, which this version does not know"
        return undecided(site.id, Unknown(because), *stated)
    ends = estate.seen(f"{site.type}/privateendpointconnections", under=site.id)
    if ends:
        says = f"{site.name} has a private endpoint and does not state public network access, which closes it"
        return nobody(site.id, says, stated[0], ends[0].at("id"))
    return None


def _by_rules(site: Resource, config: Resource, name: str, on: Evidence, tags: ServiceTags) -> FirewallVerdict:
    view = SiteConfig(config)
    scm = name.startswith("scm")
    restrictions = view.scm_restrictions if scm else view.restrictions
    listed = sorted(_rules(restrictions.value, tags), key=lambda rule: rule.priority)
    default = (view.scm_default_action if scm else view.default_action).value
    allow_rest = default == "allow" if default else not listed
    if not listed and allow_rest:
        says = f"{site.name} takes connections from every address"
        return everybody(site.id, says, on, restrictions.evidence)
    surely = _walk(listed, allow_rest, hopeful=False)
    at_most = _walk(listed, allow_rest, hopeful=True)
    doubtful = [rule for rule in listed if not rule.certain]
    gap = None
    if surely != at_most and doubtful:
        value = doubtful[0].evidence.value
        gap = Unknown(f"the restriction {value!r} of {site.name} depends on more than the source address")
    subnets = tuple(_subnets(listed))
    says = f"the access restrictions of {site.name} let in {surely if gap is None else at_most}"
    reasons = (on, *(rule.evidence for rule in listed))
    return FirewallVerdict(site.id, surely, at_most, says, reasons, False, subnets, (), gap)


def _walk(rules: list[_Rule], allow_rest: bool, *, hopeful: bool) -> AddressSet:
    """First match wins. A rule that is not certain is taken to match only where that bends the answer our way."""
    left, let_in = EVERYBODY, NOBODY
    for rule in rules:
        if not rule.certain and rule.allow is not hopeful:
            continue
        if rule.allow:
            let_in |= left & rule.addresses
        left -= rule.addresses
    return let_in | left if allow_rest else let_in


def _subnets(rules: list[_Rule]) -> Iterator[ArmId]:
    """Subnets that a rule lets in before one decides for everybody; address rules do not see service endpoints."""
    for rule in rules:
        if rule.subnet is not None and rule.allow:
            yield rule.subnet
        elif rule.subnet is None and rule.certain and rule.addresses.is_everything:
            return


def _rules(restrictions: Iterable[Restriction], tags: ServiceTags) -> Iterator[_Rule]:
    for row in restrictions:
        stated = row.subnet if row.subnet.value is not None else row.older_subnet
        subnet = stated.value
        addresses, certain = _source(row.address.value, row.tag.value or "default", tags, is_subnet=subnet is not None)
        yield _Rule(
            row.priority.value if not row.priority.absent else _LAST,
            row.action.value in ("allow", ""),
            addresses,
            certain and not row.asks_for_headers,
            subnet,
            row.address.evidence if subnet is None else stated.evidence,
        )


def _source(text: str, tag: str, tags: ServiceTags, *, is_subnet: bool) -> tuple[AddressSet, bool]:
    """The addresses that a restriction names, and whether the source address alone decides it.

    A service tag is exact where the snapshot brought its prefixes; a forwarded address (XffProxy) never decides.
    """
    if is_subnet:
        return NOBODY, True
    if text.casefold() in ("any", ""):
        return EVERYBODY, True
    exact = tags.exact(text) if tag == "servicetag" else None
    if exact is not None:
        return exact, True
    if tag != "default":
        return EVERYBODY, False
    try:
        return AddressSet.of(*(part for part in text.split(",") if part.strip())), True
    except ValueError:
        return EVERYBODY, False
