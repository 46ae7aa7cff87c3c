"""A loopback Resource Manager that serves a snapshot over TLS, for the demo and the tests."""
