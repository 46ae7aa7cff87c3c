"""The way in: one entry, filtered, encrypted from the browser to the worker, protected against floods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from auditor.estate import Relation
from auditor.facts import load
from auditor.model import Evidence, NotKnown, Resource, Unknown, Verdict
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.text.shell import q
from auditor.workload.parts import Workload


def _fix(resource: Resource, setting: str) -> str:
    return f"az resource update --ids {q(resource.id.text)} --set {setting}"


class FirewallTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a web application firewall must be."""

    tier: str
    state: str
    mode: str


@decides(on=lambda w: w.gateways, part="Application Gateway", terms=FirewallTerms)
def entry_is_not_filtered(gateway: Resource, w: Workload, terms: FirewallTerms) -> Iterator[Verdict]:
    """Requests reach the chat UI without a web application firewall that blocks.

    What is read: the gateway's sku, the firewall policy on the gateway and on each listener, and that policy's
    `policySettings.state` and `policySettings.mode`.

    Why it matters: the gateway is the only door to the Internet. A firewall that only detects, or that is switched
    off, writes down an attack and lets it through.

    What is wrong: a sku without a firewall, no policy attached, or a policy that is Disabled or in Detection mode.

    How to put it right: attach a policy and set it to Prevention
    (`az network application-gateway waf-policy policy-setting update --mode Prevention --state Enabled`).

    References: article, "Networking"; learn.microsoft.com/azure/web-application-firewall/ag/ag-overview.
    """
    if gateway.text("properties", "sku", "name") != terms.tier.casefold():
        sku = gateway.get("properties", "sku", "name")
        says = f"{gateway.name} is of sku {sku}, which has no web application firewall"
        yield broken(
            gateway,
            says,
            gateway.at("properties", "sku", "name"),
            fix=_fix(gateway, f"properties.sku.name={terms.tier}"),
        )
        return
    policies = w.estate.out(gateway, Relation.FILTERED_BY)
    if not policies:
        yield from _old_firewall(gateway, terms)
    for policy in policies:
        if isinstance(policy, Unknown):
            yield unknown(gateway, policy, gateway.at("properties", "firewallPolicy", "id"))
        else:
            yield _judge_policy(gateway, policy, terms)


def _judge_policy(gateway: Resource, policy: Resource, terms: FirewallTerms) -> Verdict:
    path = ("properties", "policySettings")
    evidence = (policy.at(*path, "state"), policy.at(*path, "mode"))
    state, mode = (policy.get(*path, key) for key in ("state", "mode"))
    if policy.text(*path, "state") == terms.state.casefold() and policy.text(*path, "mode") == terms.mode.casefold():
        return holds(gateway, f"{policy.name} filters {gateway.name} in {mode} mode", *evidence, aspect=policy.name)
    fix = (
        f"az network application-gateway waf-policy policy-setting update"
        f" --resource-group {q(policy.id.resource_group)}"
        f" --policy-name {q(policy.name)} --state {q(terms.state)} --mode {q(terms.mode)}"
    )
    says = f"{policy.name} on {gateway.name} is {state}, in mode {mode}"
    return broken(gateway, says, *evidence, fix=fix, aspect=policy.name)


def _old_firewall(gateway: Resource, terms: FirewallTerms) -> Iterator[Verdict]:
    """The configuration that gateways had before there were policies."""
    path = ("properties", "webApplicationFirewallConfiguration")
    evidence = (gateway.at("properties", "firewallPolicy"), gateway.at(*path))
    if gateway.get(*path, "enabled") is True and gateway.text(*path, "firewallMode") == terms.mode.casefold():
        yield holds(gateway, f"{gateway.name} filters by its own configuration in {terms.mode} mode", *evidence)
    else:
        fix = _fix(gateway, "properties.firewallPolicy.id=<id of a policy in Prevention mode>")
        yield broken(gateway, f"no web application firewall policy is attached to {gateway.name}", *evidence, fix=fix)


