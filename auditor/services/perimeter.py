"""Network security perimeters: whom the inbound rules of a member's profile let in.

An Enforced association puts the perimeter's inbound rules in the place of the service's own switch and firewall. In
Learning and Audit mode the perimeter's rules let in besides the service's own, and what neither names is blocked only
by the service itself; a service that says SecuredByPerimeter has no rules of its own to fall back to
(learn.microsoft.com/azure/private-link/network-security-perimeter-transition, 2026-11-30).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from auditor.documents.perimeter import ACCESS_RULE, ASSOCIATION, AccessRule, Association
from auditor.estate import Estate
from auditor.model import Evidence, NotKnown, Resource, Unknown
from auditor.network.topology.service_tags import ServiceTags
from auditor.services.firewall_verdict import EVERYBODY, NOBODY, FirewallVerdict, undecided
from auditor.sets.address_set import AddressSet


@dataclass(frozen=True)
class _Rules:
    """What the inbound rules of a member's profile let in."""

    addresses: AddressSet
    at_most: AddressSet
    subscriptions: tuple[str, ...]
    reasons: tuple[Evidence, ...]
    gap: Unknown | None


def by_perimeter(estate: Estate, resource: Resource) -> FirewallVerdict:
    """Who gets in to a service that says it is secured by a perimeter."""
    association = _association(estate, resource)
    if association is None:
        because = (
            f"{resource.name} is secured by a network security perimeter, and its association is not in this snapshot"
        )
        return undecided(resource.id, Unknown(because, permission=f"{ASSOCIATION}/read", absent=True))
    return _verdict(estate, resource, association)


def beside_perimeter(estate: Estate, resource: Resource, own: FirewallVerdict) -> FirewallVerdict:
    """The verdict of a service's own switch and firewall, where a perimeter that it is a member of changes it."""
    association = _association(estate, resource)
    if association is None or own.by_perimeter:
        return own
    mode = association.access_mode.known
    if mode == "enforced":
        return _verdict(estate, resource, association)
    if isinstance(mode, Unknown):
        return own.but_not_read(mode)
    rules = _rules(estate, association)
    return replace(
        own,
        addresses=own.addresses | rules.addresses,
        at_most=own.at_most | rules.at_most,
        reasons=(*own.reasons, *rules.reasons) if rules.reasons else own.reasons,
        instances=(*own.instances, *rules.subscriptions),
        gap=rules.gap if own.gap is None else own.gap,
    )


def _association(estate: Estate, resource: Resource) -> Association | None:
    for found in estate.seen(ASSOCIATION):
        association = Association(found)
        if association.member.known == resource.id:
            return association
    return None


def _verdict(estate: Estate, resource: Resource, association: Association) -> FirewallVerdict:
    rules = _rules(estate, association)
    issues = association.has_provisioning_issues.known
    gap = rules.gap
    if issues == "yes":
        gap = Unknown(f"the association of {resource.name} with its perimeter has provisioning issues")
    profile = association.profile.known
    name = profile.name if profile is not None and not isinstance(profile, Unknown) else "its profile"
    told = "let in " + str(rules.addresses) if not rules.addresses.is_empty else "let in no address"
    return FirewallVerdict(
        resource.id,
        rules.addresses,
        EVERYBODY if gap is not None else rules.at_most,
        f"the inbound rules of {name}, by which a network security perimeter holds {resource.name}, {told}",
        (association.access_mode.evidence, *rules.reasons),
        instances=rules.subscriptions,
        gap=gap,
        by_perimeter=True,
    )


def _rules(estate: Estate, association: Association) -> _Rules:
    addresses, subscriptions, reasons = NOBODY, [], []
    unread: Unknown | None = None
    try:
        profile = association.profile.value
        if profile is None:
            raise NotKnown(  # noqa: TRY301 - one place turns every gap below into a reason
                Unknown(f"{association.name} names no profile of its perimeter", absent=True)
            )
        for found in estate.all(ACCESS_RULE, under=profile):
            rule = AccessRule(found)
            if rule.direction.value != "inbound":
                continue
            addresses |= _addresses(rule)
            for tag in rule.service_tags.value:
                exact = ServiceTags.of_estate(estate).exact(tag)
                if exact is None:
                    unread = Unknown(f"which addresses {tag} has, which {rule.name} lets in, is not in this snapshot")
                addresses |= NOBODY if exact is None else exact
            subscriptions += [id_.text for id_ in rule.subscriptions.value]
            reasons.append(rule.address_prefixes.evidence)
    except NotKnown as gap:
        return _Rules(addresses, EVERYBODY, tuple(subscriptions), tuple(reasons), gap.unknown)
    at_most = addresses if unread is None else EVERYBODY
    return _Rules(addresses, at_most, tuple(subscriptions), tuple(reasons), unread)


def _addresses(rule: AccessRule) -> AddressSet:
    try:
        return AddressSet.of(*rule.address_prefixes.value)
    except ValueError as problem:
        raise NotKnown(Unknown(f"an address of the access rule {rule.name} is none: {problem}")) from None
