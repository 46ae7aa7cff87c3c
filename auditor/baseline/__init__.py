"""YAML to a typed baseline; all mistakes of a file at once, with line and column."""
