"""Frameworks, their controls, and which of them a requirement supports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

OWN = "own"
"""How a mapping came about that a file of the user's states."""


@dataclass(frozen=True)
class Framework:
    """A framework: `controls` (id to title) are those that some requirement supports, or that the user's file lists.

    `others` are ids of controls that nothing here speaks about, where they are known one by one; `size` is how many
    controls there are in all, `None` where that is not known, and `size_source` says by whom. `quality` says how the
    mapping was made. `path` is set for a file of the user's, `reasons` say by control why it is mapped so,
    `stated` are the controls whose mapping that file states.
    """

    id: str
    title: str
    version: str
    source: str
    date: str
    controls: Mapping[str, str]
    others: tuple[str, ...] = ()
    size: int | None = None
    size_source: str = ""
    quality: str = ""
    path: str = ""
    reasons: Mapping[str, str] = field(default_factory=dict)
    stated: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """`NIST SP 800-53 Rev. 5`."""
        return f"{self.title} {self.version}"


@dataclass(frozen=True)
class Policy:
    """A built-in Azure policy about the same subject. `relation` is equal, narrower, wider or related."""

    id: str
    name: str
    relation: str
    note: str = ""


@dataclass(frozen=True)
class Support:
    """What one requirement supports: control ids by framework, in the frameworks' order.

    `from_policy` are those of them that Azure's own policy initiative gives; every other is judgement, or stated by a
    file of the user's. `by` is policy, judgement, none or own; `why` is the reason for the mapping, or for its absence.
    """

    controls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    from_policy: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by: str = "none"
    why: str = ""
    policies: tuple[Policy, ...] = ()


_NONE = Support(why="no mapping was made for this requirement")


@dataclass(frozen=True)
class Controls:
    """The frameworks that are asked for, by id in their order, and what each requirement supports of them."""

    frameworks: Mapping[str, Framework] = field(default_factory=dict)
    supports: Mapping[str, Support] = field(default_factory=dict)

    def of(self, requirement: str) -> Support:
        """What a requirement supports; nothing where no mapping was made for it."""
        return self.supports.get(requirement, _NONE)

    def basis(self, requirement: str, framework: str, control: str) -> str:
        """Where the mapping to a control comes from: `policy` (of Azure), `judgement`, or `own` (the user's file)."""
        if control in self.frameworks[framework].stated:
            return OWN
        return "policy" if control in self.of(requirement).from_policy.get(framework, ()) else "judgement"

    @cached_property
    def by_control(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """By framework, by control: the requirements that support it, in the order of the baseline."""
        found: dict[str, dict[str, list[str]]] = {
            id_: {control: [] for control in framework.controls} for id_, framework in self.frameworks.items()
        }
        for requirement, support in self.supports.items():
            for framework, controls in support.controls.items():
                for control in controls:
                    found[framework].setdefault(control, []).append(requirement)
        return {id_: {control: tuple(ids) for control, ids in controls.items()} for id_, controls in found.items()}
