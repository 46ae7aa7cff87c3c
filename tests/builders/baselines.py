"""Small baselines for tests, and rules whose terms have every shape that terms may have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from auditor.baseline import Baseline, BaselineError, read_baseline
from auditor.model import Verdict
from auditor.rules import Rule, decides
from auditor.rules.rule import holds
from auditor.workload.parts import Workload

SMALL = """\
baseline:
  name: small
  version: "1"
  source: {title: A page, url: https://example.org/page, date: 2024-06-20}
families:
  ONE: First
  TWO: Second
tables:
  ways:
    - &way {from: Internet, ports: "443", needed: true}
requirements:
  ONE-01:
    level: must
    severity: high
    section: Networking
    statement: It holds.
    decided_by: a property
    terms: {replicas: 3, mode: On, ways: [*way]}
    rule: something_is_wrong
  ONE-02:
    level: should
    severity: low
    section: Networking
    statement: It is hoped for.
    decided_by: another
    rule: hope_is_lost
  TWO-01:
    level: manual
    severity: medium
    section: Process
    statement: Somebody looks.
    decided_by: nothing
    look_at: The wall.
"""


class Way(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of a table."""

    source: str = msgspec.field(name="from")
    ports: str
    needed: bool


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Terms of every shape."""

    replicas: int
    mode: Literal["On", "Off"]
    ways: tuple[Way, ...] = ()
    share: float = 0.5
    tier: str | None = None
    names: dict[str, int] = {}

    def __post_init__(self) -> None:
        """Refuse what no type can say."""
        if self.share > 1:
            raise ValueError(f"a share is at most 1, and {self.share} is more")


@decides(terms=Terms)
def something_is_wrong(w: Workload, terms: Terms) -> Iterator[Verdict]:
    """Something is wrong."""
    yield holds(None, f"{terms.replicas}")


@decides()
def hope_is_lost(w: Workload, terms: object) -> Iterator[Verdict]:
    """Hope is lost."""
    yield holds(None, "hope")


RULES: Mapping[str, Rule] = {rule.name: rule for rule in (something_is_wrong, hope_is_lost)}


def read(folder: Path, text: str, name: str = "small.yaml") -> Baseline:
    """Read a text as a baseline file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_baseline(path, RULES)


def mistakes_of(folder: Path, text: str) -> list[str]:
    """The mistakes of a text, as `line:column: sentence`."""
    try:
        read(folder, text)
    except BaselineError as problem:
        return [f"{m.line}:{m.column}: {m.says}" for m in problem.mistakes]
    return []
