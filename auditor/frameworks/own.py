"""A framework of the user's own: a YAML file to a typed framework and mapping; all mistakes at once, with their places.

framework: {id: contoso, title: Contoso security standard, version: "3", source: an address or a title}
size: 120                                  # optional: how many controls there are in all
controls:
  NET-1:
    title: Nothing of the workload answers the Internet
    requirements: [PUB-*, NSG-JMP-IN]      # ids of the baseline, `*` stands for anything
  HR-1:
    title: Background checks
    why: no setting shows it               # asked for where no requirement supports it
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from auditor.frameworks.model import OWN, Controls, Framework, Support
from auditor.frameworks.read import shipped_controls, shipped_frameworks
from auditor.model import AuditorError
from auditor.model.wildcard import like
from auditor.yaml_tree.compose import compose, read_text, unreadable
from auditor.yaml_tree.fields import check_reason, fields_of, mapping, text
from auditor.yaml_tree.mistakes import Mistakes, meant
from auditor.yaml_tree.nodes import Items, Node, Scalar

_ID = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,59}")
_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True)
class OwnFramework:
    """What a file states: the framework, and the requirements that support each of its controls."""

    framework: Framework
    requirements: Mapping[str, tuple[str, ...]]


def controls_of(
    baselines: Iterable[str],
    requirements: Collection[str],
    asked: Iterable[str] = (),
    mapped: Collection[str] | None = None,
) -> Controls:
    """The frameworks that are asked for by name or file, and what the requirements of a baseline support of them.

    Without any, every framework that travels with the program. `baselines` are the baseline's name and those of all
    that it extends; `mapped` are the requirements that their mappings speak of, all of them without it. Raises
    `AuditorError` for a name that is none, and with every mistake of a file.
    """
    names = tuple(asked)
    if not names:
        return shipped_controls(baselines, requirements if mapped is None else mapped)
    own: dict[str, OwnFramework] = {}
    shipped: list[str] = []
    order: list[str] = []
    for name in names:
        if _is_file(name):
            read = read_framework(name, requirements)
            own[read.framework.id] = read
            order.append(read.framework.id)
        else:
            shipped.append(_known(name))
            order.append(shipped[-1])
    if len(set(order)) < len(order):
        twice = next(id_ for id_ in order if order.count(id_) > 1)
        raise AuditorError(f"the framework `{twice}` is asked for twice")
    held = shipped_controls(baselines, requirements if mapped is None else mapped, shipped)
    return _laid_over(held, own, order, requirements)


def _is_file(name: str) -> bool:
    return name.endswith(_ENDINGS) or "/" in name or "\\" in name


def _known(name: str) -> str:
    lowered = {id_.lower(): id_ for id_ in shipped_frameworks()}
    found = lowered.get(name.lower())
    if found is None:
        tip = "`auditor frameworks` lists those that come with the program; a file of your own ends in .yaml"
        raise AuditorError(f"there is no framework `{name}`{meant(name, lowered, most=3)}", tip)
    return found


def read_framework(path: str | Path, requirements: Collection[str]) -> OwnFramework:
    """Read a framework's file, each requirement checked against the ids that are known.

    Raises `AuditorError` with every mistake in the file.
    """
    file = Path(path)
    if problem := unreadable(file):
        raise AuditorError(problem)
    mistakes = Mistakes()
    root = compose(read_text(file), str(path), mistakes)
    fields = fields_of(
        root, "a framework's file", mistakes, required=("framework", "controls"), optional=("size", "size_source")
    )
    about = _about(fields.get("framework"), mistakes)
    rows = mapping(fields["controls"], "`controls`", mistakes) if "controls" in fields else {}
    found = {id_: _control(key, node, requirements, mistakes) for id_, (key, node) in rows.items()}
    size = _size(fields.get("size"), len(found), mistakes)
    source = text(fields.get("size_source"), "`size_source`", mistakes)
    mistakes.speak()
    return OwnFramework(
        framework=Framework(
            id=about["id"],
            title=about["title"],
            version=about["version"],
            source=about["source"] or str(path),
            date=about["date"],
            controls={id_: title for id_, (title, _, _) in found.items()},
            size=size,
            size_source=source or f"the file {path}",
            quality="stated by this file",
            path=str(path),
            reasons={id_: why for id_, (_, _, why) in found.items() if why},
        ),
        requirements={id_: ids for id_, (_, ids, _) in found.items()},
    )


def _about(node: Node | None, mistakes: Mistakes) -> dict[str, str]:
    names = ("id", "title", "version", "source", "date")
    if node is None:
        return dict.fromkeys(names, "")
    fields = fields_of(node, "`framework`", mistakes, required=names[:3], optional=names[3:])
    found = {name: text(fields.get(name), f"`{name}` of a framework", mistakes) for name in names}
    if found["id"] and not _ID.fullmatch(found["id"]):
        mistakes.at(fields["id"], "`id` of a framework must be letters, digits, `.`, `_` and `-`, a letter first")
    if found["id"].lower() in {id_.lower() for id_ in shipped_frameworks()}:
        mistakes.at(fields["id"], f"`{found['id']}` is a framework that comes with the program: choose another id")
    return found


def _control(key: Scalar, node: Node, known: Collection[str], mistakes: Mistakes) -> tuple[str, tuple[str, ...], str]:
    """The title of a control, the requirements that support it, and why none does."""
    what = f"the control `{key.text}`"
    fields = fields_of(node, what, mistakes, required=("title",), optional=("requirements", "why"))
    title = text(fields.get("title"), f"`title` of {what}", mistakes)
    why = text(fields.get("why"), f"`why` of {what}", mistakes)
    check_reason(why, fields.get("why"), "why this control has these requirements, or none", mistakes)
    ids = _ids(fields.get("requirements"), what, known, mistakes)
    if not ids and not why and "requirements" not in fields:
        mistakes.at(key, f"{what} names no requirement, and `why` does not say why none supports it")
    return title, ids, why


def _ids(node: Node | None, what: str, known: Collection[str], mistakes: Mistakes) -> tuple[str, ...]:
    if node is None:
        return ()
    if not isinstance(node, Items):
        mistakes.at(node, f"`requirements` of {what} must be a list")
        return ()
    found: dict[str, None] = {}
    for item in node.items:
        pattern = text(item, f"a requirement of {what}", mistakes)
        matching = [id_ for id_ in known if pattern and like(id_, pattern)]
        if pattern and not matching:
            mistakes.at(item, f"the baseline has no requirement `{pattern}`{meant(pattern, known)}")
        found |= dict.fromkeys(matching)
    return tuple(found)


def _size(node: Node | None, listed: int, mistakes: Mistakes) -> int:
    """How many controls there are in all: those that the file lists, where it does not say."""
    if node is None:
        return listed
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, bool) or not isinstance(value, int):
        mistakes.at(node, "`size` must be a whole number: how many controls the framework has in all")
        return listed
    if value < listed:
        mistakes.at(node, f"`size` is {value}, and the file lists {listed} controls")
    return value


def _laid_over(
    shipped: Controls, own: Mapping[str, OwnFramework], order: Iterable[str], requirements: Iterable[str]
) -> Controls:
    """Mappings of files beside those that travel with the program."""
    supports: dict[str, Support] = {}
    for id_ in requirements:
        base = shipped.of(id_)
        stated = {
            name: tuple(control for control, ids in held.requirements.items() if id_ in ids)
            for name, held in own.items()
        }
        stated = {name: controls for name, controls in stated.items() if controls}
        if not stated and id_ not in shipped.supports:
            continue
        controls = {**base.controls, **stated}
        supports[id_] = Support(
            controls={name: controls[name] for name in order if name in controls},
            from_policy=base.from_policy,
            by=OWN if stated and not base.controls else base.by,
            why=base.why if id_ in shipped.supports else "stated by the framework's file",
            policies=base.policies,
        )
    frameworks = {**shipped.frameworks, **{name: held.framework for name, held in own.items()}}
    return Controls({name: frameworks[name] for name in order}, supports)
