"""Pictures to draw: of the worlds, of large estates, and of names that somebody chose to do harm."""

from __future__ import annotations

from functools import cache

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.model import AuditResult
from auditor.picture.build.picture import picture_of
from auditor.picture.model import (
    IDENTITY,
    INTEGRATION,
    INTERNET,
    MANAGED_NETWORK,
    RULE_HOST,
    RULE_PRIVATE,
    IdentityPicture,
    Item,
    Link,
    LinkKind,
    ManagedPicture,
    NetworkPicture,
    Picture,
    State,
    SubnetPicture,
    Tally,
)
from tests import worlds

REFERENCE, COMPLIANT = "reference-implementation", "compliant"
ENDPOINT = "microsoft.network/privateendpoints"
VM = "microsoft.compute/virtualmachines"
STORAGE = "microsoft.storage/storageaccounts"
ADDRESS = "microsoft.network/publicipaddresses"


@cache
def result_of(name: str) -> AuditResult:
    """The audit of a world."""
    return audit(worlds.snapshot(name=name), read_baseline())


@cache
def world(name: str = REFERENCE) -> Picture:
    """The picture of a world."""
    return picture_of(worlds.estate(name=name), result_of(name))


def item(name: str, type_: str, tally: Tally | None = None, **more: object) -> Item:
    """An item whose key is its name."""
    return Item(key=name, name=name, type=type_, tally=tally or Tally(), **more)  # type: ignore[arg-type]


BAD = Tally(fails=12, unknown=3, passes=4, severity="critical", first="f" * 64)


def large(networks: int = 3, endpoints: int = 8, prefix: str = "a-rather-long-name-for-resource-") -> Picture:
    """Many networks, each with machines that have public addresses and endpoints whose services others share."""
    made: list[NetworkPicture] = []
    links: list[Link] = []
    services = [item(f"{prefix}st{n}", STORAGE, BAD) for n in range(networks * endpoints // 2)]
    addresses: list[Item] = []
    for n in range(networks):
        subnets = []
        for s in range(4):
            machine = item(f"{prefix}vm{n}{s}", VM, BAD, note="10.0.0.4")
            seat = item(f"{prefix}app{n}{s}", INTEGRATION)
            subnets.append(
                SubnetPicture(item(f"{prefix}snet{n}{s}", "microsoft.network/virtualnetworks/subnets", BAD),
                              "10.0.0.0/24", "" if s else "nsg", (machine, seat))
            )  # fmt: skip
            address = item(f"{prefix}pip{n}{s}", ADDRESS, BAD, note="20.1.2.3")
            addresses.append(address)
            state = list(State)[(n + s) % 4]
            links += [
                Link(INTERNET, address.key, LinkKind.WAY, state, "in", "22"),
                Link(address.key, machine.key, LinkKind.WAY, state, "in"),
            ]
        ends = [item(f"{prefix}pep{n}{e}", ENDPOINT, BAD, note="blob") for e in range(endpoints)]
        for e, end in enumerate(ends):
            target = services[(n * endpoints + e) % len(services)]
            links.append(Link(end.key, target.key, LinkKind.PRIVATE, list(State)[(e + n) % 4], "leads", "Pending"))
            links.append(Link(subnets[e % 4].items[e % 2].key, end.key, LinkKind.WAY, list(State)[e % 4], "asks"))
        name = item(f"{prefix}pep-snet{n}", "microsoft.network/virtualnetworks/subnets", BAD)
        subnets.append(SubnetPicture(name, "10.0.9.0/24", "nsg", (*ends, item(f"{prefix}mixed{n}", VM))))
        peers = (f"{prefix}hub",) if n else ()
        own = item(f"{prefix}vnet{n}", "microsoft.network/virtualnetworks", BAD)
        made.append(NetworkPicture(own, "10.0.0.0/16", tuple(subnets), peers))
    for n in range(1, networks):
        links.append(Link(made[0].item.key, made[n].item.key, LinkKind.PEERING, State.HOLDS, "peers"))
    links += [Link(INTERNET, s.key, LinkKind.WAY, State.OPEN, "open", "443") for s in services[::3]]
    links.append(Link(made[0].subnets[0].items[0].key, services[-1].key, LinkKind.WAY, State.HOLDS, "over"))
    managed = [_managed(f"{prefix}ws{n}", services, links) for n in range(2)]
    return Picture(
        title=prefix,
        internet=item(INTERNET, INTERNET),
        addresses=tuple(addresses),
        networks=tuple(made),
        services=tuple(services),
        managed=tuple(managed),
        identities=tuple(IdentityPicture(item(f"{prefix}id{n}", IDENTITY, BAD), ("x", prefix)) for n in range(9)),
        others=tuple(item(f"{prefix}other{n}", "microsoft.x/y", BAD) for n in range(7)),
        links=tuple(links),
        gaps=(f"{prefix} could not be read " * 9,),
    )


def _managed(name: str, services: list[Item], links: list[Link]) -> ManagedPicture:
    rules = []
    for n, service in enumerate(services[:5]):
        rule = item(f"{name}rule{n}", RULE_PRIVATE)
        rules.append(rule)
        links.append(Link(rule.key, service.key, LinkKind.MANAGED, list(State)[n % 4], "leads", "Rejected"))
    for n in range(3):
        rule = item(f"{name}host{n}.example", RULE_HOST)
        rules.append(rule)
        links.append(Link(rule.key, INTERNET, LinkKind.OUTBOUND, list(State)[n], "out"))
    inside = tuple(item(f"{name}inside{n}", "microsoft.machinelearningservices/workspaces/computes") for n in range(4))
    return ManagedPicture(item(name, MANAGED_NETWORK, BAD), "AllowOnlyApprovedOutbound", inside, tuple(rules))


def small() -> Picture:
    """Nothing but the Internet."""
    return Picture(title="no workload", internet=item(INTERNET, INTERNET))
