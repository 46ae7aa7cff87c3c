"""Resources of a plan: what their documents do not tell is unknown, and says that it is so until deployed."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.documents.host_names import planned_hosts
from auditor.estate import Estate, Relation, build_estate
from auditor.estate.coverage import Coverage
from auditor.estate.planned import filled_elsewhere, is_expression
from auditor.model import ArmId, NotKnown, Read, Resource
from auditor.snapshot import Snapshot
from auditor.workload.identities import principals_of

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
VNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet"
NIC = f"{GROUP}/providers/Microsoft.Network/networkInterfaces/nic"
SITE = f"{GROUP}/providers/Microsoft.Web/sites/Chat"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"
LATER = "[reference('/subscriptions/x').value]"
STATED = (Read("plan", "", 200, "*", SUBSCRIPTION),)


def foretold(document: dict[str, Any]) -> Read:
    """What an import says of a document that a plan brought."""
    return Read("plan", "", 200, ArmId(document["id"]).type, document["id"], 1)


def estate(*documents: dict[str, Any], there: tuple[dict[str, Any], ...] = ()) -> Estate:
    """An estate of planned documents, and of some that are deployed."""
    reads = (*STATED, *map(foretold, documents))
    return build_estate(Snapshot((*documents, *there), reads, source="what-if"))


def resource(document: dict[str, Any], deployed: bool = False) -> Resource:
    """The resource of a planned document, or of a deployed one beside a plan."""
    made = estate(there=(document,)) if deployed else estate(document)
    found = made.find(ArmId(document["id"]))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("[reference('x').y]", True),
        ("[resourceGroup().location]", True),
        ("[[not one]", False),  # a doubled bracket stands for itself
        ("[half", False),
        ("half]", False),
        ("10.0.0.0/16", False),
        ("", False),
    ],
)
def test_an_expression_stands_in_brackets(text: str, expression: bool) -> None:
    assert is_expression(text) is expression


# --- documents --------------------------------------------------------------------------------------------------------

ASKED: list[Any] = [
    lambda r: r.get("properties", "a"),
    lambda r: r.get("properties", "a", default="x"),
    lambda r: r.text("properties", "a"),
    lambda r: r.at("properties", "a"),
    lambda r: r.ref("properties", "a"),
    lambda r: r.get("properties", "list"),  # it holds one
    lambda r: list(r.items("properties", "list")),
    lambda r: r.get("properties"),
    lambda r: r.location,
]


@pytest.mark.parametrize("ask", ASKED)
def test_what_the_deployment_evaluates_is_unknown(ask: Any) -> None:
    document = {"id": VNET, "location": LATER, "properties": {"a": LATER, "list": [{"b": ["c", LATER]}], "d": "[[e]"}}
    with pytest.raises(NotKnown, match=r"which the deployment evaluates: this is unknown until deployed") as gap:
        ask(resource(document))
    assert gap.value.unknown.absent
    if ask is not ASKED[4]:
        assert ask(resource(document, deployed=True)) is not None


def test_a_deployed_document_holds_no_expression_where_an_id_should_be() -> None:
    with pytest.raises(NotKnown, match="properties/a of vnet is not the id of a resource"):
        resource({"id": VNET, "properties": {"a": LATER}}, deployed=True).ref("properties", "a")


def test_what_stands_beside_an_expression_is_told() -> None:
    found = resource({"id": VNET, "properties": {"a": LATER, "d": "[[e]", "n": None}})
    assert found.get("properties", "d") == "[[e]"
    assert found.get("properties", "nothing", default="x") == "x"
    assert found.get("properties", "n", default="x") == "x"
    assert found.stated("properties", "a") == LATER
    assert found.shown("properties", "a").value == LATER
    assert found.shown("properties", "a").place == found.place("properties", "a")


def test_a_child_of_a_planned_document_is_planned_too() -> None:
    rule = {"name": "r", "properties": {"access": LATER}}
    group = {
        "id": f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/n",
        "properties": {"securityRules": [rule]},
    }
    (found,) = estate(group).seen("microsoft.network/networksecuritygroups/securityrules")
    with pytest.raises(NotKnown, match="access of r is the expression"):
        found.text("properties", "access")
    workspace = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/w"
    rules = {"managedNetwork": {"outboundRules": {"search": {"type": "PrivateEndpoint"}}}}
    (outbound,) = estate({"id": workspace, "properties": rules}).seen(
        "microsoft.machinelearningservices/workspaces/outboundrules"
    )
    assert outbound.text("properties", "type") == "privateendpoint"
    with pytest.raises(NotKnown, match="Azure says whether the rule is active, so this is unknown until deployed"):
        outbound.get("properties", "status")


@pytest.mark.parametrize(
    ("type_", "path"),
    [
        ("Microsoft.Web/sites", ("properties", "provisioningState")),
        ("Microsoft.Storage/storageAccounts", ("properties", "privateEndpointConnections")),
        ("Microsoft.CognitiveServices/accounts", ("properties", "Endpoint")),
        ("Microsoft.MachineLearningServices/workspaces", ("properties", "managedNetwork", "status", "status")),
        ("Microsoft.Network/virtualNetworks/virtualNetworkPeerings", ("properties", "peeringState")),
        ("Microsoft.Network/privateEndpoints", ("properties", "customDnsConfigs")),
        ("Microsoft.Network/publicIPAddresses", ("properties", "ipAddress")),
        ("Microsoft.Web/sites", ("systemData", "createdAt")),
    ],
)
def test_what_azure_writes_is_unknown_where_it_is_absent(type_: str, path: tuple[str, ...]) -> None:
    namespace, *kinds = type_.split("/")
    id_ = "/".join((GROUP, "providers", namespace, *(part for kind in kinds for part in (kind, "x"))))
    document = {"id": id_, "properties": {}}
    with pytest.raises(NotKnown, match="so this is unknown until deployed"):
        resource(document).get(*path)
    assert resource(document).stated(*path) is None
    assert resource(document, deployed=True).get(*path) is None


def test_what_azure_writes_in_items_of_lists_is_found_by_any_index() -> None:
    state = ("properties", "privateLinkServiceConnections", 1, "properties", "privateLinkServiceConnectionState")
    rows = [{"properties": {}}, {"properties": {"groupIds": ["blob"]}}]
    found = resource(
        {
            "id": f"{GROUP}/providers/Microsoft.Network/privateEndpoints/p",
            "properties": {"privateLinkServiceConnections": rows},
        }
    )
    assert found.get(*state[:4], "groupIds") == ["blob"]
    with pytest.raises(NotKnown, match="its target's owner approves it"):
        found.text(*state, "status")


def test_what_azure_wrote_before_is_told() -> None:
    stated = {"id": VNET, "properties": {"provisioningState": "Succeeded"}}
    assert resource(stated).get("properties", "provisioningState") == "Succeeded"
    storage = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/s"
    assert resource({"id": storage, "properties": {"privateEndpointConnections": []}}).get(
        "properties", "privateEndpointConnections"
    ) == []  # fmt: skip


@pytest.mark.parametrize(
    ("identity", "known"),
    [
        (None, True),  # no identity: there is no object id to wait for
        ({"type": "None"}, True),
        ({"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}}, True),
        ({"type": "SystemAssigned"}, False),
        ({"type": "SystemAssigned, UserAssigned"}, False),
        ({"type": "SystemAssigned", "principalId": "p"}, True),
    ],
)
def test_an_object_id_is_waited_for_where_azure_makes_one(identity: Any, known: bool) -> None:
    found = resource({"id": SITE, "identity": identity})
    if known:
        assert found.get("identity", "principalId") in (None, "p")
    else:
        # A name stands for the principal that Azure will make: the same in the identity and in its assignments.
        assert found.get("identity", "principalId").startswith("principal of ")


# --- references -------------------------------------------------------------------------------------------------------


def interface(subnet: str) -> dict[str, Any]:
    return {"id": NIC, "properties": {"ipConfigurations": [{"properties": {"subnet": {"id": subnet}}}]}}


def test_a_reference_to_be_evaluated_may_lead_anywhere() -> None:
    vnet = {"id": VNET, "properties": {"subnets": [{"name": "s", "properties": {}}]}}
    found = estate(vnet, interface(LATER))
    (nic,) = found.seen("microsoft.network/networkinterfaces")
    for ask in (
        lambda: found.targets(nic, Relation.IN_SUBNET),
        lambda: found.one(nic, Relation.IN_SUBNET),
        lambda: found.into(ArmId(f"{VNET}/subnets/s"), Relation.IN_SUBNET),
        lambda: found.into(ArmId(f"{VNET}/subnets/s"), Relation.IN_SUBNET, "Microsoft.Network/networkInterfaces"),
    ):
        with pytest.raises(NotKnown) as gap:
            ask()
        assert gap.value.unknown.absent
    # what such a reference cannot change is known
    assert found.into(ArmId(f"{VNET}/subnets/s"), Relation.IN_SUBNET, "microsoft.web/sites") == ()
    assert found.into(ArmId(f"{VNET}/subnets/s"), Relation.GUARDED_BY) == ()
    assert found.targets(nic, Relation.GUARDED_BY) == ()


def test_the_same_text_in_a_deployed_document_points_nobody_knows_where() -> None:
    found = estate(there=(interface(LATER),))
    (nic,) = found.seen("microsoft.network/networkinterfaces")
    with pytest.raises(NotKnown, match="which is no id of a resource") as gap:
        found.targets(nic, Relation.IN_SUBNET)
    assert not gap.value.unknown.until_deployed


def test_object_ids_are_taken_from_the_identity_that_is_there_already() -> None:
    site = {"id": SITE, "identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}}}
    there = {"id": IDENTITY, "properties": {"principalId": "p"}}
    planned = {"id": IDENTITY, "properties": {}}
    found = estate(site, there=(there,))
    assert dict(principals_of(found, found.seen("microsoft.web/sites")[0])) == {ArmId(IDENTITY): "p"}
    found = estate(site, planned)
    (principal,) = dict(principals_of(found, found.seen("microsoft.web/sites")[0])).values()
    assert principal.startswith("principal of ")


def test_the_name_that_azure_will_give_a_site() -> None:
    assert "chat.azurewebsites.net" in planned_hosts(resource({"id": SITE}))
    assert planned_hosts(resource({"id": SITE}, deployed=True)) == ()
    assert planned_hosts(resource({"id": VNET})) == ()


# --- lists ------------------------------------------------------------------------------------------------------------

ASSIGNMENTS = "microsoft.authorization/roleassignments"
RECORDS = "microsoft.network/privatednszones/a"
ZONE = ArmId(f"{GROUP}/providers/Microsoft.Network/privateDnsZones/z")


def test_a_list_that_others_fill_is_never_whole_by_a_statement() -> None:
    above = Read("plan", "", 200, ASSIGNMENTS, "/")
    for type_, under in ((ASSIGNMENTS, None), (ASSIGNMENTS, ArmId(GROUP)), (RECORDS, ZONE)):
        gap = Coverage((*STATED, above), planned=True).gap(type_, under)
        assert gap is not None
        assert gap.absent
        assert gap.permission is None
        assert "is no part of a plan" in gap.because
    assert Coverage((*STATED, above)).gap(ASSIGNMENTS) is None
    assert Coverage(STATED, planned=True).gap("microsoft.network/virtualnetworks") is None


def test_a_list_that_was_read_is_whole() -> None:
    read = Read(f"{SUBSCRIPTION}/providers/{ASSIGNMENTS}", "1", 200, ASSIGNMENTS, SUBSCRIPTION)
    assert Coverage((read,), planned=True).gap(ASSIGNMENTS) is None
    of_zone = Read(f"{ZONE.text}/A", "1", 200, RECORDS, ZONE.text)
    assert Coverage((of_zone,), planned=True).gap(RECORDS, ZONE) is None


def test_what_is_below_a_planned_resource_was_never_read() -> None:
    everything = Read("import", "", 200, "*", SUBSCRIPTION)
    assert Coverage((everything,), planned=True).gap(RECORDS, ZONE) is None
    new = foretold({"id": ZONE.text})
    gap = Coverage((everything, new), planned=True).gap(RECORDS, ZONE)
    assert gap is not None
    assert "Azure writes the records" in gap.because
    assert Coverage((everything, new), planned=True).gap(RECORDS, ArmId(f"{ZONE.text}2")) is None


def test_a_planned_document_makes_no_list_whole() -> None:
    one = foretold({"id": VNET})
    assert Coverage((one,), planned=True).gap("microsoft.network/virtualnetworks") is not None
    assert Coverage((one,), planned=True).foretold == {ArmId(VNET)}


def test_a_list_that_nobody_spoke_of_neither_waits_nor_asks_for_rights() -> None:
    gap = Coverage((), planned=True).gap("microsoft.web/sites")
    assert gap is not None
    assert (gap.permission, gap.absent) == (None, False)
    live = Coverage(()).gap("microsoft.web/sites")
    assert live is not None
    assert live.permission == "microsoft.web/sites/read"


def test_connections_of_every_type_are_azures() -> None:
    assert filled_elsewhere("microsoft.keyvault/vaults/privateendpointconnections")
    assert not filled_elsewhere("microsoft.keyvault/vaults")


def test_what_a_plan_gave_up_on_may_hold_any_type() -> None:
    nested = f"{GROUP}/providers/Microsoft.Resources/deployments/roles"
    left_out = Read(nested, "", 200, "*", GROUP, error="NotPredicted", message="short-circuited")
    coverage = Coverage((*STATED, left_out), planned=True)
    for under in (None, ArmId(VNET), ArmId(SUBSCRIPTION)):
        gap = coverage.gap("microsoft.network/virtualnetworks", under)
        assert gap is not None
        assert gap.because == f"the plan does not state what is nested in {nested}: short-circuited"
        assert gap.absent
    assert coverage.gap("microsoft.network/virtualnetworks", ArmId(f"{SUBSCRIPTION}/resourceGroups/other")) is None


def test_a_refused_read_is_no_matter_of_deploying() -> None:
    refused = Read("p", "1", 403, ASSIGNMENTS, SUBSCRIPTION, error="AuthorizationFailed", permission="x/read")
    gap = Coverage((refused,), planned=True).gap(ASSIGNMENTS)
    assert gap is not None
    assert not gap.absent
    assert gap.permission == "x/read"
