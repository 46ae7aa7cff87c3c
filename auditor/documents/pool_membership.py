"""Which pools an interface, or the interfaces that a scale set gives its instances, is a member of."""

from __future__ import annotations

from auditor.documents.view import View, flag, parts, reference, references, text, word
from auditor.model import ArmId, Unknown

INTERFACE = "microsoft.network/networkinterfaces"
SCALE_SET = "microsoft.compute/virtualmachinescalesets"
SCALE_SET_INTERFACE = f"{SCALE_SET}/networkinterfaceconfigurations"
INTERFACES = (INTERFACE, SCALE_SET_INTERFACE)
"""What has ip-configurations: an interface, and the pattern by which a scale set makes those of its instances."""


class InstanceAddress(View):
    """A public address that each instance of a scale set is given. No document of its own shows it."""

    sku = word("sku", "name")
    prefix = reference("properties", "publicIPPrefix")
    version = word("properties", "publicIPAddressVersion")


class Configuration(View):
    """An ip-configuration: its private address, its public one, and the pools that it is in."""

    private_address = text("properties", "privateIPAddress")
    public_address = reference("properties", "publicIPAddress")
    pools = references("properties", "loadBalancerBackendAddressPools")
    nat_pools = references("properties", "loadBalancerInboundNatPools")
    nat_rules = references("properties", "loadBalancerInboundNatRules")
    gateway_pools = references("properties", "applicationGatewayBackendAddressPools")
    gateway_balancer = reference("properties", "gatewayLoadBalancer")

    @property
    def instance_address(self) -> InstanceAddress | None:
        """The public address of each instance; `None` where there is none, and for an interface of its own."""
        path = ("properties", "publicIPAddressConfiguration")
        return InstanceAddress(self.resource, (*self.path, *path)) if self.states(*path) else None


class Pooled(View):
    """An interface, or the pattern of those of a scale set."""

    configurations = parts(Configuration, "properties", "ipConfigurations")
    forwards = flag("properties", "enableIPForwarding")
    leaves_by_default = flag("properties", "defaultOutboundConnectivityEnabled")

    def behind(self, public: ArmId) -> tuple[str, ...]:
        """The private addresses of the configurations with a public address; empty where one of them states none."""
        if isinstance(self.configurations.known, Unknown):
            return ()
        return _stated([each for each in self.configurations.known if each.public_address.known == public])

    def at(self, names: frozenset[str]) -> tuple[str, ...]:
        """The private addresses of the configurations with these lower-case names; empty where one states none."""
        if isinstance(self.configurations.known, Unknown):
            return ()
        return _stated([each for each in self.configurations.known if each.name.casefold() in names])

    @property
    def may_give_addresses(self) -> bool:
        """Whether instances are given public addresses; also true where the document does not tell."""
        return isinstance(self.configurations.known, Unknown) or bool(self.instance_addresses)

    @property
    def instance_addresses(self) -> tuple[InstanceAddress, ...]:
        """The public addresses that each instance is given."""
        found = (configuration.instance_address for configuration in self.configurations.value)
        return tuple(address for address in found if address is not None)


def _stated(configurations: list[Configuration]) -> tuple[str, ...]:
    """The private addresses of configurations; none where one of them states none."""
    stated = [each.private_address.known for each in configurations]
    texts = [address for address in stated if isinstance(address, str) and address]
    return tuple(texts) if len(texts) == len(configurations) else ()


class ScaleSet(View, kind=SCALE_SET):
    """A scale set. `flexible` ones may have machines that stand in the lists of machines and no profile."""

    mode = word("properties", "orchestrationMode")
