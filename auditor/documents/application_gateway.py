"""What an application gateway says: front ends, listeners of layers 7 and 4, rules, backends, TLS, firewall."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from auditor.documents.view import View, flag, number, part, parts, reference, references, text, word, words
from auditor.model import ArmId

APPLICATION_GATEWAY = "microsoft.network/applicationgateways"

_V = TypeVar("_V", bound=View)


class FrontEnd(View):
    """Where a gateway can be asked: a public address, or an address of a subnet."""

    public_address = reference("properties", "publicIPAddress")
    subnet = reference("properties", "subnet")


class FrontPort(View):
    """A port of a front end."""

    port = number("properties", "port")


class BackendAddress(View):
    """A member of a backend pool, by host name or address."""

    host_name = text("fqdn")
    address = text("ipAddress")


class BackendPool(View):
    """A backend pool. Interfaces can be members too: either side says so."""

    addresses = parts(BackendAddress, "properties", "backendAddresses")
    configurations = references("properties", "backendIPConfigurations")


class BackendSetting(View):
    """How a gateway speaks to its backends: protocol `http` or `https`, of layer 4 `tcp` or `tls`."""

    protocol = word("properties", "protocol")
    port = number("properties", "port")


class TlsPolicy(View):
    """Which TLS versions are agreed to. `type` is `predefined`, `custom` or `customv2`."""

    type = word("policyType")
    policy = text("policyName")
    minimum = word("minProtocolVersion")
    switched_off = words("disabledSslProtocols")

    @property
    def chosen_by_name(self) -> bool:
        """Whether it is one of Azure's own policies, so that its name decides and not a version beside it."""
        kind = self.type
        return kind.value == "predefined" if not kind.absent else not self.states("minProtocolVersion")

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing, so that the default of the gateway is in force."""
        return not self.by_switched_off and not any(
            self.states(key) for key in ("policyType", "policyName", "minProtocolVersion")
        )

    @property
    def by_switched_off(self) -> bool:
        """Whether it names the versions that are off and nothing else, as gateways did before there were policies."""
        return bool(self.shown("disabledSslProtocols").value) and not any(
            self.states(key) for key in ("policyType", "policyName", "minProtocolVersion")
        )


class TlsProfile(View):
    """TLS settings of listeners that take the place of the gateway's own for them."""

    policy = part(TlsPolicy, "properties", "sslPolicy")


