"""Every fault at every service: the run ends, the read's record says what happened, and nothing else is lost.

Each run gives every service another fault (a Latin square), so that a few runs hold every pair, and faults meet.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from functools import cache

import pytest

from auditor.collect.reads.recipes import Recipe, Shape, always_registered, recipes
from auditor.collect.wire import VANISHED
from auditor.model import ArmId, Read
from auditor.snapshot import Snapshot
from auditor.standin.world import INHERITED
from tests import worlds
from tests.collecting import by_id, from_standin, world
from tests.faulty import Fault, Kind

pytestmark = pytest.mark.slow

SUB = worlds.subscription()
RG = f"{SUB}/resourceGroups/rg-chat-prod/providers"
ML = f"{RG}/Microsoft.MachineLearningServices/workspaces/mlw-aibase"
SITE = f"{RG}/Microsoft.Web/sites/app-aibase"
OLDER = "The supported versions are"

Told = tuple[int, str]
"""HTTP status and error code of a read; an empty code where it can be relied on."""
WELL = (200, "")


@dataclass(frozen=True)
class Service:
    """One read of a service."""

    path: str
    covers: str

    @property
    def recipe(self) -> Recipe:
        found = [r for r in recipes() if r.covers == self.covers.casefold()]
        return next((r for r in found if r.path.rpartition("/")[2] == self.path.rpartition("/")[2]), found[0])

    @property
    def kind(self) -> str:
        """`list` over a subscription, `child` list of a resource, or `object`."""
        if self.recipe.shape is Shape.OBJECT:
            return "object"
        return "child" if self.recipe.parents else "list"


def top(type_: str) -> Service:
    return Service(f"{SUB}/providers/{type_}", type_)


SERVICES = {
    "network": top("Microsoft.Network/virtualNetworks"),
    "endpoints": top("Microsoft.Network/privateEndpoints"),
    "dns records": Service(
        f"{RG}/Microsoft.Network/privateDnsZones/privatelink.openai.azure.com/ALL",
        "Microsoft.Network/privateDnsZones/A",
    ),
    "machine learning": top("Microsoft.MachineLearningServices/workspaces"),
    "online endpoints": Service(
        f"{ML}/onlineEndpoints", "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
    ),
    "cognitive": top("Microsoft.CognitiveServices/accounts"),
    "search": top("Microsoft.Search/searchServices"),
    "role assignments": top("Microsoft.Authorization/roleAssignments"),
    "role definitions": top("Microsoft.Authorization/roleDefinitions"),
    "storage": top("Microsoft.Storage/storageAccounts"),
    "vaults": top("Microsoft.KeyVault/vaults"),
    "secrets": Service(f"{RG}/Microsoft.KeyVault/vaults/kv-aibase/secrets", "Microsoft.KeyVault/vaults/secrets"),
    "sites": top("Microsoft.Web/sites"),
    "site settings": Service(f"{SITE}/config/web", "Microsoft.Web/sites/config"),
    "logs": Service(
        f"{RG}/Microsoft.KeyVault/vaults/kv-aibase/providers/Microsoft.Insights/diagnosticSettings",
        "Microsoft.Insights/diagnosticSettings",
    ),
    "registries": top("Microsoft.ContainerRegistry/registries"),
    "inventory": Service(f"{SUB}/resources", "Microsoft.Resources/resources"),
}


@dataclass(frozen=True)
class Trouble:
    """A fault, and what becomes of a read that meets it: by the kind of the read where that matters."""

    kind: Kind
    told: Told | dict[str, Told] | Callable[[Service], Told] = WELL
    times: int | None = None
    detail: str | Callable[[Service], str] = ""
    seconds: float = 0.0

    def at(self, service: Service) -> Fault:
        detail = self.detail if isinstance(self.detail, str) else self.detail(service)
        return Fault(f"^{re.escape(service.path)}$", self.kind, self.times, detail, self.seconds)

    def expected(self, service: Service) -> Told:
        if callable(self.told):
            return self.told(service)
        return self.told if isinstance(self.told, tuple) else self.told[service.kind]


def not_registered(service: Service) -> Told:
    """Believed only of a provider that may be missing: not of that of the resource above, or one always there."""
    provider = service.covers.casefold().partition("/")[0]
    of_what_is_above = service.kind != "list" and ArmId(above(service)).type.partition("/")[0] == provider
    believed = not of_what_is_above and provider not in always_registered()
    return 409, "" if believed else "MissingSubscriptionRegistration"


def in_a_second(_: Service) -> str:
    return formatdate(time.time() + 1, usegmt=True)


def known_versions(service: Service) -> str:
    return f"400 InvalidApiVersionParameter {OLDER} '1999-01-01,{service.recipe.at_least}'."


DISABLED = "409 ReadOnlyDisabledSubscription The subscription is disabled and therefore marked as read only."
THROTTLED = (429, "SubscriptionRequestsThrottled")
GOES_ON = (200, "FurtherPages")
TROUBLES = {
    "429 for a while": Trouble(Kind.THROTTLED, times=3),
    "429 with seconds": Trouble(Kind.THROTTLED, times=2, detail="0.05"),
    "429 with a date": Trouble(Kind.THROTTLED, times=1, detail=in_a_second),
    "429 for good": Trouble(Kind.THROTTLED, THROTTLED),
    "429 for a day": Trouble(Kind.THROTTLED, THROTTLED, detail="86400"),
    "500 for a while": Trouble(Kind.BROKEN, times=2, detail="500"),
    "503 for good": Trouble(Kind.BROKEN, (503, "InternalServerError"), detail="503"),
    "reset for a while": Trouble(Kind.RESET, times=2),
    "reset for good": Trouble(Kind.RESET, (0, "IncompleteReadError")),
    "slow": Trouble(Kind.SLOW, seconds=0.2),
    "no JSON for a while": Trouble(Kind.NOT_JSON, times=2),
    "no JSON for good": Trouble(Kind.NOT_JSON, (200, "InvalidJson")),
    "a loop of pages": Trouble(
        Kind.LOOPING, {"list": (200, "LoopingNextLink"), "child": (200, "LoopingNextLink"), "object": GOES_ON}
    ),
    "a page is lost": Trouble(
        Kind.LOST_PAGE, {"list": (404, "ResourceNotFound"), "child": (404, "ResourceNotFound"), "object": GOES_ON}
    ),
    "a page elsewhere": Trouble(
        Kind.FOREIGN_PAGE, {"list": (200, "ForeignNextLink"), "child": (200, "ForeignNextLink"), "object": GOES_ON}
    ),
    "token expires": Trouble(Kind.UNAUTHORIZED, times=1),
    "token never right": Trouble(Kind.UNAUTHORIZED, (401, "ExpiredAuthenticationToken")),
    "not there": Trouble(Kind.GONE, (404, "ResourceNotFound")),
    "not registered": Trouble(Kind.UNREGISTERED, not_registered),
    "disabled": Trouble(Kind.STATUS, (409, "ReadOnlyDisabledSubscription"), detail=DISABLED),
    "older cloud": Trouble(Kind.STATUS, times=1, detail=known_versions),
    "too old a cloud": Trouble(
        Kind.STATUS,
        (400, "InvalidApiVersionParameter"),
        detail=f"400 InvalidApiVersionParameter {OLDER} '1999-01-01'.",
    ),
    "refused": Trouble(Kind.FORBIDDEN, (403, "AuthorizationFailed"), detail=lambda service: service.recipe.permission),
}
GROUPS = [[name for name, service in SERVICES.items() if (service.kind == "list") is top] for top in (True, False)]
"""Lists of whole types, and what hangs under their resources: nobody asks for the latter where the former is lost."""
ROUNDS = [(group, number) for group in range(len(GROUPS)) for number in range(len(TROUBLES))]


def in_round(group: int, number: int) -> dict[str, str]:
    """Which trouble each service has in a round."""
    names = list(TROUBLES)
    return {service: names[(number + at) % len(names)] for at, service in enumerate(GROUPS[group])}


@cache
def served() -> Snapshot:
    """A part of the reference deployment in which every service is asked."""
    kinds = ("virtualnetworks/", "vaults/", "sites/app-aibase", "privatelink.openai", "workspaces/mlw", "accounts/oai")
    chosen = [d for d in worlds.documents() if "/providers/" not in d["id"] or any(k in d["id"].lower() for k in kinds)]
    return world([*chosen, *(d for d in worlds.documents() if ArmId(d["id"]).type in INHERITED)])


@cache
def whole() -> Snapshot:
    return from_standin(served=served())


@cache
def collected(group: int, number: int) -> Snapshot:
    """A collection in which the round's troubles strike; it may not take long."""
    begun = time.monotonic()
    faults = [TROUBLES[trouble].at(SERVICES[name]) for name, trouble in in_round(group, number).items()]
    found = from_standin(faults, served())
    assert time.monotonic() - begun < 10
    # A list that says "none" while the inventory shows one is a contradiction, and only that is not the whole.
    assert found.complete is not any(read.error == VANISHED for read in found.reads)
    return found


