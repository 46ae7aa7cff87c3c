"""Every pair of many subnets at once."""
