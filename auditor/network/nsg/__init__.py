"""Security groups and security admin rules: what passes, and which rule decides."""
