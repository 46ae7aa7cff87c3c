"""What a NAT gateway says: its addresses, and the network that it serves as a whole."""

from __future__ import annotations

from auditor.documents.view import View, reference

NAT_GATEWAY = "microsoft.network/natgateways"


class NatGateway(View, kind=NAT_GATEWAY):
    """A NAT gateway. `network` is the one whose subnets all leave by it (StandardV2), without a word of theirs."""

    network = reference("properties", "sourceVirtualNetwork")
