"""Which web application firewall looks at which requests of an application gateway, and what it lets through.

A listener's own policy takes the place of the gateway's, a path rule's that of its listener; the settings of the
gateway itself hold only where there is no policy
(learn.microsoft.com/azure/web-application-firewall/ag/policy-overview).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.documents.application_gateway import ApplicationGateway, Listener, OwnFirewall, PathMap, named
from auditor.documents.web_firewall import Condition, Exclusion, RuleSet, SkippedRequests, WebFirewallPolicy
from auditor.facts import load
from auditor.model import ArmId, Evidence
from auditor.sets.address_set import AddressSet

Firewall = ArmId | OwnFirewall | None
"""A policy, the settings of the gateway itself, or none."""


@dataclass(frozen=True)
class Covered:
    """What one firewall looks at. `of` is the policy, the gateway's own settings, or `None` where nothing does."""

    of: Firewall
    listeners: tuple[str, ...]


def covered(gateway: ApplicationGateway) -> tuple[Covered, ...]:
    """By firewall: the listeners of layer 7 that it is in force for; those that only redirect are none.

    A gateway without such a listener is taken as a whole. Raises `NotKnown` where it is not known which it is.
    """
    found: dict[Firewall, list[str]] = {}
    redirecting = {listener.path for listener in gateway.listeners.value if only_redirects(gateway, listener)}
    for listener in gateway.listeners.value:
        if listener.path not in redirecting:
            own = listener.firewall_policy.value
            for firewall in dict.fromkeys((own or _of_gateway(gateway), *_of_paths(gateway, listener))):
                found.setdefault(firewall, []).append(listener.name)
    if not found and not gateway.stream_listeners.value:
        found[_of_gateway(gateway)] = []
    return tuple(Covered(firewall, tuple(listeners)) for firewall, listeners in found.items())


def _of_gateway(gateway: ApplicationGateway) -> Firewall:
    return gateway.firewall_policy.value or gateway.own_firewall.value


def _of_paths(gateway: ApplicationGateway, listener: Listener) -> Iterator[ArmId]:
    for path_map in _path_maps(gateway, listener):
        for rule in path_map.rules.value:
            policy = rule.firewall_policy.value
            if policy is not None:
                yield policy


def _path_maps(gateway: ApplicationGateway, listener: Listener) -> Iterator[PathMap]:
    for rule in gateway.rules.value:
        if _means(rule.listener.value, listener):
            path_map = named(gateway.path_maps.value, rule.path_map.value)
            if path_map is not None:
                yield path_map


def _means(id_: ArmId | None, listener: Listener) -> bool:
    return named((listener,), id_) is not None


def only_redirects(gateway: ApplicationGateway, listener: Listener) -> bool:
    """Whether a listener serves nothing itself: every rule of it, and every path of those, sends to HTTPS."""
    rules = [rule for rule in gateway.rules.value if _means(rule.listener.value, listener)]
    return bool(rules) and all(
        _leads(gateway, rule.redirect.value)
        or (
            rule.redirect.value is None
            and _all_paths_lead(gateway, named(gateway.path_maps.value, rule.path_map.value))
        )
        for rule in rules
    )


def _all_paths_lead(gateway: ApplicationGateway, paths: PathMap | None) -> bool:
    if paths is None or not _leads(gateway, paths.redirect.value):
        return False
    return all(_leads(gateway, rule.redirect.value) for rule in paths.rules.value)


def _leads(gateway: ApplicationGateway, id_: ArmId | None) -> bool:
    """Whether a redirect leads to HTTPS: a listener of this gateway that speaks it, or a URL."""
    redirect = named(gateway.redirects.value, id_)
    if redirect is None:
        return False
    target = named(gateway.listeners.value, redirect.listener.value)
    if target is not None:
        return target.protocol.value == "https"
    return redirect.url.value.casefold().startswith("https://")