def read_of(snapshot: Snapshot, service: Service) -> Read:
    """The record of a service's read."""
    asked = (service.path.casefold(), service.covers.casefold())
    (found,) = (read for read in snapshot.reads if (read.path.casefold(), read.covers) == asked)
    return found


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("group", "number"), ROUNDS)
def test_each_fault_at_each_service_is_told_as_it_is(group: int, number: int) -> None:
    for name, trouble in in_round(group, number).items():
        asked = SERVICES[name]
        # A version that is the oldest which shows enough has no older one to fall back to.
        if trouble == "older cloud" and asked.recipe.at_least >= asked.recipe.api_version:
            continue
        read = read_of(collected(group, number), asked)
        if trouble == "not registered" and read.error == VANISHED:
            assert read_of(collected(group, number), SERVICES["inventory"]).answered, name
            assert any(ArmId(id_).type == asked.covers.casefold() for id_ in by_id(whole())), name
            continue
        assert (read.status, read.error) == TROUBLES[trouble].expected(asked), (name, trouble)
        if read.status in (401, 403):
            assert read.permission == asked.recipe.permission, (name, trouble)
        if not read.answered:
            assert read.message, (name, trouble)
            assert read.count == 0, (name, trouble)
        elif read.status == 200:
            assert read.count == read_of(whole(), asked).count, (name, trouble)


