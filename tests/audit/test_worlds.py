"""The two worlds, whole: what fails in the reference deployment, and that nothing fails in the compliant one."""

from __future__ import annotations

import json
import random
import re
import string
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from functools import cache

import pytest

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.model import AuditResult, Outcome
from auditor.rules import rules_by_name
from auditor.rules.identity import keyless
from tests.worlds import COMPLIANT, WORLDS, Document, documents, snapshot

pytestmark = pytest.mark.slow

BASELINE = read_baseline("openai-chat")


@cache
def result(name: str) -> AuditResult:
    return audit(snapshot(name=name), BASELINE)


def verdicts(found: AuditResult) -> list[tuple[str, str]]:
    """Requirement and outcome of every finding: what no renaming may change."""
    return sorted((f.requirement, f.outcome.value) for f in found.findings)


def by_outcome(found: AuditResult, outcome: Outcome) -> dict[str, set[str]]:
    table: dict[str, set[str]] = defaultdict(set)
    for finding in found.findings:
        if finding.outcome is outcome:
            resource = finding.verdict.resource
            table[finding.requirement].add(resource.name if resource else "-")
    return dict(table)


def test_the_compliant_world_is_what_its_builder_makes() -> None:
    code = "import runpy, sys; sys.stdout.write(runpy.run_path('build_compliant.py')['text']())"
    built = subprocess.run([sys.executable, "-c", code], cwd=WORLDS, capture_output=True, text=True, check=True)
    assert built.stdout == COMPLIANT.read_text(encoding="utf-8")


def test_nothing_fails_and_nothing_is_unknown_in_the_compliant_world() -> None:
    found = result("compliant")
    assert by_outcome(found, Outcome.FAIL) == {}
    assert by_outcome(found, Outcome.UNKNOWN) == {}
    assert by_outcome(found, Outcome.ERROR) == {}


@pytest.mark.parametrize("name", ["reference-implementation", "compliant"])
def test_shuffled_documents_give_the_same_findings(name: str) -> None:
    docs = documents(name)
    random.Random(11).shuffle(docs)
    assert audit(snapshot(docs, name=name), BASELINE).findings == result(name).findings


_KEPT = {  # names that Azure itself gives a meaning
    "azurebastionsubnet", "gatewaysubnet", "default", "web", "authsettingsv2", "appsettings", "virtualnetwork",
    "ftp", "scm", "@", "azurefirewallsubnet", "azurefirewallmanagementsubnet", "enterprise_memory",
    "virtualmachines", "appservices", "cosmosdbs", "ai",
}  # fmt: skip
_OWN_NAMES = re.compile(
    r"(privatednszones|privatednszones/.*|defaultsecurityrules|roledefinitions|roleassignments|subscriptions"
    r"|policyassignments|containers|sqlroledefinitions|shares|raipolicies|outboundrules|privateendpointconnections|roleeligibilityscheduleinstances)$"
)


def rename_everything(docs: list[Document]) -> list[Document]:
    """Give every resource that a customer names another name, in its id, its name and wherever it is mentioned."""
    names = {
        d["id"].rpartition("/")[2]
        for d in docs
        if not _OWN_NAMES.search(str(d.get("type", "")).casefold())
        and d["id"].rpartition("/")[2].casefold() not in _KEPT
        and not d["id"].rpartition("/")[2].isdigit()  # a version, and a part of every address
    }
    text = json.dumps(docs)
    for n, name in enumerate(sorted(names, key=len, reverse=True)):
        # Whole names only, in any letter case: as a segment of an id, a name, a host name or an account's name.
        # A kind of sign-in is none, though a secret may be called the same.
        pattern = re.compile(rf'(?<!"authType": ")(?<=[/"=.]){re.escape(name)}(?=[/".,@:])', re.IGNORECASE)
        text = pattern.sub(f"n{n}{'abcdefgh'[n % 8]}", text)
    return json.loads(text)  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", ["reference-implementation", "compliant"])
def test_other_names_change_no_verdict(name: str) -> None:
    renamed = rename_everything(documents(name))
    assert not {"nsg-jumpboxSubnet", "snet-agents"} & {d["id"].rpartition("/")[2] for d in renamed}
    assert verdicts(audit(snapshot(renamed, name=name), BASELINE)) == verdicts(result(name))


def change_case(docs: list[Document], seed: int) -> list[Document]:
    """Change the letter case of every id, keys of identity blocks included."""
    dice = random.Random(seed)

    def swap(text: str) -> str:
        return "".join(dice.choice((c.upper(), c.lower())) if c in string.ascii_letters else c for c in text)

    def walk(value: object) -> object:
        if isinstance(value, dict):
            return {swap(k) if k.startswith("/subscriptions/") else k: walk(v) for k, v in value.items()}
        if isinstance(value, list):
            return [walk(v) for v in value]
        if isinstance(value, str) and value.startswith(("/subscriptions/", "/providers/")):
            return swap(value)
        return value

    return [walk(d) for d in docs]  # type: ignore[misc]


@pytest.mark.parametrize("name", ["reference-implementation", "compliant"])
def test_letter_case_of_ids_changes_no_verdict(name: str) -> None:
    docs = change_case(documents(name), 5)
    assert verdicts(audit(snapshot(docs, name=name), BASELINE)) == verdicts(result(name))


def test_nothing_of_the_architecture_is_a_sentence_not_a_flood() -> None:
    untouched = [d for d in documents() if str(d.get("type")).startswith("Microsoft.Resources/")]
    found = audit(snapshot(untouched), BASELINE)
    assert found.findings == ()
    assert "Machine Learning workspace" in found.missing
    assert "Azure OpenAI account" in found.missing


def test_a_rule_that_crashes_is_an_outcome_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def burst(*_: object) -> tuple[()]:
        raise ZeroDivisionError("broken on purpose")

    broken = replace(keyless.registry_has_an_admin_user, decide=burst)
    rules = {**rules_by_name(), keyless.registry_has_an_admin_user.name: broken}
    monkeypatch.setattr("auditor.audit.audit.rules_by_name", lambda: rules)
    found = audit(snapshot(), BASELINE)
    (error,) = [f for f in found.findings if f.outcome is Outcome.ERROR]
    assert error.requirement == "IDN-08"
    assert "ZeroDivisionError: broken on purpose" in error.verdict.message
    assert len(found.findings) == len(result("reference-implementation").findings)
