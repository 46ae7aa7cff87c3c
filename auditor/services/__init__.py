"""Who may reach a service over its public endpoint, as its own firewall says."""
