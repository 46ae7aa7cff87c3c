"""A framework of the user's own: a YAML file to a typed framework and mapping; all mistakes at once, with their places.

It states a framework, each control with the requirements of the baseline that support it, or a mapping of its own for
some controls of a framework that travels with the program (`extends`). docs/guide/frameworks.md shows both.
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
from auditor.yaml_tree.nodes import Fields, Items, Node, Scalar

_ID = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,59}")
_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True)
class OwnFramework:
    """What a file states: the framework, and the requirements that support each control that it names.

    `extends` is the framework of the program whose other controls keep their mapping, empty where there is none.
    """

    framework: Framework
    requirements: Mapping[str, tuple[str, ...]]
    extends: str = ""


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
    below = (read.extends for read in own.values() if read.extends)
    held = shipped_controls(baselines, requirements if mapped is None else mapped, (*shipped, *below))
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
    below = shipped_frameworks().get(about["extends"], _NOTHING)
    rows = mapping(fields["controls"], "`controls`", mistakes) if "controls" in fields else {}
    found = {id_: _control(key, node, below, requirements, mistakes) for id_, (key, node) in rows.items()}
    controls = {**below.controls, **{id_: title for id_, (title, _, _) in found.items()}}
    others = tuple(id_ for id_ in below.others if id_ not in controls)
    size = _size(fields.get("size"), len(controls) + len(others), below.size, mistakes)
    source = text(fields.get("size_source"), "`size_source`", mistakes)
    mistakes.speak()
    framework = Framework(
        id=about["id"],
        title=about["title"],
        version=about["version"],
        source=about["source"] or str(path),
        date=about["date"],
        controls=controls,
        others=others,
        size=size,
        size_source=source or (below.size_source if "size" not in fields else "") or f"the file {path}",
        quality=f"{below.quality}; {len(found)} controls as {path} states them" if below.id else "stated by this file",
        path=str(path),
        reasons={id_: why for id_, (_, _, why) in found.items() if why},
        stated=frozenset(found),
    )
    return OwnFramework(framework, {id_: ids for id_, (_, ids, _) in found.items()}, about["extends"])


_NOTHING = Framework("", "", "", "", "", {})
"""What a file that extends nothing is laid over."""


def _about(node: Node | None, mistakes: Mistakes) -> dict[str, str]:
    names = ("id", "title", "version", "source", "date", "extends")
    if node is None:
        return dict.fromkeys(names, "")
    extended = isinstance(node, Fields) and "extends" in node.pairs
    fields = fields_of(
        node,
        "`framework`",
        mistakes,
        required=() if extended else names[:3],
        optional=names if extended else names[3:5],
    )
    found = {name: text(fields.get(name), f"`{name}` of a framework", mistakes) for name in names}
    known = shipped_frameworks()
    below = known.get(found["extends"])
    if found["extends"] and below is None:
        says = f"there is no framework `{found['extends']}` to extend{meant(found['extends'], known)}"
        mistakes.at(fields["extends"], says)
    elif below is not None:
        stated = {name: value for name, value in found.items() if value}
        found |= {name: getattr(below, name) for name in names[:5]} | stated
    if found["id"] and not _ID.fullmatch(found["id"]):
        mistakes.at(fields["id"], "`id` of a framework must be letters, digits, `.`, `_` and `-`, a letter first")
    taken = {id_.lower() for id_ in known} - {found["extends"].lower()}
    if found["id"].lower() in taken:
        says = f"`{found['id']}` is a framework that comes with the program: choose another id, or extend it"
        mistakes.at(fields["id"], says)
    return found


def _control(
    key: Scalar, node: Node, below: Framework, known: Collection[str], mistakes: Mistakes
) -> tuple[str, tuple[str, ...], str]:
    """The title of a control, the requirements that support it, and why none does."""
    what = f"the control `{key.text}`"
    titled = {**dict.fromkeys(below.others, key.text), **below.controls}.get(key.text, "")
    required, optional = ((), ("title", "requirements", "why")) if titled else (("title",), ("requirements", "why"))
    fields = fields_of(node, what, mistakes, required=required, optional=optional)
    title = text(fields.get("title"), f"`title` of {what}", mistakes) or titled
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


def _size(node: Node | None, listed: int, below: int | None, mistakes: Mistakes) -> int | None:
    """How many controls there are in all; where the file does not say, those listed, or those of what it extends."""
    if node is None:
        return listed if below is None else max(listed, below)
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
    order = tuple(order)
    supports: dict[str, Support] = {}
    for id_ in requirements:
        base = shipped.of(id_)
        controls, from_policy = dict(base.controls), dict(base.from_policy)
        for name, held in own.items():
            controls[name] = _stated(id_, held, base)
            kept = base.from_policy.get(held.extends, ())
            from_policy[name] = tuple(each for each in kept if each not in held.framework.stated)
        found = {name: controls[name] for name in order if controls.get(name)}
        if not found and id_ not in shipped.supports:
            continue
        mapped = id_ in shipped.supports
        supports[id_] = Support(
            controls=found,
            from_policy={name: from_policy[name] for name in order if from_policy.get(name)},
            by=base.by if base.controls or not found else OWN,
            why=base.why if mapped else "stated by the framework's file",
            policies=base.policies,
        )
    frameworks = {**shipped.frameworks, **{name: held.framework for name, held in own.items()}}
    return Controls({name: frameworks[name] for name in order}, supports)


def _stated(requirement: str, held: OwnFramework, base: Support) -> tuple[str, ...]:
    """The controls of one file that a requirement supports: those that it names for it, the others as they were."""
    kept = set(base.controls.get(held.extends, ())) - held.framework.stated
    named = {control for control, ids in held.requirements.items() if requirement in ids}
    return tuple(control for control in held.framework.controls if control in kept | named)
