"""Content filters as the versions of the API spell them, and what they come to."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.model import Resource, Unknown
from auditor.workload.content_filters import keeps_back, plain, policy_of
from tests.builders.estates import doc, estate_of, need

POLICY = "Microsoft.CognitiveServices/accounts/raiPolicies"


def policy(*rows: dict[str, Any]) -> Resource:
    account = doc("Microsoft.CognitiveServices/accounts", "oai", kind="OpenAI")
    document = doc(POLICY, "oai", "strict", properties={"contentFilters": list(rows)})
    return need(estate_of([account, document]), document["id"])


def row(**changes: Any) -> dict[str, Any]:
    stated = {"name": "hate", "source": "Prompt", "enabled": True, "blocking": True, "severityThreshold": "Low"}
    return {k: v for k, v in (stated | changes).items() if v != "absent"}


@pytest.mark.parametrize("name", ["Self-Harm", "self_harm", "SelfHarm", "self harm", "selfharm"])
def test_one_filter_has_many_spellings(name: str) -> None:
    assert plain(name) == "selfharm"


@pytest.mark.parametrize(
    ("filters", "answer"),
    [
        pytest.param([row()], True, id="as the article wants it"),
        pytest.param([row(severityThreshold="low")], True, id="in lower case"),
        pytest.param([row(severityThreshold="Medium")], False, id="Low is the strictest"),
        pytest.param([row(severityThreshold="High")], False, id="High is the least strict"),
        pytest.param([row(severityThreshold="absent", allowedContentLevel="Low")], True, id="the older word"),
        pytest.param([row(enabled=False)], False, id="disabled"),
        pytest.param([row(blocking=False)], False, id="annotates only"),
        pytest.param([row(action="ANNOTATING")], False, id="annotates by the newer word"),
        pytest.param([row(action="NONE")], True, id="no action leaves it to blocking"),
        pytest.param([row(blocking="absent", action="BLOCKING")], True, id="blocks by the newer word"),
        pytest.param([row(blocking=False, action="BLOCKING")], None, id="the two words contradict"),
        pytest.param([row(source="Completion")], False, id="the other side only"),
        pytest.param([row(name="violence")], False, id="another kind"),
        pytest.param([], False, id="nothing"),
        pytest.param([row(blocking=False), row()], True, id="the stricter of two rows counts"),
        pytest.param([row(enabled="absent")], None, id="not stated whether it is enabled"),
        pytest.param([row(severityThreshold="Tiny")], None, id="a level that nobody knows"),
        pytest.param([row(severityThreshold="absent")], None, id="no level"),
    ],
)
def test_what_a_policy_keeps_back(filters: list[dict[str, Any]], answer: bool | None) -> None:
    found = keeps_back(policy(*filters), "hate", "Prompt", "Low").holds
    assert found is answer if answer is not None else isinstance(found, Unknown)


def test_a_threshold_that_is_not_asked_for_is_not_looked_at() -> None:
    rows = policy(row(name="Jailbreak", severityThreshold="absent"))
    assert keeps_back(rows, "jailbreak", "prompt", None).holds is True


def test_a_deployment_without_its_account_has_no_policy_to_tell() -> None:
    deployment = doc(
        "Microsoft.CognitiveServices/accounts/deployments", "oai", "gpt", properties={"raiPolicyName": "strict"}
    )
    estate = estate_of([deployment])
    found, stated = policy_of(estate, need(estate, deployment["id"]))
    assert isinstance(found, Unknown)
    assert stated
