"""What an Azure Bastion host says."""

from __future__ import annotations

from auditor.documents.view import View, flag, parts, reference, word

BASTION = "microsoft.network/bastionhosts"


class BastionConfiguration(View):
    """Where Bastion sits, and its public address."""

    subnet = reference("properties", "subnet")
    public_address = reference("properties", "publicIPAddress")


class Bastion(View, kind=BASTION):
    """A Bastion host. Of sku `developer` it has no subnet and no address: it serves a network from Azure's host."""

    sku = word("sku", "name")
    network = reference("properties", "virtualNetwork")
    configurations = parts(BastionConfiguration, "properties", "ipConfigurations")
    private_only = flag("properties", "enablePrivateOnlyBastion")
    shares_links = flag("properties", "enableShareableLink")

    @property
    def opens_any_port(self) -> bool:
        """Whether sessions can go to a port of the caller's choice: from sku Standard on, by tunnels to any of them.

        learn.microsoft.com/azure/bastion/configuration-settings, custom inbound port;
        learn.microsoft.com/azure/bastion/native-client.
        """
        return self.sku.value in ("standard", "premium")

    @property
    def is_developer(self) -> bool:
        """Whether it is shared by Azure among customers and has no place in a network of its own."""
        return self.sku.value == "developer" or self.network.value is not None
