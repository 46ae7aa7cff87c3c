"""Whom public endpoints let in now that they did not, and whom no longer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from auditor.drift import settings as diff_settings
from auditor.drift.documents import Pair, doubted_absence
from auditor.drift.model import Change, Effect, Topic
from auditor.estate import Estate
from auditor.estate.naming import short
from auditor.model import ArmId, Resource, Unknown
from auditor.services.firewall_verdict import FirewallVerdict
from auditor.services.paas_firewall import FIREWALLS, open_to
from auditor.sets.address_set import AddressSet


@dataclass(frozen=True)
class DoorChange:
    """Who came to be let in, or no longer is, by one service: addresses, subnets, resources by name, and services that
    Azure trusts. `says` is what the firewall comes to on the side where they are let in; `there` is false where the
    service itself is new or gone.
    """

    resource: ArmId
    opened: bool
    addresses: AddressSet
    subnets: tuple[ArmId, ...]
    instances: tuple[str, ...]
    trusted_services: bool
    says: str
    there: bool = True

    def as_change(self) -> Change:
        """The change as reports tell it."""
        who = (
            []
            if self.addresses.is_empty
            else ["every address" if self.addresses.is_everything else str(self.addresses)]
        )
        who += [f"subnet {short(subnet)}" for subnet in self.subnets]
        who += list(self.instances)
        who += ["services that Azure trusts"] if self.trusted_services else []
        state = "" if self.there else ", which is new," if self.opened else ", which is gone,"
        verb = "lets in" if self.opened else "no longer lets in" if self.there else "let in"
        now = " now" if self.opened and self.there else ""
        says = f"{short(self.resource)}{state}{now} {verb} {', '.join(who)} over its public endpoint ({self.says})"
        detail: dict[str, Any] = {
            "addresses": str(self.addresses) if not self.addresses.is_empty else None,
            "subnets": [subnet.text for subnet in self.subnets],
            "instances": list(self.instances),
            "trusted_services": self.trusted_services,
        }
        kind, effect = ("opened", Effect.WORSE) if self.opened else ("shut", Effect.BETTER)
        return Change(Topic.PUBLIC_ACCESS, kind, effect, says, self.resource, detail, rank=0 if self.opened else 2)


def changes(pair: Pair) -> Iterator[Change]:
    """Public endpoints first, then the settings by which people come in without a name."""
    for type_ in FIREWALLS:
        for id_ in sorted({r.id for estate in (pair.old, pair.new) for r in estate.seen(type_)}):
            if id_ in pair.touched_with_parents or not pair.same_reads:
                yield from _of(pair, id_)
    yield from diff_settings.changes(pair, Topic.PUBLIC_ACCESS)


def _of(pair: Pair, id_: ArmId) -> Iterator[Change]:
    old, new = _verdict(pair.old, id_, pair.new), _verdict(pair.new, id_, pair.old)
    gap = _new_gap(old, new)
    if gap is not None:
        says = f"whom {short(id_)} lets in over its public endpoint cannot be compared: {gap.because}"
        detail = {"unknown": gap.because, "permission": gap.permission}
        yield Change(Topic.PUBLIC_ACCESS, "unread", Effect.UNKNOWN, says, id_, detail, rank=4)
    if not isinstance(old, Unknown) and not isinstance(new, Unknown):
        there = pair.old.find(id_) is not None and pair.new.find(id_) is not None
        for found in (difference(id_, old, new, there=there), difference(id_, new, old, there=there, opened=False)):
            if found is not None:
                yield found.as_change()


def difference(
    id_: ArmId, without: FirewallVerdict | None, having: FirewallVerdict | None, *, there: bool, opened: bool = True
) -> DoorChange | None:
    """Whom one verdict lets in for certain and the other certainly does not; `None` stands for no service at all."""
    if having is None:
        return None
    excluded = AddressSet.none() if without is None else without.at_most
    subnets = tuple(s for s in having.subnets if without is None or s not in without.subnets)
    named = {i.casefold() for i in without.instances} if without is not None else set()
    instances = tuple(i for i in having.instances if i.casefold() not in named)
    # Where every address is let in, or may be, the exception for trusted services is none.
    excepted = having.trusted_services and having.at_most != AddressSet.everything()
    trusted = excepted and not (without is not None and without.trusted_services)
    addresses = having.addresses - excluded
    # Of a service that is new, the exception for trusted services alone is no news.
    if addresses.is_empty and not subnets and not instances and not (trusted and there):
        return None
    return DoorChange(id_, opened, addresses, subnets, instances, trusted, having.says, there)


def _verdict(estate: Estate, id_: ArmId, other: Estate) -> FirewallVerdict | Unknown | None:
    resource: Resource | None = estate.find(id_)
    return open_to(estate, resource) if resource is not None else doubted_absence(estate, id_, other)


def _new_gap(old: FirewallVerdict | Unknown | None, new: FirewallVerdict | Unknown | None) -> Unknown | None:
    """Why one side is not known, where the other is."""
    gaps = [v if isinstance(v, Unknown) else v.gap if v is not None else None for v in (old, new)]
    return next((gap for gap in gaps if gap is not None), None) if (gaps[0] is None) != (gaps[1] is None) else None
