"""Functions of texts. Source: learn, "String functions for ARM templates"."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from auditor.arm.functions.table import function, list_in, object_in, text_in, whole_in
from auditor.arm.hashes import guid, unique_string
from auditor.arm.values import NotWorkedOutError, TemplateError, Value, has_unknown, kind_of, same

_SINGLE = re.compile(r'"(?:[^"\\]|\\.)*"|\'((?:[^\'\\]|\\.)*)\'', re.DOTALL)
_HOLE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_ITEM = re.compile(r"\s*(\d+)\s*(?:,\s*(-?\d+)\s*)?(?::(.*))?", re.DOTALL)
_DATA_URI = re.compile(r"data:([^,]*),(.*)", re.DOTALL | re.IGNORECASE)
_LONGEST = 1 << 20


def as_text(value: Value) -> str:
    """A value among texts, as `string`, `concat` and `join` write it."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, (int, float)):
        return str(value)
    if has_unknown(value):
        raise NotWorkedOutError("a part of it depends on Azure")
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@function("string", 1)
def _string(value: Value) -> str:
    return as_text(value)


@function("base64", 1)
def _base64(text: Value) -> str:
    return base64.b64encode(text_in(text).encode()).decode()


@function("base64ToString", 1)
def _base64_to_string(text: Value) -> str:
    return _decoded(text_in(text))


@function("base64ToJson", 1)
def _base64_to_json(text: Value) -> Value:
    return parsed(_decoded(text_in(text)))


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        raise TemplateError("this is not the base64 form of a text") from None


@function("dataUri", 1)
def _data_uri(value: Value) -> str:
    return f"data:text/plain;charset=utf-8;base64,{base64.b64encode(as_text(value).encode()).decode()}"


@function("dataUriToString", 1)
def _data_uri_to_string(value: Value) -> str:
    match = _DATA_URI.fullmatch(text_in(value))
    if match is None:
        raise TemplateError("this is no data URI")
    about, data = match.groups()
    return _decoded(data) if about.casefold().endswith(";base64") else unquote(data)


@function("json", 1)
def _json(text: Value) -> Value:
    return parsed(text_in(text))


def parsed(text: str) -> Value:
    """The value of JSON, in which texts may stand in single quotes, too."""
    if not text.strip():
        raise NotWorkedOutError("what json('') gives is not documented")
    try:
        return json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        pass
    try:
        return json.loads(_SINGLE.sub(_in_double_quotes, text), parse_constant=_refused)
    except (ValueError, RecursionError):
        raise TemplateError("this text is no JSON") from None


def _in_double_quotes(match: re.Match[str]) -> str:
    inside = match.group(1)
    return match.group() if inside is None else json.dumps(inside.replace("\\'", "'"), ensure_ascii=False)


def _refused(constant: str) -> Any:
    raise ValueError(constant)


@function("endsWith", 2)
def _ends_with(text: Value, part: Value) -> bool:
    return text_in(text).casefold().endswith(text_in(part).casefold())


@function("startsWith", 2)
def _starts_with(text: Value, part: Value) -> bool:
    return text_in(text).casefold().startswith(text_in(part).casefold())


@function("like", 2)
def _like(text: Value, pattern: Value) -> bool:
    parts = [re.escape(each) for each in text_in(pattern).split("*")]
    return re.fullmatch(".*".join(parts), text_in(text), re.IGNORECASE | re.DOTALL) is not None


@function("format", 1, None)
def _format(pattern: Value, *arguments: Value) -> str:
    def fill(match: re.Match[str]) -> str:
        whole = match.group()
        if whole in ("{{", "}}"):
            return whole[0]
        item = _ITEM.fullmatch(match.group(1)) if match.group(1) is not None else None
        if item is None:
            raise TemplateError("the pattern of format holds a single brace")
        number, width, spec = int(item.group(1)), int(item.group(2) or 0), item.group(3)
        if number >= len(arguments):
            raise TemplateError(f"format has no argument for {{{number}}}")
        if abs(width) > _LONGEST:
            raise TemplateError("the pattern of format asks for too wide a field")
        shown = _formatted(arguments[number], spec or "")
        return shown.ljust(-width) if width < 0 else shown.rjust(width)

    return _HOLE.sub(fill, text_in(pattern))


def _formatted(value: Value, spec: str) -> str:
    if isinstance(value, (list, dict)):
        return _single_quoted(value)
    if not spec or isinstance(value, (str, bool)) or value is None:
        return as_text(value)
    if isinstance(value, int):
        return _number(value, spec)
    raise NotWorkedOutError(f"the number format {spec!r} is not worked out")


def _single_quoted(value: Value) -> str:
    if isinstance(value, list):
        return f"[{','.join(map(_single_quoted, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"'{key}':{_single_quoted(each)}" for key, each in value.items()) + "}"
    return f"'{value}'" if isinstance(value, str) else json.dumps(value)


