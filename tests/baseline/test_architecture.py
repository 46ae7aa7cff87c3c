"""The section `architecture`: every mistake with its place, and what an extending file says again."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.baseline import BaselineError, read_baseline
from auditor.workload.architecture import shipped_architectures

HEAD = """\
baseline:
  name: small
  version: "1"
  source: {title: A page, url: https://example.org/page, date: 2024-06-20}
families: {ONE: First}
architecture:
"""
ROWS = """\
requirements:
  ONE-01:
    level: must
    severity: high
    rule: part_is_missing
    section: Components
    statement: It is there.
    decided_by: sites
    terms: {part: site}
"""
GOOD = """\
  anchor: site
  parts:
    site:
      label: web app
      find: {type: Microsoft.Web/sites}
    plan:
      label: plan
      find: {joined_from: {parts: [site], by: runs on}}
"""


def mistakes(folder: Path, architecture: str, rows: str = ROWS) -> list[str]:
    path = folder / "small.yaml"
    path.write_text(HEAD + architecture + rows, encoding="utf-8")
    try:
        read_baseline(path)
    except BaselineError as problem:
        return [f"{m.line}:{m.column}: {m.says}" for m in problem.mistakes]
    return []


def test_a_small_one_is_read(tmp_path: Path) -> None:
    assert mistakes(tmp_path, GOOD) == []
    read = read_baseline(tmp_path / "small.yaml")
    assert list(read.architecture.parts) == ["site", "plan"]
    assert read.architecture.parts["plan"].called == "plans"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("anchor: site", "anchor: sit", "7:11: `sit` is no part of this architecture; did you mean `site`?"),
        ("parts: [site]", "parts: [sites]", "14:36: `sites` is no part of this architecture; did you mean `site`?"),
        (
            "by: runs on",
            "by: runs in",
            "14:47: `by` of `joined_from` of `find` of `plan` of `parts` of `architecture` must be",
        ),
        ("Microsoft.Web/sites", "sites", "11:20: `sites` is no type of a resource"),
        (
            "{type: Microsoft.Web/sites}",
            "{where: {kind: app}}",
            "11:13: a selector needs a `type`, or a field that leads",
        ),
        (
            "{type: Microsoft.Web/sites}",
            "{typ: Microsoft.Web/sites}",
            "11:14: `find` of `site` of `parts` of `architecture` has no field `typ`",
        ),
        ("{type: Microsoft.Web/sites}", "{named: magic}", "11:21: there is no named selector `magic`"),
        ("{type: Microsoft.Web/sites}", "{among: plan}", "11:13: `site` is found through itself: site -> plan -> site"),
        ("      label: plan\n", "", "13:7: `plan` of `parts` of `architecture` lacks `label`"),
    ],
)
def test_each_mistake_has_its_place(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD
    found = mistakes(tmp_path, GOOD.replace(old, new))
    assert any(each.startswith(says) for each in found), found


def test_subjects_are_parts_and_of_rules_that_have_subjects(tmp_path: Path) -> None:
    rows = ROWS.replace("terms: {part: site}", "terms: {part: site}\n    on: plan")
    (said,) = mistakes(tmp_path, GOOD, rows)
    assert said.endswith("has no subjects: it judges the workload as a whole")
    rows = ROWS.replace("part_is_missing", "setting_differs").replace(
        "{part: site}", "{path: kind, values: [app]}\n    on: plam"
    )
    (said,) = mistakes(tmp_path, GOOD, rows)
    assert "`plam` is no part of this architecture; did you mean `plan`?" in said


def test_terms_speak_of_the_parts_of_their_own_file(tmp_path: Path) -> None:
    (said,) = mistakes(tmp_path, GOOD, ROWS.replace("{part: site}", "{part: workspace}"))
    assert "`workspace` is no part of this architecture" in said


def test_an_extending_file_says_parts_again(tmp_path: Path) -> None:
    mistakes(tmp_path, GOOD)
    over = tmp_path / "over.yaml"
    over.write_text(
        "extends: ./small.yaml\nbaseline: {name: over, version: '2'}\narchitecture:\n  parts:\n"
        "    plan: {label: App Service plan, find: {type: Microsoft.Web/serverfarms}}\n",
        encoding="utf-8",
    )
    found = read_baseline(over).architecture
    assert found.parts["plan"].label == "App Service plan"
    assert found.parts["site"].label == "web app"


def test_the_landing_zone_is_a_variant_and_no_architecture_of_its_own() -> None:
    read = read_baseline("foundry-chat-landing-zone")
    assert read.extends == "foundry-chat"
    assert read.architecture.parts["firewall"].label == "Azure Firewall of the hub"
    assert "foundry-chat-landing-zone" not in shipped_architectures()


def test_pins_of_all_shipped_architectures_have_types() -> None:
    for architecture in shipped_architectures().values():
        assert all(architecture.pinnable.values())
