"""Settings: read with every mistake placed, laid over a baseline, never more than they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from auditor.access.approved import AllowedRole
from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.commands.options.report import FAIL_ON
from auditor.estate import Estate
from auditor.model import ArmId, AuditorError, AuditResult, Outcome
from auditor.rules.network.security_groups import FlowRow, GroupRow
from auditor.settings.read import Settings, read_settings
from auditor.settings.shape import FailOn, Parts, Subnets
from auditor.workload.architecture import shipped_architectures
from auditor.workload.pins import Pin, pins_of
from tests import worlds

SUBSCRIPTION = worlds.subscription()
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-chat-prod/providers"
VAULT = f"{GROUP}/Microsoft.KeyVault/vaults/kv-aibase"


def written(folder: Path, text: str, name: str = "auditor.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str, baseline: str = "") -> Settings:
    return read_settings(written(folder, text), baseline)


def mistakes(folder: Path, text: str) -> list[str]:
    """What is said of a file, without its path."""
    path = written(folder, text)
    with pytest.raises(AuditorError) as problem:
        read_settings(path)
    lines = problem.value.message.splitlines()
    return [line.strip().replace(f"{path}:", "") for line in (lines[1:] if len(lines) > 1 else lines)]


def estate() -> Estate:
    return worlds.estate()


# --- what is read ---------------------------------------------------------------------------------------------------


def test_an_empty_mapping_changes_nothing(tmp_path: Path) -> None:
    settings = read(tmp_path, "{}")
    assert settings.baseline == read_baseline()
    assert (settings.waivers, settings.service_tags, settings.pins) == (None, None, ())
    assert (settings.subscriptions, settings.resource_groups) == ((), ())
    assert (settings.fail_on, settings.strict, settings.until_deployed) == ("", False, False)


def test_files_are_relative_to_the_settings(tmp_path: Path) -> None:
    for name in ("conf/own.yaml", "conf/w.yaml", "conf/tags.json"):
        written(tmp_path, "extends: openai-chat\nbaseline: {name: own, version: '1'}\n", name)
    path = written(
        tmp_path, "baseline: own.yaml\nwaivers: w.yaml\nservice_tags: ../conf/tags.json\n", "conf/auditor.yaml"
    )
    settings = read_settings(path)
    assert settings.baseline.info.name == "own"
    assert settings.waivers == tmp_path / "conf" / "w.yaml"
    assert settings.service_tags == tmp_path / "conf" / ".." / "conf" / "tags.json"


def test_a_baseline_from_elsewhere_takes_the_place_of_the_named_one(tmp_path: Path) -> None:
    own = written(tmp_path, "extends: openai-chat\nbaseline: {name: own, version: '1'}\n", "own.yaml")
    assert read(tmp_path, "baseline: nowhere.yaml\n", str(own)).baseline.info.name == "own"


@pytest.mark.parametrize(
    ("text", "strict", "until_deployed"),
    [("strict: true", True, False), ("strict: false", False, False), ("strict: until-deployed", True, True)],
)
def test_strict_has_three_values(tmp_path: Path, text: str, strict: bool, until_deployed: bool) -> None:
    settings = read(tmp_path, text)
    assert (settings.strict, settings.until_deployed) == (strict, until_deployed)


def test_scope_and_fail_on(tmp_path: Path) -> None:
    scope = "scope: {subscriptions: [c65cdfc1-1be1-5ea1-99b9-17e05eaf5f13], resource_groups: [rg-chat.prod]}"
    settings = read(tmp_path, f"{scope}\nfail_on: should\n")
    assert settings.subscriptions == ("c65cdfc1-1be1-5ea1-99b9-17e05eaf5f13",)
    assert settings.resource_groups == ("rg-chat.prod",)
    assert settings.fail_on == "should"


# --- changes to requirements -----------------------------------------------------------------------------------------


def test_changes_are_those_of_a_baseline_of_ones_own(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        """\
requirements:
  REL-05: {terms: {instances: 5}}
  NET-09: {level: must, severity: critical}
  OPS-04: {disabled: true, reason: flows are registered by the platform team}
  CST-03: {level: manual, look_at: the model review of this quarter}
