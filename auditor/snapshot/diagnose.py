"""What is wrong with a piece of JSON, and where: the slow second look after the quick first one failed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from auditor.model import AuditorError
from auditor.snapshot.model import MAX_DEPTH
from auditor.snapshot.text import Text, shown

TRUNCATED_TIP = "the file was cut off: collect or export it again"

_BLANK = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_STRING_START = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
_WORD = re.compile(r"true|false|null")
_NUMBER_CUT = re.compile(r"\.|[eE][-+]?")
"""What may follow a number at the end of a text, where the number was cut within its fraction or exponent."""
_NOT_A_NUMBER = re.compile(r"NaN|-?Infinity")
_MOST_DIGITS = 4000
"""Python itself refuses more than 4,300 digits, as a guard against numbers that take hours to read."""

_REPAIR = "put the JSON right"


@dataclass
class _Open:
    """An object or list that is not closed yet."""

    at: int
    closing: str
    keys: dict[str, int] = field(default_factory=dict)


def diagnose(source: Text, at: int, otherwise: str) -> AuditorError:
    """The error for the first fault of the value that begins at an offset; `otherwise` says it where none is found."""
    return _Walk(source, at).fault() or source.fault(at, f"this is no JSON: {otherwise}", _REPAIR)


def fault_in_beginning(source: Text) -> AuditorError | None:
    """What is wrong in a text of which more follows, so that noise is refused before all of it is read."""
    walk = _Walk(source, 0)
    problem = walk.fault()
    return None if walk.cut else problem


class _Walk:
    """One pass over a value, without recursion, until something is wrong."""

    def __init__(self, source: Text, at: int) -> None:
        self.source = source
        self.text = source.text
        self.at = at
        self.open: list[_Open] = []
        self.cut = False

    def fault(self) -> AuditorError | None:
        while True:
            problem = self._value()
            if problem:
                return problem
            problem = self._behind_value()
            if problem or not self.open:
                return problem

    def _blank(self) -> str:
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.text[self.at : self.at + 1]

    def _value(self) -> AuditorError | None:
        """Step over a scalar, or into the first scalar of what opens here."""
        while True:
            first = self._blank()
            if first not in ("{", "["):
                return self._scalar(first)
            if len(self.open) == MAX_DEPTH:
                return self._say(
                    f"objects and lists are nested deeper than {MAX_DEPTH} levels", "this is no ARM answer"
                )
            self.open.append(_Open(self.at, "}" if first == "{" else "]"))
            self.at += 1
            if self._blank() == self.open[-1].closing:
                return None
            if first == "{":
                problem = self._key()
                if problem:
                    return problem

    def _behind_value(self) -> AuditorError | None:
        """Close what closes here; step to the next value."""
        while self.open:
            following = self._blank()
            innermost = self.open[-1]
            if following == innermost.closing:
                self.at += 1
                self.open.pop()
            elif following == ",":
                self.at += 1
                return self._key() if innermost.closing == "}" else None
            else:
                return self._expected(f"a comma or {innermost.closing}")
        return None

    def _key(self) -> AuditorError | None:
        if self._blank() != '"':
            return self._expected("a key in double quotes")
        start = self.at
        problem = self._string()
        if problem:
            return problem
        key = json.loads(self.text[start : self.at])
        first = self.open[-1].keys.setdefault(key, start)
        if first != start:
            self.at = start
            line = self.source.position(first).line
            return self._say(f"the key {shown(key)} comes twice; it is on line {line} already", "remove one of the two")
        if self._blank() != ":":
            return self._expected("a colon")
        self.at += 1
        return None

    def _scalar(self, first: str) -> AuditorError | None:
        if first == '"':
            return self._string()
        bad = _NOT_A_NUMBER.match(self.text, self.at)
        if bad:
            return self._say(f"{bad.group()} is no JSON number", "write null, or a number")
        found = _WORD.match(self.text, self.at) or _NUMBER.match(self.text, self.at)
        if found is None:
            return self._expected("a value")
        if len(found.group()) > _MOST_DIGITS or float(found.group() if first in "-0123456789" else 0) in _INFINITE:
            return self._say("this number is too large to be one of Azure's", "check where this file comes from")
        self.at = found.end()
        return None

    def _string(self) -> AuditorError | None:
        found = _STRING.match(self.text, self.at)
        if found:
            self.at = found.end()
            return None
        start = self.at
        partial = _STRING_START.match(self.text, self.at)
        self.at = partial.end() if partial else self.at
        rest = self.text[self.at : self.at + 6]
        if not rest or (rest[0] == "\\" and self.at + 6 > len(self.text)):
            return self._cut_off(f"in the middle of the string that begins on line {self.source.position(start).line}")
        if rest[0] == "\\":
            return self._say(f"{shown(rest[:2])} is no escape that JSON knows", _REPAIR)
        return self._say("a string holds a raw control character or line end", "write it escaped, such as \\n")

    def _expected(self, what: str) -> AuditorError:
        rest = self.text[self.at : self.at + 6]
        last = self.at + len(rest) == len(self.text)
        cut = any(word.startswith(rest) for word in ("true", "false", "null", "-")) or _NUMBER_CUT.fullmatch(rest)
        if not rest or (last and cut):
            inside = self.open[-1] if self.open else None
            kind = "object" if inside and inside.closing == "}" else "list"
            where = (
                f"before the {kind} of line {self.source.position(inside.at).line} is closed" if inside else "too early"
            )
            return self._cut_off(where)
        return self._say(f"expected {what} here, but found {shown(rest[0])}", _REPAIR)

    def _cut_off(self, where: str) -> AuditorError:
        self.at = len(self.text)
        self.cut = True
        return self._say(f"the file ends {where}", TRUNCATED_TIP)

    def _say(self, sentence: str, tip: str) -> AuditorError:
        return self.source.fault(self.at, sentence, tip)


_INFINITE = (float("inf"), float("-inf"))
