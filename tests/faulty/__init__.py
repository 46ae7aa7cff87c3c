"""Fault injection: a stand-in whose answers go wrong as told, for the tests of the collector."""

from tests.faulty.faults import Fault, Kind
from tests.faulty.server import FaultyStandIn

__all__ = ["Fault", "FaultyStandIn", "Kind"]
