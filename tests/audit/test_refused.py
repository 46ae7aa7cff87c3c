"""For each single read that Azure refuses: what rests on it becomes unknown, with the permission; nothing else changes.

The collections are played again from recorded answers by the collector itself, without the wire; that a refusal on the
wire gives the same is shown for one read of each kind.
"""

import gc
import re
from collections.abc import Collection, Iterator
from functools import cache
from typing import NamedTuple

import pytest

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.collect import collect
from auditor.collect.reads.recipes import Recipe, Where, recipes
from auditor.commands.demo import deployment
from auditor.model import ArmId, AuditorError, Finding, Outcome
from auditor.snapshot import Snapshot
from tests.collecting import comparable, serving, target_at
from tests.faulty import Fault, Kind
from tests.replayed import COMPLIANT, FOUNDRY, WORLDS, Recording, recording, replayed

pytestmark = pytest.mark.slow

BASELINES = {name: read_baseline("foundry-chat" if name == FOUNDRY else "openai-chat") for name in WORLDS}
POOLS = "Microsoft.DevOpsInfrastructure/pools"
"""Nothing leads to a pool of agents from outside: where its list is refused the place is not told, and nothing else."""
ASKED = [r for r in recipes() if r.where is not Where.MANAGEMENT_GROUP and r.type != POOLS]


def name_of(recipe: Recipe) -> str:
    """A recipe in a word: its type, and what tells it from others of the type."""
    same = [each for each in recipes() if each.type == recipe.type]
    return recipe.type if len(same) == 1 else f"{recipe.type}:{recipe.path.rpartition('/')[2]}:{recipe.where}"


IDLE = frozenset(
    {
        "Microsoft.AlertsManagement/smartDetectorAlertRules",
        "Microsoft.Authorization/roleAssignmentScheduleInstances",
        "Microsoft.Authorization/roleDefinitions",
        "Microsoft.Cdn/profiles/originGroups",
        "Microsoft.Cdn/profiles/originGroups/origins",
        "Microsoft.CognitiveServices/accounts/raiBlocklists",
        "Microsoft.DBForMySql/flexibleServers/firewallRules",
        "Microsoft.DBForPostgreSql/flexibleServers/firewallRules",
        "Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions",
        "Microsoft.EventHub/namespaces/networkRuleSets",
        "Microsoft.Insights/dataCollectionRules",
        "Microsoft.Insights/scheduledQueryRules",
        "Microsoft.Management/managementGroups:managementGroups:several-subscriptions",
        "Microsoft.Management/managementGroups:{parent}:scope",
        "Microsoft.Network/applicationSecurityGroups",
        "Microsoft.Network/connections",
        "Microsoft.Network/ddosProtectionPlans",
        "Microsoft.Network/dnsForwardingRulesets",
        "Microsoft.Network/dnsForwardingRulesets/forwardingRules",
        "Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks",
        "Microsoft.Network/dnsResolvers",
        "Microsoft.Network/dnsResolvers/inboundEndpoints",
        "Microsoft.Network/ipGroups",
        "Microsoft.Network/localNetworkGateways",
        "Microsoft.Network/natGateways",
        "Microsoft.Network/networkManagers/networkGroups",
        "Microsoft.Network/networkSecurityPerimeters/profiles",
        "Microsoft.Network/networkSecurityPerimeters/profiles/accessRules",
        "Microsoft.Network/networkSecurityPerimeters/resourceAssociations",
        "Microsoft.Network/privateLinkServices",
        "Microsoft.Network/publicIPPrefixes",
        "Microsoft.Network/serviceTags",
        "Microsoft.Network/trafficManagerProfiles",
        "Microsoft.Network/virtualHubs",
        "Microsoft.Network/virtualHubs/bgpConnections",
        "Microsoft.Network/virtualHubs/hubRouteTables",
        "Microsoft.Network/virtualHubs/hubVirtualNetworkConnections",
        "Microsoft.Network/virtualHubs/routingIntent",
        "Microsoft.Network/virtualWans",
        "Microsoft.Resources/resourceGroups:resourcegroups:whole-subscription",
        "Microsoft.Resources/resourceGroups:{scope}:group",
        "Microsoft.Resources/subscriptions",
        "Microsoft.ServiceBus/namespaces/networkRuleSets",
        "Microsoft.Sql/servers/firewallRules",
        "Microsoft.Sql/servers/ipv6FirewallRules",
        "Microsoft.Sql/servers/virtualNetworkRules",
        "Microsoft.Web/sites/slots/basicPublishingCredentialsPolicies",
        "Microsoft.Web/sites/slots/config/appsettings",
    }
)
"""Reads on which no requirement rests in the deployments below: they would tell more of a fail, or of what is not
there. Refused all together they change nothing at all, so each of them alone does not either."""
WORKING = [recipe for recipe in ASKED if name_of(recipe).replace(" ", "-") not in IDLE]


