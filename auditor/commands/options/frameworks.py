"""The frameworks that a command speaks of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from auditor.baseline import Baseline
from auditor.frameworks.model import Controls
from auditor.frameworks.own import controls_of

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
    return controls_of((baseline.info.name, *baseline.below), known, asked)
