"""Believable subscriptions of any size, the same one for the same size and seed.

A size is a number of resources as `az resource list` counts them; their children, role assignments and diagnostic
settings come on top. One in seven belongs to a chat workload (copies of the compliant world and of Microsoft's
reference deployment by turns, one for every 500 resources), the others to hubs and to applications on spokes of them.

`python benchmarks/worlds.py SIZE FILE` writes one as `auditor import` takes it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent.parent))

from auditor.model import ArmId
from benchmarks.copies import Document, World, copies
from benchmarks.neighbours import SPOKES_OF_A_HUB, Hub, Spoke

A_WORKLOAD_FOR = 500
REFERENCE, COMPLIANT = "reference-implementation", "compliant"


def subscription(size: int, seed: int = 1) -> tuple[World, list[Document]]:
    """A subscription with at least so many resources, and the world that tells its id, tenant and day."""
    worlds = World(COMPLIANT), World(REFERENCE)
    shared = {d["id"].casefold(): d for world in worlds for d in world.shared}
    found = list(shared.values())
    for documents in copies(worlds, max(1, round(size / A_WORKLOAD_FOR))):
        found += documents
    found += neighbours(worlds[0], size - sum(map(is_listed, found)), Random(seed))
    return worlds[0], found


def neighbours(world: World, size: int, rng: Random) -> list[Document]:
    """Applications and their hubs with at least so many resources; none where the size is not positive."""
    found: list[Document] = []
    spokes: list[Spoke] = []
    hubs: list[Hub] = []
    counted = 0
    while counted < size:
        if len(spokes) % SPOKES_OF_A_HUB == 0:
            hubs.append(Hub(world, len(hubs)))
        spokes.append(Spoke(hubs[-1], len(spokes)))
        documents = list(spokes[-1].documents(rng))
        counted += sum(map(is_listed, documents))
        found += documents
    for hub in hubs:
        found += hub.documents([spoke for spoke in spokes if spoke.hub == hub])
    return found


def is_listed(document: Document) -> bool:
    """Whether `az resource list` shows it: a resource of its own in a resource group, neither child nor extension."""
    id_ = ArmId(document["id"])
    own = id_.type.count("/") == 1 and not id_.type.startswith(("microsoft.resources/", "microsoft.authorization/"))
    return own and bool(id_.resource_group) and id_.key.count("/providers/") == 1


def main(size: int, path: Path) -> None:
    """Write one."""
    world, documents = subscription(size)
    head = {"format": "arm-world/1", "tenantId": world.tenant, "subscriptionId": world.subscription}
    path.write_text(json.dumps({**head, "documents": documents}), encoding="utf-8")
    print(f"{sum(map(is_listed, documents))} resources in {len(documents)} documents", file=sys.stderr)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
