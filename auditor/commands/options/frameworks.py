"""The frameworks that a command speaks of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from auditor.baseline import Baseline, baseline_names, read_baseline
from auditor.frameworks.model import Controls, Framework, Support
from auditor.frameworks.own import controls_of
from auditor.frameworks.read import mapped_baselines
from auditor.model import AuditResult

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


def controls_for(baseline: Baseline, asked: Sequence[str] = (), also: Collection[str] = ()) -> Controls:
    """The frameworks that are asked for, all without any, and what the baseline's requirements support of them.

    `also` are ids of other baselines that a framework's file may name.
    """
    # A row that is disabled keeps its mapping: a file of one's own may name it.
    ours = (*baseline.requirements, *baseline.disabled)
    known = tuple(dict.fromkeys((*ours, *also)))
    names = (baseline.info.name, *baseline.below)
    if set(names) & set(mapped_baselines()):
        return controls_of(names, known, asked, ours)
    twin, same = _twin(baseline)
    return controls_of((twin,), known, asked, same)


def files_of(baseline: Baseline, asked: Sequence[str], *, anything: bool) -> tuple[Path, ...]:
    """The files among the frameworks that are asked for. Raises `AuditorError` for what is none, and for mistakes.

    With `anything` the snapshot decides which baseline is asked, and a file may name the requirements of each.
    """
    if not asked:
        return ()
    found = controls_for(baseline, asked, _every_id() if anything else ())
    return tuple(Path(framework.path) for framework in found.frameworks.values() if framework.path)


def controls_of_result(result: AuditResult, baseline: Baseline, asked: Sequence[str], *, anything: bool) -> Controls:
    """What the requirements of a result support; where workloads of several baselines are in it, those of each.

    Requirements of all but the first are then called `baseline/ID`.
    """
    also = _every_id() if anything and asked else ()
    read = {baseline.info.name: baseline}
    names = [result.baseline.name, *(id_.rpartition("/")[0] for id_ in result.requirements if "/" in id_)]
    supports: dict[str, Support] = {}
    frameworks: Mapping[str, Framework] = {}
    for name in dict.fromkeys(names):
        if name not in read:
            read[name] = read_baseline(name)
        found = controls_for(read[name], asked, also)
        frameworks = frameworks or found.frameworks
        prefix = "" if name == result.baseline.name else f"{name}/"
        supports |= {f"{prefix}{id_}": support for id_, support in found.supports.items()}
    return Controls(frameworks, {id_: each for id_, each in supports.items() if id_ in result.requirements})


def _every_id() -> tuple[str, ...]:
    """The ids of every requirement of the baselines that a snapshot may be found to be built as."""
    return tuple(id_ for name in baseline_names() for id_ in read_baseline(name).requirements)


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
