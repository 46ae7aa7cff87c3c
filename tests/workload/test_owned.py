"""What belongs to a workload beside its parts, and terms that name what no workload has."""

from __future__ import annotations

import pytest

from auditor.model import NotKnown
from auditor.rules.network.managed_network import OutboundTerms
from auditor.rules.operation.monitoring import LogTerms
from auditor.workload.owned import (
    group_of,
    security_groups_of,
    telemetry_of,
    vaults_of,
)
from tests import worlds


def test_the_workspaces_own_vault_comes_first() -> None:
    documents = worlds.documents()
    own = worlds.named(documents, "kv-aibase", "Microsoft.KeyVault/vaults")
    second = {**own, "id": own["id"].replace("kv-aibase", "a-vault"), "name": "a-vault"}
    assert [v.name for v in vaults_of(worlds.workload([*documents, second]))] == ["kv-aibase", "a-vault"]


def test_a_vault_in_another_group_is_somebody_elses() -> None:
    documents = worlds.documents()
    own = worlds.named(documents, "kv-aibase", "Microsoft.KeyVault/vaults")
    other = {**own, "id": own["id"].replace("rg-chat-prod", "rg-other")}
    assert other["id"] not in {v.id.text for v in vaults_of(worlds.workload([*documents, other]))}


def test_a_security_group_that_was_not_read_is_not_left_out() -> None:
    documents = [d for d in worlds.documents() if not d["id"].endswith("/nsg-jumpboxSubnet")]
    with pytest.raises(NotKnown, match="nsg-jumpboxSubnet"):
        security_groups_of(worlds.workload(documents))


def test_telemetry_is_components_their_store_and_what_scales() -> None:
    kinds = [r.type.rpartition("/")[2] for r in telemetry_of(worlds.workload())]
    assert kinds == ["components", "components", "workspaces", "autoscalesettings"]


def test_the_group_of_a_workload_is_its_workspaces() -> None:
    group = group_of(worlds.workload())
    assert group is not None
    assert group.text.endswith("/resourceGroups/rg-chat-prod")


def test_terms_name_only_what_a_workload_has() -> None:
    with pytest.raises(ValueError, match="`cat` is no target"):
        LogTerms(target="cat", logs=("allLogs",))
    with pytest.raises(ValueError, match="`cat` is no target"):
        OutboundTerms(target="cat", groups=(), type="PrivateEndpoint", category="Required", status="Active")
