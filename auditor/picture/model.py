"""What a picture of an estate shows: places, what sits in them, how they are linked. Nothing here knows how to draw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """How a link stands: as it should, open where it should be shut, not getting through, not known."""

    HOLDS = "holds"
    OPEN = "open"
    BROKEN = "broken"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """0 for what a reader must see first."""
        return (State.OPEN, State.BROKEN, State.UNKNOWN, State.HOLDS).index(self)


class LinkKind(StrEnum):
    """What a link is; read it as `source KIND target`."""

    WAY = "lets traffic through to"
    PRIVATE = "is the private endpoint of"
    MANAGED = "is a managed private endpoint to"
    OUTBOUND = "lets traffic out to"
    PEERING = "is peered with"


@dataclass(frozen=True)
class Tally:
    """What the findings on something come to. `severity` is the worst among its problems, `worst` how many fails have
    it, `first` the fingerprint of the finding to look at first; empty or 0 where nothing was judged."""

    fails: int = 0
    errors: int = 0
    unknown: int = 0
    waived: int = 0
    passes: int = 0
    severity: str = ""
    first: str = ""
    worst: int = 0

    @property
    def problems(self) -> int:
        """How many findings somebody should look at."""
        return self.fails + self.errors + self.unknown

    @property
    def judged(self) -> bool:
        """Whether anything was said of it at all."""
        return bool(self.problems + self.waived + self.passes)


@dataclass(frozen=True)
class Item:
    """One thing in the picture.

    `key` is its own within the picture. `type` is an ARM type in lower case, or a word of `WORDS` for what has none.
    `id` is the ARM id, empty where there is none; `seen` is false where something points at a resource that the
    snapshot does not show.
    """

    key: str
    name: str
    type: str
    note: str = ""
    part: str = ""
    id: str = ""
    seen: bool = True
    tally: Tally = field(default_factory=Tally)


INTERNET = "internet"
INTEGRATION = "integration"
IDENTITY = "system-assigned identity"
MANAGED_NETWORK = "managed network"
RULE_PRIVATE = "rule: private endpoint"
RULE_HOST = "rule: host name"
RULE_TAG = "rule: service tag"
RULE_REQUIRED = "rules: required"
RULE_ANY = "rule: anywhere"
WORKLOAD = "workload"

WORDS = (
    INTERNET,
    INTEGRATION,
    IDENTITY,
    MANAGED_NETWORK,
    RULE_PRIVATE,
    RULE_HOST,
    RULE_TAG,
    RULE_REQUIRED,
    RULE_ANY,
    WORKLOAD,
)
"""Types of what is no resource of Azure's: the Internet, a web app's seat in a subnet, an outbound rule, ..."""


@dataclass(frozen=True)
class Egress:
    """How something gets out to the Internet: `label` in a word or two, `says` by what."""

    state: State
    label: str
    says: str


@dataclass(frozen=True)
class SubnetPicture:
    """A subnet. `guard` is the name of its security group, empty where it has none; `egress` how it gets out."""

    item: Item
    prefix: str
    guard: str
    items: tuple[Item, ...] = ()
    egress: Egress | None = None


@dataclass(frozen=True)
class NetworkPicture:
    """A virtual network. `peers` are the names of peered networks that are not drawn."""

    item: Item
    prefix: str
    subnets: tuple[SubnetPicture, ...] = ()
    peers: tuple[str, ...] = ()


@dataclass(frozen=True)
class ManagedPicture:
    """The managed network of a workspace: what runs in it and what may leave it. `mode` is in Azure's words."""

    item: Item
    mode: str
    items: tuple[Item, ...] = ()
    rules: tuple[Item, ...] = ()


@dataclass(frozen=True)
class IdentityPicture:
    """An identity and the names of what runs as it."""

    item: Item
    carriers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Link:
    """From one item to another, by their keys. `says` is a whole sentence, `label` a word or two for the line."""

    source: str
    target: str
    kind: LinkKind
    state: State
    says: str
    label: str = ""


@dataclass(frozen=True)
class Picture:
    """Everything that is drawn, in the order in which it is told. `gaps` says what could not be read.

    `others` are resources that have findings and no place in a network.
    """

    title: str
    internet: Item
    addresses: tuple[Item, ...] = ()
    networks: tuple[NetworkPicture, ...] = ()
    services: tuple[Item, ...] = ()
    managed: tuple[ManagedPicture, ...] = ()
    identities: tuple[IdentityPicture, ...] = ()
    others: tuple[Item, ...] = ()
    links: tuple[Link, ...] = ()
    gaps: tuple[str, ...] = ()

    def items(self) -> Iterator[Item]:
        """Every item."""
        yield self.internet
        yield from self.addresses
        for network in self.networks:
            yield network.item
            for subnet in network.subnets:
                yield subnet.item
                yield from subnet.items
        yield from self.services
        for managed in self.managed:
            yield managed.item
            yield from managed.items
            yield from managed.rules
        yield from (identity.item for identity in self.identities)
        yield from self.others