class World(NamedTuple):
    """A collection that went well, and what was found in it."""

    name: str
    recording: Recording
    snapshot: Snapshot
    findings: tuple[Finding, ...]
    rests_on: tuple[tuple[str, frozenset[str]], ...]
    """For each finding: the documents that decided it, and the resources that hold these."""


@cache
def world(name: str) -> World:
    snapshot = replayed(recording(name))
    findings = audit(snapshot, BASELINES[name]).findings
    decided = [f for f in findings if f.outcome in (Outcome.PASS, Outcome.FAIL)]
    rests_on = tuple(
        (f.requirement, frozenset(h for e in f.verdict.evidence for h in holders(e.place.document))) for f in decided
    )
    return World(name, recording(name), snapshot, findings, rests_on)


def refused_in(recipe: Recipe) -> tuple[World, Snapshot, tuple[Finding, ...], list[Finding]]:
    """The first world in which something rests on a recipe: before, the collection without it, what is found there.

    Last come the findings that have become unknown; none where nothing rests on it in any world.
    """
    asking = [world(name) for name in WORLDS if recording(name).asks(recipe)]
    assert asking, "no world puts it to use"
    for before in asking:
        snapshot = replayed(before.recording, [recipe])
        after = audit(snapshot, BASELINES[before.name]).findings
        was = {place(f) for f in before.findings if f.outcome is Outcome.UNKNOWN}
        unknown = [f for f in after if f.outcome is Outcome.UNKNOWN and place(f) not in was]
        if unknown:
            break
    return before, snapshot, after, unknown


def told(findings: Collection[Finding]) -> list[tuple[object, ...]]:
    """Findings with their verdicts, in an order of their own; the reason of an unknown may change."""
    said = [(f.requirement, f.outcome, str(f.verdict.resource), f.verdict.aspect, f.workload) for f in findings]
    return sorted(set(said))


def place(finding: Finding) -> tuple[str, ArmId | None]:
    return finding.requirement, finding.verdict.resource


@pytest.fixture(autouse=True, scope="module")
def seldom_collected() -> Iterator[None]:
    """Objects are many and cycles few, as in the command line's own `main`."""
    usual = gc.get_threshold()
    gc.set_threshold(50_000, 20, 20)
    yield
    gc.set_threshold(*usual)


@pytest.mark.sampled(8)
@pytest.mark.parametrize("recipe", WORKING, ids=name_of)
def test_what_rests_on_a_refused_read_becomes_unknown_and_nothing_else_changes(recipe: Recipe) -> None:
    before, snapshot, after, unknown = refused_in(recipe)
    known = {place(f): set[Outcome]() for f in before.findings}
    for finding in before.findings:
        known[place(finding)].add(finding.outcome)
    settled = [f for f in after if f.outcome is not Outcome.UNKNOWN]
    assert unknown, "no requirement rests on it: it belongs among the idle ones"
    # What is unknown for several reasons, such as service tags, may name another permission besides.
    assert recipe.permission in {f.verdict.unknown.permission for f in unknown if f.verdict.unknown is not None}
    assert not [place(f) for f in settled if f.outcome not in known.get(place(f), ())], "another verdict changed"
    left = set(map(place, after))
    silent = {requirement for requirement, subject in known if (requirement, subject) not in left}
    uncertain = {f.requirement for f in after if f.outcome is Outcome.UNKNOWN}
    assert silent <= uncertain, "findings are gone and nothing says that they are not known"
    assert resting(before, snapshot) <= uncertain