""",
    )
    found = settings.baseline
    assert found.terms["REL-05"].instances == 5  # type: ignore[attr-defined]
    assert (found.requirements["NET-09"].level, found.requirements["NET-09"].severity) == ("must", "critical")
    assert "OPS-04" not in found.requirements
    assert found.requirements["CST-03"].look_at == "the model review of this quarter"
    where = settings.path
    assert found.remarks == (
        f"OPS-04 is not checked: the settings {where} disable it (flows are registered by the platform team)",
        f"the settings {where} change terms of REL-05",
        f"the settings {where} change level and severity of NET-09",
        f"the settings {where} change level and look_at of CST-03",
    )
    shipped = read_baseline()
    assert found.info == shipped.info
    assert (found.disabled, found.overridden) == (shipped.disabled, shipped.overridden)


def test_what_the_baseline_disables_stays_disabled(tmp_path: Path) -> None:
    written(
        tmp_path,
        "extends: openai-chat\nbaseline: {name: own, version: '1'}\n"
        "overrides: {OPS-04: {disabled: true, reason: not ours}}\n",
        "own.yaml",
    )
    said = mistakes(tmp_path, "baseline: own.yaml\nrequirements: {OPS-04: {level: must}}\n")
    assert said == ["2:16: OPS-04 is disabled by the baseline already: not ours"]


# --- what is allowed -------------------------------------------------------------------------------------------------

FLOW = 'subnet: jump_box, direction: outbound, from: self, to: Internet, ports: "*", protocol: "*"'


def test_an_allowed_flow_is_one_of_its_subnets_rows_and_of_no_other(tmp_path: Path) -> None:
    settings = read(tmp_path, f"allow: {{flows: [{{{FLOW}, why: authors install packages}}]}}")
    found = settings.baseline
    added = FlowRow("self", "Internet", "*", "*", needed=False, why="authors install packages")
    shipped = read_baseline()
    changed = {id_ for id_, terms in found.terms.items() if terms != shipped.terms[id_]}
    assert changed == {"NSG-JMP-IN", "NSG-JMP-OUT", "NSG-JMP-DENY"}
    for id_ in changed:
        row, before = found.terms[id_], shipped.terms[id_]
        assert isinstance(row, GroupRow)
        assert isinstance(before, GroupRow)
        assert row.outbound == (*before.outbound, added)
        assert row.inbound == before.inbound
    assert found.remarks == (
        (
            f"allowed by the settings ({settings.path}:1): * * from self to Internet out of the jump_box subnet,"
            " because authors install packages"
        ),
    )


def test_an_allowed_role_is_known_to_every_rule_about_excess_of_roles(tmp_path: Path) -> None:
    role = "principal: id-x, role: Reader, scope: '*/vaults/*', why: it reads the settings"
    found = read(tmp_path, f"allow: {{roles: [{{{role}}}]}}").baseline
    shipped = read_baseline()
    changed = {id_ for id_, terms in found.terms.items() if terms != shipped.terms[id_]}
    assert changed == {"RBAC-11", "IDN-13", "IDN-14", "KEY-09"}
    wanted = AllowedRole("id-x", "Reader", "*/vaults/*", "it reads the settings")
    assert all(found.terms[id_].besides == (wanted,) for id_ in changed)  # type: ignore[attr-defined]


def outcomes(result: AuditResult, requirement: str) -> dict[str, Outcome]:
    return {
        f"{f.verdict.resource and f.verdict.resource.name} {f.verdict.aspect}": f.outcome
        for f in result.findings
        if f.requirement == requirement
    }


def test_an_allowed_flow_mends_the_finding_that_it_is_about_and_nothing_else(tmp_path: Path) -> None:
    settings = read(tmp_path, f"allow: {{flows: [{{{FLOW}, why: authors install packages}}]}}")
    before = audit(worlds.snapshot(), read_baseline())
    after = audit(worlds.snapshot(), settings.baseline)
    key = {(f.requirement, f.fingerprint): f for f in before.findings}
    differing = [f for f in after.findings if key.get((f.requirement, f.fingerprint)) != f]
    assert {f.requirement for f in differing} == {"NSG-JMP-OUT"}
    assert set(outcomes(before, "NSG-JMP-OUT").values()) == {Outcome.FAIL}
    assert set(outcomes(after, "NSG-JMP-OUT").values()) == {Outcome.PASS}
    assert after.notes == (*settings.baseline.remarks, *before.notes)


# --- mistakes --------------------------------------------------------------------------------------------------------

ROLE = "principal: id-x, role: Reader, scope: /, why: it reads the settings"
MISTAKES = {
    "a field nobody knows": ("wavers: x", "1:1: a settings file has no field `wavers`; did you mean `waivers`?"),
    "a list at the top": ("- x", "1:1: a settings file must be a mapping of fields, not a list"),
    "an empty field": ("fail_on:", "1:9: `fail_on` must be `must`, `should`, `critical`, `high`, `medium`, `low` or"),
    "a word like another": ("fail_on: mst", "not `mst`; did you mean `must`?"),
    "strict by a strange word": ("strict: yes", "1:9: `strict` must be `true`, `false` or `until-deployed`, not `yes`"),
    "a baseline that is none": (
        "baseline: openai-chta",
        "1:11: `openai-chta` is no baseline; did you mean `openai-chat`?",
    ),
    "a baseline file that is not there": ("baseline: own.yaml", "1:11: there is no file"),
    "a baseline that is a number": ("baseline: 7", '1:11: `baseline` must be text, and 7 is a number; write "7"'),
    "waivers that are not there": ("waivers: none.yaml", "1:10: there is no file"),
    "tags that are not there": ("service_tags: none.json", "1:15: there is no file"),
    "an unknown part": ("parts: {vualt: []}", "1:9: `parts` has no field `vualt`; did you mean `vault`?"),
    "a subnet among the parts": ("parts: {agents: []}", "1:9: `parts` has no field `agents`"),
    "a part among the subnets": ("subnets: {vault: []}", "1:11: `subnets` has no field `vault`"),
    "a part that is no list": ("parts: {vault: kv}", "1:16: `vault` of `parts` must be a list, not text"),
    "a part that is a name": (
        "parts: {vault: [kv]}",
        "1:17: `vault` of `parts`: `kv` is no ARM id and no pattern of ids",
    ),
    "a part of another type": (
        f"parts: {{storage: [{VAULT}]}}",
        "is of type microsoft.keyvault/vaults, and this part is a microsoft.storage/storageaccounts",
    ),
    "a number for a part": ("parts: {vault: [7]}", '1:17: `vault` of `parts` must be text, not a number; write "7"'),
    "an unknown requirement": (
        "requirements: {NSG-JMP-OT: {level: must}}",
        "1:16: the baseline has no NSG-JMP-OT; did you mean `NSG-JMP-OUT`?",
    ),
    "requirements that are a list": ("requirements: [REL-05]", "1:15: `requirements` must be a mapping, not a list"),
    "a threshold that is no number": (
        "requirements: {REL-05: {terms: {instances: many}}}",
        "1:44: `instances` of REL-05 must be a whole number, not text",
    ),
    "a term nobody knows": (
        "requirements: {REL-05: {terms: {instance: 5}}}",
        "1:33: REL-05 has a term `instance` that its rule does not know; did you mean `instances`?",
    ),
    "disabled without a reason": ("requirements: {REL-05: {disabled: true}}", "lacks `reason`"),
    "allow that is a list": ("allow: []", "1:8: `allow` must be a mapping of fields, not a list"),
    "flows that are a mapping": ("allow: {flows: {}}", "1:16: `flows` of `allow` must be a list"),
    "a flow of an unknown subnet": (
        f"allow: {{flows: [{{{FLOW.replace('jump_box', 'jumpbox')}, why: authors need it}}]}}",
        "`subnet` of an allowed flow must be",
    ),
    "a flow without a reason": (f"allow: {{flows: [{{{FLOW}}}]}}", "1:17: an allowed flow lacks `why`"),
    "a flow with next to no reason": (
        f"allow: {{flows: [{{{FLOW}, why: ok}}]}}",
        "`ok` is no reason: say why this may be",
    ),
    "a flow with an empty reason": (f"allow: {{flows: [{{{FLOW}, why: ''}}]}}", "is no reason: say why this may be"),
    "a flow to a strange place": (
        f"allow: {{flows: [{{{FLOW.replace('Internet', 'Intranet')}, why: authors need it}}]}}",
        "`Intranet` is no address and no service tag that is known here; did you mean `Internet`?",
    ),
    "a flow to a strange subnet": (
        f"allow: {{flows: [{{{FLOW.replace('Internet', 'subnet:agent')}, why: authors need it}}]}}".replace(
            "subnet:agent", '"subnet:agent"'
        ),
        "`to` of an allowed flow: no subnet plays a part called `agent`; did you mean `agents`?",
    ),
    "a flow to half an address": (
        f"allow: {{flows: [{{{FLOW.replace('Internet', '10.0.0.0/33')}, why: authors need it}}]}}",
        "`10.0.0.0/33` is no address and no service tag that is known here; write `self`",
    ),
    "a flow with a strange port": (
        (
            'allow: {flows: [{subnet: agents, direction: inbound, from: self, to: self, ports: "70000", protocol: Tcp,'
            " why: authors need it}]}"
        ),
        "`ports` of an allowed flow: '70000' is not a port or a range of ports from 0 to 65535",
    ),
    "a flow with a strange protocol": (
        (
            'allow: {flows: [{subnet: agents, direction: inbound, from: self, to: self, ports: "*", protocol: Http,'
            " why: authors need it}]}"
        ),
        "`protocol` of an allowed flow: 'Http' is not a protocol",
    ),
    "a role for everybody": (
        f"allow: {{roles: [{{{ROLE.replace('id-x', chr(34) + '*' + chr(34))}}}]}}",
        "`principal` of an allowed role: it names no principal",
    ),
    "every role": (
        f"allow: {{roles: [{{{ROLE.replace('Reader', chr(34) + 'R*' + chr(34))}}}]}}",
        "`role` of an allowed role: `R*` is not the GUID or the name of one role",
    ),
    "a role at a name": (
        f"allow: {{roles: [{{{ROLE.replace('scope: /', 'scope: rg-chat')}}}]}}",
        "`rg-chat` is no scope: write its ARM id, or a pattern of ids with `*`",
    ),
    "a subscription by its name": ("scope: {subscriptions: [prod]}", "1:25: `prod` is not the id of a subscription"),
    "a group with a slash": ("scope: {resource_groups: [a/b]}", "1:27: `a/b` is not the name of a resource group"),
    "a scope nobody knows": ("scope: {subscription: [a]}", "did you mean `subscriptions`?"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_said_with_its_place(tmp_path: Path, name: str) -> None:
    text, says = MISTAKES[name]
    (found,) = mistakes(tmp_path, text)
    assert says in found


def test_all_mistakes_are_said_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    said = mistakes(
        tmp_path,
        """\
