"""Chains of whole worlds: each step is there, the cut breaks them all, and nothing smaller does."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from itertools import combinations
from typing import Any

import pytest

from auditor.audit.audit import audit, estate_of
from auditor.baseline import read_baseline
from auditor.causes.apply import applied
from auditor.causes.cause import causes_of
from auditor.chains.edges import edges_of
from auditor.chains.find import SHOWN, with_chains
from auditor.model import AuditResult, Outcome
from auditor.model.exposure import Exposure
from auditor.snapshot import Snapshot
from auditor.workload.parts import workloads
from tests import worlds

BASELINE = read_baseline("openai-chat")


def told(snapshot: Snapshot) -> AuditResult:
    estate = estate_of(snapshot)
    return with_chains(audit(snapshot, BASELINE, estate=estate), snapshot, estate, estate_of, workloads)


@cache
def reference() -> tuple[Snapshot, AuditResult]:
    snapshot = worlds.snapshot()
    return snapshot, told(snapshot)


def changed(change: Callable[[list[dict[str, Any]]], None], name: str = "compliant") -> AuditResult:
    docs = copy.deepcopy(worlds.documents(name))
    change(docs)
    return told(worlds.snapshot(docs, name=name))


def named(docs: list[dict[str, Any]], type_: str, name: str = "") -> dict[str, Any]:
    return next(d for d in docs if d["type"].casefold() == type_ and name in d["name"])


def test_the_reference_deployment_has_chains_from_the_internet_and_from_weak_identities() -> None:
    _, result = reference()
    assert 1 <= len(result.chains) <= SHOWN
    titles = [chain.title for chain in result.chains]
    assert titles[0] == "Internet -> app-aibase -> answers of app-aibase"
    assert "Internet -> staibase -> data of staibase" in titles
    assert any(title.endswith("-> control of rg-chat-prod") for title in titles)
    assert {chain.exposure for chain in result.chains} == {Exposure.INTERNET, Exposure.TAKEOVER}
    ranks = [("critical", "high", "medium").index(chain.severity) for chain in result.chains]
    assert ranks == sorted(ranks)


def test_every_step_has_its_proof_and_every_finding_behind_it_fails() -> None:
    _, result = reference()
    failing = {f.fingerprint for f in result.findings if f.outcome is Outcome.FAIL}
    for chain in result.chains:
        assert chain.steps[0].source == chain.start
        assert set(chain.findings) <= failing
        assert chain.findings
        for step in chain.steps:
            assert step.says
            assert step.evidence


def test_what_is_only_possible_by_a_secret_or_a_fault_says_so() -> None:
    _, result = reference()
    storage = next(c for c in result.chains if c.title == "Internet -> staibase -> data of staibase")
    assert storage.assumes == ("an attacker has a key of staibase, or a SAS token signed with one",)
    assert result.chains[0].assumes == ()


def left_after(causes: tuple[str, ...]) -> set[str]:
    """The chains that are still there once the changes of these causes are made, found from nothing."""
    snapshot, result = reference()
    changes = [change for cause in causes_of(result) if cause.id in causes for change in cause.changes]
    return {chain.id for chain in told(applied(snapshot, estate_of(snapshot), changes)).chains}


def test_the_cut_breaks_every_chain_and_no_smaller_set_does() -> None:
    _, result = reference()
    cut = result.cut
    assert cut is not None
    assert cut.proven
    assert not cut.left
    assert not left_after(cut.causes)
    for smaller in combinations(cut.causes, len(cut.causes) - 1):
        assert left_after(smaller)
    every = {id_ for chain in result.chains for id_ in chain.cuts}
    for other in combinations(sorted(every), len(cut.causes) - 1):
        assert not all(chain.cuts & set(other) for chain in result.chains)


def test_what_a_chain_opens_makes_its_causes_come_first() -> None:
    _, result = reference()
    exposed = [cause.exposure for cause in causes_of(result) if cause.severity == "critical"]
    assert exposed == sorted(exposed, key=lambda e: e.rank)
    assert exposed[0] is Exposure.INTERNET


def test_what_a_chain_proves_raises_the_severity_and_says_why() -> None:
    _, result = reference()
    raised = [f for f in result.findings if f.severity_reason]
    assert {f.requirement for f in raised} == {"IDN-13"}
    for found in raised:
        assert found.severity == "high"
        assert found.severity_reason.startswith("raised from medium by a chain: ")
        assert result.requirements["IDN-13"].severity.value == "medium"


def test_a_compliant_deployment_has_none() -> None:
    result = told(worlds.snapshot(name="compliant"))
    assert result.chains == ()
    assert result.cut is None


def test_an_open_storage_account_without_keys_is_no_chain_by_itself() -> None:
    def opened(docs: list[dict[str, Any]]) -> None:
        account = named(docs, "microsoft.storage/storageaccounts")
        account["properties"] |= {"publicNetworkAccess": "Enabled", "networkAcls": {"defaultAction": "Allow"}}

    assert changed(opened).chains == ()


def test_an_open_storage_account_with_keys_is_one_and_both_switches_break_it() -> None:
    def opened(docs: list[dict[str, Any]]) -> None:
        account = named(docs, "microsoft.storage/storageaccounts")
        account["properties"] |= {
            "publicNetworkAccess": "Enabled",
            "networkAcls": {"defaultAction": "Allow"},
            "allowSharedKeyAccess": True,
        }

    result = changed(opened)
    (chain,) = result.chains
    assert [step.kind for step in chain.steps] == ["network", "key"]
    assert [len(step.cuts) for step in chain.steps] == [1, 1]
    assert result.cut is not None
    assert len(result.cut.causes) == 1
    assert result.cut.proven


@pytest.mark.parametrize("gone", ["microsoft.authorization/roleassignments", "microsoft.network/networksecuritygroups"])
def test_what_was_not_read_makes_no_chain_and_no_crash(gone: str) -> None:
    docs = [d for d in worlds.documents() if d["type"].casefold() != gone]
    scope = worlds.subscription()
    snapshot = worlds.snapshot(docs, reads=(*worlds.whole(scope), worlds.refused(gone, scope)))
    found = {chain.title for chain in told(snapshot).chains}
    assert found <= {chain.title for chain in reference()[1].chains}


def test_a_workload_without_a_finding_about_rights_asks_nobody_s() -> None:
    (w,) = workloads(estate_of(worlds.snapshot()))
    assert not [edge for edge in edges_of(w, ()) if edge.source.startswith("takeover ")]
