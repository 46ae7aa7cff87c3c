"""The mappings that come with the program: whole, in step with the baselines, honest about judgement."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from auditor.baseline import baseline_names, read_baseline
from auditor.facts import load, names
from auditor.frameworks.model import Controls
from auditor.frameworks.own import controls_of
from auditor.frameworks.read import shipped_controls, shipped_frameworks
from auditor.model import AuditorError

MAPPED = tuple(name.removeprefix("controls-") for name in names() if name.startswith("controls-"))


def rows(baseline: str) -> Iterator[tuple[str, Any]]:
    yield from load(f"controls-{baseline}")["requirements"].items()


@pytest.fixture(scope="module")
def everything() -> Controls:
    return controls_of(("openai-chat",), tuple(read_baseline().requirements))


def test_every_baseline_that_extends_none_is_mapped() -> None:
    assert {name for name in baseline_names() if not read_baseline(name).extends} <= set(MAPPED)
    assert {"openai-chat", "foundry-chat"} <= set(MAPPED)


@pytest.mark.parametrize("name", sorted(set(MAPPED) & set(baseline_names())))
def test_every_requirement_has_its_controls_or_says_why_none(name: str) -> None:
    mapping = dict(rows(name))
    for id_ in read_baseline(name).requirements:
        assert id_ in mapping, f"{name} {id_} has no mapping"
        assert mapping[id_]["controls"] or mapping[id_]["by"] == "none"
        assert len(mapping[id_]["why"]) > 10


@pytest.mark.parametrize("name", MAPPED)
def test_every_control_exists_in_its_framework_and_says_whose_word_it_is(name: str) -> None:
    known = shipped_frameworks()
    policies = load("control-frameworks")["policies"]
    for id_, row in rows(name):
        assert row["by"] in ("policy", "judgement", "none"), id_
        assert (row["by"] == "policy") == bool(row["from_policy"]), id_
        assert row["source"]
        assert date.fromisoformat(row["date"])
        for framework, controls in row["controls"].items():
            assert len(controls) == len(set(controls)), id_
            assert set(controls) <= set(known[framework].controls), (id_, framework)
            assert set(row["from_policy"].get(framework, ())) <= set(controls), (id_, framework)
        assert {policy["id"] for policy in row["policies"]} <= set(policies), id_


def test_frameworks_say_where_they_were_read_and_how_large_they_are() -> None:
    for framework in shipped_frameworks().values():
        assert framework.source
        assert framework.quality
        assert not set(framework.controls) & set(framework.others)
        assert (framework.size is None) == (not framework.size_source)
        if framework.size is not None:
            assert framework.size >= len(framework.controls) + len(framework.others)


# Each read by hand against Azure's initiative, or the control's own statement.
@pytest.mark.parametrize(
    ("requirement", "framework", "control", "basis"),
    [
        ("PUB-07", "nist-800-53-r5", "SC-7", "policy"),
        ("PUB-07", "nist-800-53-r5", "AC-3", "judgement"),
        ("PUB-07", "mcsb-1", "NS-2", "policy"),
        ("NSG-JMP-IN", "cis-azure-2.0.0", "6.1", "policy"),
        ("NSG-JMP-IN", "cis-azure-3.0.0", "7.1", "judgement"),
        ("NET-05", "pci-dss-4.0.1", "4.2.1", "judgement"),
        ("RBAC-01", "soc-2", "CC6.3", "judgement"),
        ("CF-01", "nist-800-53-r5", "SI-10", "judgement"),
    ],
)
def test_some_that_were_checked_by_hand(
    everything: Controls, requirement: str, framework: str, control: str, basis: str
) -> None:
    assert control in everything.of(requirement).controls[framework]
    assert everything.basis(requirement, framework, control) == basis
    assert requirement in everything.by_control[framework][control]


def test_only_the_frameworks_asked_for_in_the_order_asked() -> None:
    found = controls_of(("openai-chat",), ("PUB-07", "CMP-01"), ("SOC-2", "mcsb-1"))
    assert list(found.frameworks) == ["soc-2", "mcsb-1"]
    assert list(found.of("PUB-07").controls) == ["soc-2", "mcsb-1"]
    assert found.of("CMP-01").by == "none"
    assert found.of("XYZ-1").controls == {}


def test_a_baseline_of_ones_own_has_the_mapping_of_what_it_extends() -> None:
    assert shipped_controls(("contoso", "openai-chat"), ("PUB-07",)).of("PUB-07").controls
    assert not shipped_controls(("contoso",), ("PUB-07",)).of("PUB-07").controls


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("nist-800-53",), "there is no framework `nist-800-53`; did you mean `nist-800-53-r5`"),
        (("gone.yaml",), "there is no file gone.yaml"),
        (("soc-2", "soc-2"), "the framework `soc-2` is asked for twice"),
    ],
)
def test_what_is_no_framework_is_refused(asked: tuple[str, ...], says: str) -> None:
    with pytest.raises(AuditorError, match=says):
        controls_of(("openai-chat",), ("PUB-07",), asked)
