"""The tables of the shipped baseline speak the words that the program knows, and say what the facts say."""

from __future__ import annotations

import ipaddress
import json
import re
from pathlib import Path
from typing import Any

import pytest

from auditor.baseline import read_baseline
from auditor.workload.architecture import subnet_names
from auditor.workload.nsg_table import is_end
from tests import worlds

ROOT = Path(__file__).parent.parent.parent
TABLES = read_baseline().tables
FLOWS = [
    pytest.param(group["part"], direction, flow, id=f"{group['part']}-{direction}-{number}")
    for group in TABLES["network_security_groups"]
    for direction in ("inbound", "outbound")
    for number, flow in enumerate(group[direction])
]


def test_the_article_has_eight_rows_of_subnets_in_this_order() -> None:
    order = ("gateway", "private_endpoints", "app_service", "bastion", "jump_box", "agents", "training", "scoring")
    assert tuple(group["part"] for group in TABLES["network_security_groups"]) == order
    assert set(order) == set(subnet_names())


def test_agents_training_and_scoring_have_the_same_row() -> None:
    agents, training, scoring = TABLES["network_security_groups"][-3:]
    for direction in ("inbound", "outbound"):
        assert agents[direction] == training[direction] == scoring[direction]


@pytest.mark.parametrize(("part", "direction", "flow"), FLOWS)
def test_a_flow_speaks_known_words(part: str, direction: str, flow: dict[str, Any]) -> None:
    assert set(flow) - {"source", "when", "unless"} == {"from", "to", "ports", "protocol", "why"}
    for who in (flow["from"], flow["to"]):
        _check_who(who)
    own = flow["to"] if direction == "inbound" else flow["from"]
    assert own in ("self", "network", "VirtualNetwork"), f"the {direction} side of {part} is its own subnet"
    assert flow["protocol"] in ("Tcp", "Udp", "Icmp", "*")
    for port in flow["ports"].split(","):
        low, _, high = port.partition("-")
        assert port == "*" or 0 < int(low) <= int(high or low) <= 65535


def _check_who(who: str) -> None:
    if who.startswith("subnet:"):
        assert who.removeprefix("subnet:") in subnet_names()
    elif who.startswith("endpoint:") or who in ("attached", "network"):
        assert is_end(who)
    elif "/" in who or who[:1].isdecimal():
        ipaddress.ip_network(who)
    else:
        assert who in ("self", "Any", "Internet", "VirtualNetwork", "AzureLoadBalancer") or who in _service_tags()


def _service_tags() -> set[str]:
    return {"GatewayManager", "AzureCloud", "AzureMonitor"}


def test_a_role_is_known_by_its_guid_and_name() -> None:
    known = {
        d["name"]: d["properties"]["roleName"]
        for d in worlds.documents()
        if d["type"].casefold() == "microsoft.authorization/roledefinitions"
    }
    rows = TABLES["role_assignments"]
    assert len(rows) == 10
    for row in rows:
        assert known[row["role"]] == row["name"]
        assert row["identity"] in ("workspace", "endpoint", "compute")
        assert row["scope"] in ("resource_group", "storage", "vault", "registry", "workspace")


def test_the_names_of_private_endpoints_are_those_of_the_facts() -> None:
    facts = json.loads((ROOT / "auditor" / "facts" / "private-dns-zones.json").read_text(encoding="utf-8"))
    known = {
        (row["group"].casefold(), zone["zone"])
        for row in facts["clouds"]["AzurePublicCloud"]
        for zone in row["zones"]
    }  # fmt: skip
    for row in TABLES["private_endpoints"]:
        for zone in row["zones"]:
            assert any((group.casefold(), zone) in known for group in row["groups"]), f"{row['target']}: {zone}"


def test_every_table_is_used_by_a_requirement() -> None:
    stated = [str(terms) for terms in read_baseline().stated.values()]
    for name, rows in TABLES.items():
        for row in rows:
            assert any(str(row) in text or _fields(row) in text for text in stated), f"{name}: nobody uses {row}"


def _fields(row: dict[str, Any]) -> str:
    return re.sub(r"^\{|\}$", "", str(row))
