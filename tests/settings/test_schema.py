"""The schema for editors: takes what the reader takes, refuses what it refuses, and is published as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from auditor.baseline import read_baseline
from auditor.rules.rule import NoTerms
from auditor.settings.read import read_settings
from auditor.settings.schema import _plain, schema, schema_text
from auditor.settings.shape import SettingsFile
from auditor.yaml_tree.compose import compose
from auditor.yaml_tree.mistakes import Mistakes
from auditor.yaml_tree.nodes import plain
from tests.builders.rules import rule_index

ROOT = Path(__file__).parents[2]
SCHEMA = schema()
GOOD = """\
baseline: openai-chat
parts: {vault: ["*/vaults/kv-*"]}
subnets: {jump_box: ["*/subnets/snet-jumpbox"]}
requirements:
  REL-05: {terms: {instances: 5}}
  OPS-04: {disabled: true, reason: flows are registered by the platform team}
  NET-09: {level: must, severity: high}
allow:
  flows:
    - {subnet: jump_box, direction: outbound, from: self, to: Internet, ports: "443", protocol: Tcp, why: authors ask}
  roles:
    - {principal: id-x, role: Reader, scope: "*/vaults/*", why: it reads the settings}
scope: {subscriptions: [c65cdfc1-1be1-5ea1-99b9-17e05eaf5f13], resource_groups: [rg-chat]}
fail_on: should
strict: until-deployed
"""


def parsed(text: str) -> Any:
    mistakes = Mistakes()
    value = plain(compose(text, "auditor.yaml", mistakes))
    mistakes.speak()
    return value


def accepts(text: str) -> bool:
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(parsed(text))


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_it_is_published_as_it_is() -> None:
    published = (ROOT / "docs" / "auditor.schema.json").read_text(encoding="utf-8")
    assert published == schema_text(), "`make docs` writes it again"


def test_its_descriptions_keep_no_indentation_whatever_made_them() -> None:
    indented = {"description": "One thing.\n\n    Another.\n      More.\n    "}
    named = {"description": indented, "default": {"type": "string", "default": ""}}
    assert _plain({"properties": named}) == {
        "properties": {"description": {"description": "One thing.\n\nAnother.\n  More."}, "default": {"type": "string"}}
    }
    assert _plain(SCHEMA) == SCHEMA


def test_it_takes_what_the_reader_takes(tmp_path: Path) -> None:
    path = tmp_path / "auditor.yaml"
    path.write_text(GOOD, encoding="utf-8")
    read_settings(path)
    assert accepts(GOOD)
    assert accepts("{}")
    assert accepts("strict: true")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("parts:", "part:"),
        ("vault:", "vualt:"),
        ("jump_box: [", "jumpbox: ["),
        ("instances: 5", "instances: five"),
        ("instances: 5", "instance: 5"),
        ("disabled: true, reason: flows are registered by the platform team", "disabled: true"),
        ("disabled: true", "disabled: false"),
        ("level: must", "level: mst"),
        ("subnet: jump_box,", "subnet: jumpbox,"),
        ("direction: outbound", "direction: out"),
        ('ports: "443"', "ports: 443"),
        (", why: authors ask", ""),
        ("principal: id-x, ", ""),
        ("fail_on: should", "fail_on: mst"),
        ("strict: until-deployed", "strict: yes"),
        ("resource_groups: [rg-chat]", "resource_groups: rg-chat"),
    ],
)
def test_it_refuses_what_the_reader_refuses(tmp_path: Path, old: str, new: str) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    path = tmp_path / "auditor.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Exception, match=r"auditor\.yaml:\d+:\d+: |mistakes"):
        read_settings(path)
    assert not accepts(text)


def test_every_field_says_what_it_is() -> None:
    assert set(SCHEMA["properties"]) == set(SettingsFile.__struct_fields__)
    for name in ("Parts", "Subnets", "Flow", "Role", "Allow", "Scope", "Change"):
        found = SCHEMA["$defs"][name]
        assert found["description"], name
        assert all(each.get("description") for each in found["properties"].values()), name
    plain_fields = {k: v for k, v in SCHEMA["properties"].items() if "$ref" not in v}
    assert all(each.get("description") for each in plain_fields.values())


def test_every_requirement_is_there_with_its_words_and_terms() -> None:
    rows = SCHEMA["properties"]["requirements"]["properties"]
    baseline = read_baseline()
    assert list(rows) == list(baseline.requirements)
    for id_, requirement in baseline.requirements.items():
        assert rows[id_]["description"] == requirement.statement
        has_terms = id_ in baseline.terms and rule_index()[id_].terms is not NoTerms
        assert (len(rows[id_]["allOf"]) == 2) is has_terms


def test_it_names_no_defaults_which_an_editor_would_write_out() -> None:
    assert '"default"' not in schema_text()
