"""The way in: one entry, filtered, encrypted from the browser to the worker, protected against floods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal, TypeVar

import msgspec

from auditor.access.scopes import group_of
from auditor.documents.application_gateway import (
    ApplicationGateway,
    BackendSetting,
    Listener,
    OwnFirewall,
    TlsPolicy,
    TlsProfile,
    named,
)
from auditor.documents.public_address import PublicAddress
from auditor.documents.view import Reading, View
from auditor.documents.web_firewall import WebFirewallPolicy
from auditor.estate import Relation
from auditor.facts import load
from auditor.model import Evidence, NotKnown, Resource, Unknown, Verdict
from auditor.model.change import Change, set_to
from auditor.network.frontends.web_firewall import Covered, Hole, covered, holes, only_redirects, sent_in_the_clear
from auditor.rules.rule import broken, decides, holds, not_applicable, unknown
from auditor.text.shell import q
from auditor.workload.parts import Workload

V = TypeVar("V", bound=View)


def _fix(resource: Resource, setting: str) -> str:
    return f"az resource update --ids {q(resource.id.text)} --set {setting}"


class FirewallTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a web application firewall must be."""

    tier: str
    state: str
    mode: str


@decides(on=lambda w: w.gateways, part="Application Gateway", terms=FirewallTerms)
def entry_is_not_filtered(resource: Resource, w: Workload, terms: FirewallTerms) -> Iterator[Verdict]:
    """Requests reach the chat UI without a web application firewall that blocks.

    What is read: the gateway's sku; for each listener the firewall in force: the policy of its path rules, its own,
    the gateway's, or the gateway's own settings; of a policy `policySettings.state` and `policySettings.mode`, its
    managed rule sets with what is switched off in them, its exclusions and its custom rules; listeners of layer 4.

    Why it matters: the gateway is the one entry from the Internet. A firewall that only detects, or that is switched
    off, writes down an attack and lets it through.

    What is wrong: a sku without a firewall; a listener without one in force; a policy that is Disabled or in Detection
    mode, that has no rule set against attacks, a whole group of one switched off, a custom rule that lets every
    request past the managed rules, or a whole part of requests excluded from all of them, such as their bodies; a
    listener of layer 4, whose connections no firewall looks at. Single rules that are switched off, narrow exclusions
    and custom rules that let some requests pass are named with the verdict.

    How to put it right: attach a policy and set it to Prevention
    (`az network application-gateway waf-policy policy-setting update --mode Prevention --state Enabled`).

    References: article, "Networking"; learn.microsoft.com/azure/web-application-firewall/ag/policy-overview;
    learn.microsoft.com/azure/web-application-firewall/ag/custom-waf-rules-overview;
    learn.microsoft.com/azure/application-gateway/tcp-tls-proxy-overview.
    """
    gateway = ApplicationGateway(resource)
    if gateway.sku.value != terms.tier.casefold():
        sku = gateway.sku.evidence.value
        says = f"{gateway.name} is of sku {sku}, which has no web application firewall"
        if gateway.sku.value.startswith("waf_"):
            says = f"{gateway.name} is of sku {sku}, of the first generation, which Azure retired on 28 April 2026"
        fix = _fix(resource, f"properties.sku.name={terms.tier}")
        yield broken(resource, says, gateway.sku.evidence, fix=fix)
        return
    for listener in gateway.stream_listeners.value:
        says = f"listener {listener.name} is of layer 4: it passes connections on, and no firewall looks at them"
        fix = f"az network application-gateway listener delete {_of(gateway)} --name {q(listener.name)}"
        yield broken(resource, says, listener.protocol.evidence, fix=fix, aspect=listener.name)
    for part in covered(gateway):
        yield _judge_firewall(gateway, part, w, terms)


def _judge_firewall(gateway: ApplicationGateway, part: Covered, w: Workload, terms: FirewallTerms) -> Verdict:
    if isinstance(part.of, OwnFirewall):
        return _own_firewall(gateway, part.of, terms)
    attached = gateway.firewall_policy.evidence
    if part.of is None:
        of = f"{_listed(part)} of {gateway.name}" if gateway.policies_elsewhere else gateway.name
        fix = _fix(gateway.resource, "properties.firewallPolicy.id=<id of a policy in Prevention mode>")
        says = f"no web application firewall policy is attached to {of}"
        return broken(gateway.resource, says, attached, gateway.own_firewall.evidence, fix=fix)
    policy = w.estate.resolve(part.of, attached.place)
    if isinstance(policy, Unknown):
        return unknown(gateway.resource, policy, attached)
    return _judge_policy(gateway, WebFirewallPolicy(policy), part, terms)


