"""Networks, subnets, attachments, peerings, gateways, and the address words of one subnet."""
