"""What sits in which network, gathered once for everybody who asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from auditor.estate import Estate, Relation
from auditor.estate.kept import once_an_estate
from auditor.model import ArmId, Resource
from auditor.network.topology.virtual_networks import VM

_Seated = Mapping[ArmId, list[Resource]]


def seated_in(estate: Estate, type_: str) -> _Seated:
    """By network: every resource of a type that has a subnet of it, machines by their interfaces, in the order of ids.

    Raises `NotKnown` where the list of the type is not whole, or where one of them sits cannot be determined.
    """
    kept = _kept(estate)
    found = kept.get(type_)
    if found is None:
        found = kept[type_] = _gathered(estate, type_)
    return found


@once_an_estate
def _kept(estate: Estate) -> dict[str, _Seated]:
    return {}


def _gathered(estate: Estate, type_: str) -> _Seated:
    found: dict[ArmId, list[Resource]] = defaultdict(list)
    for resource in estate.all(type_):
        for network in dict.fromkeys(
            seat.parent for holder in _holders(estate, resource) for seat in _of(estate, holder)
        ):
            if network is not None:
                found[network].append(resource)
    return dict(found)


def _holders(estate: Estate, resource: Resource) -> list[Resource]:
    if resource.type != VM:
        return [resource]
    interfaces = estate.targets(resource, Relation.HAS_NIC)
    return [estate.need(id_, resource.place("properties")) for id_ in interfaces]


def _of(estate: Estate, holder: Resource) -> tuple[ArmId, ...]:
    return estate.targets(holder, Relation.IN_SUBNET)
