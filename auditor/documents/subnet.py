"""What a subnet says of itself."""

from __future__ import annotations

from auditor.documents.view import View, flag, parts, word


class Delegation(View):
    """A service that a subnet is given to, in lower case."""

    service = word("properties", "serviceName")


class SubnetDocument(View, kind="microsoft.network/virtualnetworks/subnets"):
    """A subnet. One without delegations is given to no service.

    `leaves_by_default` says whether what has no explicit outbound access gets an address of Azure's to leave from.
    """

    leaves_by_default = flag("properties", "defaultOutboundAccess")
    delegations = parts(Delegation, "properties", "delegations")

    def is_delegated_to(self, service: str) -> bool:
        """Whether a service has this subnet. Raises `NotKnown` where that cannot be determined."""
        return any(delegation.service.value == service.casefold() for delegation in self.delegations.value)
