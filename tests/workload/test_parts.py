"""Parts are found by structure; names only break ties."""

import json

import pytest

from auditor.model import ArmId, NotKnown
from auditor.workload.parts import Pins, workloads
from tests.worlds import Document, documents, estate, named, refused, subscription, whole, workload


def names(found: object) -> list[str]:
    return [r.name for r in found]  # type: ignore[attr-defined]


def test_every_part_of_the_reference_deployment_is_recognised() -> None:
    w = workload()
    assert names(w.workspaces) == ["mlw-aibase"]
    assert names(w.storages) == ["stmlaibase"]
    assert names(w.vaults) == ["kv-aibase"]
    assert names(w.registries) == ["craibase"]
    assert names(w.insights) == ["appi-aibase"]
    assert names(w.openai) == ["oai-aibase"]
    assert names(w.model_deployments) == ["gpt35"]
    assert names(w.searches) == []
    assert names(w.networks) == ["vnet-aibase"]
    assert names(w.gateways) == ["agw-aibase"]
    assert names(w.bastions) == ["ab-aibase"]
    assert names(w.jump_boxes) == ["vm-jmp-aibase"]
    assert names(w.chat_uis) == ["app-aibase"]
    assert names(w.flow_sites) == ["app-aibase-pf"]
    assert names(w.plans) == ["asp-app-aibase6y4uogomg42iq"]
    assert names(w.online_endpoints) == ["ept-aibase"]
    assert names(w.online_deployments) == ["ept-aibase"]
    assert names(w.compute_instances) == ["amli-aibase"]
    assert names(w.other_storages) == ["staibase"]
    assert names(w.public_addresses) == ["pip-ab-aibase", "pip-aibase"]
    assert len(w.private_endpoints) == 9
    assert len(w.outbound_rules) == 16
    assert names(w.identities_of(w.online_endpoints)) == ["id-amlonlineendpoint"]


SUBNETS = {
    "gateway": "snet-appGateway",
    "app_service": "snet-appServicePlan",
    "private_endpoints": "snet-privateEndpoints",
    "bastion": "AzureBastionSubnet",
    "jump_box": "snet-jumpbox",
    "agents": "snet-agents",
    "training": "snet-training",
    "scoring": "snet-scoring",
}


@pytest.mark.parametrize("world", ["reference-implementation", "compliant"])
def test_every_subnet_plays_its_part(world: str) -> None:
    w = workload(name=world)
    assert {part: names(w.subnet(part))[0] for part in SUBNETS} == SUBNETS
    assert not w.subnets.ambiguous


def renamed(docs: list[Document], old: str, new: str) -> list[Document]:
    text = json.dumps(docs)
    return json.loads(
        text.replace(f'/{old}"', f'/{new}"')
        .replace(f"/{old}/", f"/{new}/")
        .replace(f'"name": "{old}"', f'"name": "{new}"')
    )  # type: ignore[no-any-return]


def test_subnets_with_meaningless_names_play_the_same_parts() -> None:
    docs = documents()
    for n, name in enumerate(SUBNETS.values()):
        if name != "AzureBastionSubnet":
            docs = renamed(docs, name, f"x{n}")
    w = workload(docs)
    assert [names(w.subnet(part)) for part in ("gateway", "agents", "training", "scoring")] == [
        ["x0"],
        ["x5"],
        ["x6"],
        ["x7"],
    ]


def test_spare_subnets_that_names_do_not_tell_apart_go_by_address() -> None:
    docs = renamed(documents(), "snet-agents", "snet-one")
    w = workload(docs)
    assert names(w.subnet("agents")) == ["snet-one"]


def test_one_spare_subnet_too_few_is_said_to_be_ambiguous() -> None:
    docs = documents()
    network = named(docs, "vnet-aibase")
    network["properties"]["subnets"] = [s for s in network["properties"]["subnets"] if s["name"] != "snet-agents"]
    docs = [d for d in docs if not d["id"].endswith("subnets/snet-agents")]
    w = workload(docs)
    assert w.subnet("agents") == ()
    assert names(w.subnet("scoring")) == ["snet-scoring"]
    assert w.subnets.ambiguous


def test_a_stray_endpoint_makes_no_second_endpoint_subnet() -> None:
    docs = documents()
    endpoint = named(docs, "pep-kv-aibase", "Microsoft.Network/privateEndpoints")
    endpoint["properties"]["subnet"]["id"] = endpoint["properties"]["subnet"]["id"].replace(
        "privateEndpoints", "training"
    )
    w = workload(docs)
    assert names(w.subnet("private_endpoints")) == ["snet-privateEndpoints"]
    assert w.subnets.part_of(w.subnet("training")[0]) == ("private_endpoints",)


def test_a_pin_decides_what_structure_does_not() -> None:
    w = workload()
    other = w.subnet("scoring")[0].id
    pinned = workload(pins=Pins({"chat_ui": (w.flow_sites[0].id,)}, {"agents": (other,)}))
    assert names(pinned.subnet("agents")) == ["snet-scoring"]
    assert names(pinned.chat_uis) == ["app-aibase-pf"]


def test_a_subnet_and_what_sits_in_it_are_pinned_apart() -> None:
    w = workload()
    seat, machine = w.subnet("jump_box")[0].id, w.jump_boxes[0].id
    other = w.subnet("scoring")[0].id
    pinned = workload(pins=Pins({"jump_box": (machine,)}, {"jump_box": (other,)}))
    assert [r.id for r in pinned.jump_boxes] == [machine]
    assert [r.id for r in pinned.subnet("jump_box")] == [other] != [seat]


