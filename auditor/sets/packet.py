"""`Packet`: the first packet of a flow, the element of every set of packets."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.sets import decision_diagram as dd
from auditor.sets.address_set import number_of
from auditor.sets.protocol_set import Protocol


@dataclass(frozen=True)
class Packet:
    """The first packet of a flow. Ports are `None` where the protocol has none.

    `given` says what has to be so for a witness to be one (`20.1.2.3 is in AzureMonitor`); empty where nothing has.
    """

    protocol: Protocol
    source: str
    source_port: int | None
    destination: str
    destination_port: int | None
    given: tuple[str, ...] = field(default=(), compare=False)

    @property
    def numbers(self) -> dict[int, int]:
        """The packet as a diagram looks at it; raises `ValueError` where an address is none."""
        found = {
            dd.PROTOCOL: int(self.protocol),
            dd.DESTINATION: number_of(self.destination),
            dd.SOURCE: number_of(self.source),
        }
        if self.protocol.has_ports:
            found[dd.DESTINATION_PORT] = _port(self.destination_port)
            found[dd.SOURCE_PORT] = _port(self.source_port)
        return found

    def __str__(self) -> str:
        if not self.protocol.has_ports:
            return f"{self.protocol.label} {self.source} -> {self.destination}"
        return (
            f"{self.protocol.label} {_end(self.source, self.source_port)} ->"
            f" {_end(self.destination, self.destination_port)}"
        )


def _port(port: int | None) -> int:
    if port is None:
        raise ValueError("a TCP or UDP packet has a source port and a destination port")
    return port


def _end(address: str, port: int | None) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