def _number(value: int, spec: str) -> str:
    """A whole number in a format of .NET: D5, X2, N0, F1, or zeros as a picture."""
    sign, digits = "-" if value < 0 else "", str(abs(value))
    if set(spec) == {"0"}:
        return sign + digits.zfill(min(len(spec), 99))
    match = re.fullmatch(r"([DdXxNnFf])(\d{0,2})", spec)
    if match is None:
        raise NotWorkedOutError(f"the number format {spec!r} is not worked out")
    letter, size = match.group(1), match.group(2)
    if letter in "Dd":
        return sign + digits.zfill(int(size or 0))
    if letter in "Xx":
        shown = f"{value & (1 << 64) - 1 if value < 0 else value:x}".zfill(int(size or 0))
        return shown.upper() if letter == "X" else shown
    places = int(size or 2)
    whole = f"{abs(value):,}" if letter in "Nn" else digits
    return sign + whole + ("." + "0" * places if places else "")


@function("guid", 1, None)
def _guid(*parts: Value) -> str:
    return guid([_of_hash(each) for each in parts])


@function("uniqueString", 1, None)
def _unique_string(*parts: Value) -> str:
    return unique_string([_of_hash(each) for each in parts])


def _of_hash(value: Value) -> str:
    if isinstance(value, (list, dict)) or value is None:
        raise TemplateError(f"expected texts and not {kind_of(value)}")
    return as_text(value)


@function("indexOf", 2)
def _index_of(where: Value, part: Value) -> int:
    if isinstance(where, list):
        return next((n for n, each in enumerate(where) if same(each, part)), -1)
    return text_in(where).casefold().find(text_in(part).casefold())


@function("lastIndexOf", 2)
def _last_index_of(where: Value, part: Value) -> int:
    if isinstance(where, list):
        return max((n for n, each in enumerate(where) if same(each, part)), default=-1)
    return text_in(where).casefold().rfind(text_in(part).casefold())


@function("join", 2)
def _join(parts: Value, delimiter: Value) -> str:
    return text_in(delimiter).join(as_text(each) for each in list_in(parts))


@function("padLeft", 2, 3)
def _pad_left(value: Value, length: Value, sign: Value = " ") -> str:
    wanted = whole_in(length)
    if wanted > _LONGEST or len(text_in(sign)) != 1:
        raise TemplateError("padLeft takes a length of at most a million and one character")
    return as_text(value).rjust(wanted, sign)


@function("replace", 3)
def _replace(text: Value, old: Value, new: Value) -> str:
    if not text_in(old):
        raise TemplateError("replace needs something to replace")
    found = text_in(text).replace(old, text_in(new))
    if len(found) > _LONGEST:
        raise TemplateError("the text is longer than Azure takes")
    return found


@function("split", 2)
def _split(text: Value, delimiter: Value) -> list[str]:
    signs = [text_in(each) for each in (delimiter if isinstance(delimiter, list) else [delimiter])]
    wanted = "|".join(re.escape(each) for each in signs if each)
    return re.split(wanted, text_in(text)) if wanted else [text_in(text)]


@function("substring", 2, 3)
def _substring(text: Value, start: Value, length: Value = None) -> str:
    whole, at = text_in(text), whole_in(start)
    size = len(whole) - at if length is None else whole_in(length)
    if at < 0 or size < 0 or at + size > len(whole):
        raise TemplateError(f"substring reaches beyond the text, which has {len(whole)} characters")
    return whole[at : at + size]


@function("toLower", 1)
def _to_lower(text: Value) -> str:
    return text_in(text).lower()


@function("toUpper", 1)
def _to_upper(text: Value) -> str:
    return text_in(text).upper()


@function("trim", 1)
def _trim(text: Value) -> str:
    return text_in(text).strip()


@function("uri", 2)
def _uri(base: Value, relative: Value) -> str:
    try:
        return urljoin(text_in(base), text_in(relative))
    except ValueError:
        raise TemplateError("this is no URI") from None


@function("uriComponent", 1)
def _uri_component(text: Value) -> str:
    return quote(text_in(text), safe="-._~", errors="replace")


@function("uriComponentToString", 1)
def _uri_component_to_string(text: Value) -> str:
    return unquote(text_in(text))


@function("parseUri", 1)
def _parse_uri(text: Value) -> Value:
    try:
        parts = urlsplit(text_in(text))
        port = parts.port
    except ValueError:
        raise TemplateError("this is no URI") from None
    found: dict[str, Value] = {"scheme": parts.scheme, "host": parts.hostname or "", "port": port}
    if parts.path:
        found["path"] = parts.path
    if parts.query:
        found["query"] = f"?{parts.query}"
    return found


@function("buildUri", 1)
def _build_uri(components: Value) -> str:
    stated = {key.casefold(): value for key, value in object_in(components).items()}
    port = f":{whole_in(stated['port'])}" if stated.get("port") is not None else ""
    path = as_text(stated.get("path")) or "/"
    query = as_text(stated.get("query"))
    return f"{as_text(stated.get('scheme'))}://{as_text(stated.get('host'))}{port}{path}{query}"
