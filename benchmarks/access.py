"""Effective access of a large tenant, and questions a second, beside a naive expansion over the list of operations.

10,000 assignments over 2,000 scopes and 300 roles: for each principal and each scope where it holds something, what it
may do there. Prints one JSON object a line. `python benchmarks/access.py [RUNS]`
"""

from __future__ import annotations

import fnmatch
import gzip
import json
import re
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from auditor.access.effective import Access, access_of
from auditor.access.known_operations import known_operations
from auditor.access.paths_to import paths_to
from auditor.estate import Estate, build_estate
from auditor.model import ArmId, Read
from auditor.snapshot import Snapshot

ROLES_FILE = Path(__file__).parent.parent / "tests" / "fixtures" / "built-in-roles.json.gz"
ASSIGNMENTS, SCOPES, ROLES, PRINCIPALS, GROUPS = 10_000, 2_000, 300, 1_500, 60
QUESTIONS = 2_000
SAMPLE = 150
"""Pairs that the naive way is timed on; its time for all is extrapolated, since it would take minutes."""

SUB = "/subscriptions/11111111-1111-1111-1111-111111111111"
AUTHORIZATION = "providers/Microsoft.Authorization"
KINDS = ("Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults", "Microsoft.Web/sites")
Pair = tuple[str, ArmId]
_OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"


