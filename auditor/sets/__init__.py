"""The algebra: exact sets of addresses, ports, packets and operations, and answers of three values."""
