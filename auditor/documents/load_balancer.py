"""What a load balancer says: front ends, pools by interface and by address, rules inwards and outwards."""

from __future__ import annotations

from auditor.documents.view import View, flag, number, parts, reference, references, text, word
from auditor.model import ArmId

LOAD_BALANCER = "microsoft.network/loadbalancers"


class FrontEnd(View):
    """Where a load balancer can be asked. `gateway` is a gateway load balancer that all of its traffic goes through."""

    public_address = reference("properties", "publicIPAddress")
    prefix = reference("properties", "publicIPPrefix")
    subnet = reference("properties", "subnet")
    private_address = text("properties", "privateIPAddress")
    gateway = reference("properties", "gatewayLoadBalancer")


class PoolAddress(View):
    """A member of a pool by its address, or by a front end of a regional load balancer."""

    address = text("properties", "ipAddress")
    network = reference("properties", "virtualNetwork")
    subnet = reference("properties", "subnet")
    configuration = reference("properties", "networkInterfaceIPConfiguration")
    front_end = reference("properties", "loadBalancerFrontendIPConfiguration")
    admin_state = word("properties", "adminState")

    @property
    def is_down(self) -> bool:
        """Whether somebody took it out: it gets no new connections (load-balancer/admin-state-overview)."""
        return self.admin_state.known == "down"


class Pool(View):
    """A backend pool."""

    configurations = references("properties", "backendIPConfigurations")
    addresses = parts(PoolAddress, "properties", "loadBalancerBackendAddresses")
    network = reference("properties", "virtualNetwork")

    @property
    def own_id(self) -> ArmId:
        """The id that rules and interfaces name it by."""
        return self.resource.ref(*self.path) or self.resource.id.child("backendAddressPools", self.name)


class BalancingRule(View):
    """Spreads what arrives at a port over a pool. Port 0 and protocol `all` stand for every one of them."""

    front_end = reference("properties", "frontendIPConfiguration")
    protocol = word("properties", "protocol")
    front_port = number("properties", "frontendPort")
    back_port = number("properties", "backendPort")
    keeps_destination = flag("properties", "enableFloatingIP")
    pool = reference("properties", "backendAddressPool")
    pools = references("properties", "backendAddressPools")
    gives_no_way_out = flag("properties", "disableOutboundSnat")


class NatRule(View):
    """Sends what arrives at a port, or a range of ports, to one member, or to those of a pool by turns."""

    front_end = reference("properties", "frontendIPConfiguration")
    protocol = word("properties", "protocol")
    front_port = number("properties", "frontendPort")
    first_port = number("properties", "frontendPortRangeStart")
    last_port = number("properties", "frontendPortRangeEnd")
    back_port = number("properties", "backendPort")
    keeps_destination = flag("properties", "enableFloatingIP")
    pool = reference("properties", "backendAddressPool")
    configuration = reference("properties", "backendIPConfiguration")


class OutboundRule(View):
    """Gives the members of a pool a way out by the addresses of these front ends."""

    pool = reference("properties", "backendAddressPool")
    front_ends = references("properties", "frontendIPConfigurations")


class LoadBalancer(View, kind=LOAD_BALANCER):
    """A load balancer."""

    sku = word("sku", "name")
    tier = word("sku", "tier")
    front_ends = parts(FrontEnd, "properties", "frontendIPConfigurations")
    pools = parts(Pool, "properties", "backendAddressPools")
    rules = parts(BalancingRule, "properties", "loadBalancingRules")
    nat_rules = parts(NatRule, "properties", "inboundNatRules")
    nat_pools = parts(NatRule, "properties", "inboundNatPools")
    outbound_rules = parts(OutboundRule, "properties", "outboundRules")
