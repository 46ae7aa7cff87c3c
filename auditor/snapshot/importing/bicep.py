"""Bicep: compiled by the Bicep CLI that is installed, and its lines found again for what the template states.

Nothing is downloaded, neither the compiler nor modules of registries (`--no-restore`). The compiler keeps the names of
resources (symbolic names, with language version 2.0); without them a resource is known by its type where the file
declares only one of that type. Commands: learn, "Bicep CLI commands": `bicep build FILE --stdout --no-restore`, and
`bicep build-params` alike.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from auditor.model import AuditorError
from auditor.snapshot.importing.sources import Lines
from auditor.snapshot.locate import steps_of
from auditor.snapshot.text import Text, printable

ENDINGS = (".bicep", ".bicepparam")
_SECONDS = 300
_RESTORE = "has not been restored"
"""What the compiler says of a module of a registry that is not on this machine (BCP190)."""
_DEPLOYMENTS = "microsoft.resources/deployments"
_DECLARED = re.compile(
    r"^[ \t]*(?P<kind>resource|module)[ \t]+(?P<symbol>\w+)[ \t]+'(?P<what>[^'\n]+)'[ \t]*(?P<existing>existing\b)?",
    re.MULTILINE,
)
_USING = re.compile(r"^[ \t]*using[ \t]+'([^'\n]+)'", re.MULTILINE)
_NAMED = re.compile(r"[ \t]*'?([A-Za-z_][\w-]*)'?[ \t]*:")
_TIP = "install it (https://aka.ms/bicep-install), or give the template that `bicep build` writes"


@dataclass(frozen=True)
class Compiled:
    """What the compiler made of a Bicep file: the template, and parameters where it was a file of these."""

    template: str
    parameters: str = ""


def compiled(path: Path) -> Compiled:
    """Compile a Bicep file, or a file of parameters with the template that it uses.

    Raises `AuditorError` where no Bicep CLI is installed, or where it refuses the file.
    """
    name = printable(str(path))
    if not path.is_file():
        raise AuditorError(f"{name}: there is no such file", "check the spelling and the folder you are in")
    verb = "build-params" if path.suffix.casefold() == ".bicepparam" else "build"
    said = _run(_command(name, verb, path), name)
    if verb == "build":
        return Compiled(said)
    try:
        found = json.loads(said)
        return Compiled(str(found["templateJson"]), str(found["parametersJson"]))
    except (ValueError, KeyError, TypeError):
        raise AuditorError(f"{name}: the Bicep CLI did not print a template and parameters", "update it") from None


def _command(name: str, verb: str, path: Path) -> Sequence[str]:
    # A path that begins with a dash would be taken for an option.
    file = str(path if path.is_absolute() else Path() / path)
    file = file if not file.startswith("-") else f"./{file}"
    bicep = shutil.which("bicep")
    if bicep:
        return (bicep, verb, file, "--stdout", "--no-restore")
    own = Path.home() / ".azure" / "bin" / "bicep"
    if own.is_file():
        return (str(own), verb, file, "--stdout", "--no-restore")
    raise AuditorError(f"{name}: this needs the Bicep CLI, and no program `bicep` is installed", _TIP)


def _run(command: Sequence[str], name: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise AuditorError(f"{name}: the Bicep CLI could not be run: {problem}", _TIP) from problem
    said = done.stdout.decode("utf-8", "replace").lstrip("\ufeff")
    if done.returncode or not said.strip():
        errors = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
        what = next((line for line in errors if "Error" in line), errors[0] if errors else "it printed nothing")
        tip = (
            "run `bicep restore` first: modules of registries are not fetched here"
            if _RESTORE in what
            else "correct it"
        )
        raise AuditorError(f"{name}: the Bicep CLI refuses this file: {printable(what[:500])}", tip)
    return said


def bicep_of(path: Path) -> Path:
    """The Bicep file itself, or the one that a file of parameters uses (`using 'main.bicep'`)."""
    if path.suffix.casefold() != ".bicepparam":
        return path
    try:
        found = _USING.search(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        found = None
    return path.parent / found[1] if found else path


@dataclass(frozen=True)
class Declaration:
    """A resource or module of a Bicep file, from its keyword to its last brace."""

    kind: str
    symbol: str
    what: str
    """Type and api-version, or the path of the module."""
    start: int
    end: int


class BicepFile:
    """The text of a Bicep file and what it declares."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def source(self) -> Text:
        """Its text; empty where it cannot be read."""
        try:
            text = self.path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            text = ""
        return Text(printable(self.path.as_posix()), text)

    @cached_property
    def declarations(self) -> Sequence[Declaration]:
        """In the order of the file."""
        text = self.source.text
        return [
            Declaration(each["kind"], each["symbol"], each["what"], each.start("kind"), _end_of(text, each.end()))
            for each in _DECLARED.finditer(text)
            if not each["existing"]
        ]

    def declared(self, symbol: str, type_: str) -> Declaration | None:
        """The declaration of a resource, by its symbolic name or by its type where there is one alone."""
        if symbol:
            own = symbol.rpartition("::")[2]
            return next((each for each in self.declarations if each.symbol == own), None)
        wanted = type_.casefold()
        modules = wanted == _DEPLOYMENTS
        found = [
            each
            for each in self.declarations
            if (each.kind == "module" if modules else each.what.partition("@")[0].casefold() == wanted)
        ]
        return found[0] if len(found) == 1 else None

    def module(self, declaration: Declaration) -> BicepFile | None:
        """The file of a module; `None` where it is in a registry, or not there."""
        if ":" in declaration.what:
            return None
        path = self.path.parent / declaration.what
        return BicepFile(path) if path.suffix.casefold() == ".bicep" and path.is_file() else None

    def lines(self, declaration: Declaration, pointers: Sequence[str]) -> Lines:
        """Where the declaration states the parts of its document."""
        places = [self._place(declaration.start, "")]
        for pointer in pointers:
            at = self._inside(declaration, pointer)
            if at is not None:
                places.append(self._place(at, pointer))
        return Lines(self.source.name, tuple(places))

    def _place(self, offset: int, pointer: str) -> str:
        at = self.source.position(offset)
        return f"{at.line}:{at.column} {pointer}".rstrip()

    def _inside(self, declaration: Declaration, pointer: str) -> int | None:
        """Where a property is named, each step one brace deeper; `None` where the text does not name it so."""
        start, end = declaration.start, declaration.end
        for step in steps_of(pointer):
            found = next((each for each in _members(self.source.text, start, end) if each.name == step), None)
            if found is None:
                return None
            start, end = found.start, found.end
        return start


