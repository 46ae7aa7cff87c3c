"""The tables of docs/benchmarks.md, made from what the benchmarks print."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Line = dict[str, Any]

_HIDDEN = ("benchmark", "script", "runs", "world", "aim_seconds")


def recorded(page: str, lines: Sequence[Line]) -> str:
    """The page with the tables of these lines, each between its own marks; other tables stay as they are.

    Raises `ValueError` where the page has no place for a table.
    """
    for script in dict.fromkeys(line["script"] for line in lines):
        own = [line for line in lines if line["script"] == script]
        body = "\n\n".join(_scale(own) if script == "scale" else _plain(own))
        mark = re.compile(rf"(<!-- measured: {script} -->\n).*?(\n<!-- end: {script} -->)", re.DOTALL)
        if not mark.search(page):
            raise ValueError(f"docs/benchmarks.md has no place for {script}")
        text = f"{body}\n\n{machine()}"
        page = mark.sub(lambda found, text=text: f"{found[1]}{text}{found[2]}", page)  # type: ignore[misc]
    return page


def machine() -> str:
    """Where and when: processor, cores, memory, Python, and how busy the machine was with other things."""
    model = re.search(r"model name\s*:\s*(.+)", _read("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s*(\d+) kB", _read("/proc/meminfo"))
    about = [
        f"{datetime.now(UTC):%Y-%m-%d}",
        model[1].strip() if model else platform.machine(),
        f"{os.cpu_count()} cores",
        f"{round(int(memory[1]) / 1024**2)} GiB" if memory else "",
        f"{platform.system()}, Python {platform.python_version()}",
        f"load average at the end {os.getloadavg()[0]:.1f}",
    ]
    return f"*Measured {'; '.join(part for part in about if part)}.*"


def _read(path: str) -> str:
    found = Path(path)
    return found.read_text(encoding="utf-8") if found.is_file() else ""


def _plain(lines: Sequence[Line]) -> Iterator[str]:
    """One table for each benchmark word, with a column for everything that it tells."""
    for word in dict.fromkeys(line["benchmark"] for line in lines):
        own = [line for line in lines if line["benchmark"] == word]
        names = [name for name in dict.fromkeys(name for line in own for name in line) if name not in _HIDDEN]
        yield _table([_heading(name) for name in names], [[_shown(line.get(name)) for name in names] for line in own])


def _scale(lines: Sequence[Line]) -> Iterator[str]:
    """A row for each command, a column for each size, and the power by which it grows from first to last."""
    measured = [line for line in lines if line["benchmark"] == "scale"]
    sizes = sorted({line["size"] for line in measured})
    by_place = {(line["command"], line["size"]): line for line in measured}
    commands = list(dict.fromkeys(line["command"] for line in measured))
    yield _table(
        ["", *(f"{size:,}" for size in sizes)],
        [[_heading(what), *(_last(measured, size, what) for size in sizes)] for what in _ABOUT],
    )
    for what, unit in _SHOWN.items():
        rows = []
        for command in commands:
            values = [by_place.get((command, size), {}).get(what) for size in sizes]
            growth = [line[f"{what}_power"] for line in lines if _grown(line, command) and f"{what}_power" in line]
            cells = ["-" if value is None else unit[1].format(value / unit[2]) for value in values]
            rows.append([f"`{command}`", *cells, ", ".join(map(str, growth)) or "-"])
        yield _table([unit[0], *(f"{size:,}" for size in sizes), "power of growth"], rows)


_ABOUT = ("resources", "documents", "reads", "requests", "findings")
_SHOWN = {
    "cpu_seconds": ("CPU seconds", "{:.1f}", 1),
    "seconds": ("wall seconds", "{:.1f}", 1),
    "peak_mib": ("peak memory, MiB", "{:,.0f}", 1),
    "written_kib": ("file written, MiB", "{:.1f}", 1024),
}


def _grown(line: Line, command: str) -> bool:
    return bool(line["benchmark"] == "growth" and line["command"] == command)


def _last(lines: Sequence[Line], size: int, what: str) -> str:
    found = [line[what] for line in lines if line["size"] == size and what in line]
    return _shown(found[-1]) if found else "-"


def _heading(name: str) -> str:
    return name.replace("_", " ").replace("cpu", "CPU").replace("mib", "MiB")


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.6f}".rstrip("0").rstrip(".") if abs(value) < 1 else f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---", *("---:" for _ in heads[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows))
