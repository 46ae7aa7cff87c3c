"""Which architecture a workload is, where nobody says it: by the snapshot, each workload by its own."""

from __future__ import annotations

from functools import cache
from typing import Any

from auditor.audit.audit import audit, audit_recognised, estate_of
from auditor.audit.recognise import recognise
from auditor.baseline import Baseline, read_baseline
from auditor.model import AuditResult, Outcome
from auditor.picture.build.picture import picture
from auditor.report import renderer
from auditor.snapshot import Snapshot
from auditor.workload.architecture import shipped_architectures
from tests.worlds import Document, documents, snapshot, subscription, whole

OLD, NEW = "compliant", "foundry-compliant"


@cache
def read(name: str) -> Baseline:
    return read_baseline(name)


def judged(found: Snapshot) -> AuditResult:
    return audit_recognised(found, shipped_architectures(), read)


def both() -> Snapshot:
    """A snapshot with a deployment of each architecture, in two subscriptions."""
    reads = (*whole(subscription(OLD)), *whole(subscription(NEW)))
    return snapshot([*documents(OLD), *documents(NEW)], reads, OLD)


def test_each_world_is_recognised() -> None:
    for world, name in ((OLD, "openai-chat"), (NEW, "foundry-chat")):
        found = judged(snapshot(name=world))
        assert found.baseline.name == name
        assert [w.architecture for w in found.workloads] == [name]
        assert found.findings == audit(snapshot(name=world), read(name)).findings
        assert read(name).info.source in found.notes[0], "the edition of the article stands in the report"


def test_what_is_recognised_is_why() -> None:
    (workload,) = judged(snapshot(name=NEW)).workloads
    assert workload.why.startswith("aiforchid is a deployment of foundry-chat: it is a Foundry account, with ")


def test_two_workloads_of_different_kinds_are_judged_each_by_its_own() -> None:
    found = judged(both())
    assert {w.architecture: w.name for w in found.workloads} == {
        "openai-chat": "mlw-aibase",
        "foundry-chat": "aiforchid",
    }
    assert found.requirements["NET-01"].statement != found.requirements["foundry-chat/CMP-01"].statement
    assert found.baseline.families["foundry-chat/AGT"] == "Agent service (foundry-chat)"
    assert {f.workload for f in found.findings if f.requirement.startswith("foundry-chat/")} == {"aiforchid"}
    assert {f.workload for f in found.findings if "/" not in f.requirement} == {"mlw-aibase"}
    assert len({f.fingerprint for f in found.findings if f.verdict.outcome is Outcome.FAIL}) == len(
        [f for f in found.findings if f.verdict.outcome is Outcome.FAIL]
    )


def test_every_format_tells_of_both() -> None:
    found = judged(both())
    for name in ("terminal", "json", "html", "sarif", "junit", "markdown", "csv"):
        text = renderer(name)(found)
        assert "aiforchid" in text, name
        assert "mlw-aibase" in text, name


def test_the_picture_shows_both() -> None:
    found = both()
    shipped = shipped_architectures()
    described = (shipped["openai-chat"], shipped["foundry-chat"])
    drawn = picture(found, judged(found), estate=estate_of(found), architectures=described)
    assert {network.item.name for network in drawn.networks} >= {"vnet-aibase", "vnet-workload"}


def test_nothing_that_fits_is_said() -> None:
    found = judged(snapshot([], name=OLD))
    assert found.notes[0].startswith(
        "no architecture was recognised: none of a Machine Learning workspace (openai-chat)"
    )
    assert found.missing


def without(*kinds: str) -> list[Document]:
    low = tuple(kind.casefold() for kind in kinds)
    return [d for d in documents(NEW) if not str(d.get("type", "")).casefold().startswith(low)]


def test_one_that_is_half_there_is_said() -> None:
    kinds = ("Microsoft.Network/applicationGateways", "Microsoft.Network/azureFirewalls", "Microsoft.Network/bastion")
    rest = ("Microsoft.Compute", "Microsoft.Web", "Microsoft.DocumentDB", "Microsoft.Search", "Microsoft.Storage")
    found = judged(snapshot(without(*kinds, *rest), name=NEW))
    assert "only half of it is there" in found.notes[0]


def test_an_account_that_manages_no_projects_only_resembles_it() -> None:
    docs = documents(NEW)
    for document in docs:
        if document["id"].endswith("/accounts/aiforchid"):
            document["properties"]["allowProjectManagement"] = False
    notes = judged(snapshot(docs, name=NEW)).notes
    assert any("aiforchid resembles the Foundry account of foundry-chat" in note for note in notes)


def web_application() -> list[Document]:
    """A web app behind nothing, with a network: no chat."""
    group = f"{subscription(NEW)}/resourceGroups/rg-web"
    site: dict[str, Any] = {
        "serverFarmId": f"{group}/providers/Microsoft.Web/serverfarms/plan",
        "virtualNetworkSubnetId": f"{group}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/apps",
        "httpsOnly": True,
        "publicNetworkAccess": "Enabled",
    }
    made = {
        "Microsoft.Web/serverfarms/plan": {"zoneRedundant": False},
        "Microsoft.Web/sites/shop": site,
        "Microsoft.Network/virtualNetworks/vnet": {
            "addressSpace": {"addressPrefixes": ["10.9.0.0/16"]},
            "subnets": [
                {
                    "id": f"{group}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/apps",
                    "name": "apps",
                    "properties": {"addressPrefix": "10.9.1.0/24", "delegations": []},
                }
            ],
        },
    }
    return [
        {"id": f"{group}/providers/{id_}", "name": id_.rpartition("/")[2], "location": "eastus2", "properties": body}
        for id_, body in made.items()
    ]


def test_a_web_application_is_judged_by_data_alone() -> None:
    found = judged(snapshot(web_application(), name=NEW))
    assert [w.architecture for w in found.workloads] == ["zone-redundant-web-app"]
    fails = {f.requirement for f in found.findings if f.verdict.outcome is Outcome.FAIL}
    assert {"ENT-01", "APP-01", "APP-02", "APP-03"} <= fails
    assert not [f for f in found.findings if f.verdict.outcome is Outcome.ERROR]


def test_the_plan_of_a_chat_is_no_web_application_of_its_own() -> None:
    kinds, _ = recognise(estate_of(snapshot(name=NEW)), shipped_architectures())
    assert [kind.name for kind in kinds] == ["foundry-chat"]
    beside = snapshot([*documents(NEW), *web_application()], name=NEW)
    kinds, _ = recognise(estate_of(beside), shipped_architectures())
    assert [kind.name for kind in kinds] == ["foundry-chat", "zone-redundant-web-app"]