class _Member(NamedTuple):
    """A property, from its name to the end of its value."""

    name: str
    start: int
    end: int


def _members(text: str, start: int, end: int) -> list[_Member]:
    """The properties in the first brace between two offsets."""
    opening = _brace(text, start, end)
    return [] if opening is None else list(_walk(text, opening + 1, end))


def _walk(text: str, at: int, end: int) -> Iterator[_Member]:
    depth = 0
    line_start = True
    while at < end:
        skipped = _skip(text, at)
        if skipped != at:
            at = skipped
            continue
        sign = text[at]
        if line_start and depth == 0 and (match := _NAMED.match(text, at)):
            first = match.start(1) - (1 if text[match.start(1) - 1] == "'" else 0)
            yield _Member(match.group(1), first, _stop(text, first, end))
            at = match.end()
            line_start = False
            continue
        if sign in "{[(":
            depth += 1
        elif sign in "}])":
            depth -= 1
            if depth < 0:
                return
        line_start = sign == "\n" or (line_start and sign in " \t")
        at += 1


def _stop(text: str, at: int, end: int) -> int:
    """Where the value of a property ends: at the end of the line on which its braces are closed."""
    depth = 0
    while at < end:
        skipped = _skip(text, at)
        if skipped != at:
            at = skipped
            continue
        depth += (text[at] in "{[(") - (text[at] in "}])")
        if depth < 0 or (depth == 0 and text[at] == "\n"):
            return at
        at += 1
    return end


def _brace(text: str, at: int, end: int) -> int | None:
    while at < end:
        skipped = _skip(text, at)
        if skipped != at:
            at = skipped
            continue
        if text[at] == "{":
            return at
        at += 1
    return None


def _skip(text: str, at: int) -> int:
    """The end of the text or comment that begins here; the same offset where none does."""
    if text.startswith("'''", at):
        found = text.find("'''", at + 3)
        return len(text) if found < 0 else found + 3
    if text.startswith("//", at):
        found = text.find("\n", at)
        return len(text) if found < 0 else found
    if text.startswith("/*", at):
        found = text.find("*/", at)
        return len(text) if found < 0 else found + 2
    if text[at : at + 1] == "'" and not _NAMED.match(text, at):
        found = at + 1
        while found < len(text) and text[found] not in "'\n":
            found += 2 if text[found] == "\\" else 1
        return min(found + 1, len(text))
    return at


def _end_of(text: str, at: int) -> int:
    opening = _brace(text, at, len(text))
    if opening is None:
        return len(text)
    depth = 0
    while opening < len(text):
        skipped = _skip(text, opening)
        if skipped != opening:
            opening = skipped
            continue
        depth += (text[opening] in "{[(") - (text[opening] in "}])")
        opening += 1
        if depth == 0:
            return opening
    return len(text)


def lines_in(root: BicepFile, template: Mapping[str, Any], pointer: str, pointers: Sequence[str]) -> Lines | None:
    """The lines of Bicep for a resource that a compiled template states at a pointer; `None` where nothing tells them.

    A module is followed into its own file where that lies beside, and else stands for what it deploys.
    """
    file, value = root, template
    steps = steps_of(pointer)
    found: Lines | None = None
    while len(steps) >= 2 and steps[0] == "resources":
        key = steps[1]
        resources = value.get("resources")
        stated = _item(resources, key)
        if not isinstance(stated, Mapping):
            return found
        symbol = key if isinstance(resources, Mapping) else ""
        declaration = file.declared(symbol, str(stated.get("type", "")))
        if declaration is None:
            return found
        last = len(steps) == 2
        found = file.lines(declaration, pointers if last else ())
        module = file.module(declaration) if declaration.kind == "module" else None
        if last or module is None:
            return found
        inside = stated.get("properties")
        nested = inside.get("template") if isinstance(inside, Mapping) else None
        if steps[2:4] != ["properties", "template"] or not isinstance(nested, Mapping):
            return found
        file, value, steps = module, nested, steps[4:]
    return found


def _item(value: Any, key: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(key)
    return value[int(key)] if isinstance(value, list) and key.isdecimal() and int(key) < len(value) else None