def _judge_policy(
    gateway: ApplicationGateway, policy: WebFirewallPolicy, part: Covered, terms: FirewallTerms
) -> Verdict:
    settings = policy.settings.value
    if settings is None:
        return unknown(gateway.resource, Unknown(f"{policy.name} states no settings", absent=True), aspect=policy.name)
    state, mode = settings.state, settings.mode
    on = f"{policy.name} on {_listed(part)} of {gateway.name}" if gateway.policies_elsewhere else ""
    fix = (
        f"az network application-gateway waf-policy policy-setting update"
        f" --resource-group {q(policy.id.resource_group)}"
        f" --policy-name {q(policy.name)} --state {q(terms.state)} --mode {q(terms.mode)}"
    )
    if (state.value, mode.value) != (terms.state.casefold(), terms.mode.casefold()):
        on = on or f"{policy.name} on {gateway.name}"
        says = f"{on} is {state.evidence.value}, in mode {mode.evidence.value}"
        lost = f"requests to {gateway.name} that match a rule of {policy.name} are refused from then on"
        changes = [
            set_to(policy.id, "properties/policySettings/state", terms.state, warning=lost),
            set_to(policy.id, "properties/policySettings/mode", terms.mode, warning=lost),
        ]
        return broken(
            gateway.resource,
            says,
            state.evidence,
            mode.evidence,
            fix=fix,
            aspect=policy.name,
            changes=changes,
        )
    found = holes(policy, _hosts(gateway, part))
    for hole in found:
        if hole.whole:
            fix = f"az network application-gateway waf-policy show --ids {q(policy.id.text)}, then take that out"
            says = f"{policy.name} on {gateway.name} {hole.says}"
            return broken(gateway.resource, says, hole.evidence, fix=fix, aspect=policy.name)
    says = f"{policy.name} filters {gateway.name} in {mode.evidence.value} mode"
    says += f"; it {_few(found)}" if found else ""
    evidence = (state.evidence, mode.evidence, *(hole.evidence for hole in found))
    return holds(gateway.resource, says, *evidence, aspect=policy.name)


def _hosts(gateway: ApplicationGateway, part: Covered) -> tuple[str, ...]:
    """The host names that the listeners under a policy answer to, where every one of them names some."""
    listeners = [each for each in gateway.listeners.value if each.name in part.listeners]
    named_ = [each.hosts for each in listeners]
    return tuple(host for each in named_ for host in each) if named_ and all(named_) else ()


def _few(found: tuple[Hole, ...]) -> str:
    """What a policy lets through, in a line."""
    more = f", and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(hole.says for hole in found[:_SHOWN]) + more


_SHOWN = 3


def _listed(part: Covered) -> str:
    return f"listener{'s' if len(part.listeners) > 1 else ''} {', '.join(part.listeners)}" if part.listeners else "it"


def _of(gateway: ApplicationGateway) -> str:
    return f"--resource-group {q(gateway.id.resource_group)} --gateway-name {q(gateway.name)}"


def _own_firewall(gateway: ApplicationGateway, own: OwnFirewall, terms: FirewallTerms) -> Verdict:
    """The settings that gateways had before there were policies."""
    evidence = (gateway.firewall_policy.evidence, gateway.own_firewall.evidence)
    if not own.enabled.value or own.mode.value != terms.mode.casefold():
        fix = _fix(gateway.resource, "properties.firewallPolicy.id=<id of a policy in Prevention mode>")
        does = f"are in mode {own.mode.evidence.value}" if own.enabled.value else "have the firewall switched off"
        says = f"no web application firewall policy is attached to {gateway.name}, and its own settings {does}"
        return broken(gateway.resource, says, *evidence, fix=fix)
    if own.checks_bodies.known is False:
        says = f"{gateway.name} does not look at the bodies of requests by its own firewall settings"
        return broken(gateway.resource, says, own.checks_bodies.evidence, fix="set requestBodyCheck to true")
    for exclusion in own.exclusions.value:
        if exclusion.every:
            says = f"{gateway.name} does not look at {exclusion.variable} by its own firewall settings"
            return broken(gateway.resource, says, exclusion.variable.evidence, fix="take the exclusion out")
    whole = [group for group in own.switched_off.value if group.whole]
    if whole:
        says = f"{gateway.name} has the group {whole[0].group.value} of its own firewall settings switched off"
        return broken(gateway.resource, says, whole[0].group.evidence, fix="switch the group on")
    return holds(gateway.resource, f"{gateway.name} filters by its own configuration in {terms.mode} mode", *evidence)


