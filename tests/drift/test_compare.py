"""What changed between two worlds: laws that hold for all, and each kind of mutation as the right kind of change."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from auditor.access.effective import access_of
from auditor.drift.access_points import Accesses
from auditor.drift.documents import Pair
from auditor.drift.model import (
    Change,
    Diff,
    Effect,
    Topic,
)
from auditor.drift.topics.flows import FlowChange, flow_changes
from auditor.drift.topics.permissions import rights_changes
from auditor.model import Outcome
from auditor.sets.operation_set import Rights
from auditor.sets.packet_set import FlowSet
from tests.audit.test_worlds import change_case
from tests.builders.drifting import (
    Side,
    between,
    mutated,
    mutation,
    only,
    pair_of,
    shuffled,
    side,
    untouched,
)
from tests.worlds import documents

WORLDS = ("reference-implementation", "compliant")

# --- nothing changed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WORLDS)
def test_a_snapshot_compared_with_itself_says_nothing(name: str) -> None:
    found = between(untouched(name), untouched(name))
    assert found.nothing
    assert found.documents == 0
    assert found.notes == ()


@pytest.mark.parametrize("name", WORLDS)
def test_other_order_and_letter_case_say_nothing(name: str) -> None:
    dice = random.Random(7)
    docs = shuffled(change_case(documents(name), 3), dice)
    found = between(untouched(name), side(docs, name=name))
    assert found.nothing
    assert found.documents == 0


def _touch(value: Any) -> Any:
    """As every write leaves a resource: another etag, another hand and time."""
    if isinstance(value, dict):
        return {key: "W/other" if key == "etag" else _touch(item) for key, item in value.items()}
    return [_touch(item) for item in value] if isinstance(value, list) else value


def test_what_every_write_changes_says_nothing() -> None:
    docs = [_touch(document) | {"systemData": {"lastModifiedAt": "2026-11-22T10:00:00Z"}} for document in documents()]
    found = between(untouched("reference-implementation"), side(docs))
    assert found.nothing
    assert found.documents == 0


def test_what_no_rule_reads_is_counted_and_says_nothing() -> None:
    docs = documents()
    tagged = [d for d in docs if str(d.get("type")).casefold() == "microsoft.storage/storageaccounts"]
    for document in tagged:
        document["tags"] = {"cost": "centre 7"}
    found = between(untouched("reference-implementation"), side(docs))
    assert found.nothing
    assert found.documents == len(tagged) > 0


# --- the other way round ----------------------------------------------------------------------------------------------

MIRROR = {Effect.WORSE: Effect.BETTER, Effect.BETTER: Effect.WORSE, Effect.OTHER: Effect.OTHER}


def flows_by_spot(pair: Pair) -> dict[tuple[str, str, bool], FlowSet]:
    found: dict[tuple[str, str, bool], FlowSet] = {}
    for change in flow_changes(pair):
        assert isinstance(change, FlowChange)
        key = (change.spot.id.key, change.direction, change.allowed)
        found[key] = found.get(key, FlowSet.none()) | change.flows
    return found


def rights_by_point(pair: Pair) -> dict[tuple[str, str, bool, str, str], Rights]:
    accesses = Accesses(access_of(pair.old), access_of(pair.new))
    return {(c.principal.id, c.scope.key, c.granted, c.hold, c.else_): c.rights for c in rights_changes(pair, accesses)}


def outcomes(found: Diff) -> Counter[tuple[str, str | None, str | None]]:
    changes = found.of(Topic.FINDINGS)
    return Counter((c.detail["fingerprint"], c.detail["before"], c.detail["after"]) for c in changes)


def assert_mirrored(old: Side, new: Side) -> None:
    pair = pair_of(old, new)
    there, back = flows_by_spot(pair), flows_by_spot(pair.reversed)
    assert back == {(spot, way, not allowed): flows for (spot, way, allowed), flows in there.items()}
    gained, lost = rights_by_point(pair), rights_by_point(pair.reversed)
    assert lost == {(p, s, not granted, h, e): rights for (p, s, granted, h, e), rights in gained.items()}
    one, other = between(old, new), between(new, old)
    assert outcomes(other) == Counter({(f, a, b): n for (f, b, a), n in outcomes(one).items()})
    certain = (Topic.FLOWS, Topic.PERMISSIONS, Topic.PUBLIC_ACCESS, Topic.FILTERS, Topic.PRIVATE_LINK, Topic.RESOURCES)
    for topic in certain:
        effects = Counter(MIRROR.get(change.effect, change.effect) for change in one.of(topic))
        assert effects == Counter(change.effect for change in other.of(topic)), topic


def test_the_two_worlds_mirror_each_other() -> None:
    assert_mirrored(untouched("reference-implementation"), untouched("compliant"))


# --- every kind of mutation is the right kind of change ---------------------------------------------------------------

Expected = tuple[Topic, str, Effect, str]
ALLOWED = (Topic.FLOWS, "allowed", Effect.WORSE)
BLOCKED = (Topic.FLOWS, "blocked", Effect.BETTER)
LOST = (Topic.PERMISSIONS, "lost", Effect.BETTER)
GRANTED = (Topic.PERMISSIONS, "granted", Effect.WORSE)
OPENED = (Topic.PUBLIC_ACCESS, "opened", Effect.WORSE)
LOOSENED = (Topic.PUBLIC_ACCESS, "loosened", Effect.WORSE)
WEAKENED = (Topic.FILTERS, "weakened", Effect.WORSE)
CUT = (Topic.PRIVATE_LINK, "approved", Effect.WORSE)
GONE = (Topic.RESOURCES, "disappeared", Effect.OTHER)

MUTATIONS: dict[str, tuple[Expected, ...]] = {
    # Security groups: what a rule opens, what a deny no longer stops, what nothing filters any more.
    "nsg-jumpboxSubnet Inbound: one host, one port": ((*ALLOWED, "lets in Tcp 2222 from 198.51.100.7"),),
    "nsg-appGatewaySubnet Inbound: a list of ports": ((*ALLOWED, "lets in Tcp 2222,4444-4446 from 198.51.100.7"),),
    "nsg-bastionSubnet Outbound: a list of prefixes": ((*ALLOWED, "to 198.51.100.0/25, 203.0.113.9"),),
    "nsg-trainingSubnet Inbound: letter case": ((*ALLOWED, "lets in Tcp 2222 from 198.51.100.7"),),
    "nsg-scoringSubnet Outbound: another protocol": ((*ALLOWED, "lets out Udp 2222"),),
    "nsg-agentsSubnet Outbound: the deny denies one port": ((*ALLOWED, "AllowInternetOutBound of nsg-agentsSubnet"),),
    "nsg-jumpboxSubnet Inbound: the deny knows Tcp only": ((*ALLOWED, "Udp/Icmp/Esp/Ah/Other on any port"),),
    "nsg-bastionSubnet Inbound: the deny names another subnet": ((*ALLOWED, "before: DenyAllInbound"),),
    "snet-privateEndpoints: no group": ((*ALLOWED, "no security group; before: DenyAllInbound"),),
    "nsg-appGatewaySubnet: Inbound.Allow.1 denies": ((*BLOCKED, "no longer lets in"),),
    "nsg-jumpboxSubnet: Outbound.Allow.0 denies": ((*BLOCKED, "no longer lets out Tcp 443"),),
    "groups do not apply to endpoints (Disabled)": ((*ALLOWED, "private endpoints in vnet-aibase"),),
    # An application group without members lets nobody in.
    "no interface is in an application group": ((*BLOCKED, "to 10.0.2.132"),),
    "Outbound.Allow.0 of nsg-jumpboxSubnet: any port": ((*ALLOWED, "lets out Tcp"),),
    # Private endpoints.
    "pep-kv-aibase: Pending": ((*CUT, "pep-kv-aibase no longer is approved"),),
    "pep-oai-aibase: Rejected": ((*CUT, "Rejected, not Approved"),),
    "pep-srch-aibase: no zone group": ((*GONE, "pep-srch-aibase/default"),),
    # The managed network.
    "isolation AllowInternetOutbound": ((Topic.OUTBOUND, "loosened", Effect.WORSE, "AllowInternetOutbound now"),),
    "isolation Disabled": ((Topic.OUTBOUND, "loosened", Effect.WORSE, "is Disabled now"),),
    "outbound rule OpenAI is inactive": ((Topic.OUTBOUND, "changed", Effect.BETTER, "inactive, was oai-aibase"),),
    "outbound rule AISearch is gone": ((Topic.OUTBOUND, "removed", Effect.BETTER, "led to srch-aibase"),),
    "a rule of MVN-08": ((Topic.OUTBOUND, "added", Effect.WORSE, "leads to pypi.example"),),
    "a rule of MVN-09": ((Topic.OUTBOUND, "added", Effect.WORSE, "leads to Storage, TCP 443"),),
    # Public endpoints, anonymous readers, keys.
    "endpoint public": ((*OPENED, "every address"),),
    "vaults/kv-aibase: an address is let in": ((*OPENED, "kv-aibase now lets in 198.51.100.7"),),
    "storageAccounts/staibase: everybody is let in": ((*OPENED, "staibase now lets in every address"),),
    "searchServices/srch-aibase: no rules at all": ((*OPENED, "every address"),),
    "staibase: anonymous blobs": ((*LOOSENED, "allowBlobPublicAccess of staibase is true now"),),
    "registry: anonymous pull": ((*LOOSENED, "anonymousPullEnabled"),),
    "registry admin": ((*LOOSENED, "adminUserEnabled"),),
    "search keys": ((*LOOSENED, "disableLocalAuth of srch-aibase is false now"),),
    # Roles have no effect there any more: who held one for its secrets can read them no longer.
    "vault by policies": (
        (*LOOSENED, "enableRbacAuthorization"),
        (*LOST, "identity id-app-aibase may no longer at kv-aibase: Microsoft.KeyVault/vaults/secrets/getSecret"),
    ),
    "stmlaibase: keys": ((*LOOSENED, "allowSharedKeyAccess"),),
    "compute instance: SSH": ((*LOOSENED, "sshPublicAccess"),),
    # Content filters.
    "hate Prompt: off": ((*WEAKENED, "blocks hate in prompts not at all now, was from Low on"),),
    "violence Completion: annotates only": ((*WEAKENED, "not at all now"),),
    "sexual Prompt: High": ((*WEAKENED, "from High on now, was from Low on (used by gpt35)"),),
    "jailbreak Prompt: off": ((*WEAKENED, "not at all now, was altogether"),),
    "policy Deferred": ((Topic.FILTERS, "loosened", Effect.WORSE, "is Deferred now, was Default"),),
    # Permissions: effective ones. That the push role is gone changes nothing for who holds Contributor above.
    "RBAC-04: not granted": ((*LOST, "(Key Vault Administrator): Microsoft.KeyVault/vaults/secrets/getSecret/action"),),
    "RBAC-07: another role instead": ((*LOST, "blobs/read, which reads the blobs"), (*GRANTED, "(Reader): */read")),
    "RBAC-06: under a condition": ((*LOST, "it still can do so under a condition"),),
    # What only a rule knows the meaning of shows as its finding.
    "vaults/kv-aibase: no logs": ((*GONE, "kv-aibase-diagnosticSettings"),),
    "WAF detects": (),
    "app-aibase: minTlsVersion 1.0": (),
    "search replicas 1": (),
}  # fmt: skip


def same(change: Change, expected: Expected) -> bool:
    return (change.topic, change.kind, change.effect) == expected[:3] and expected[3] in change.says


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_is_told_as_what_it_is(name: str) -> None:
    found = between(untouched(), mutated(name))
    for expected in MUTATIONS[name]:
        assert any(same(change, expected) for change in found.changes), [c.says for c in found.changes]
    topics = {expected[0] for expected in MUTATIONS[name]} | {Topic.FINDINGS, Topic.RESOURCES}
    assert {change.topic for change in found.changes} <= topics
    opened = [c for c in found.of(Topic.FINDINGS) if c.kind == "opened"]
    requirements = {c.detail["requirement"] for c in opened}
    assert {requirement for requirement, _ in mutation(name).breaks} <= requirements
    assert not found.with_effect(Effect.UNKNOWN)


@pytest.mark.parametrize("name", [name for name in MUTATIONS if MUTATIONS[name]][::5])
def test_a_mutation_undone_is_its_mirror(name: str) -> None:
    assert_mirrored(untouched(), mutated(name))


def test_the_sample_has_every_family() -> None:
    assert len(MUTATIONS) >= 40
    assert {expected[0] for rows in MUTATIONS.values() for expected in rows} >= {*Topic} - {
        Topic.FINDINGS, Topic.READS,
    }  # fmt: skip


# --- what is told is so -----------------------------------------------------------------------------------------------

FLOW_MUTATIONS = [name for name, rows in MUTATIONS.items() if any(row[0] is Topic.FLOWS for row in rows)]


@pytest.mark.parametrize("name", FLOW_MUTATIONS[::2])
def test_places_that_nothing_touches_need_no_comparison(name: str) -> None:
    pair = pair_of(untouched(), mutated(name))
    assert list(map(repr, flow_changes(pair))) == list(map(repr, flow_changes(pair, all_places=True)))


@pytest.mark.parametrize(("old", "new"), [WORLDS, WORLDS[::-1]])
def test_witnesses_are_witnesses_and_deciders_decide(old: str, new: str) -> None:
    from auditor.network.nsg.effective_filters import path

    pair = pair_of(untouched(old), untouched(new))
    seen = 0
    for change in flow_changes(pair):
        assert isinstance(change, FlowChange)
        if change.witness.given or change.unknown is not None:
            continue
        seen += 1
        before = path(pair.old, change.spot.id, change.direction).decide(change.witness)
        after = path(pair.new, change.spot.id, change.direction).decide(change.witness)
        assert [before.access, after.access] == (["Deny", "Allow"] if change.allowed else ["Allow", "Deny"])
        for trace, decider in ((before, change.before), (after, change.after)):
            assert decider is not None
            assert getattr(trace.rule, "name", "") == decider.rule
            assert trace.group == decider.group
    assert seen > 8


@pytest.mark.parametrize(("old", "new"), [WORLDS, WORLDS[::-1]])
def test_the_differences_are_exact(old: str, new: str) -> None:
    from auditor.drift.places import DIRECTIONS
    from auditor.network.nsg.effective_filters import path
    from auditor.workload.nsg_table import reach_of

    pair = pair_of(untouched(old), untouched(new))
    found = flows_by_spot(pair)
    for subnet in pair.new.seen("microsoft.network/virtualnetworks/subnets"):
        for way in DIRECTIONS:
            before, after = (path(e, subnet.id, way).allowed() & reach_of(subnet, way) for e in (pair.old, pair.new))
            assert found.get((subnet.id.key, way, True), FlowSet.none()) == after - before
            assert found.get((subnet.id.key, way, False), FlowSet.none()) == before - after


def test_effective_permissions_are_compared_and_not_assignments() -> None:
    found = between(untouched(), mutated("RBAC-05: not granted"))
    assert found.of(Topic.PERMISSIONS) == ()
    assert [c.detail["requirement"] for c in found.of(Topic.FINDINGS)] == ["RBAC-05"]


# --- about the comparison itself --------------------------------------------------------------------------------------


def test_swapped_snapshots_are_noticed() -> None:
    snapshot, result = untouched()
    later = (replace(snapshot, collected_at="2026-11-22T10:00:00Z"), result)
    assert between(untouched(), later).notes == ()
    (note,) = between(later, untouched()).notes
    assert "swapped?" in note


def test_what_the_snapshots_cover_is_told() -> None:
    snapshot, result = untouched()
    narrowed = replace(snapshot, resource_groups=("rg-chat-prod",), complete=False, source="what-if")
    notes = between(untouched(), (narrowed, result)).notes
    assert any("do not cover the same resource groups: all that there is before, rg-chat-prod now" in n for n in notes)
    assert any("second snapshot is marked incomplete" in n for n in notes)
    assert any("only planned" in n for n in notes)


def test_a_crash_of_a_rule_is_carried_along() -> None:
    snapshot, result = mutated("search keys")
    broken = replace(result.findings[0], verdict=replace(result.findings[0].verdict, outcome=Outcome.ERROR))
    found = between(untouched(), (snapshot, replace(result, findings=(broken, *result.findings[1:]))))
    assert found.crashed
    assert any("the rule itself failed" in c.says for c in found.of(Topic.FINDINGS))


def test_a_deployment_that_vanished_is_the_worst_of_news() -> None:
    none = side([d for d in documents("compliant") if str(d.get("type")).startswith("Microsoft.Resources/")])
    first, *rest = between(untouched(), none).of(Topic.FINDINGS)
    assert first.says == "nothing of this architecture is there any more"
    assert first.effect is Effect.WORSE
    assert rest == []
    back = between(none, untouched())
    assert only(replace(back, changes=back.of(Topic.FINDINGS)), Topic.FINDINGS).effect is Effect.BETTER
