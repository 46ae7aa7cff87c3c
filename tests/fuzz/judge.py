"""Runs the command lines of a case in this process and says what is wrong with how they went."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import time
import traceback
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from auditor.audit.audit import audit
from auditor.baseline import Baseline, read_baseline
from auditor.cli import run
from auditor.commands.options.report import exit_code
from auditor.model import ExitCode
from auditor.report import json_
from auditor.report.context import Context
from auditor.report.terminal.render import render as terminal
from auditor.snapshot import Snapshot
from tests.fuzz.programs import Case, build

UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufdd0\uffff]")
ORDER = re.compile(r"^\s*::(?!(error|warning|notice) )\w[\w-]*[^\n:]*::|##(vso)?\[", re.MULTILINE)
LONGEST_SENTENCE = 2_000
SLOW = 10.0
"""Seconds of processor time after which one command line is told as slow."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Told:
    """How a case went. `problems` are sentences with a kind before the first colon, by which they are counted."""

    kind: str
    codes: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    pairs: set[tuple[str, str]] = field(default_factory=set)
    """Requirement and outcome of every verdict."""
    seconds: float = 0.0


@dataclass
class _Ran:
    argv: list[str]
    code: int
    out: str
    err: str
    seconds: float


def try_case(seed: int, folder: Path) -> Told:
    """Build a case in an empty folder, run it, judge it."""
    return judge(build(seed, folder), folder)


def judge(case: Case, folder: Path) -> Told:
    """Run a case whose files are in a folder."""
    told = Told(case.kind)
    if case.audited is not None:
        begun = time.process_time()
        told.problems.extend(_audited(case.audited, told))
        told.seconds = time.process_time() - begun
        return told
    before = _contents(folder)
    with _inside(folder):
        for argv in case.runs:
            ran = _run(argv)
            told.codes.append(ran.code)
            told.seconds += ran.seconds
            told.problems.extend(_faults(ran))
    after = _contents(folder)
    told.problems.extend(f"written: {name}" for name in sorted(after.keys() - before.keys() - case.outputs))
    changed = [n for n, data in before.items() if after.get(n) != data and n not in case.outputs]
    told.problems.extend(f"changed: {name}" for name in changed)
    for name in case.outputs & after.keys():
        told.problems.extend(f"{problem} in {name}" for problem in _bad_output(name, folder / name, told))
    return told


def _audited(snapshot: Snapshot, told: Told) -> Iterator[str]:
    """An audit in memory, with one report for programs and one for people."""
    try:
        result = audit(snapshot, _baseline())
        yield from _bad_result(json.loads(json_.render(result)), told)
        told.codes.append(int(exit_code(result)))
        terminal(result, Context())
    except Exception:
        yield f"traceback: audit: {_where(traceback.format_exc())}"


@cache
def _baseline() -> Baseline:
    return read_baseline("openai-chat")


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    old = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(old)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _run(argv: list[str]) -> _Ran:
    out, err = io.BytesIO(), io.BytesIO()
    begun = time.process_time()
    # As the streams of a real process: what cannot be written to standard output is a crash.
    streams = io.TextIOWrapper(out, "utf-8"), io.TextIOWrapper(err, "utf-8", errors="backslashreplace")
    old = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = streams
    try:
        code = run(argv)
    finally:
        sys.stdout, sys.stderr = old
    for stream in streams:
        stream.flush()
    seconds = time.process_time() - begun
    return _Ran(
        argv, int(code), out.getvalue().decode("utf-8", "replace"), err.getvalue().decode("utf-8", "replace"), seconds
    )


def _faults(ran: _Ran) -> Iterator[str]:
    command = ran.argv[0]
    if "Traceback" in ran.err:
        yield f"traceback: {command}: {_where(ran.err)}"
    elif ran.code not in (ExitCode.HOLDS, ExitCode.FAILS, ExitCode.USAGE, ExitCode.INCOMPLETE) and "-o" not in ran.argv:
        yield f"exit code {ran.code}: {command}: {ran.err[-300:]}"
    if ran.code == ExitCode.USAGE:
        yield from _unclear(ran)
    for name, text in (("stdout", _COLOURS.sub("", ran.out)), ("stderr", ran.err)):
        found = UNSEEN.search(text)
        if found and "Traceback" not in ran.err:
            yield f"unseen character on {name}: {command}: {text[max(0, found.start() - 80) : found.end() + 20]!r}"
        order = ORDER.search(text)
        if order:
            yield f"order to a build log on {name}: {command}: {text[max(0, order.start() - 80) : order.end() + 20]!r}"
    if ran.seconds > SLOW:
        yield f"slow: {command}: {ran.seconds:.1f} s"


def _unclear(ran: _Ran) -> Iterator[str]:
    if "Traceback" in ran.err:
        return
    if not ran.err.strip() and '"valid": false' not in ran.out:
        yield f"silent refusal: {ran.argv[0]}"
    for line in ran.err.splitlines():
        if len(line) > LONGEST_SENTENCE:
            yield f"long message: {ran.argv[0]}: {line[:120]!r}"
            return


def _where(err: str) -> str:
    """The last line of a traceback that is ours, and what was raised."""
    lines = err.strip().splitlines()
    ours = [line.strip() for line in lines if "/auditor/" in line and line.strip().startswith("File")]
    place = re.sub(r'^File ".*?/auditor/', "", ours[-1]).replace('"', "") if ours else "?"
    return f"{place}: {lines[-1][:160]}"


def _bad_output(name: str, path: Path, told: Told) -> Iterator[str]:
    form = name.rpartition(".")[2]
    raw = path.read_bytes()
    if form in ("db", "db-journal", "db-wal", "db-shm"):
        return
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as problem:
        yield f"no UTF-8: {problem}"
        return
    try:
        if form in ("json", "sarif"):
            value = json.loads(text)
            yield from _bad_result(value, told)
        elif form in ("ocsf", "jsonl"):
            found = json.loads(text) if text.lstrip()[:1] == "[" else [json.loads(line) for line in text.splitlines()]
            assert isinstance(found, list)
        elif form in ("svg", "graphml", "junit"):
            ET.fromstring(text)
    except (ValueError, ET.ParseError) as problem:
        yield f"cannot be parsed: {problem}"
    seen = text.replace("\u200b", "") if form == "markdown" else text
    unseen = UNSEEN.search(seen.replace("\r\n", "\n"))
    if unseen:
        yield f"unseen character: {seen[max(0, unseen.start() - 80) : unseen.end() + 20]!r}"
    if form in ("terminal", "github") and ORDER.search(text):
        yield f"order to a build log: {ORDER.search(text)}"
    if form in ("html", "svg") and re.search(
        r"<script[^>]*>\s*alert|onerror=alert|href=.?javascript:", text, re.IGNORECASE
    ):
        yield "a script of another"


def _bad_result(value: Any, told: Told) -> Iterator[str]:
    if not isinstance(value, dict) or value.get("format") != "auditor-result/1":
        return
    for found in value["results"]:
        told.verdicts[found["outcome"]] += 1
        told.pairs.add((found["requirement"], found["outcome"]))
        if found["outcome"] == "error":
            yield f"crash of a rule: {found['message'].partition(' failed: ')[2]}"
        elif found["outcome"] == "unknown" and not (found["unknown"] or {}).get("because"):
            yield f"unknown without a reason: {found['requirement']}"
