"""The reference deployment, collected over TLS through Azure's own clients, against the world itself."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from auditor.collect import Progress, Target, collect
from auditor.collect.reads.recipes import Shape, Where, recipes
from auditor.commands.demo import deployment
from auditor.estate import build_estate
from auditor.estate.children import EMBEDDED
from auditor.model import ArmId
from auditor.snapshot import Snapshot, redact
from auditor.standin import Request
from tests import worlds
from tests.collecting import by_id, failed, from_standin, reference, serving, taken, world

SUB = worlds.subscription()
WEB = "microsoft.web/sites"
ML = "microsoft.machinelearningservices/workspaces"

SHOWN_BY_THEIR_PARENT = {kind.child for kinds in EMBEDDED.values() for kind in kinds}
NO_REASON_TO_ASK = {
    f"{ML}/environments": "what an image is built from decides no requirement",
    f"{ML}/environments/versions": "as above",
    f"{ML}/models": "the article asks for a registry, not for a model in it",
    f"{ML}/models/versions": "as above",
    f"{WEB}/networkconfig": "the site itself shows its integration subnet",
    "microsoft.compute/virtualmachines/extensions": "nothing that is installed on the jump box decides a requirement",
    "microsoft.insights/datacollectionruleassociations": "the article asks for resource logs, not for machines",
    "microsoft.storage/storageaccounts/blobservices/containers": "the account decides whether any may be anonymous",
    "microsoft.storage/storageaccounts/fileservices/shares": "shares have no access of their own",
}


class Run(NamedTuple):
    """A collection and what the stand-in saw of it."""

    snapshot: Snapshot
    requests: list[Request]
    refused: list[Request]
    tokens: int
    states: list[Progress]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    states: list[Progress] = []
    with serving() as standin:
        found = collect(Target(cloud="public", arm_endpoint=standin.url), states.append)
        yield Run(found, standin.requests, standin.refused, standin.authority.issued, states)


def asked(run: Run) -> list[Request]:
    """The questions, without the sign-in."""
    return [
        r
        for r in run.requests
        if r.path == "/subscriptions" or r.path.casefold().startswith(("/subscriptions/", "/providers"))
    ]


def test_it_is_whole(run: Run) -> None:
    assert run.snapshot.complete
    assert failed(run.snapshot) == []


def test_every_document_is_the_worlds_own(run: Run) -> None:
    there = by_id(reference())
    for id_, document in by_id(run.snapshot).items():
        assert document == redact(there[id_]), id_


def test_every_document_of_the_world_is_there_or_has_a_reason_not_to_be(run: Run) -> None:
    have = by_id(run.snapshot)
    missing = {ArmId(id_).type for id_ in by_id(reference()) if id_ not in have}
    connections = {type_ for type_ in missing if type_.endswith("/privateendpointconnections")}
    assert missing - connections - SHOWN_BY_THEIR_PARENT == set(NO_REASON_TO_ASK)


def test_what_only_a_parent_shows_is_in_the_estate_all_the_same(run: Run) -> None:
    live, imported = build_estate(run.snapshot), worlds.estate()
    for type_ in (*SHOWN_BY_THEIR_PARENT, f"{WEB}/privateendpointconnections", f"{ML}/privateendpointconnections"):
        assert [r.id for r in live.all(type_)] == [r.id for r in imported.all(type_)], type_


def test_only_reads_were_sent(run: Run) -> None:
    assert Counter(request.method for request in run.requests) == {"GET": len(run.requests) - 1, "POST": 1}
    assert run.refused == []


def test_one_token_was_enough(run: Run) -> None:
    assert run.tokens == 1


def test_nothing_was_asked_twice(run: Run) -> None:
    paths = Counter(request.question.casefold() for request in asked(run))
    assert [path for path, times in paths.items() if times > 1] == []


def test_every_request_is_accounted_for(run: Run) -> None:
    reads = {(read.path.casefold(), read.api_version) for read in run.snapshot.reads}
    assert {(request.question.casefold(), request.api_version) for request in asked(run)} == reads


def test_counts_are_those_of_the_documents(run: Run) -> None:
    have = by_id(run.snapshot)
    for read in run.snapshot.reads:
        if read.covers in EMBEDDED and read.scope == SUB:
            assert read.count == sum(ArmId(id_).type == read.covers for id_ in have), read.path


def test_where_it_came_from_is_told(run: Run) -> None:
    snapshot = run.snapshot
    assert (snapshot.source, snapshot.cloud, snapshot.tenant) == ("azure", "AzurePublicCloud", reference().tenant)
    assert snapshot.subscriptions == reference().subscriptions
    assert snapshot.collected_at.endswith("+00:00")


def test_progress_grows_to_the_end(run: Run) -> None:
    done = [state.done for state in run.states]
    assert done == sorted(done)
    last = run.states[-1]
    assert (last.done, last.documents, last.failed) == (last.known, len(run.snapshot.documents), 0)


@pytest.mark.parametrize("name", ["reference-implementation", "compliant"])
def test_every_absence_is_known(name: str) -> None:
    """Nothing that an import takes as read is unread in a collection."""
    live = build_estate(from_standin(served=deployment(name)))
    only_of_several = {recipe.covers for recipe in recipes() if recipe.where is Where.SEVERAL}
    # What is read by its id has no list that could be whole, nor has what hangs below it.
    by_id_alone = {recipe.covers for recipe in recipes() if recipe.shape is Shape.OBJECT and not recipe.listed_by}
    for recipe in recipes():
        if recipe.covers not in only_of_several and not recipe.covers.startswith(tuple(by_id_alone)):
            assert live.coverage.gap(recipe.covers) is None, recipe.type


@pytest.mark.parametrize("page_size", [2, 7])
def test_pages_change_nothing(page_size: int, run: Run) -> None:
    with serving(page_size=page_size) as standin:
        paged = taken(standin)
    assert by_id(paged) == by_id(run.snapshot)
    told = [(r.path, r.count, r.shows) for r in run.snapshot.reads]
    assert [(r.path, r.count, r.shows) for r in paged.reads] == told


def test_one_worker_reads_what_sixteen_read(run: Run) -> None:
    assert by_id(from_standin(concurrency=1)) == by_id(run.snapshot)


def test_a_resource_group_is_read_alone() -> None:
    other = {
        "id": f"{SUB}/resourceGroups/rg-other/providers/Microsoft.Storage/storageAccounts/elsewhere",
        "name": "elsewhere",
        "type": "Microsoft.Storage/storageAccounts",
        "properties": {},
    }
    group = {"id": f"{SUB}/resourceGroups/rg-other", "name": "rg-other", "location": "eastus2", "properties": {}}
    served = world([*worlds.documents(), other, group])
    with serving(served) as standin:
        found = taken(standin, resource_groups=("RG-Chat-Prod",))
        assert not [r.path for r in standin.requests if "rg-other" in r.path.casefold()]
    assert (failed(found), found.resource_groups) == ([], ("RG-Chat-Prod",))
    assert not [id_ for id_ in by_id(found) if "rg-other" in id_]
    assert by_id(found).keys() == by_id(from_standin()).keys()
    assert f"{SUB}/resourcegroups/rg-other".casefold() in by_id(from_standin(served=served))


def test_several_subscriptions_are_read_together() -> None:
    base = worlds.documents()
    text = SUB.rpartition("/")[2]
    twin_id = "11111111-1111-4111-8111-111111111111"
    twin = [replaced(document, text, twin_id) for document in base]
    tree = {
        "id": "/providers/Microsoft.Management/managementGroups/top",
        "name": "top",
        "type": "Microsoft.Management/managementGroups",
        "properties": {"displayName": "Top"},
    }
    with serving(world([*base, *twin, tree])) as standin:
        both = taken(standin, all_subscriptions=True)
        named = taken(standin, subscriptions=(twin_id.upper(), text))
    assert both.subscriptions == tuple(sorted((text, twin_id)))
    assert failed(both) == []
    assert by_id(both).keys() == by_id(named).keys()
    assert len(both.documents) == 2 * len(from_standin().documents) + 1


def replaced(value: object, old: str, new: str) -> object:
    """The same JSON with one text in place of another everywhere."""
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, dict):
        return {replaced(k, old, new): replaced(v, old, new) for k, v in value.items()}
    if isinstance(value, list):
        return [replaced(item, old, new) for item in value]
    return value


GATEWAY = f"{SUB}/resourceGroups/rg-chat-prod/providers/Microsoft.Network/virtualNetworkGateways/gw"


def test_what_has_no_list_is_found_by_the_inventory() -> None:
    gateway = {"id": GATEWAY, "name": "gw", "type": "Microsoft.Network/virtualNetworkGateways", "properties": {"a": 1}}
    found = from_standin(served=world([*worlds.documents(), gateway]))
    assert by_id(found)[GATEWAY.casefold()]["properties"] == {"a": 1}
    counted = [
        r.count for r in found.reads if r.covers == "microsoft.network/virtualnetworkgateways" and r.scope == SUB
    ]
    assert counted == [1]


def test_what_nobody_reads_is_named_by_the_inventory() -> None:
    id_ = f"{SUB}/resourceGroups/rg-chat-prod/providers/Microsoft.StreamAnalytics/streamingjobs/job"
    kind = "Microsoft.StreamAnalytics/streamingjobs"
    job = {"id": id_, "name": "job", "type": kind, "location": "eastus2", "properties": {"x": 1}}
    found = from_standin(served=world([*worlds.documents(), job]))
    assert by_id(found)[id_.casefold()] == {key: job[key] for key in ("id", "name", "type", "location")}


def test_doors_cost_a_question_only_where_the_inventory_shows_one() -> None:
    """A database that the inventory names is asked for by id, with its rules; kinds that are not there cost nothing."""
    id_ = f"{SUB}/resourceGroups/rg-chat-prod/providers/Microsoft.Sql/servers/sql"
    server = {"id": id_, "name": "sql", "type": "Microsoft.Sql/servers", "location": "eastus2", "properties": {"x": 1}}
    rule = {
        "id": f"{id_}/firewallRules/r",
        "name": "r",
        "type": "Microsoft.Sql/servers/firewallRules",
        "properties": {},
    }
    found = from_standin(served=world([*worlds.documents(), server, rule]))
    assert by_id(found)[id_.casefold()]["properties"] == {"x": 1}
    assert rule["id"].casefold() in by_id(found)
    asked = {read.path.casefold() for read in found.reads if "databaseaccounts" in read.path.casefold()}
    assert not asked


def test_service_tags_come_once_and_only_those_that_are_named() -> None:
    values = [{"name": name, "properties": {"addressPrefixes": ["192.0.2.0/24"]}} for name in ("AzureMonitor", "Sql")]
    tags = {"id": f"{SUB}/providers/Microsoft.Network/serviceTags/Public", "name": "Public", "values": values}
    network = worlds.named(worlds.documents(), "vnet-aibase", "Microsoft.Network/virtualNetworks")
    far = {**network, "id": network["id"].replace("vnet-aibase", "vnet-far"), "name": "vnet-far", "location": "West US"}
    with serving(world([*worlds.documents(), tags, far])) as standin:
        found = taken(standin)
        assert len([r for r in standin.requests if r.path.endswith("/serviceTags")]) == 1
    assert [v["name"] for v in by_id(found)[tags["id"].casefold()]["values"]] == ["AzureMonitor"]


def test_security_admin_rules_are_followed_down_to_the_rule() -> None:
    manager = f"{SUB}/resourceGroups/rg-chat-prod/providers/Microsoft.Network/networkManagers/m"
    below = [manager, f"{manager}/securityAdminConfigurations/c"]
    below += [f"{below[-1]}/ruleCollections/k", f"{below[-1]}/ruleCollections/k/rules/r"]
    chain = [{"id": id_, "name": id_.rpartition("/")[2], "properties": {}} for id_ in below]
    found = from_standin(served=world([*worlds.documents(), *chain]))
    assert set(map(str.casefold, below)) <= by_id(found).keys()


def test_slots_are_read_as_their_sites_are() -> None:
    slot = f"{SUB}/resourceGroups/rg-chat-prod/providers/Microsoft.Web/sites/app-aibase/slots/blue"
    documents = [
        {"id": slot, "name": "app-aibase/blue", "properties": {}},
        {"id": f"{slot}/config/web", "name": "web", "properties": {"minTlsVersion": "1.2"}},
        {"id": f"{slot}/config/authsettingsV2", "name": "authsettingsV2", "properties": {}},
        {"id": f"{slot}/config/configreferences/appsettings/key", "name": "key", "properties": {}},
        {"id": f"{slot}/basicPublishingCredentialsPolicies/ftp", "name": "ftp", "properties": {"allow": False}},
    ]
    found = from_standin(served=world([*worlds.documents(), *documents]))
    assert {document["id"].casefold() for document in documents} <= by_id(found).keys()
    assert failed(found) == []
