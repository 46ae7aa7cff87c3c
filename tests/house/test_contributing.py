"""What contributors are told is true: targets exist, files exist, hooks run what the gate runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from auditor import __version__
from auditor.facts import load
from tests.house.test_locks import locked, project
from tests.pages import shell_lines, spans_of

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md")]
OURS = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "SECURITY.md"]
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def targets(text: str) -> set[str]:
    """The targets of make that a page names."""
    words = [shlex.split(line, comments=True) for line in shell_lines(text)]
    words += [span.split() for span in spans_of(text)]
    named = [each[1:] for each in words if each[:1] == ["make"]]
    return {word for each in named for word in each if re.fullmatch("[a-z-]+", word)}


def test_every_target_that_a_page_names_exists() -> None:
    named = {target: page.name for page in PAGES for target in targets(page.read_text(encoding="utf-8"))}
    assert {"audit", "test", "lock", "test-oldest", "test-newest"} <= set(named)
    assert not set(named) - TARGETS


def test_every_target_that_is_no_file_is_phony() -> None:
    (phony,) = re.findall(r"^\.PHONY: ((?:.*\\\n)*.*)$", MAKEFILE, re.MULTILINE)
    assert set(phony.replace("\\\n", " ").split()) == TARGETS


@pytest.mark.parametrize("page", OURS, ids=lambda page: page.name)
def test_every_file_that_it_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    linked = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    spans = [span for span in spans_of(text) if re.fullmatch(r"[\w.-]+(/[\w.*-]+)+", span)]
    for name in [*linked, *spans]:
        assert name.startswith("pip/") or [*ROOT.glob(name)], f"{page.name} names {name}"


def test_who_reports_a_vulnerability_finds_where_and_no_invented_address() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "(SECURITY.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert {"## How to report", "## Supported versions", "## What is in scope"} <= set(text.splitlines())
    assert "private vulnerability reporting" in text
    assert not re.search(r"@|https?:", text)


def test_the_facts_that_a_new_kind_of_document_needs_are_there() -> None:
    named = re.findall(r"([a-z-]+\.json)", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert len(named) == 5
    for name in named:
        assert {"source", "date"} <= set(load(name.removesuffix(".json"))), name


def test_the_hooks_of_contributors_run_what_the_gate_runs() -> None:
    (repo,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert repo["repo"] == "local", "nothing is fetched that is not locked"
    programs = {hook["entry"].split()[0].removeprefix(".venv/bin/") for hook in repo["hooks"]}
    assert programs == {"ruff", "mypy", "lint-imports"}
    assert {"ruff", "mypy", "import-linter"} <= set(locked("dev"))
    for hook in repo["hooks"]:
        options = [word for word in hook["entry"].split()[1:] if word != "--force-exclude"]
        assert " ".join([f"$(BIN)/{hook['entry'].split()[0].removeprefix('.venv/bin/')}", *options]) in MAKEFILE


def test_the_changelog_has_the_version_of_today_and_what_is_not_released() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert headings[1] == __version__ == project()["project"]["version"]
