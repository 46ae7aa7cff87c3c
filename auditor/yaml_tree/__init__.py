"""YAML with line and column of every node, and the mistakes found in it."""
