"""A baseline once it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from auditor.model import BaselineInfo, Requirement
from auditor.workload.architecture import Architecture, default_architecture


@dataclass(frozen=True)
class Baseline:
    """A reference architecture: what it requires, in the order of its file, and the terms of each requirement.

    `terms` holds what a rule is asked with, for every requirement that a rule decides; `stated` what the file says, for
    every requirement that says anything. `tables` are the file's own tables. `disabled` are the requirements of the
    extended baseline that this one leaves out, with the reason; `overridden` those that it changes, with the names of
    what it changes. `architecture` says which
    parts there are and how each is found. `remarks` are sentences for every report about what is asked otherwise than
    this file says.
    """

    info: BaselineInfo
    requirements: Mapping[str, Requirement]
    terms: Mapping[str, msgspec.Struct]
    stated: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tables: Mapping[str, Any] = field(default_factory=dict)
    extends: str = ""
    below: tuple[str, ...] = ()
    """The names of every baseline that it extends, the nearest first."""
    disabled: Mapping[str, str] = field(default_factory=dict)
    overridden: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    architecture: Architecture = field(default_factory=default_architecture)
