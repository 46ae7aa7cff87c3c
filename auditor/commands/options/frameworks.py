"""The frameworks that a command speaks of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from auditor.baseline import Baseline, baseline_names, read_baseline
from auditor.frameworks.model import Controls
from auditor.frameworks.own import controls_of
from auditor.frameworks.read import mapped_baselines

_F = TypeVar("_F", bound=Callable[..., Any])


def framework_option(command: _F) -> _F:
    """Give a command `--framework NAME|FILE`, as often as you like (as `framework`)."""
    option = click.option(
        "--framework",
        multiple=True,
        metavar="NAME|FILE",
        help="Name the controls of this framework only: one of `auditor frameworks`, or a file of your own.",
    )
    return option(command)


def controls_for(baseline: Baseline, asked: Sequence[str] = ()) -> Controls:
    """The frameworks that are asked for, all without any, and what the baseline's requirements support of them."""
    # A row that is disabled keeps its mapping: a file of one's own may name it.
    known = (*baseline.requirements, *baseline.disabled)
    names = (baseline.info.name, *baseline.below)
    if set(names) & set(mapped_baselines()):
        return controls_of(names, known, asked)
    twin, same = _twin(baseline)
    return controls_of((twin,), known, asked, same)


def _twin(baseline: Baseline) -> tuple[str, tuple[str, ...]]:
    """The shipped baseline that a file of one's own has most requirements of, and which these are.

    A requirement is the same where it has the same id and is decided by the same rule; by a person, the same statement.
    """
    found = {name: _shared(baseline, read_baseline(name)) for name in mapped_baselines() if name in baseline_names()}
    best = max(found, key=lambda name: len(found[name]))
    return best, found[best]


def _shared(own: Baseline, shipped: Baseline) -> tuple[str, ...]:
    def same(id_: str) -> bool:
        mine, theirs = own.requirements[id_], shipped.requirements[id_]
        return mine.rule == theirs.rule and bool(mine.rule or mine.statement == theirs.statement)

    return tuple(id_ for id_ in own.requirements if id_ in shipped.requirements and same(id_))
