"""One module a format, each fed the same finished result; the table below is all that `--help` needs."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

from auditor.model import AuditResult
from auditor.report.context import (
    SARIF_EXTRAS,
    AzureBuild,
    Context,
    Repository,
)

Renderer = Callable[[AuditResult, Context], str | bytes]


class Format(NamedTuple):
    """Where a format's `render` lives, the endings of its files, and what it is for."""

    module: str
    endings: tuple[str, ...]
    summary: str


FORMATS: Mapping[str, Format] = {
    "terminal": Format("terminal.render", (".txt",), "for a person at a terminal"),
    "json": Format("json_", (".json",), "everything, for programs"),
    "sarif": Format("sarif.render", (".sarif", ".sarif.json"), "for code scanning dashboards (SARIF 2.1.0)"),
    "html": Format("html", (".html", ".htm"), "one self-contained page"),
    "junit": Format("junit", (".xml",), "for test result views of pipelines"),
    "markdown": Format("markdown", (".md",), "fits a pull request comment"),
    "csv": Format("csv_", (".csv",), "for spreadsheets"),
    "ocsf": Format("ocsf", (".ocsf.json", ".jsonl", ".ndjson"), "compliance findings for a SIEM (OCSF)"),
    "xlsx": Format("xlsx", (".xlsx",), "a workbook with an action plan to fill in (needs the extra `xlsx`)"),
    "oscal": Format("oscal.results", (".oscal.json",), "assessment results for compliance tools (OSCAL 1.1.3)"),
    "azure-monitor": Format(
        "azure_monitor", (".monitor.json",), "records for Azure Monitor's Logs Ingestion API (Log Analytics, Sentinel)"
    ),
    "github": Format("github", (), "annotations of a GitHub Actions run"),
}


def renderer(name: str) -> Renderer:
    """The `render` function of a format; loads its module and what that needs, and no other."""
    module = importlib.import_module(f"auditor.report.{FORMATS[name].module}")
    found: Renderer = module.render
    return found


def format_of(file_name: str) -> str | None:
    """The format that a file's ending asks for; the longest ending wins, `None` where no format claims it."""
    lowered = file_name.casefold()
    claims = [(len(end), name) for name, form in FORMATS.items() for end in form.endings if lowered.endswith(end)]
    return max(claims)[1] if claims else None


__all__ = [
    "FORMATS",
    "SARIF_EXTRAS",
    "AzureBuild",
    "Context",
    "Format",
    "Renderer",
    "Repository",
    "format_of",
    "renderer",
]
