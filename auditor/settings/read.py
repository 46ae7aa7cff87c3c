"""A file of settings to typed settings with their baseline; all mistakes at once, each with file, line and column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, get_type_hints

from auditor.access.approved import GUID, AllowedRole
from auditor.baseline.draft import Override, read_overrides
from auditor.baseline.extend import Merged
from auditor.baseline.model import Baseline
from auditor.baseline.read import DEFAULT, locate, read_under
from auditor.baseline.terms import Reader
from auditor.model import ArmId, AuditorError
from auditor.settings.allowances import (
    Allowed,
    allowed_roles,
    on_day,
    read_allowed,
    remarks_of,
    with_allowed,
)
from auditor.settings.shape import (
    Parts,
    Scope,
    SettingsFile,
    Subnets,
)
from auditor.workload.architecture import Architecture, default_architecture, speaking_of, spoken_of
from auditor.workload.pins import Pin
from auditor.yaml_tree.compose import compose, read_text, unreadable
from auditor.yaml_tree.fields import fields_of, text
from auditor.yaml_tree.mistakes import Mistakes, meant
from auditor.yaml_tree.nodes import (
    Fields,
    Items,
    Node,
    Scalar,
)

UNTIL_DEPLOYED = "until-deployed"
_TYPES = get_type_hints(SettingsFile, include_extras=True)
_GROUP_NAME = re.compile(r"[\w.()-]{1,90}")


@dataclass(frozen=True)
class Settings:
    """What a settings file comes to. `baseline` has its changes and allowances in it, `disabled` is what it leaves out.

    `waivers` and `service_tags` are files, `None` where none is named. `fail_on` is empty where the file says nothing.
    """

    path: str
    baseline: Baseline
    waivers: Path | None = None
    service_tags: Path | None = None
    pins: tuple[Pin, ...] = ()
    subscriptions: tuple[str, ...] = ()
    resource_groups: tuple[str, ...] = ()
    fail_on: str = ""
    strict: bool = False
    until_deployed: bool = False
    disabled: tuple[str, ...] = ()
    roles: tuple[AllowedRole, ...] = ()
    frameworks: tuple[str, ...] = ()


def read_settings(path: str | Path, baseline: str = "", as_of: date = date.min) -> Settings:
    """Read a file of settings. `baseline`, where given, is asked in the place of the one that the file names.

    What the file allows counts up to its last day, judged on `as_of`; what has ended is told and not counted.

    Raises `AuditorError` with every mistake in the file, and in what it changes of the baseline.
    """
    mistakes = Mistakes()
    file = _File(compose(read_text(Path(path)), str(path), mistakes), mistakes)
    rest = file.all_but_the_baseline()
    overrides, under = file.overrides(), file.baseline(baseline)
    found = read_under(under, overrides, mistakes) if under is not None else None
    with speaking_of(found[0].architecture if found is not None else default_architecture()):
        everything = file.allowed()
        rest["pins"] = file.pins(spoken_of())
    allowed, ended = on_day(everything, as_of)
    if found is None:
        mistakes.speak()
    assert found is not None
    remarks = (*_remarks(str(path), found[1]), *remarks_of(allowed), *ended)
    read = replace(with_allowed(found[0], allowed, mistakes), remarks=remarks)
    mistakes.speak()
    return Settings(str(path), read, disabled=tuple(found[1].disabled), roles=allowed_roles(allowed), **rest)


def _remarks(path: str, changes: Merged) -> Iterator[str]:
    """What the settings change of the baseline, in sentences that every report shows."""
    for id_, reason in changes.disabled.items():
        yield f"{id_} is not checked: the settings {path} disable it ({reason})"
    for id_, names in changes.overridden.items():
        yield f"the settings {path} change {' and '.join(names)} of {id_}"


class _File:
    """The fields of a settings file; each is asked for once, and notes its own mistakes."""

    def __init__(self, root: Node, mistakes: Mistakes) -> None:
        self._fields = fields_of(root, "a settings file", mistakes, optional=SettingsFile.__struct_fields__)
        self._folder = Path(root.path).parent
        self._mistakes = mistakes
        self._reader = Reader({}, mistakes)

    def baseline(self, instead: str) -> Path | None:
        """The file of the baseline that is asked; `None` where it is named wrongly."""
        if instead:
            return locate(instead, Path())
        node = self._fields.get("baseline")
        named = text(node, "`baseline`", self._mistakes)
        if node is not None and not named:
            return None
        try:
            return locate(named or DEFAULT, self._folder)
        except AuditorError as problem:
            assert node is not None
            self._mistakes.at(node, problem.message)
            return None

    def overrides(self) -> list[Override]:
        """The changes to requirements."""
        node = self._fields.get("requirements")
        return [] if node is None else read_overrides(node, "`requirements`", self._mistakes)

    def allowed(self) -> Allowed:
        """What is allowed beyond the baseline."""
        node = self._fields.get("allow")
        return Allowed() if node is None else read_allowed(node, self._reader)

    def all_but_the_baseline(self) -> dict[str, Any]:
        """The fields of `Settings` that need no baseline."""
        scope = self._typed("scope", Scope())
        self._check_scope()
        strict = self._typed("strict", False)
        return {
            "waivers": self._file("waivers"),
            "service_tags": self._file("service_tags"),
            "subscriptions": scope.subscriptions,
            "resource_groups": scope.resource_groups,
            "fail_on": self._typed("fail_on", ""),
            "strict": bool(strict),
            "until_deployed": strict == UNTIL_DEPLOYED,
            "frameworks": tuple(map(self._name_or_file, self._typed("frameworks", ()))),
        }

    def _name_or_file(self, word: str) -> str:
        """A file beside this one by its path; anything else is a name, which whoever knows the frameworks judges."""
        path = self._folder / word
        return str(path) if path.is_file() else word

    def _typed(self, name: str, otherwise: Any) -> Any:
        """A field as its type; what it is where it is not there, or is wrong, which is then noted."""
        node = self._fields.get(name)
        found = None if node is None else self._reader.read(node, _TYPES[name], f"`{name}`")
        return otherwise if found is None else found

    def _file(self, name: str) -> Path | None:
        node = self._fields.get(name)
        named = text(node, f"`{name}`", self._mistakes)
        if node is None or not named:
            return None
        path = self._folder / named
        if problem := unreadable(path):
            self._mistakes.at(node, problem)
        return path

    def pins(self, architecture: Architecture) -> tuple[Pin, ...]:
        """What plays which part of an architecture."""
        parts = self._pins("parts", architecture, architecture.pinnable)
        return (*parts, *self._pins("subnets", architecture, architecture.subnets))

    def _pins(self, name: str, architecture: Architecture, known: Iterable[str]) -> Iterator[Pin]:
        self._typed(name, None)
        self._check_parts(name, known)
        for part in known:
            for node, pattern in self._words(name, part):
                where = f"{node.path}:{node.line}:{node.column}"
                pin = Pin(part, pattern, subnet=name == "subnets", where=where)
                problem = _not_a_pin(pin, pin.type(architecture))
                if problem:
                    self._mistakes.at(node, f"`{part}` of `{name}`: {problem}")
                yield pin

    def _check_parts(self, name: str, known: Iterable[str]) -> None:
        """Note parts of another architecture than the one that is asked."""
        stated = self._fields.get(name)
        others = {*known} ^ {*(Parts if name == "parts" else Subnets).__struct_fields__}
        for part, (place, _) in stated.pairs.items() if isinstance(stated, Fields) else ():
            if part in others:
                self._mistakes.at(place, f"`{name}` has no field `{part}` for this baseline{meant(part, known)}")

    def _check_scope(self) -> None:
        for kind, what, fits in (
            ("subscriptions", "the id of a subscription", GUID),
            ("resource_groups", "the name of a resource group", _GROUP_NAME),
        ):
            for node, word in self._words("scope", kind):
                if not fits.fullmatch(word):
                    self._mistakes.at(node, f"`{word}` is not {what}")

    def _words(self, name: str, below: str) -> Iterator[tuple[Node, str]]:
        """The texts of a list two levels down; none where it is not there."""
        holder = self._fields.get(name)
        found = holder.get(below) if isinstance(holder, Fields) else None
        for node in found.items if isinstance(found, Items) else ():
            if isinstance(node, Scalar) and isinstance(node.value, str):
                yield node, node.value.strip()


def _not_a_pin(pin: Pin, wanted: str) -> str:
    """Why this can pin nothing; empty where it can."""
    if "*" in pin.pattern:
        return ""
    if not pin.pattern.startswith("/"):
        return f"`{pin.pattern}` is no ARM id and no pattern of ids; write /subscriptions/... or */{pin.pattern}"
    type_ = ArmId(pin.pattern).type
    return "" if type_ == wanted else f"`{pin.pattern}` is of type {type_ or 'none'}, and this part is a {wanted}"
