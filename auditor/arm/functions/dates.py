"""Functions of times. Source: learn, "Date functions for ARM templates", and the formats of .NET that it names."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta

from auditor.arm.functions.table import function, text_in, whole_in
from auditor.arm.values import NotWorkedOutError, TemplateError, Value

_DURATION = re.compile(
    r"(-)?P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.IGNORECASE
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})?)?", re.IGNORECASE)
_FORMS = ("%Y-%m-%d %H:%M:%SZ", "%Y%m%dT%H%M%SZ", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y")
_STANDARD = {
    "d": "M/d/yyyy",
    "D": "dddd, MMMM d, yyyy",
    "f": "dddd, MMMM d, yyyy h:mm tt",
    "F": "dddd, MMMM d, yyyy h:mm:ss tt",
    "g": "M/d/yyyy h:mm tt",
    "G": "M/d/yyyy h:mm:ss tt",
    "m": "MMMM d",
    "M": "MMMM d",
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffZ",
    "O": "yyyy-MM-ddTHH:mm:ss.fffffffZ",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "t": "h:mm tt",
    "T": "h:mm:ss tt",
    "u": "yyyy-MM-dd HH:mm:ssZ",
    "y": "MMMM yyyy",
    "Y": "MMMM yyyy",
}
_PIECE = re.compile(r"'([^']*)'|\"([^\"]*)\"|\\(.)|yyyy|yy|MMMM|MMM|MM|M|dddd|ddd|dd|d|HH|H|hh|h|mm|m|ss|s|tt|f{1,7}")


@function("dateTimeAdd", 2, 3)
def _add(base: Value, duration: Value, form: Value = None) -> str:
    text = text_in(base)
    moment = _moment(text)
    later = _later(moment, text_in(duration))
    if form is not None:
        return shown(later, text_in(form))
    if _ISO.fullmatch(text):
        return shown(later, "yyyy-MM-ddTHH:mm:ssZ")
    raise NotWorkedOutError("in which form dateTimeAdd answers here is not documented: state the format")


@function("dateTimeFromEpoch", 1)
def _from_epoch(seconds: Value) -> str:
    try:
        return shown(datetime.fromtimestamp(whole_in(seconds), UTC), "yyyy-MM-ddTHH:mm:ssZ")
    except (OverflowError, ValueError, OSError):
        raise TemplateError("this time is out of range") from None


@function("dateTimeToEpoch", 1)
def _to_epoch(text: Value) -> int:
    return int(_moment(text_in(text)).timestamp())


def _moment(text: str) -> datetime:
    if _ISO.fullmatch(text):
        try:
            found = datetime.fromisoformat(text.upper())
        except ValueError:
            raise TemplateError(f"{text[:40]!r} is no time") from None
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    for form in _FORMS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    if not any(each.isdigit() for each in text):
        raise TemplateError(f"{text[:40]!r} is no time")
    raise NotWorkedOutError("this form of a time is not worked out")


def _later(moment: datetime, duration: str) -> datetime:
    match = _DURATION.fullmatch(duration)
    if match is None or duration.upper().strip("-") in ("P", "PT"):
        raise TemplateError(f"{duration[:40]!r} is no duration such as P1D")
    sign = -1 if match.group(1) else 1
    years, months, weeks, days, hours, minutes, seconds = (sign * int(each or 0) for each in match.groups()[1:])
    try:
        month = moment.month - 1 + months + 12 * years
        year, month = moment.year + month // 12, month % 12 + 1
        day = min(moment.day, calendar.monthrange(year, month)[1])
        shifted = moment.replace(year=year, month=month, day=day)
        return shifted + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except (ValueError, OverflowError, calendar.IllegalMonthError):
        raise TemplateError("this time is out of range") from None


def shown(moment: datetime, form: str) -> str:
    """The moment in a format of .NET with English names. Raises `NotWorkedOutError` for a format that is not here."""
    pattern = _STANDARD.get(form, form)
    if len(form) == 1 and form not in _STANDARD:
        raise NotWorkedOutError(f"the time format {form!r} is not worked out")
    out: list[str] = []
    at = 0
    while at < len(pattern):
        match = _PIECE.match(pattern, at)
        if match is None:
            if pattern[at].isalpha() and pattern[at] not in "TZ":
                raise NotWorkedOutError(f"the time format {form!r} is not worked out")
            out.append(pattern[at])
            at += 1
            continue
        quoted = match.group(1) or match.group(2) or match.group(3)
        out.append(quoted if quoted is not None else _piece(moment, match.group()))
        at = match.end()
    return "".join(out)


def _piece(moment: datetime, piece: str) -> str:
    if piece.startswith("f"):
        return f"{moment.microsecond:06d}0"[: len(piece)]
    hour = moment.hour % 12 or 12
    values = {
        "yyyy": f"{moment.year:04d}",
        "yy": f"{moment.year % 100:02d}",
        "MMMM": calendar.month_name[moment.month],
        "MMM": calendar.month_abbr[moment.month],
        "MM": f"{moment.month:02d}",
        "M": str(moment.month),
        "dddd": calendar.day_name[moment.weekday()],
        "ddd": calendar.day_abbr[moment.weekday()],
        "dd": f"{moment.day:02d}",
        "d": str(moment.day),
        "HH": f"{moment.hour:02d}",
        "H": str(moment.hour),
        "hh": f"{hour:02d}",
        "h": str(hour),
        "mm": f"{moment.minute:02d}",
        "m": str(moment.minute),
        "ss": f"{moment.second:02d}",
        "s": str(moment.second),
        "tt": "AM" if moment.hour < 12 else "PM",
    }
    return values.get(piece, piece.strip("'\""))
