"""A snapshot file to memory, with the place of every document, or one sentence that says why not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor.model import ArmId, AuditorError, Read
from auditor.snapshot.diagnose import fault_in_beginning
from auditor.snapshot.model import FORMAT, LATER_FIELDS, Provenance, Snapshot
from auditor.snapshot.seal import digest
from auditor.snapshot.strict import Cursor
from auditor.snapshot.text import Text, printable, read_text, shown

_FAMILY, _, _VERSION = FORMAT.partition("/")
_BEGINNING = re.compile(r'\s*\{\s*"format"\s*:\s*"([^"\\\n]*)"')
_IMPORT_TIP = "`auditor import` makes a snapshot of JSON that az, Resource Manager or Resource Graph printed"
_EDITED_TIP = "collect again, or run `auditor import` on it if the change is meant"
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00))?")

Check = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _time(value: Any) -> bool:
    if not isinstance(value, str) or _TIME.fullmatch(value) is None:
        return False
    try:
        return not value or datetime.fromisoformat(value).year > 1
    except ValueError:
        return False


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


_ENVELOPE: Mapping[str, tuple[Check, str]] = {
    "format": (_text, "text"),
    "collected_at": (_time, "a time in UTC such as 2026-11-22T10:00:00Z"),
    "source": (_text, "text"),
    "cloud": (_text, "text"),
    "tenant": (_text, "text"),
    "subscriptions": (_texts, "a list of texts"),
    "resource_groups": (_texts, "a list of texts"),
    "complete": (_flag, "true or false"),
    "sha256": (_text, "text"),
}
_TEXT_LISTS = ("subscriptions", "resource_groups")
_LISTS = ("reads", "documents")

_READ: Mapping[str, tuple[Check, str]] = {
    "path": (_text, "text"),
    "api_version": (_text, "text"),
    "status": (_count, "a whole number"),
    "covers": (_text, "text"),
    "scope": (_text, "text"),
    "count": (_count, "a whole number"),
    "seconds": (_seconds, "a number"),
    "error": (_text, "text"),
    "message": (_text, "text"),
    "permission": (_text, "text"),
    "about": (_text, "text"),
    "shows": (_texts, "a list of texts"),
    "lines": (_texts, "a list of texts"),
    "request_id": (_text, "text"),
    "body_sha256": (_text, "text"),
}
_PROVENANCE: Mapping[str, tuple[Check, str]] = {
    **dict.fromkeys(("tenant", "principal", "application", "auditor", "auditor_sha256"), (_text, "text")),
    **dict.fromkeys(("begun_at", "ended_at"), (_time, "a time in UTC such as 2026-11-22T10:00:00Z")),
    **dict.fromkeys(("documents", "reads"), (_count, "a whole number")),
}
_READ_FIELDS = frozenset(field.name for field in fields(Read)) - LATER_FIELDS


def read_snapshot(path: Path | str) -> Snapshot:
    """Read a snapshot, check its form and its hash, and keep where each document begins.

    Raises `AuditorError` (exit code 2) for whatever is wrong with the file.
    """
    source = read_text(Path(path), printable(str(path)), _judge)
    reader = _Reader(source, 0)
    snapshot = reader.snapshot()
    reader.check_end()
    found = digest(snapshot, snapshot.documents)
    if snapshot.sha256 != found:
        raise source.fault(reader.hash_at, "the content is not what was written: its hash differs", _EDITED_TIP)
    return replace(snapshot, sha256=found)


def parse_snapshot(source: Text, start: int) -> Snapshot:
    """The snapshot that begins at an offset. Its hash is the one it states, whether it is right or not."""
    return _Reader(source, start).snapshot()


def _judge(source: Text, more: bool) -> None:
    """Refuse what is no snapshot by its beginning, before the rest is read."""
    if not source.text.strip() and not more:
        raise AuditorError(f"{source.name}: the file is empty", "collect or export it again")
    match = _BEGINNING.match(source.text)
    if match is None:
        if source.text.lstrip()[:1] in ("{", "["):
            sentence = f'this is no snapshot: it does not begin with "format": "{FORMAT}"'
            raise source.fault(0, sentence, _IMPORT_TIP)
        raise source.fault(0, "this is no JSON", _IMPORT_TIP)
    family, _, version = match.group(1).partition("/")
    if family != _FAMILY:
        raise source.fault(match.start(1), f"this is no snapshot but {shown(match.group(1))}", _IMPORT_TIP)
    if version != _VERSION:
        sentence = f"this snapshot has the format version {shown(version)}; this auditor reads version {_VERSION}"
        raise source.fault(match.start(1), sentence, "use the auditor that wrote it, or a newer one")
    problem = fault_in_beginning(source) if more else None
    if problem:
        raise problem


class _Reader:
    """One pass over the text of a snapshot."""

    def __init__(self, source: Text, start: int) -> None:
        self.source = source
        self.start = start
        self.hash_at = start
        self.cursor = Cursor(source, start)
        self.offsets: dict[ArmId, int] = {}

    def snapshot(self) -> Snapshot:
        values: dict[str, Any] = {}
        for key in self.cursor.members():
            if key == "documents":
                values[key] = self._take_documents()
            elif key == "reads":
                values[key] = self._take_reads()
            elif key == "provenance":
                said = {each: self._taken(each, _PROVENANCE, "a provenance") for each in self.cursor.members()}
                values[key] = Provenance(**said)
            else:
                values[key] = self._taken(key, _ENVELOPE, "a snapshot")
        missing = [name for name in (*_ENVELOPE, *_LISTS) if name not in values]
        if missing:
            raise self.source.fault(self.start, f"the snapshot has no field {shown(missing[0])}", _EDITED_TIP)
        del values["format"]
        for name in _TEXT_LISTS:
            values[name] = tuple(values[name])
        return Snapshot(**values, path=self.source.name, text=self.source.text, offsets=self.offsets)

    def check_end(self) -> None:
        """Refuse what follows a snapshot."""
        if self.cursor.peek():
            sentence = "something follows after the end of the snapshot"
            raise self.source.fault(self.cursor.at, sentence, "keep one snapshot in a file")

    def _taken(self, key: str, allowed: Mapping[str, tuple[Check, str]], owner: str) -> Any:
        if key not in allowed:
            raise self.source.fault(self.cursor.key_at, f"{owner} has no field {shown(key)}", "remove it")
        self.cursor.peek()
        at = self.cursor.at
        value = self.cursor.value()
        if key == "sha256":
            self.hash_at = at
        check, what = allowed[key]
        if not check(value):
            raise self.source.fault(at, f"{shown(key)} has to be {what}", _EDITED_TIP)
        return value

    def _take_reads(self) -> tuple[Read, ...]:
        reads: list[Read] = []
        for at in self.cursor.items():
            values = {key: self._taken(key, _READ, "a read") for key in self.cursor.members()}
            missing = sorted(_READ_FIELDS - values.keys())
            if missing:
                raise self.source.fault(at, f"this read has no field {shown(missing[0])}", _EDITED_TIP)
            reads.append(Read(**{**values, **{name: tuple(values.get(name, ())) for name in ("shows", "lines")}}))
        return tuple(reads)

    def _take_documents(self) -> tuple[Mapping[str, Any], ...]:
        documents: list[Mapping[str, Any]] = []
        for at in self.cursor.items():
            document = self.cursor.value()
            id_ = self._id_of(document, at)
            first = self.offsets.setdefault(id_, at)
            if first != at:
                line = self.source.position(first).line
                sentence = f"the document {shown(id_.text, 400)} is on line {line} already (letter case does not count)"
                raise self.source.fault(at, sentence, "remove one of the two and run `auditor import` on the file")
            documents.append(document)
        return tuple(documents)

    def _id_of(self, document: Any, at: int) -> ArmId:
        if not isinstance(document, dict):
            raise self.source.fault(at, "a document has to be an object", _EDITED_TIP)
        text = document.get("id")
        if not isinstance(text, str) or not text.startswith("/"):
            raise self.source.fault(at, "this document has no id that begins with /", _EDITED_TIP)
        return ArmId(text)