def test_the_rounds_hold_every_pair() -> None:
    pairs = {(service, trouble) for at in ROUNDS for service, trouble in in_round(*at).items()}
    assert pairs == {(service, trouble) for service in SERVICES for trouble in TROUBLES}
    assert len({SERVICES[name].recipe.client for name in SERVICES}) == 6


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("group", "number"), ROUNDS)
def test_nothing_else_is_lost(group: int, number: int) -> None:
    found, hit = collected(group, number), [SERVICES[name] for name in in_round(group, number)]
    failed = [service for service in hit if read_of(found, service).status != 200 or read_of(found, service).error]
    have, whole_have = by_id(found), by_id(whole())
    lost = [ArmId(id_) for id_ in whole_have if id_ not in have]
    assert not [id_.key for id_ in lost if not any(hangs_on(id_, service) for service in failed)]
    assert all(have[id_] == whole_have[id_] for id_ in have)
    paths = {service.path.casefold() for service in hit}
    before = {(r.path.casefold(), r.covers): (r.status, r.count) for r in whole().reads}
    others = [r for r in found.reads if r.path.casefold() not in paths]
    assert not [r for r in others if (r.status, r.count) != before[r.path.casefold(), r.covers]]


def hangs_on(id_: ArmId, service: Service) -> bool:
    """Whether a document comes by this read, or by one that its resources lead to."""
    recipe = service.recipe
    if recipe.shape is Shape.INVENTORY:
        return id_.type not in {each.covers for each in recipes()}
    place = ArmId(
        service.path.partition(f"/providers/{service.covers}")[0] if service.kind == "list" else above(service)
    )
    # Records of every kind come in one list, whose type is that of the kind that matters.
    types = (recipe.covers.rpartition("/")[0] + "/",) if service.path.endswith("/ALL") else (recipe.covers,)
    return id_.is_within(place) and any(each.type.startswith(types) for each in lineage(id_))


def above(service: Service) -> str:
    """The resource that a read hangs under."""
    return service.path.rpartition("/providers/" if "diagnostic" in service.path else "/")[0]


def lineage(id_: ArmId) -> Iterator[ArmId]:
    """The id itself, then what lies above it; an assignment or a policy is listed whatever became of its resource."""
    at: ArmId | None = id_
    while at is not None:
        yield at
        at = at.parent if id_.type not in INHERITED else None
