"""Waivers added to a file that people write: what stands in it stays as it is, comments included."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from pathlib import Path

import yaml

from auditor.model import AuditorError, Finding
from auditor.settings.waivers import waivers_in
from auditor.yaml_tree.compose import compose, read_text
from auditor.yaml_tree.mistakes import Mistakes
from auditor.yaml_tree.nodes import Fields, Items


def entry_of(finding: Finding, owner: str, reason: str, until: date) -> dict[str, object]:
    """The waiver of one finding, as it stands in a file: exactly this resource and aspect."""
    resource = finding.verdict.resource
    said: dict[str, object] = {
        "requirement": finding.requirement,
        "resource": resource.text if resource is not None else "*",
    }
    if finding.verdict.aspect:
        said["aspect"] = finding.verdict.aspect
    return {**said, "owner": owner, "reason": reason, "expires": until}


def with_waivers(path: Path, entries: Sequence[dict[str, object]], requirements: Collection[str]) -> str:
    """The text of a waiver file with further waivers at its end; of a new file where there is none.

    Raises `AuditorError` where the file is none of waivers, where its list is written in one line, and with every
    mistake in what was to be added.
    """
    before = read_text(path) if path.exists() else ""
    made = _appended(before, str(path), entries)
    mistakes = Mistakes()
    waivers_in(compose(made, str(path), mistakes), requirements, mistakes)
    return made


def _appended(before: str, path: str, entries: Iterable[dict[str, object]]) -> str:
    if not before.strip():
        return f"{before}waivers:\n{_block(entries, 2)}"
    mistakes = Mistakes()
    root = compose(before, path, mistakes)
    mistakes.speak()
    pairs = root.pairs if isinstance(root, Fields) else {}
    listed = pairs["waivers"][1] if "waivers" in pairs else None
    if not isinstance(listed, Items) or len(pairs) > 1:
        raise AuditorError(f"{path}: is no file of waivers, to which one could be added", "name another file")
    lines = before.splitlines()
    if not listed.items or lines[listed.items[0].line - 1].lstrip()[:1] != "-":
        raise AuditorError(
            f"{path}: its waivers stand in brackets", "write them one below the other, or name another file"
        )
    dash = len(lines[listed.items[0].line - 1]) - len(lines[listed.items[0].line - 1].lstrip())
    return f"{before.rstrip()}\n{_block(entries, dash)}"


def _block(entries: Iterable[dict[str, object]], indent: int) -> str:
    # A list of its own for each: one that YAML writes may share parts by anchors.
    text = "".join(
        yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=False)
        for entry in entries
    )
    return "".join(f"{' ' * indent}{line}\n" for line in text.splitlines())


def naming(settings: str, waivers: str) -> str:
    """The text of a settings file that names a file of waivers, where it named none."""
    return f"{settings.rstrip()}\n{yaml.safe_dump({'waivers': waivers}, allow_unicode=True)}"
