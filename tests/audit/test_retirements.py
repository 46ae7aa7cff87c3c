"""What Azure itself ends is told with its day, and fails nothing."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from auditor.audit.audit import audit
from auditor.audit.retirements import retirements
from auditor.baseline import read_baseline
from auditor.estate import build_estate
from auditor.facts import load
from auditor.model import AuditResult, Outcome, Retirement
from auditor.report import json_, markdown
from auditor.workload.parts import workloads
from tests import worlds
from tests.cases.change import changed

ROWS = {row["id"]: row for row in load("retirements")["rows"]}


def told(**changes: Any) -> AuditResult:
    world = changed({"world": "compliant", **changes})
    return audit(worlds.snapshot(world.documents, worlds.whole(world.scope), world.name), read_baseline())


def of(**changes: Any) -> set[tuple[str, str]]:
    world = changed({"world": "compliant", **changes})
    estate = build_estate(worlds.snapshot(world.documents, worlds.whole(world.scope), world.name))
    found: tuple[Retirement, ...] = retirements(workloads(estate), estate)
    return {(each.id, each.resource.name) for each in found}


def test_every_row_has_a_day_a_source_and_something_in_its_place() -> None:
    assert len(ROWS) == len(load("retirements")["rows"]), "an id stands twice"
    for row in ROWS.values():
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["on"])
        assert all(row[word] for word in ("source", "then", "types"))
        for condition in row["where"]:
            assert set(condition) - {"path"} in ({"in"}, {"contains"}, {"there"}), row["id"]


def test_the_flow_is_told_and_nothing_fails_by_it() -> None:
    result = told()
    assert {(each.id, each.resource.name) for each in result.retirements} == {
        ("prompt-flow", "ept-aibase"),
        ("prompt-flow", "ept-aibase-green"),
    }
    assert not result.summary[Outcome.FAIL]


@pytest.mark.parametrize(
    ("id_", "changes"),
    [
        ("public-ip-basic", {"set": {"publicIPAddresses/pip-aibase/sku/name": "basic"}}),
        ("gateway-v1", {"set": {"agw-aibase/properties/sku": {"name": "WAF_Medium", "tier": "WAF"}}}),
        (
            "gateway-waf-config",
            {
                "unset": ["agw-aibase/properties/firewallPolicy"],
                "set": {"agw-aibase/properties/webApplicationFirewallConfiguration": {"enabled": True}},
            },
        ),
        (
            "gateway-tls-profile",
            {
                "set": {
                    "agw-aibase/properties/sslProfiles": [
                        {"name": "old", "properties": {"sslPolicy": {"minProtocolVersion": "TLSv1_0"}}}
                    ]
                }
            },
        ),
        ("nsg-flow-logs", {"set": {"nsg-jumpboxSubnet/properties/flowLogs": [{"id": "/subscriptions/x"}]}}),
        ("content-trust", {"set": {"craibase/properties/policies/trustPolicy/status": "enabled"}}),
        ("app-service-compose", {"set": {"app-aibase/properties/siteConfig/linuxFxVersion": "COMPOSE|abc"}}),
    ],
)
def test_a_use_is_found_by_what_the_document_states(id_: str, changes: dict[str, Any]) -> None:
    found = of(**changes) - of()
    assert {each for each, _ in found} == {id_}


def test_a_policy_takes_the_old_settings_of_a_gateway_out_of_use() -> None:
    settings = {"agw-aibase/properties/webApplicationFirewallConfiguration": {"enabled": True}}
    assert not of(set=settings) - of()


def test_reports_say_it() -> None:
    result = told(set={"stmlaibase/properties/minimumTlsVersion": "TLS1_0"})
    rows = json.loads(json_.render(result))["retirements"]
    (row,) = [row for row in rows if row["id"] == "storage-tls"]
    assert row["date"] == "2026-02-03"
    assert row["over"] is False, "the snapshot is of 2024"
    assert row["evidence"] == [{"pointer": "/properties/minimumTlsVersion", "value": "TLS1_0"}]
    assert "retirement: Azure ends TLS 1.0 and 1.1 of storage accounts on 2026-02-03" in markdown.render(
        result
    ).replace("\\", "")
