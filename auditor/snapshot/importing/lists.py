"""What the lists among the files are whole for, and what Resource Graph cannot hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from auditor.facts import load
from auditor.model import ArmId, Read
from auditor.snapshot.importing.origin import Found

_ANSWERED = "import"


def whole_lists(listed: Iterable[Sequence[ArmId]], found: Sequence[Found]) -> tuple[Read, ...]:
    """What each list that holds one type alone, and does not go on, is whole for.

    It is the answer of a command that lists: of the subscription where it shows several resource groups, else of the
    only group that it shows, for a list of one group looks no different. A child's list is its parent's.
    """
    graph = {each.id for each in found if each.graph}
    reads = {}
    for ids in listed:
        own = [id_ for id_ in ids if id_ not in graph]
        types = {id_.type for id_ in own}
        if len(types) == 1 and len(own) == len(ids):
            type_ = types.pop()
            for scope, count in _scopes(type_, own):
                reads[type_, scope] = Read(_ANSWERED, "", 200, type_, scope, count)
    return tuple(reads.values())


def _scopes(type_: str, ids: Sequence[ArmId]) -> Iterator[tuple[str, int]]:
    if type_.count("/") != 1 or not all(id_.subscription and id_.key.count("/providers/") == 1 for id_ in ids):
        parents = {id_.parent for id_ in ids}
        parent = parents.pop() if len(parents) == 1 else None
        if parent is not None and type_.count("/") > 1 and parent.subscription:
            yield parent.text, len(ids)
        return
    for subscription in sorted({id_.subscription for id_ in ids}):
        here = [id_ for id_ in ids if id_.subscription == subscription]
        groups = {id_.resource_group for id_ in here}
        only = f"/resourceGroups/{groups.pop()}" if len(groups) == 1 and "" not in groups else ""
        yield f"/subscriptions/{subscription}{only}", len(here)


def lacking(found: Sequence[Found]) -> tuple[Read, ...]:
    """Failed reads for what Resource Graph does not hold, or was not asked for, where documents came from it.

    A kind that another file shows is taken to have been listed by that; one whose parents are not there at all is not
    missed (facts/resource-graph.json).
    """
    reads: list[Read] = []
    subscriptions = {each.id.subscription for each in found if each.graph} - {""}
    for subscription in sorted(subscriptions):
        own = [each for each in found if each.id.subscription in (subscription, "")]
        shown = {each.id.type for each in own}
        elsewhere = {each.id.type for each in own if not each.graph}
        for type_, why in _not_held(shown):
            if type_ not in elsewhere and _may_exist(type_, shown):
                scope = f"/subscriptions/{subscription}"
                reads.append(Read("resource-graph", "", 200, type_, scope, error="NotInResourceGraph", message=why))
    return tuple(reads)


def _not_held(shown: set[str]) -> Iterator[tuple[str, str]]:
    facts: Mapping[str, Any] = load("resource-graph")
    tables = {table: set(types) for table, types in facts["tables"].items()}
    read = {row["type"].casefold() for row in load("arm-reads")["reads"]} - set(facts["never_missed"])
    rest = read.difference(*tables.values())
    top = {type_ for type_ in rest if type_.count("/") == 1} - set(facts["none"])
    tables["resources"] = top | set(facts["resources_below"])
    for type_ in sorted(rest - tables["resources"]):
        yield type_, "no table of Resource Graph holds it"
    for table, types in sorted(tables.items()):
        if not shown & types:
            for type_ in sorted(types):
                yield type_, f"the table {table} of Resource Graph brought no row, so it may not have been asked"


def _may_exist(type_: str, shown: set[str]) -> bool:
    """Whether there may be one: of a child, whether its parent is there."""
    parent = type_.rpartition("/")[0]
    return "/" not in parent or parent in shown
