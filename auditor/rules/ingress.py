"""The way in: one entry, filtered, encrypted from the browser to the worker, protected against floods."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from auditor.facts import load
from auditor.graph import Relation
from auditor.model import Evidence, NotKnown, Resource, Unknown, Verdict
from auditor.rules.rule import Answer, broken, holds, not_applicable, requirement, unknown
from auditor.semantics.parts import Workload


def _fix(resource: Resource, setting: str) -> str:
    return f"az resource update --ids {resource.id.text} --set {setting}"


class FirewallTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a web application firewall must be."""

    tier: str
    state: str
    mode: str


@requirement("NET-03", on=lambda w: w.gateways, part="Application Gateway", terms=FirewallTerms)
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
        f"az network application-gateway waf-policy policy-setting update --resource-group {policy.id.resource_group}"
        f" --policy-name {policy.name} --state {terms.state} --mode {terms.mode}"
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


@requirement("NET-04", on=lambda w: w.gateways, part="Application Gateway")
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
                f"az network application-gateway http-listener update --resource-group {gateway.id.resource_group}"
                f" --gateway-name {gateway.name} --name {name} --frontend-port <port 443> --ssl-cert <certificate>"
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

    minimum: str


_VERSIONS = ("tlsv1_0", "tlsv1_1", "tlsv1_2", "tlsv1_3")


@requirement("NET-05", on=lambda w: w.gateways, part="Application Gateway", terms=TlsTerms)
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
        f"az network application-gateway ssl-policy set --resource-group {gateway.id.resource_group}"
        f" --gateway-name {gateway.name} --policy-type Predefined --name AppGwSslPolicy20220101"
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


@requirement("NET-06", on=lambda w: w.gateways, part="Application Gateway")
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
                f"az network application-gateway http-settings update --resource-group {gateway.id.resource_group}"
                f" --gateway-name {gateway.name} --name {name} --protocol Https --port 443"
            )
            says = f"backend setting {name} speaks {gateway.get(*path)}"
            yield broken(gateway, says, gateway.at(*path), fix=fix, aspect=name)


@requirement("NET-07", on=lambda w: w.sites, part="web app")
def web_app_answers_plain_http(site: Resource, w: Workload, _terms: object) -> Answer:
    """A web app answers plain HTTP instead of redirecting it.

    What is read: `properties.httpsOnly`. Absent means false, as for a new app.

    Why it matters: the app is private, but its network is shared; a client that asks for http:// gets an answer.

    What is wrong: `httpsOnly` is false.

    How to put it right: `az webapp update --https-only true`.

    References: article, "Networking"; learn.microsoft.com/azure/app-service/configure-ssl-bindings.
    """
    evidence = site.at("properties", "httpsOnly")
    if evidence.value is True:
        return holds(site, f"{site.name} answers HTTPS only", evidence)
    return broken(
        site, f"{site.name} answers plain HTTP (httpsOnly is {evidence.value})", evidence,
        fix=f"az webapp update --ids {site.id.text} --https-only true",
    )  # fmt: skip


class SiteTlsTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The oldest TLS version a site may take (`1.2`), and what its FTP endpoint must be."""

    minimum: str
    ftps: tuple[str, ...]


@requirement("NET-08", on=lambda w: w.sites, part="web app", terms=SiteTlsTerms)
def web_app_takes_old_tls(site: Resource, w: Workload, terms: SiteTlsTerms) -> Iterator[Verdict]:
    """A web app or its deployment site takes an old TLS version, or still offers FTP.

    What is read: `minTlsVersion`, `scmMinTlsVersion` and `ftpsState` of the site's `config/web`.

    Why it matters: the deployment site (scm) can replace the program; it deserves the same door as the app.

    What is wrong: a minimum below the baseline's, or an FTP endpoint that is not of the kinds the baseline bears.

    How to put it right: `az webapp config set --min-tls-version 1.2 --ftps-state Disabled`.

    References: article, "Networking"; learn.microsoft.com/azure/app-service/overview-tls.
    """
    config = w.estate.child(site, "config", "web")
    if config is None:
        raise NotKnown(
            Unknown(f"the configuration of {site.name} is not in this snapshot", "Microsoft.Web/sites/config/read")
        )
    for key in ("minTlsVersion", "scmMinTlsVersion"):
        evidence = config.at("properties", key)
        if evidence.value is None:
            yield unknown(site, Unknown(f"{site.name} does not state its {key}"), evidence, aspect=key)
        elif _version(str(evidence.value)) >= _version(terms.minimum):
            yield holds(site, f"{key} of {site.name} is {evidence.value}", evidence, aspect=key)
        else:
            option = "--min-tls-version" if key == "minTlsVersion" else "--generic-configurations"
            value = terms.minimum if key == "minTlsVersion" else f'\'{{"scmMinTlsVersion": "{terms.minimum}"}}\''
            fix = f"az webapp config set --ids {site.id.text} {option} {value}"
            yield broken(site, f"{key} of {site.name} is {evidence.value}", evidence, fix=fix, aspect=key)
    evidence = config.at("properties", "ftpsState")
    if str(evidence.value).casefold() in {state.casefold() for state in terms.ftps}:
        yield holds(site, f"ftpsState of {site.name} is {evidence.value}", evidence, aspect="ftpsState")
    else:
        fix = f"az webapp config set --ids {site.id.text} --ftps-state {terms.ftps[0]}"
        yield broken(site, f"ftpsState of {site.name} is {evidence.value}", evidence, fix=fix, aspect="ftpsState")


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


@requirement("NET-09", on=lambda w: w.sites, part="web app")
def tls_ends_before_the_worker(site: Resource, w: Workload, _terms: object) -> Answer:
    """TLS ends at App Service's front ends, not at the worker that runs the app.

    What is read: `properties.endToEndEncryptionEnabled`.

    Why it matters: the article wants data encrypted end to end; without this the last leg, inside the platform, is
    plain.

    What is wrong: the setting is false or absent (it is off by default).

    How to put it right: `az webapp update --set endToEndEncryptionEnabled=true` (Premium plans and above).

    References: article, "Networking" (end to end); learn.microsoft.com/azure/app-service/configure-ssl-bindings.
    """
    evidence = site.at("properties", "endToEndEncryptionEnabled")
    if evidence.value is True:
        return holds(site, f"TLS reaches the workers of {site.name}", evidence)
    fix = f"az webapp update --ids {site.id.text} --set endToEndEncryptionEnabled=true"
    return broken(site, f"TLS ends at the front ends of {site.name}, not at its workers", evidence, fix=fix)


class StorageTlsTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The oldest TLS version that a storage account may take, as storage writes it (`TLS1_2`)."""

    minimum: str


@requirement("NET-10", on=lambda w: (*w.storages, *w.other_storages), part="storage account", terms=StorageTlsTerms)
def storage_takes_weak_transport(account: Resource, w: Workload, terms: StorageTlsTerms) -> Iterator[Verdict]:
    """A storage account takes plain HTTP, or a TLS version that is too old.

    What is read: `supportsHttpsTrafficOnly` (true where absent, since api-version 2019-04-01) and
    `minimumTlsVersion` (TLS 1.0 where absent).

    Why it matters: prompts, flows and logs rest here; a client that may choose its own transport chooses the weakest.

    What is wrong: HTTP is allowed, or the minimum is below what the baseline bears.

    How to put it right: `az storage account update --https-only true --min-tls-version TLS1_2`.

    References: article, "Networking";
    learn.microsoft.com/azure/storage/common/transport-layer-security-configure-minimum-version.
    """
    evidence = account.at("properties", "supportsHttpsTrafficOnly")
    fix = f"az storage account update --ids {account.id.text}"
    if evidence.value is False:
        says = f"{account.name} takes plain HTTP"
        yield broken(account, says, evidence, fix=f"{fix} --https-only true", aspect="https")
    else:
        yield holds(account, f"{account.name} takes HTTPS only", evidence, aspect="https")
    evidence = account.at("properties", "minimumTlsVersion")
    # Storage writes versions as TLS1_0, TLS1_1, TLS1_2, TLS1_3: their order is that of their letters.
    if account.text("properties", "minimumTlsVersion") >= terms.minimum.casefold():
        yield holds(account, f"{account.name} asks for {evidence.value}", evidence, aspect="tls")
    else:
        stated = evidence.value or "not set, which means TLS 1.0"
        says = f"minimumTlsVersion of {account.name} is {stated}"
        yield broken(account, says, evidence, fix=f"{fix} --min-tls-version {terms.minimum}", aspect="tls")


@requirement("NET-11", on=lambda w: w.gateways, part="Application Gateway")
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
    why = "has no DDoS protection plan" if switch.value is True else f"has DDoS protection {switch.value or 'not set'}"
    fix = f"az network vnet update --ids {network.id.text} --ddos-protection true --ddos-protection-plan <plan>"
    return broken(gateway, f"{network.name}, where the public {gateway.name} sits, {why}", switch, plan, fix=fix)