@decides(on=lambda w: w.gateways, part="Application Gateway")
def listener_speaks_plain_http(resource: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """A listener of the gateway takes requests without TLS and serves them.

    What is read: the protocol of every listener, of layer 7 and layer 4, and whether its routing rules, with every
    path of them, only redirect.

    Why it matters: what a user types into a chat is the workload's most sensitive data; the first connection is the
    one that crosses the Internet.

    What is wrong: a listener of protocol Http that does more than redirect to HTTPS, one of protocol Tcp, which takes
    whatever comes, or one of any protocol that redirects browsers to a URL without TLS.

    How to put it right: give the listener protocol Https and a certificate, or let its rule redirect.

    References: article, "Networking" (encrypted end to end);
    learn.microsoft.com/azure/application-gateway/ssl-overview;
    learn.microsoft.com/azure/application-gateway/redirect-overview.
    """
    gateway = ApplicationGateway(resource)
    if not (gateway.stream_listeners.value or gateway.listeners.value):
        yield broken(resource, f"{gateway.name} has no listener", gateway.listeners.evidence)
    for listener in chain(gateway.stream_listeners.value, _each(gateway.listeners)):
        name, evidence = listener.name, listener.protocol.evidence
        clear = None if listener.is_layer_4 else sent_in_the_clear(gateway, listener)
        if clear is not None:
            says = f"listener {name} sends browsers on to {clear.value}, without TLS"
            fix = f"az network application-gateway redirect-config update {_of(gateway)} --target-url <https url>"
            yield broken(resource, says, clear, evidence, fix=fix, aspect=name)
        elif listener.protocol.value in _ENCRYPTED:
            says = f"listener {name} speaks {str(evidence.value).upper()}"
            yield holds(resource, says, evidence, aspect=name)
        elif not listener.is_layer_4 and only_redirects(gateway, listener):
            yield holds(resource, f"listener {name} only redirects to HTTPS", evidence, aspect=name)
        else:
            kind = "listener" if listener.is_layer_4 else "http-listener"
            fix = (
                f"az network application-gateway {kind} update {_of(gateway)}"
                f" --name {q(name)} --frontend-port <port 443> --ssl-cert <certificate>"
            )
            yield broken(resource, f"listener {name} speaks {evidence.value}", evidence, fix=fix, aspect=name)


def _each(listed: Reading[tuple[V, ...]]) -> Iterator[V]:
    """The parts of a list, asked for when their turn comes: what was found before a list that is unread stays."""
    yield from listed.value


_ENCRYPTED = ("https", "tls")


class TlsTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The oldest TLS version that is good enough, as the application gateway writes it."""

    minimum: Literal["TLSv1_0", "TLSv1_1", "TLSv1_2", "TLSv1_3"]


_VERSIONS = ("tlsv1_0", "tlsv1_1", "tlsv1_2", "tlsv1_3")


@decides(on=lambda w: w.gateways, part="Application Gateway", terms=TlsTerms)
def gateway_speaks_old_tls(resource: Resource, w: Workload, terms: TlsTerms) -> Iterator[Verdict]:
    """The gateway agrees to a TLS version that is too old.

    What is read: `sslPolicy`: the minimum version of a custom policy, the name of a predefined one, or the versions
    that an older one switches off; without a policy, the predefined one that the gateway says is its default. The same
    of the SSL profile of each listener, which takes the place of the gateway's policy for it.

    Why it matters: TLS 1.0 and 1.1 are broken; a gateway that offers them lets an attacker choose them.

    What is wrong: the minimum of the policy, or of the profile of a listener, is below the baseline's.

    How to put it right: `az network application-gateway ssl-policy set --policy-type Predefined
    --name AppGwSslPolicy20220101`.

    References: article, "Networking";
    learn.microsoft.com/azure/application-gateway/application-gateway-ssl-policy-overview;
    learn.microsoft.com/azure/application-gateway/application-gateway-configure-listener-specific-ssl-policy.
    """
    gateway = ApplicationGateway(resource)
    profiled: dict[str, tuple[TlsPolicy, list[str]]] = {}
    plain = 0
    for listener in (*gateway.listeners.value, *gateway.stream_listeners.value):
        profile = _tls_profile(gateway, listener)
        policy = profile.policy.value if profile is not None else None
        if profile is not None and policy is not None:
            profiled.setdefault(profile.name, (policy, []))[1].append(listener.name)
        else:
            plain += 1
    if plain or not profiled:
        fix = (
            f"az network application-gateway ssl-policy set {_of(gateway)}"
            " --policy-type Predefined --name AppGwSslPolicy20220101"
        )
        changes = _newer_tls(gateway, "properties/sslPolicy")
        yield _judge_tls(gateway.name, _gateway_minimum(gateway), terms, fix=fix, changes=changes)
    for name, (policy, listeners) in profiled.items():
        fix = (
            f"az network application-gateway ssl-profile update {_of(gateway)} --name {q(name)}"
            " --policy-type Predefined --policy-name AppGwSslPolicy20220101"
        )
        of = f"{gateway.name}, by the SSL profile {name} of listener {', '.join(listeners)},"
        where = "/".join(str(step) for step in policy.path)
        changes = _newer_tls(gateway, where)
        yield _judge_tls(of, _policy_minimum(gateway, policy), terms, fix=fix, aspect=name, changes=changes)


def _newer_tls(gateway: ApplicationGateway, pointer: str) -> list[Change]:
    lost = f"browsers that know older versions of TLS only cannot reach {gateway.name} any more"
    return [set_to(gateway.id, pointer, _NEWER_TLS, warning=lost)]


_NEWER_TLS = {"policyType": "Predefined", "policyName": "AppGwSslPolicy20220101"}


def _tls_profile(gateway: ApplicationGateway, listener: Listener) -> TlsProfile | None:
    id_ = listener.tls_profile.value
    found = named(gateway.tls_profiles.value, id_)
    if id_ is not None and found is None:
        raise NotKnown(Unknown(f"the SSL profile {id_.name} of listener {listener.name} is not in its gateway"))
    return found


@dataclass(frozen=True)
class _Oldest:
    """The oldest TLS version that a gateway agrees to, and where that stands."""

    gateway: ApplicationGateway
    version: str
    evidence: Evidence


def _judge_tls(
    of: str, oldest: _Oldest, terms: TlsTerms, *, fix: str, changes: list[Change], aspect: str = ""
) -> Verdict:
    resource, says = oldest.gateway.resource, oldest.version.upper()
    if _VERSIONS.index(oldest.version) >= _VERSIONS.index(terms.minimum.casefold()):
        return holds(resource, f"{of} speaks {says} or later", oldest.evidence, aspect=aspect)
    return broken(resource, f"{of} still speaks {says}", oldest.evidence, fix=fix, aspect=aspect, changes=changes)


def _gateway_minimum(gateway: ApplicationGateway) -> _Oldest:
    policy = gateway.tls_policy.value
    if policy is not None and not policy.is_empty:
        return _policy_minimum(gateway, policy)
    default = gateway.default_tls_policy
    return _Oldest(gateway, _version_of(gateway, default.value), default.evidence)


def _policy_minimum(gateway: ApplicationGateway, policy: TlsPolicy) -> _Oldest:
    if policy.by_switched_off:
        left = [version for version in _VERSIONS if version not in policy.switched_off.value]
        return _Oldest(gateway, left[0] if left else _VERSIONS[-1], policy.switched_off.evidence)
    if policy.chosen_by_name:
        return _Oldest(gateway, _version_of(gateway, policy.policy.value), policy.policy.evidence)
    minimum = policy.minimum
    if minimum.value not in _VERSIONS:
        raise NotKnown(Unknown(f"which TLS version {minimum.value} of {gateway.name} is, is not known"))
    return _Oldest(gateway, minimum.value, minimum.evidence)


def _version_of(gateway: ApplicationGateway, name: str) -> str:
    known = {each.casefold(): version for each, version in load("tls-policies")["minimum"].items()}
    if name.casefold() not in known:
        raise NotKnown(Unknown(f"which TLS versions {name} of {gateway.name} allows is not known"))
    return str(known[name.casefold()]).casefold()


@decides(on=lambda w: w.gateways, part="Application Gateway", formerly=("backend_leg_is_plain_http",))
def backend_connection_is_plain_http(resource: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """The gateway talks to the chat UI without TLS.

    What is read: the protocol of every backend setting of the gateway, of layer 7 and layer 4.

    Why it matters: encrypted end to end means that the gateway encrypts again; a plain second connection shows every
    prompt and every session cookie to whatever sits in the network.

    What is wrong: a backend setting of protocol Http or Tcp.

    How to put it right: `az network application-gateway http-settings update --protocol Https --port 443`.

    References: article, "Networking"; learn.microsoft.com/azure/application-gateway/end-to-end-ssl-portal.
    """
    gateway = ApplicationGateway(resource)
    if not (gateway.stream_settings.value or gateway.settings.value):
        yield not_applicable(resource, f"{gateway.name} has no backend setting")
    for setting in chain(gateway.stream_settings.value, _each(gateway.settings)):
        command, wanted = (
            ("settings", "Tls") if "backendSettingsCollection" in setting.path else ("http-settings", "Https")
        )
        name, evidence = setting.name, setting.protocol.evidence
        if setting.protocol.value in _ENCRYPTED:
            says = f"backend setting {name} speaks {str(evidence.value).upper()}"
            yield holds(resource, says, evidence, aspect=name)
        else:
            fix = (
                f"az network application-gateway {command} update {_of(gateway)}"
                f" --name {q(name)} --protocol {q(wanted)} --port 443"
            )
            says = f"backend setting {name} speaks {evidence.value}"
            changes = _encrypted(setting, wanted)
            yield broken(resource, says, evidence, fix=fix, aspect=name, changes=changes)


def _encrypted(setting: BackendSetting, wanted: str) -> list[Change]:
    """The protocol and its port; the server behind has to have a certificate that the gateway trusts."""
    protocol = setting.protocol.evidence.place.pointer
    lost = f"what {setting.name} leads to has to answer with TLS on port 443"
    return [
        set_to(setting.id, protocol, wanted, warning=lost),
        set_to(setting.id, f"{protocol.rpartition('/')[0]}/port", 443, warning=lost),
    ]


@decides(on=lambda w: w.gateways, part="Application Gateway")
def entry_is_not_protected_against_floods(gateway: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """The network of the public gateway has no DDoS protection.

    What is read: `enableDdosProtection` and `ddosProtectionPlan` of the virtual network that the gateway's subnet
    belongs to, and `ddosSettings.protectionMode` of the gateway's public addresses.

    Why it matters: the gateway is the one thing the Internet can reach, so it is the one thing it can flood.

    What is wrong: the network has no plan switched on (both settings are needed) and the address has no protection
    of its own.

    How to put it right: `az network vnet update --ddos-protection true --ddos-protection-plan <plan>`.

    References: article, "Virtual network segmentation and security";
    learn.microsoft.com/azure/ddos-protection/ddos-protection-overview.
    """
    for front_end in ApplicationGateway(gateway).front_ends.value:
        if front_end.public_address.value is None and front_end.subnet.value is None:
            raise NotKnown(Unknown(f"front end {front_end.name} of {gateway.name} states no address", absent=True))
    addresses = w.estate.out(gateway, Relation.HAS_ADDRESS)
    if not addresses:
        yield not_applicable(gateway, f"{gateway.name} has no public address")
        return
    modes = [PublicAddress(address).ddos_protection for address in addresses if isinstance(address, Resource)]
    if len(modes) == len(addresses) and all(mode.value == "enabled" for mode in modes):
        evidence = [mode.evidence for mode in modes]
        yield holds(gateway, f"the addresses of {gateway.name} have DDoS protection of their own", *evidence)
        return
    for subnet in w.estate.out(gateway, Relation.IN_SUBNET):
        if isinstance(subnet, Unknown):
            raise NotKnown(subnet)
        parent = subnet.id.parent
        network = w.estate.need(parent, gateway.place("properties", "gatewayIPConfigurations")) if parent else None
        if network is not None:
            yield _judge_network(gateway, network)


def _judge_network(gateway: Resource, network: Resource) -> Verdict:
    switch, plan = network.at("properties", "enableDdosProtection"), network.at("properties", "ddosProtectionPlan")
    if switch.value is True and plan.value:
        return holds(gateway, f"{network.name}, where {gateway.name} sits, has DDoS protection", switch, plan)
    why = "has no DDoS protection plan" if switch.value is True else "has DDoS protection switched off"
    fix = f"az network vnet update --ids {q(network.id.text)} --ddos-protection true --ddos-protection-plan <plan>"
    question = f"which DDoS protection plan {network.name} is put under"
    cost = f"a DDoS protection plan of its own for {network.name} costs about what the rest of the network does"
    named = {"id": f"{group_of(network.id).text}/providers/Microsoft.Network/ddosProtectionPlans/ddos"}
    changes = [set_to(network.id, "properties/enableDdosProtection", True, warning=cost)]
    if not plan.value:
        changes.append(set_to(network.id, "properties/ddosProtectionPlan", named, question))
    says = f"{network.name}, where the public {gateway.name} sits, {why}"
    return broken(gateway, says, switch, plan, fix=fix, changes=changes)
