"""The same question put to Z3: a security group as a formula over one IPv4 packet. Shares no code with the product."""

from __future__ import annotations

from typing import Any

import z3

from tests.evaluators.brute_force_nsg import PRIVATE, Walker

SOURCE, DESTINATION = z3.BitVec("source", 32), z3.BitVec("destination", 32)
SOURCE_PORT, DESTINATION_PORT = z3.BitVec("sport", 16), z3.BitVec("dport", 16)
PROTOCOL = z3.BitVec("protocol", 3)
NUMBERS = {"tcp": 0, "udp": 1, "icmp": 2, "esp": 3, "ah": 4, "other": 5}
REAL = z3.ULE(PROTOCOL, 5)


def allowed(walker: Walker) -> Any:
    """True for the packets that the first matching rule allows."""
    found = z3.BoolVal(False)
    for _, access, protocol, sides in reversed(walker.rules):
        matches = [_side(walker, sides[0], SOURCE, SOURCE_PORT), _side(walker, sides[1], DESTINATION, DESTINATION_PORT)]
        if protocol != "*":
            matches.append(NUMBERS[protocol] == PROTOCOL)
        found = z3.If(z3.And(matches), z3.BoolVal(access == "Allow"), found)
    return found


def _side(walker: Walker, prepared: Any, address: Any, port: Any) -> Any:
    _, networks, outside, ports = prepared
    inside = [within(address, network) for network in networks if network.version == 4]
    if outside:
        left_out = [network for network in (*PRIVATE, *walker.inner) if network.version == 4]
        inside.append(z3.Not(z3.Or([within(address, network) for network in left_out])))
    ported = z3.Or([z3.And(z3.UGE(port, low), z3.ULE(port, high)) for low, high in ports])
    whole = z3.BoolVal((0, 65535) in ports)
    return z3.And(z3.Or(inside), z3.If(z3.ULE(PROTOCOL, 1), ported, whole))


def within(address: Any, network: Any) -> Any:
    return (address & int(network.netmask)) == int(network.network_address)


def among(address: Any, pairs: Any) -> Any:
    """Whether an address is in one of these closed ranges."""
    return z3.Or([z3.And(z3.UGE(address, first), z3.ULE(address, last)) for first, last in pairs])


def holds(formula: Any) -> bool:
    """Whether a formula is true of every packet."""
    solver = z3.SolverFor("QF_BV")
    solver.add(REAL, z3.Not(formula))
    answer = solver.check()
    assert answer != z3.unknown
    return bool(answer == z3.unsat)
