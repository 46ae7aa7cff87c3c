"""What a service's own firewall comes to: which addresses its public endpoint lets in, and on what evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from auditor.model import ArmId, Evidence, Unknown
from auditor.sets.address_set import AddressSet

NOBODY = AddressSet.none()
EVERYBODY = AddressSet.everything()


@dataclass(frozen=True)
class FirewallVerdict:
    """Who may use the public endpoint of a service.

    `addresses` are let in for certain, `at_most` may be: the two differ where something was not read or depends on
    more than the source address, and then `gap` says what. `subnets` enter over a service endpoint (a virtual network
    rule), `instances` are ARM ids of resources let in by name. Private endpoints are not a matter of this firewall.
    """

    resource: ArmId
    addresses: AddressSet
    at_most: AddressSet
    says: str
    reasons: tuple[Evidence, ...]
    trusted_services: bool = False
    subnets: tuple[ArmId, ...] = ()
    instances: tuple[str, ...] = ()
    gap: Unknown | None = None
    by_perimeter: bool = False
    """Whether a network security perimeter decided, in the place of the service's own switch and rules."""

    @property
    def closed(self) -> bool | Unknown:
        """Whether no address and no subnet gets in; trusted services are told apart."""
        if not self.addresses.is_empty or self.subnets:
            return False
        return True if self.at_most.is_empty else self._gap

    @property
    def _gap(self) -> Unknown:
        assert self.gap is not None, "a verdict whose two sets differ says why"
        return self.gap

    def but_not_read(self, gap: Unknown) -> Self:
        """The same, where rules that could only narrow it were not read: nobody is let in for certain."""
        if self.at_most.is_empty:
            return self
        return replace(self, addresses=NOBODY, gap=gap)


def nobody(resource: ArmId, says: str, *reasons: Evidence, trusted: bool = False) -> FirewallVerdict:
    """The public endpoint lets nobody in."""
    return FirewallVerdict(resource, NOBODY, NOBODY, says, reasons, trusted)


def everybody(resource: ArmId, says: str, *reasons: Evidence) -> FirewallVerdict:
    """The public endpoint lets every address in."""
    return FirewallVerdict(resource, EVERYBODY, EVERYBODY, says, reasons, trusted_services=True)


def undecided(resource: ArmId, gap: Unknown, *reasons: Evidence) -> FirewallVerdict:
    """Nothing is known of whom the public endpoint lets in."""
    return FirewallVerdict(resource, NOBODY, EVERYBODY, gap.because, reasons, gap=gap)
