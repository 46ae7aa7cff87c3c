"""Every property that decides a requirement, broken alone in the compliant world, and exactly what must fail then.

`breaks` names requirement and resource (the end of its id); where several requirements rest on one property the
article says the same thing twice, and all of them must notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.cases.change import World

Change = tuple[str, ...] | tuple[str, str, Any]
WORLD = "compliant"


@dataclass(frozen=True)
class Mutation:
    """One property broken: what is changed, and which requirement must fail on which resource."""

    name: str
    changes: tuple[tuple[Any, ...], ...]
    breaks: frozenset[tuple[str, str]]
    unknown: frozenset[tuple[str, str]] = field(default=frozenset())

    def world(self) -> World:
        """The compliant world with the property broken."""
        world = World(WORLD)
        for verb, *arguments in self.changes:
            getattr(world, verb)(*arguments)
        return world


def broken(name: str, *changes: tuple[Any, ...], by: str, leaves_unknown: str = "") -> Mutation:
    """A mutation; `by` lists `REQUIREMENT resource` pairs with commas between, `leaves_unknown` what it leaves open."""
    return Mutation(name, changes, _pairs(by), _pairs(leaves_unknown))


def _pairs(text: str) -> frozenset[tuple[str, str]]:
    return frozenset((item.split()[0], item.split()[1]) for item in text.split(",") if item.strip())


def every_mutation() -> Iterator[Mutation]:
    """All of them, family by family."""
    from tests.mutations import (
        identity as mutate_identity,
    )
    from tests.mutations import (
        network as mutate_network,
    )
    from tests.mutations import (
        private_link as mutate_private_link,
    )
    from tests.mutations import (
        services as mutate_services,
    )
    from tests.mutations import (
        watch as mutate_watch,
    )
    from tests.mutations import (
        whole as mutate_whole,
    )

    for module in (mutate_network, mutate_private_link, mutate_services, mutate_identity, mutate_watch, mutate_whole):
        yield from module.mutations()
