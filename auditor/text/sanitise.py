"""How reports write what others named: nothing a name holds may steer a terminal, a page, a pipeline or an eye."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from auditor.model import ArmId, Finding, Outcome

OUTCOME_WORDS: Mapping[Outcome, str] = {
    Outcome.FAIL: "FAIL",
    Outcome.ERROR: "ERROR",
    Outcome.UNKNOWN: "UNKNOWN",
    Outcome.WAIVED: "WAIVED",
    Outcome.MANUAL: "MANUAL",
    Outcome.PASS: "PASS",
    Outcome.NOT_APPLICABLE: "NOT APPLICABLE",
}
"""Worst first; a word, because colour and symbols are lost on screen readers and in logs."""

RANK: Mapping[Outcome, int] = {outcome: n for n, outcome in enumerate(OUTCOME_WORDS)}

# Everything that is not seen, reorders what is seen, or is not a character: controls (C0, C1), soft hyphen, fillers,
# zero width and bidirectional marks (Trojan Source, CVE-2021-42574), half surrogates, non-characters, language tags.
_UNSEEN = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ufdd0-\ufdef\ud800-\udfff\U000e0000-\U000e0fff"
)
_UNSEEN_ANY = re.compile(f"[{_UNSEEN}]")
_UNSEEN_IN_LINE = re.compile(f"(?!\n)[{_UNSEEN}]")

# What a build log takes for an order: GitHub `::name args::` at the start of a line and `##[name]`, Azure Pipelines
# `##vso[name]` anywhere (actions/runner ActionCommand.cs, microsoft/azure-pipelines-agent Command.cs).
_ORDER = re.compile(r"::(?=[A-Za-z][^:\n]*::)|##(?=(?:vso)?\[)", re.IGNORECASE)

_SPELLED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    """The text in one line, with everything unseen spelled out (`\\x1b`, `\\u202e`) and no order to a build log."""
    return _ORDER.sub(_apart, _UNSEEN_ANY.sub(_spell, text))


def visible_lines(text: str) -> str:
    """As `visible`, but line breaks stay: for the commands of a remediation and for our own documentation."""
    return _ORDER.sub(_apart, _UNSEEN_IN_LINE.sub(_spell, text.replace("\r\n", "\n")))


def _spell(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if character in _SPELLED:
        return _SPELLED[character]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _apart(match: re.Match[str]) -> str:
    return " ".join(match.group())


def clip(text: str, limit: int) -> str:
    """The text, or its beginning and how long it was."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text):,} characters)"


def line(text: str, limit: int = 600) -> str:
    """One line of a report, from text that may hold anything."""
    return visible(clip(text, limit))


# What spreadsheets start a formula with (owasp.org/www-community/attacks/CSV_Injection), full-width forms included:
# some locales take them for the plain ones.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")

_MAX_CELL = 8000
"""Excel holds 32,767 characters a cell; what is cut is in the JSON report."""


def cell(text: str) -> str:
    """A cell of CSV, from text that may hold anything: a formula gets an apostrophe before it."""
    shown = visible(clip(text, _MAX_CELL))
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown


def one_line(command: str) -> str:
    """A command that was broken over lines for reading, in one line again."""
    *broken, last = command.strip().split("\n")
    parts = [each.strip().removesuffix("\\").rstrip() for each in broken]
    return " ".join(part for part in (*parts, last.strip()) if part)


def value_text(value: Any, limit: int = 400) -> str:
    """A raw value as JSON in one line; what is not there is `(absent)`."""
    if value is None:
        return "(absent)"
    # Clipped before it is spelled out: a value can be megabytes long.
    return visible(clip(json.dumps(value, ensure_ascii=False), limit))


def short_name(id_: ArmId) -> str:
    """The names in an id without their types: `vnet-chat/snet-jumpbox`, `kv-chat/default` for a setting on a vault."""
    segments = [segment for segment in id_.text.split("/") if segment]
    # A namespace has a dot, so a resource that is called "providers" does not begin a type.
    starts = [n for n, s in enumerate(segments[:-1]) if s.casefold() == "providers" and "." in segments[n + 1]]
    types = pairwise((*starts, len(segments)))
    names = [name for start, end in types for name in segments[start + 3 : end : 2]]
    return "/".join(names) or id_.name or id_.text


def subject(finding: Finding) -> str:
    """What a finding is about, in few words: the resource, else the part, else the workload."""
    verdict = finding.verdict
    if verdict.resource is not None:
        return line(short_name(verdict.resource), 80)
    return line(verdict.part or finding.workload or "the workload", 80)


def accepted_by(finding: Finding) -> str:
    """Who bears a waived finding, until when and why; empty where nobody does."""
    waiver = finding.waiver
    if waiver is None:
        return ""
    return f"accepted by {line(waiver.owner, 120)} until {waiver.expires.isoformat()}: {line(waiver.reason, 400)}"


def address(source: str) -> str:
    """The web address that a baseline's source ends with; empty where it names none."""
    found = re.search(r"https?://[^\s<>\"'`|]+$", source.strip())
    return visible(found.group()) if found else ""


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 finding`, `2 findings`, `1,024 findings`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def joined(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def outcome_counts(counts: Mapping[Outcome, int]) -> str:
    """`2 fail, 1 unknown, 8 pass`: what there is, worst first."""
    said = [f"{counts[o]:,} {OUTCOME_WORDS[o].lower()}" for o in OUTCOME_WORDS if counts.get(o)]
    return ", ".join(said) or "nothing"