def tenant(seed: int) -> list[dict[str, Any]]:
    """The documents: roles as Azure publishes them, scopes at every level, principals, a few of them groups."""
    rng = Random(seed)
    roles = json.loads(gzip.decompress(ROLES_FILE.read_bytes()))["roles"][:ROLES]
    groups = [f"{SUB}/resourceGroups/rg{n}" for n in range(SCOPES // 20)]
    scopes = [SUB, *groups]
    scopes += [f"{rng.choice(groups)}/providers/{rng.choice(KINDS)}/r{n}" for n in range(SCOPES - len(scopes))]
    people = [f"00000000-0000-4000-8000-{n:012}" for n in range(PRINCIPALS)]
    documents = [_definition(role) for role in roles]
    documents += [_group(id_, rng.sample(people[GROUPS:], 15)) for id_ in people[:GROUPS]]
    for number in range(ASSIGNMENTS):
        who = rng.randrange(PRINCIPALS)
        scope = scopes[number % SCOPES] if number < SCOPES else rng.choice(scopes)
        documents.append(_assignment(number, people[who], rng.choice(roles)["name"], scope, group=who < GROUPS))
    return documents


def _definition(role: dict[str, Any]) -> dict[str, Any]:
    properties = {"roleName": role["roleName"], "type": "BuiltInRole", "permissions": role["permissions"]}
    return {"id": f"{SUB}/{AUTHORIZATION}/roleDefinitions/{role['name']}", "properties": properties}


def _group(id_: str, members: list[str]) -> dict[str, Any]:
    return {"id": f"/providers/Microsoft.Graph/groups/{id_}", "displayName": id_, "members": members}


def _assignment(number: int, principal: str, role: str, scope: str, group: bool) -> dict[str, Any]:
    properties = {
        "principalId": principal,
        "principalType": "Group" if group else "User",
        "roleDefinitionId": f"{SUB}/{AUTHORIZATION}/roleDefinitions/{role}",
        "scope": scope,
    }
    return {"id": f"{scope}/{AUTHORIZATION}/roleAssignments/{number:032}", "properties": properties}


def estate_of(documents: list[dict[str, Any]]) -> Estate:
    """The estate, all of it read."""
    whole = Read(path="x", api_version="", status=200, covers="*", scope="/")
    return build_estate(Snapshot(documents=tuple(documents), reads=(whole,)))


def pairs_of(access: Access) -> list[Pair]:
    """Each principal with each scope where it holds something, directly or through a group."""
    people = sorted({a.principal for a in access.assignments})
    return [
        (person, scope)
        for person in people
        for scope in dict.fromkeys(h.assignment.scope for h in access.what_can(person).holdings)
    ]


def effective(runs: int, documents: list[dict[str, Any]]) -> tuple[Access, list[Pair], dict[str, Any]]:
    """Time from the estate to the effective rights of every pair; the best run, in a fresh reading of the roles."""
    best, cpu, access, pairs = 9e9, 9e9, None, []
    for _ in range(runs):
        estate = estate_of(documents)
        _forget()
        start, spent = time.perf_counter(), time.process_time()
        access = Access(estate)
        pairs = pairs_of(access)
        kept = [access.effective(person, scope) for person, scope in pairs]
        best, cpu = min(best, time.perf_counter() - start), min(cpu, time.process_time() - spent)
        assert len(kept) == len(pairs) > ASSIGNMENTS
    assert access is not None
    body = {"benchmark": "effective access", "assignments": ASSIGNMENTS, "scopes": SCOPES, "roles": ROLES}
    measured = {"pairs": len(pairs), "seconds": round(best, 3), "cpu_seconds": round(cpu, 3), "aim_seconds": 3.0}
    return access, pairs, {**body, **measured}


def _forget() -> None:
    """Empty every cache of the algebra, so that a run does not live off the one before."""
    from auditor.sets import operation_patterns as patterns
    from auditor.sets import operation_set as permissions

    for module in (patterns, permissions):
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


def naive(access: Access, pairs: list[Pair], seconds: float) -> dict[str, Any]:
    """The same answer the usual way: match every pattern of every role against every known operation."""
    operations = [operation.name.lower() for operation in known_operations() if not operation.is_data]
    chosen = pairs[:: max(1, len(pairs) // SAMPLE)][:SAMPLE]
    start = time.process_time()
    for person, scope in chosen:
        found: set[str] = set()
        for holding in access.what_can(person, scope).holdings:
            found |= _expanded(access.estate, holding.assignment.role, operations)
    spent = time.process_time() - start
    whole = spent / len(chosen) * len(pairs)
    ratio = round(whole / seconds, 1)
    return {
        "benchmark": "naive expansion",
        "operations": len(operations),
        "cpu_seconds": round(whole, 1),
        "ratio": ratio,
    }


def _expanded(estate: Estate, guid: str, operations: list[str]) -> set[str]:
    role = estate.find(ArmId(f"{SUB}/{AUTHORIZATION}/roleDefinitions/{guid}"))
    assert role is not None
    found: set[str] = set()
    for _, part in role.items("properties", "permissions"):
        plus, minus = (_matcher(part.get(key) or ()) for key in ("actions", "notActions"))
        found |= {operation for operation in operations if plus.match(operation) and not minus.match(operation)}
    return found


def _matcher(patterns: Any) -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(p.lower()) for p in patterns) or r"(?!)")


def questions(access: Access, seed: int) -> dict[str, Any]:
    """Who can do an operation at a scope: random ones, each asked once."""
    rng = Random(seed)
    scopes = sorted({a.scope for a in access.assignments})
    operations = [operation for operation in known_operations() if operation.name.startswith("Microsoft.")]
    asked = [(rng.choice(operations), rng.choice(scopes)) for _ in range(QUESTIONS)]
    start = time.perf_counter()
    grants = sum(len(access.who_can(op.name, scope, op.is_data).grants) for op, scope in asked)
    seconds = time.perf_counter() - start
    return {
        "benchmark": "access questions",
        "questions": QUESTIONS,
        "grants": grants,
        "per_second": round(QUESTIONS / seconds),
        "seconds": round(seconds, 3),
    }


def ways(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """Every way to one place (`auditor access --to`), over all steps: a vault that templates may use."""
    vault = next(a["id"].partition(f"/{AUTHORIZATION}")[0] for a in documents if "/vaults/" in a["id"])
    settings = {"enableRbacAuthorization": False, "accessPolicies": [], "enabledForTemplateDeployment": True}
    there = {"id": vault, "type": "Microsoft.KeyVault/vaults", "properties": settings}
    owners = [f"00000000-0000-4000-8000-{n:012}" for n in range(GROUPS, GROUPS + 50)]
    owned = [_assignment(10**9 + n, id_, _OWNER, SUB, group=False) for n, id_ in enumerate(owners)]
    estate = estate_of([*documents, there, *owned])
    access_of(estate)
    start = time.perf_counter()
    found, _ = paths_to(estate, ArmId(vault))
    seconds = round(time.perf_counter() - start, 3)
    return {"benchmark": "ways to a place", "ways": len(found), "seconds": seconds, "aim_seconds": 1.0}


def main() -> None:
    """Measure and print."""
    documents = tenant(7)
    print(json.dumps(ways(documents)), flush=True)
    access, pairs, body = effective(int(sys.argv[1]) if len(sys.argv) > 1 else 3, documents)
    print(json.dumps(body), flush=True)
    print(json.dumps(naive(access, pairs, body["cpu_seconds"])), flush=True)
    print(json.dumps(questions(access, 7)), flush=True)


if __name__ == "__main__":
    main()