class Listener(View):
    """A listener of layer 7 (`http`, `https`) or of layer 4 (`tcp`, `tls`)."""

    protocol = word("properties", "protocol")
    front_end = reference("properties", "frontendIPConfiguration")
    front_port = reference("properties", "frontendPort")
    tls_profile = reference("properties", "sslProfile")
    firewall_policy = reference("properties", "firewallPolicy")

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host names that it answers to, in lower case; none where it answers to every name."""
        several = self.shown("properties", "hostNames").value
        one = self.shown("properties", "hostName").value
        listed = [*(several if isinstance(several, list) else ()), one]
        return tuple(host.casefold() for host in listed if isinstance(host, str) and host)

    @property
    def is_layer_4(self) -> bool:
        """Whether it passes bytes on and reads no requests, so that no web application firewall looks at them."""
        return "listeners" in self.path

    @property
    def own_id(self) -> ArmId:
        """The id that rules name it by."""
        return own_id(self)


class PathRule(View):
    """A rule for some paths of a listener."""

    pool = reference("properties", "backendAddressPool")
    setting = reference("properties", "backendHttpSettings")
    redirect = reference("properties", "redirectConfiguration")
    firewall_policy = reference("properties", "firewallPolicy")


class PathMap(View):
    """Rules by path, and what holds for every other path."""

    pool = reference("properties", "defaultBackendAddressPool")
    setting = reference("properties", "defaultBackendHttpSettings")
    redirect = reference("properties", "defaultRedirectConfiguration")
    rules = parts(PathRule, "properties", "pathRules")


class RoutingRule(View):
    """What becomes of the requests of a listener of layer 7."""

    listener = reference("properties", "httpListener")
    pool = reference("properties", "backendAddressPool")
    setting = reference("properties", "backendHttpSettings")
    path_map = reference("properties", "urlPathMap")
    redirect = reference("properties", "redirectConfiguration")


class StreamRule(View):
    """What becomes of the connections of a listener of layer 4."""

    listener = reference("properties", "listener")
    pool = reference("properties", "backendAddressPool")
    setting = reference("properties", "backendSettings")


class Redirect(View):
    """Where a redirect sends to: a listener of the same gateway, or a URL."""

    listener = reference("properties", "targetListener")
    url = text("properties", "targetUrl")


class OffGroup(View):
    """A group of managed rules of which some are switched off, or all where none is named."""

    group = text("ruleGroupName")

    @property
    def whole(self) -> bool:
        """Whether every rule of the group is off: no rule is named."""
        return not self.shown("rules").value


class Exclusion(View):
    """A part of requests that the rules do not look at: every one of its kind where no selector is given."""

    variable = word("matchVariable")
    operator = word("selectorMatchOperator")
    selector = text("selector")

    @property
    def every(self) -> bool:
        """Whether it leaves out every part of this kind, whatever its name."""
        return self.operator.known == "equalsany" or self.selector.known in ("", "*")


class OwnFirewall(View):
    """The firewall settings that gateways had before there were policies. `mode` is `detection` or `prevention`."""

    enabled = flag("enabled")
    mode = word("firewallMode")
    switched_off = parts(OffGroup, "disabledRuleGroups")
    checks_bodies = flag("requestBodyCheck")
    exclusions = parts(Exclusion, "exclusions")


class Certificate(View):
    """A certificate of listeners: the URL of the vault's secret behind it, empty where it was given by itself."""

    secret = text("properties", "keyVaultSecretId")


class ApplicationGateway(View, kind=APPLICATION_GATEWAY):
    """An application gateway."""

    sku = word("properties", "sku", "name")
    front_ends = parts(FrontEnd, "properties", "frontendIPConfigurations")
    front_ports = parts(FrontPort, "properties", "frontendPorts")
    pools = parts(BackendPool, "properties", "backendAddressPools")
    settings = parts(BackendSetting, "properties", "backendHttpSettingsCollection")
    stream_settings = parts(BackendSetting, "properties", "backendSettingsCollection")
    listeners = parts(Listener, "properties", "httpListeners")
    stream_listeners = parts(Listener, "properties", "listeners")
    rules = parts(RoutingRule, "properties", "requestRoutingRules")
    stream_rules = parts(StreamRule, "properties", "routingRules")
    path_maps = parts(PathMap, "properties", "urlPathMaps")
    redirects = parts(Redirect, "properties", "redirectConfigurations")
    tls_profiles = parts(TlsProfile, "properties", "sslProfiles")
    certificates = parts(Certificate, "properties", "sslCertificates")
    tls_policy = part(TlsPolicy, "properties", "sslPolicy")
    default_tls_policy = text("properties", "defaultPredefinedSslPolicy")
    firewall_policy = reference("properties", "firewallPolicy")
    own_firewall = part(OwnFirewall, "properties", "webApplicationFirewallConfiguration")

    @property
    def policies_elsewhere(self) -> bool:
        """Whether a listener or a path has a firewall policy of its own, so that not one firewall holds for all."""
        of_paths = (rule.firewall_policy for each in self.path_maps.value for rule in each.rules.value)
        of_listeners = (listener.firewall_policy for listener in self.listeners.value)
        return any(policy.value is not None for policy in (*of_listeners, *of_paths))


def own_id(of: View) -> ArmId:
    """The id of a part of a gateway: as it states it, or made of its list and its name."""
    stated = of.resource.ref(*of.path)
    return stated if stated is not None else of.resource.id.child(str(of.path[-2]), of.name)


def named(among: Iterable[_V], id_: ArmId | None) -> _V | None:
    """The part that a reference means, by its id or, since all of them are of one resource, by its name."""
    if id_ is None:
        return None
    return next((p for p in among if own_id(p) == id_ or p.name.casefold() == id_.name.casefold()), None)
