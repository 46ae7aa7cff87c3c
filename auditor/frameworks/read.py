"""The frameworks and mappings that travel with the program, typed as they are loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

import msgspec

from auditor.facts import load, names
from auditor.frameworks.model import Controls, Framework, Policy, Support


class _FrameworkRow(msgspec.Struct, frozen=True):
    title: str
    version: str
    source: str
    date: str
    quality: str
    controls: dict[str, str]
    size: int | None
    size_source: str
    others: tuple[str, ...]


class _PolicyName(msgspec.Struct, frozen=True, rename={"name": "displayName"}):
    name: str


class _Frameworks(msgspec.Struct, frozen=True):
    frameworks: dict[str, _FrameworkRow]
    policies: dict[str, _PolicyName]


class _PolicyRow(msgspec.Struct, frozen=True):
    id: str
    relation: str
    note: str = ""


class _Row(msgspec.Struct, frozen=True):
    by: str
    why: str
    source: str
    date: str
    policies: tuple[_PolicyRow, ...]
    controls: dict[str, tuple[str, ...]]
    from_policy: dict[str, tuple[str, ...]]


class _Mapping(msgspec.Struct, frozen=True):
    baseline: str
    requirements: dict[str, _Row]


_FILE = "control-frameworks"
_MAPPING = "controls-"


@cache
def shipped_frameworks() -> Mapping[str, Framework]:
    """Every framework that the program knows, by its id."""
    held = msgspec.convert(load(_FILE), _Frameworks)
    return {
        id_: Framework(
            id=id_,
            title=row.title,
            version=row.version,
            source=row.source,
            date=row.date,
            controls=row.controls,
            others=row.others,
            size=row.size,
            size_source=row.size_source,
            quality=row.quality,
        )
        for id_, row in held.frameworks.items()
    }


def shipped_controls(
    baselines: Iterable[str], requirements: Iterable[str], frameworks: Iterable[str] | None = None
) -> Controls:
    """What the requirements of a baseline support.

    `baselines` are its name and those of all that it extends: the first of which a mapping is known counts for each
    requirement. `frameworks` are the ids asked for, every one without it; each must be known.
    """
    known = shipped_frameworks()
    wanted = tuple(known if frameworks is None else dict.fromkeys(frameworks))
    rows: dict[str, Support] = {}
    for name in reversed(tuple(baselines)):
        rows |= _supports(name)
    chosen = {id_: _narrowed(rows[id_], wanted) for id_ in requirements if id_ in rows}
    return Controls({id_: known[id_] for id_ in wanted}, chosen)


def mapped_baselines() -> tuple[str, ...]:
    """The names of the baselines that a mapping travels with the program for."""
    return tuple(name.removeprefix(_MAPPING) for name in names() if name.startswith(_MAPPING))


@cache
def _supports(baseline: str) -> Mapping[str, Support]:
    """The mapping of one baseline; none where no file holds one."""
    file = f"{_MAPPING}{baseline}"
    if file not in names():
        return {}
    held = msgspec.convert(load(file), _Mapping)
    titles = msgspec.convert(load(_FILE), _Frameworks).policies
    return {
        id_: Support(
            controls=row.controls,
            from_policy=row.from_policy,
            by=row.by,
            why=row.why,
            policies=tuple(Policy(p.id, titles[p.id].name, p.relation, p.note) for p in row.policies),
        )
        for id_, row in held.requirements.items()
    }


def _narrowed(support: Support, wanted: tuple[str, ...]) -> Support:
    """The same with the frameworks that are asked for, in their order."""
    return Support(
        controls={id_: support.controls[id_] for id_ in wanted if id_ in support.controls},
        from_policy={id_: support.from_policy[id_] for id_ in wanted if id_ in support.from_policy},
        by=support.by,
        why=support.why,
        policies=support.policies,
    )