def sent_in_the_clear(gateway: ApplicationGateway, listener: Listener) -> Evidence | None:
    """Where a rule of a listener sends browsers on to a URL without TLS; `None` where none does."""
    for rule in gateway.rules.value:
        if _means(rule.listener.value, listener):
            paths = named(gateway.path_maps.value, rule.path_map.value)
            ways = [rule.redirect.value]
            if paths is not None:
                ways += [paths.redirect.value, *(each.redirect.value for each in paths.rules.value)]
            for redirect in (named(gateway.redirects.value, id_) for id_ in ways):
                if redirect is not None and redirect.url.value.casefold().startswith("http://"):
                    return redirect.url.evidence
    return None


# --- what a policy lets through -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hole:
    """Something in a policy that lets attacks through. `whole` where it opens all requests, or a whole kind of attack.

    `says` continues "the policy ...".
    """

    says: str
    evidence: Evidence
    whole: bool


def holes(policy: WebFirewallPolicy, hosts: tuple[str, ...] = ()) -> tuple[Hole, ...]:
    """What a policy lets through although it is on. Raises `NotKnown` where a part of it cannot be read.

    `hosts` are the names that every request to what it protects is for, where they are known.
    """
    return (
        *_rule_sets(policy),
        *_custom(policy, hosts),
        *_excluded(policy),
        *_skipped(policy, hosts),
        *_bodies(policy),
    )


def _bodies(policy: WebFirewallPolicy) -> Iterator[Hole]:
    """Without the check of bodies rules see headers, cookies and URIs only, and a chat is typed into bodies.

    learn.microsoft.com/azure/web-application-firewall/ag/application-gateway-waf-request-size-limits.
    """
    settings = policy.settings.value
    if settings is not None and settings.checks_bodies.known is False:
        yield Hole("does not look at the bodies of requests", settings.checks_bodies.evidence, whole=True)


def _laws() -> Mapping[str, Any]:
    found: Mapping[str, Any] = load("web-firewall")
    return found


def _rule_sets(policy: WebFirewallPolicy) -> Iterator[Hole]:
    sets = policy.rule_sets
    known = {name.casefold() for name in _laws()["attack_rule_sets"]}
    against = [each for each in sets.value if each.type.value in known]
    if not against:
        listed = ", ".join(each.type.value for each in sets.value)
        says = f"has no rule set against attacks, only {listed}" if listed else "has no managed rule set"
        yield Hole(says, sets.evidence, whole=True)
    for each in against:
        yield from _switched_off(each)


def _switched_off(rules: RuleSet) -> Iterator[Hole]:
    for group in rules.overrides.value:
        if not group.rules.value:
            yield Hole(f"has the group {group.group} switched off", group.shown("ruleGroupName"), whole=True)
        for rule in group.rules.value:
            off = rule.state.value != "enabled"
            if not off and rule.action.value not in _laws()["not_blocking_actions"]:
                continue
            which = rule.rule.value
            does = "switched off" if off else f"set to {rule.action.value}"
            yield Hole(f"has rule {which} {does}", rule.shown(), whole=which in _laws()["blocking_rules"])


def _custom(policy: WebFirewallPolicy, hosts: tuple[str, ...]) -> Iterator[Hole]:
    """Custom rules that let requests past the managed ones: an Allow ends the evaluation."""
    for rule in sorted(policy.custom_rules.value, key=lambda each: each.priority.value):
        if rule.state.value != "enabled":
            continue
        everything = all(_takes_all(condition, hosts) for condition in rule.conditions.value)
        if rule.action.value == "block" and everything:
            return
        if rule.action.value == "allow":
            what = "every request" if everything else "some requests"
            says = f"lets {what} past the managed rules by the custom rule {rule.name}"
            yield Hole(says, rule.shown("action"), whole=everything)


def _excluded(policy: WebFirewallPolicy) -> Iterator[Hole]:
    for exclusion in policy.exclusions.value:
        every = exclusion.operator.value == "equalsany"
        what = exclusion.variable.value if every else f"{exclusion.variable.value} {exclusion.selector.value}"
        says = f"does not look at {what}{'' if _of_all_rules(exclusion) else ' by some of its rules'}"
        yield Hole(says, exclusion.shown(), whole=every and _of_all_rules(exclusion))