def test_a_pinned_subnet_that_is_not_there_is_unknown() -> None:
    w = workload(pins=Pins(subnets={"agents": (ArmId("/subscriptions/s/nothing"),)}))
    with pytest.raises(NotKnown, match="pinned as the agents subnet"):
        _ = w.subnets


def another_network(docs: list[Document]) -> Document:
    """A network like the workload's, that nothing of it sits in."""
    vnet = named(docs, "vnet-aibase", "Microsoft.Network/virtualNetworks")
    found: Document = json.loads(json.dumps(vnet).replace("vnet-aibase", "vnet-elsewhere"))
    return found


def test_the_network_of_a_pinned_subnet_is_the_workloads() -> None:
    docs = documents()
    elsewhere = another_network(docs)
    pin = ArmId(elsewhere["properties"]["subnets"][0]["id"])
    w = workload([*docs, elsewhere], pins=Pins(subnets={"agents": (pin,)}))
    assert names(w.networks) == ["vnet-aibase", "vnet-elsewhere"]
    assert [s.id for s in w.subnet("agents")] == [pin]


def test_of_two_workloads_each_takes_the_pinned_subnets_in_its_own_networks() -> None:
    docs = documents()
    elsewhere = another_network(docs)
    twin = json.loads(
        json.dumps([d for d in docs if "/workspaces/mlw-aibase" in d["id"]]).replace("mlw-aibase", "mlw-second")
    )
    plain = [w.subnet("agents") for w in workloads(estate([*docs, *twin, elsewhere]))]
    pins = Pins(subnets={"agents": (ArmId(elsewhere["properties"]["subnets"][0]["id"]),)})
    assert [w.subnet("agents") for w in workloads(estate([*docs, *twin, elsewhere]), pins)] == plain


def test_a_pin_that_leads_nowhere_is_unknown() -> None:
    w = workload(pins=Pins({"vault": (ArmId("/subscriptions/s/nothing"),)}))
    with pytest.raises(NotKnown, match="pinned as vault"):
        _ = w.vaults


def test_a_part_whose_list_was_refused_is_unknown_not_absent() -> None:
    docs = [d for d in documents() if "applicationgateways" not in str(d.get("type")).casefold()]
    reads = [*whole(subscription()), refused("microsoft.network/applicationGateways", subscription())]
    with pytest.raises(NotKnown, match="permission was refused"):
        _ = workload(docs, reads).gateways


def test_an_estate_without_a_workspace_has_one_workload_without_an_anchor() -> None:
    (w,) = workloads(estate([]))
    assert w.anchor is None
    assert (w.workspaces, w.storages, w.compute_instances, w.name) == ((), (), (), "")


def test_a_hub_anchors_a_workload_with_what_its_projects_have() -> None:
    docs = documents()
    hub = named(docs, "mlw-aibase", "Microsoft.MachineLearningServices/workspaces")
    hub["kind"] = "Hub"
    children = json.dumps([d for d in docs if "/workspaces/mlw-aibase/onlineEndpoints/" in d["id"]])
    project = {**hub, "id": hub["id"].replace("mlw-aibase", "prj"), "name": "prj", "kind": "Project"}
    project["properties"] = {
        **hub["properties"],
        "hubResourceId": hub["id"].upper().replace("/SUBSCRIPTIONS", "/subscriptions"),
    }
    docs = [d for d in docs if "/workspaces/mlw-aibase/onlineEndpoints/" not in d["id"]]
    docs += [project, *json.loads(children.replace("/workspaces/mlw-aibase/", "/workspaces/prj/"))]
    (w,) = workloads(estate(docs))
    assert (w.name, names(w.projects)) == ("mlw-aibase", ["prj"])
    assert names(w.online_endpoints) == ["ept-aibase"]
    assert names(w.storages) == ["stmlaibase"]


def test_a_hub_beside_a_workspace_is_a_workload_of_its_own() -> None:
    docs = documents()
    workspace = named(docs, "mlw-aibase", "Microsoft.MachineLearningServices/workspaces")
    docs.append({**workspace, "id": workspace["id"].replace("mlw-aibase", "hub"), "name": "hub", "kind": "Hub"})
    assert [w.name for w in workloads(estate(docs))] == ["hub", "mlw-aibase"]


@pytest.mark.parametrize("kind", ["Project", "FeatureStore"])
def test_workspaces_of_other_kinds_anchor_nothing(kind: str) -> None:
    docs = documents()
    named(docs, "mlw-aibase", "Microsoft.MachineLearningServices/workspaces")["kind"] = kind
    (w,) = workloads(estate(docs))
    assert w.anchor is None


def test_two_workspaces_are_two_workloads_that_share_what_both_reach() -> None:
    docs = documents()
    twin = json.loads(
        json.dumps([d for d in docs if "/workspaces/mlw-aibase" in d["id"]]).replace("mlw-aibase", "mlw-second")
    )
    found = workloads(estate(docs + twin))
    assert [w.name for w in found] == ["mlw-aibase", "mlw-second"]
    assert all(names(w.openai) == ["oai-aibase"] for w in found)
    assert not any(w.alone for w in found)
    chosen = workloads(estate(docs + twin), Pins({"workspace": (found[1].workspaces[0].id,)}))
    assert [w.name for w in chosen] == ["mlw-second"]