@decides(on=lambda w: w.gateways, part="Application Gateway")
def listener_speaks_plain_http(gateway: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """A listener of the gateway takes requests without TLS and serves them.

    What is read: the protocol of every listener, its certificate, and whether its routing rules only redirect.

    Why it matters: what a user types into a chat is the workload's most sensitive data; the first leg is the one that
    crosses the Internet.

    What is wrong: a listener of protocol Http that does more than redirect to an HTTPS one.

    How to put it right: give the listener protocol Https and a certificate, or let its rule redirect.

    References: article, "Networking" (encrypted end to end);
    learn.microsoft.com/azure/application-gateway/ssl-overview.
    """
    redirecting = _redirecting_listeners(gateway)
    listeners = list(gateway.items("properties", "httpListeners"))
    if not listeners:
        yield broken(gateway, f"{gateway.name} has no listener", gateway.at("properties", "httpListeners"))
    for index, listener in listeners:
        path = ("properties", "httpListeners", index, "properties")
        name = str(listener.get("name", index))
        evidence = gateway.at(*path, "protocol")
        if gateway.text(*path, "protocol") == "https":
            yield holds(gateway, f"listener {name} speaks HTTPS", evidence, aspect=name)
        elif str(listener.get("id", "")).casefold() in redirecting:
            yield holds(gateway, f"listener {name} only redirects to HTTPS", evidence, aspect=name)
        else:
            fix = (
                f"az network application-gateway http-listener update --resource-group {q(gateway.id.resource_group)}"
                f" --gateway-name {q(gateway.name)} --name {q(name)} --frontend-port <port 443>"
                f" --ssl-cert <certificate>"
            )
            yield broken(gateway, f"listener {name} speaks {evidence.value}", evidence, fix=fix, aspect=name)


def _redirecting_listeners(gateway: Resource) -> set[str]:
    """Ids of listeners all of whose rules redirect to another listener of this gateway that speaks HTTPS."""
    secure = {
        str(item.get("id", "")).casefold()
        for index, item in gateway.items("properties", "httpListeners")
        if gateway.text("properties", "httpListeners", index, "properties", "protocol") == "https"
    }
    leading = {
        str(item.get("id", "")).casefold()
        for _, item in gateway.items("properties", "redirectConfigurations")
        if str((item.get("properties", {}).get("targetListener") or {}).get("id", "")).casefold() in secure
    }
    answered: dict[str, bool] = {}
    for _, rule in gateway.items("properties", "requestRoutingRules"):
        properties = rule.get("properties", {})
        listener = str((properties.get("httpListener") or {}).get("id", "")).casefold()
        target = str((properties.get("redirectConfiguration") or {}).get("id", "")).casefold()
        answered[listener] = answered.get(listener, True) and target in leading
    return {listener for listener, redirects in answered.items() if redirects}


class TlsTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The oldest TLS version that is good enough, as the application gateway writes it."""

    minimum: Literal["TLSv1_0", "TLSv1_1", "TLSv1_2", "TLSv1_3"]


_VERSIONS = ("tlsv1_0", "tlsv1_1", "tlsv1_2", "tlsv1_3")


@decides(on=lambda w: w.gateways, part="Application Gateway", terms=TlsTerms)
def gateway_speaks_old_tls(gateway: Resource, w: Workload, terms: TlsTerms) -> Answer:
    """The gateway agrees to a TLS version that is too old.

    What is read: `sslPolicy`: the minimum version of a custom policy, or the name of a predefined one; without a
    policy, the predefined one that the gateway says is its default.

    Why it matters: TLS 1.0 and 1.1 are broken; a gateway that offers them lets an attacker choose them.

    What is wrong: the policy's minimum is below the baseline's.

    How to put it right: `az network application-gateway ssl-policy set --policy-type Predefined
    --name AppGwSslPolicy20220101`.

    References: article, "Networking";
    learn.microsoft.com/azure/application-gateway/application-gateway-ssl-policy-overview.
    """
    minimum, evidence = _gateway_minimum(gateway)
    fix = (
        f"az network application-gateway ssl-policy set --resource-group {q(gateway.id.resource_group)}"
        f" --gateway-name {q(gateway.name)} --policy-type Predefined --name AppGwSslPolicy20220101"
    )
    if _VERSIONS.index(minimum) >= _VERSIONS.index(terms.minimum.casefold()):
        return holds(gateway, f"{gateway.name} speaks {minimum.upper()} or later", evidence)
    return broken(gateway, f"{gateway.name} still speaks {minimum.upper()}", evidence, fix=fix)


def _gateway_minimum(gateway: Resource) -> tuple[str, Evidence]:
    path = ("properties", "sslPolicy")
    stated = gateway.text(*path, "minProtocolVersion")
    if stated in _VERSIONS:
        return stated, gateway.at(*path, "minProtocolVersion")
    table = load("tls-policies")["minimum"]
    named = gateway.get(*path, "policyName")
    evidence = gateway.at(*path, "policyName")
    if named is None:
        named = gateway.get("properties", "defaultPredefinedSslPolicy", default="AppGwSslPolicy20150501")
        evidence = gateway.at("properties", "defaultPredefinedSslPolicy")
    known = {name.casefold(): version for name, version in table.items()}
    if str(named).casefold() not in known:
        raise NotKnown(Unknown(f"which TLS versions {named} of {gateway.name} allows is not known"))
    return str(known[str(named).casefold()]).casefold(), evidence


@decides(on=lambda w: w.gateways, part="Application Gateway")
def backend_leg_is_plain_http(gateway: Resource, w: Workload, _terms: object) -> Iterator[Verdict]:
    """The gateway talks to the chat UI without TLS.

    What is read: the protocol of every backend setting of the gateway.

    Why it matters: encrypted end to end means that the gateway encrypts again; a plain second leg shows every prompt
    and every session cookie to whatever sits in the network.

    What is wrong: a backend setting of protocol Http.

    How to put it right: `az network application-gateway http-settings update --protocol Https --port 443`.

    References: article, "Networking"; learn.microsoft.com/azure/application-gateway/end-to-end-ssl-portal.
    """
    settings = list(gateway.items("properties", "backendHttpSettingsCollection"))
    if not settings:
        yield not_applicable(gateway, f"{gateway.name} has no backend setting")
    for index, setting in settings:
        path = ("properties", "backendHttpSettingsCollection", index, "properties", "protocol")
        name = str(setting.get("name", index))
        if gateway.text(*path) == "https":
            yield holds(gateway, f"backend setting {name} speaks HTTPS", gateway.at(*path), aspect=name)
        else:
            fix = (
                f"az network application-gateway http-settings update --resource-group {q(gateway.id.resource_group)}"
                f" --gateway-name {q(gateway.name)} --name {q(name)} --protocol Https --port 443"
            )
            says = f"backend setting {name} speaks {gateway.get(*path)}"
            yield broken(gateway, says, gateway.at(*path), fix=fix, aspect=name)


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
    addresses = w.estate.out(gateway, Relation.HAS_ADDRESS)
    if not addresses:
        yield not_applicable(gateway, f"{gateway.name} has no public address")
        return
    own = [
        a
        for a in addresses
        if isinstance(a, Resource) and a.text("properties", "ddosSettings", "protectionMode") == "enabled"
    ]
    if len(own) == len(addresses):
        evidence = [a.at("properties", "ddosSettings", "protectionMode") for a in own]
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
    return broken(gateway, f"{network.name}, where the public {gateway.name} sits, {why}", switch, plan, fix=fix)