baseline: openai-chat
parts: {vualt: [], vault: [kv], storage: [st]}
requirements: {REL-5: {level: must}, REL-05: {terms: {instances: many}}}
allow: {flows: [{subnet: agents}], roles: [{principal: x}]}
scope: {subscriptions: [prod]}
strict: perhaps
""",
    )
    lines = [int(line.partition(":")[0]) for line in said]
    assert lines == sorted(lines)
    assert set(lines) == {2, 3, 4, 5, 6}
    assert len([line for line in said if line.startswith("2:")]) == 3
    assert len([line for line in said if line.startswith("3:")]) == 2


def test_allowing_what_nobody_asks_for_is_a_mistake(tmp_path: Path) -> None:
    ids = ("NSG-JMP-IN", "NSG-JMP-OUT", "NSG-JMP-DENY", "RBAC-11", "IDN-13", "IDN-14", "KEY-09")
    off = ", ".join(f"{id_}: {{disabled: true, reason: not ours}}" for id_ in ids)
    said = mistakes(
        tmp_path,
        f"requirements: {{{off}}}\nallow:\n  flows: [{{{FLOW}, why: authors need it}}]\n  roles: [{{{ROLE}}}]\n",
    )
    assert said == [
        "3:11: no requirement of openai-chat asks for the `jump_box` subnet's security group",
        "4:11: no requirement of openai-chat asks for role assignments",
    ]


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AuditorError, match="is empty"):
        read(tmp_path, "")


# --- one table, several readers --------------------------------------------------------------------------------------


def test_every_part_that_can_be_pinned_has_a_field() -> None:
    assert set(Parts.__struct_fields__) == {name for each in shipped_architectures().values() for name in each.pinnable}
    assert set(Subnets.__struct_fields__) == {
        name for each in shipped_architectures().values() for name in each.subnets
    }


def test_what_fails_a_command_is_the_same_in_a_file_and_as_an_option() -> None:
    assert set(get_args(FailOn)) == set(FAIL_ON)


# --- pins ------------------------------------------------------------------------------------------------------------


def test_a_pattern_pins_what_it_matches_of_the_parts_type(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        f"parts: {{vault: [{VAULT.upper().replace('/SUBSCRIPTIONS', '/subscriptions')}], storage: ['*/STML*'],"
        " openai: ['*aibase']}\nsubnets: {agents: ['*/SNET-scoring/']}\n",
    )
    pins = pins_of(estate(), settings.pins)
    assert pins.of("vault") == (ArmId(VAULT),)
    assert [id_.name for id_ in pins.of("storage")] == ["stmlaibase"]
    assert [id_.name for id_ in pins.of("openai")] == ["oai-aibase"]
    assert [id_.name for id_ in pins.subnets["agents"]] == ["snet-scoring"]


def test_a_pattern_that_matches_nothing_leaves_its_part_unknown(tmp_path: Path) -> None:
    settings = read(tmp_path, "parts: {vault: ['*/vaults/kv-other']}")
    result = audit(worlds.snapshot(), settings.baseline, settings.pins)
    (finding,) = [f for f in result.findings if f.requirement == "PUB-05"]
    assert finding.outcome is Outcome.UNKNOWN
    assert "*/vaults/kv-other, pinned as vault, is not in this snapshot" in finding.verdict.message


def test_a_workspace_that_is_not_there_ends_the_audit(tmp_path: Path) -> None:
    settings = read(tmp_path, "parts:\n  workspace: ['*/mlw-other']\n")
    with pytest.raises(AuditorError, match=r"auditor.yaml:2:15: no workspace of this snapshot is \*/mlw-other"):
        audit(worlds.snapshot(), settings.baseline, settings.pins)


def test_pins_of_one_part_add_up() -> None:
    twice = [Pin("storage", "*/stml*"), Pin("storage", "*/st*"), Pin("storage", "*/stml*")]
    found = pins_of(estate(), twice).of("storage")
    assert len(found) == len(set(found)) > 1
    assert found[0].name == "stmlaibase"


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    text = f"parts: {{vault: ['*/kv-*']}}\nallow: {{flows: [{{{FLOW}, why: authors need it}}]}}\n"
    first: Any = read(tmp_path, text)
    assert first == read(tmp_path, text)


def test_one_wrong_field_hides_no_other(tmp_path: Path) -> None:
    row = "subnet: agent, direction: in, from: slef, to: Intranet, ports: 7-3, protocol: Http, why: x"
    text = f"requirements: {{NET-09: {{level: mst}}}}\nallow: {{flows: [{{{row}}}]}}\n"
    with pytest.raises(AuditorError) as problem:
        read_settings(written(tmp_path, text))
    said = problem.value.message
    for name in ("subnet", "direction", "from", "to", "ports", "protocol"):
        assert f"`{name}` of an allowed flow" in said
    assert "`x` is no reason" in said
    assert "changes nothing" not in said
    assert said.startswith("8 mistakes")