def resting(before: World, snapshot: Snapshot) -> set[str]:
    """The requirements that were decided by a document which is not there any more, or by a part of one."""
    there = {str(document["id"]).casefold() for document in snapshot.documents}
    lost = {id_ for d in before.snapshot.documents if (id_ := str(d["id"]).casefold()) not in there}
    return {requirement for requirement, documents in before.rests_on if lost & documents}


def holders(id_: ArmId) -> Iterator[str]:
    """A document's id, and those of the resources that hold it or that it extends, lower case."""
    yield id_.key
    at = id_.parent or id_.extends
    while at is not None and "/providers/" in at.key:
        yield at.key
        at = at.parent or at.extends


@pytest.mark.parametrize("name", WORLDS)
def test_no_requirement_rests_on_what_is_idle(name: str) -> None:
    before = world(name)
    idle = [recipe for recipe in ASKED if recipe not in WORKING and before.recording.asks(recipe)]
    assert idle
    while idle:
        snapshot = replayed(before.recording, idle)
        now, then = set(told(audit(snapshot, BASELINES[name]).findings)), set(told(before.findings))
        assert now == then
        assert not resting(before, snapshot)
        refused = {read.permission for read in snapshot.reads if not read.answered}
        assert refused
        # What hangs under another idle read was not asked for: it is refused in the next turn, where that is answered.
        idle = [recipe for recipe in idle if recipe.permission not in refused]


def test_every_idle_read_is_one_that_there_is() -> None:
    assert {name_of(recipe).replace(" ", "-") for recipe in ASKED} >= IDLE
    assert len(WORKING) + len(IDLE) == len(ASKED) == len(recipes()) - 2


@pytest.mark.parametrize(
    "type_",
    ["Microsoft.Network/virtualNetworks", "Microsoft.KeyVault/vaults/secrets", "Microsoft.Web/sites/config"],
)
def test_a_refusal_on_the_wire_is_what_is_played_here(type_: str) -> None:
    recipe = next(recipe for recipe in recipes() if recipe.type == type_)
    compliant = deployment("compliant")
    parents = "[^?]*" if recipe.parents else re.escape(f"/subscriptions/{compliant.subscriptions[0]}")
    path = recipe.path.format(scope=parents, subscription=compliant.subscriptions[0], parent=parents)
    with serving(compliant, [Fault(f"^{path}$", Kind.FORBIDDEN, detail=recipe.permission)]) as standin:
        found = collect(target_at(standin, subscriptions=compliant.subscriptions))
    assert plain(found) == plain(replayed(recording(COMPLIANT), [recipe]))


def plain(snapshot: Snapshot) -> tuple[object, ...]:
    """A snapshot without times and without what Azure says in passing."""
    documents, reads, *rest = comparable(snapshot)
    return documents, [(r.path, r.covers, r.scope, r.status, r.error, r.permission, r.count) for r in reads], rest


def test_a_management_group_that_may_not_be_read_ends_the_run_and_names_the_permission() -> None:
    (recipe,) = (recipe for recipe in recipes() if recipe not in ASKED and recipe.type != POOLS)
    with serving(faults=[Fault("/descendants$", Kind.FORBIDDEN, detail=recipe.permission)]) as standin:
        with pytest.raises(AuditorError, match="could not be read") as problem:
            collect(target_at(standin, management_groups=("top",)))
    assert recipe.permission in problem.value.tip
