"""One module a format, each fed the same finished result."""