def _skipped(policy: WebFirewallPolicy, hosts: tuple[str, ...]) -> Iterator[Hole]:
    """Exceptions: requests that skip managed rules by their address, URI or a header.

    learn.microsoft.com/azure/web-application-firewall/ag/application-gateway-exceptions.
    """
    for each in policy.exceptions.value:
        variable, operator, values = each.variable.value, each.operator.value, each.values.value
        if operator == "ipmatch":
            most = _most_addresses(values, negated=False)
        else:
            most = _fits(_probed(variable, each.selector.known), _PLAIN.get(operator, operator), values, False, hosts)
        says = f"skips its rules for {'every request' if most else 'some requests'} by an exception on {variable}"
        yield Hole(
            f"{says}{'' if _of_all_rules(each) else ', some of them'}", each.shown(), whole=most and _of_all_rules(each)
        )


_PLAIN: Mapping[str, str] = {"startswith": "beginswith", "equals": "equal"}
"""Words of exceptions by those that custom rules have for the same."""


def _of_all_rules(exclusion: Exclusion | SkippedRequests) -> bool:
    sets = exclusion.sets.value
    return not sets or any(not each.groups.value for each in sets)


_PROBES: Mapping[str, tuple[str, ...]] = {
    "requesturi": ("/", "/chat", "/api/Chat?stream=1", "/0/x-y_z.png"),
    "requestmethod": ("GET", "POST"),
    "requestheader": ("Mozilla/5.0 (X11)", "curl/8.5.0", "text/html"),
    "requestheaders": ("Mozilla/5.0 (X11)", "curl/8.5.0", "text/html"),
    "querystring": ("", "q=1", "a=b&c=D"),
}
"""What ordinary requests of a chat have there: a condition that takes all of them narrows nothing."""

_MATCHES: Mapping[str, Callable[[str, str], bool]] = {
    "equal": lambda text, value: text == value,
    "contains": lambda text, value: value in text,
    "beginswith": lambda text, value: text.startswith(value),
    "endswith": lambda text, value: text.endswith(value),
}


def _probed(variable: str, selector: object) -> str:
    """What of a request is compared: the header `Host` is probed apart, since every request to a listener has it."""
    by_header = variable in ("requestheaders", "requestheader")
    return "host" if by_header and isinstance(selector, str) and selector.casefold() == "host" else variable


def _takes_all(condition: Condition, hosts: tuple[str, ...] = ()) -> bool:
    """Whether a condition of a custom rule holds for requests of nearly everybody."""
    variables = {_probed(variable.of.value, variable.selector.known) for variable in condition.variables.value}
    operator, negated = condition.operator.value, condition.negated.value
    if operator == "any":
        return not negated
    if operator == "ipmatch":
        return _most_addresses(condition.values.value, negated)
    if operator == "geomatch":
        return negated  # every country but those that are listed
    found = [_fits(variable, operator, condition.values.value, negated, hosts) for variable in sorted(variables)]
    return any(found)


def _fits(variable: str, operator: str, values: tuple[str, ...], negated: bool, hosts: tuple[str, ...]) -> bool:
    probes = hosts if variable == "host" else _PROBES.get(variable, ())
    return bool(probes) and all(_hit(operator, probe, values) is not negated for probe in probes)


def _hit(operator: str, text: str, values: tuple[str, ...]) -> bool:
    if operator == "regex":
        return any(_searched(value, text) for value in values)
    matches = _MATCHES.get(operator)
    return matches is not None and any(matches(text.casefold(), value.casefold()) for value in values)


def _searched(pattern: str, text: str) -> bool:
    """Whether a short pattern is found in a text. A long one is taken to narrow, since trying it may take for ever."""
    if len(pattern) > _SIMPLE or re.search(r"[+*}]\)?[+*{]", pattern):
        return False
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False


_SIMPLE = 12

_HALF_OF_IPV4 = 1 << 31


def _most_addresses(values: tuple[str, ...], negated: bool) -> bool:
    """Whether these addresses, or all others, are more than half of IPv4: that is no list of clients any more."""
    try:
        found = AddressSet.of(*values)
    except ValueError:
        return False
    return ((~found if negated else found).v4).size > _HALF_OF_IPV4
