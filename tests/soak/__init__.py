"""Collection again and again against a Resource Manager that is not kind: `make soak`."""
