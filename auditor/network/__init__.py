"""What Azure's network does with a packet: security groups, routes, peerings, names."""
