"""A loopback Resource Manager that serves a snapshot over TLS, for the demo and the tests."""

from auditor.standin.bucket import Limit
from auditor.standin.server import Request, StandIn

__all__ = ["Limit", "Request", "StandIn"]
