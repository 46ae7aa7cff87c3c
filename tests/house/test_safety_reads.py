"""Nothing but reads is sent: GET to Resource Manager, and the POST that fetches a token."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from auditor.collect import collect, collect_apart
from auditor.collect.connection.target import Target
from auditor.collect.pacing.retry import Deadline, OnlyReads
from auditor.collect.reads.recipes import recipes
from auditor.collect.session import Session
from auditor.model import ArmId
from tests import worlds
from tests.collecting import estate_of_two, serving, taken, target_at, world
from tests.faulty import Fault, FaultyStandIn, Kind

ROOM = Path(__file__).parents[2] / "auditor" / "collect"
RG = f"{worlds.subscription()}/resourceGroups/rg-chat-prod"
SIGN_IN = re.compile(
    r"/(common/discovery/instance|[0-9a-f-]{36}/(v2\.0/\.well-known/openid-configuration|oauth2/v2\.0/token))"
)
SECRET_ACTIONS = re.compile(
    r"/(list[a-z]*(keys|secrets|credentials|sas|strings)|regenerate|getsecret|listaccount)", re.IGNORECASE
)


def one_of_each() -> list[dict[str, object]]:
    """A resource of every type that leads to further questions."""
    kinds = {parent for recipe in recipes() for parent in recipe.parents if "managementgroups" not in parent}
    made = []
    for kind in sorted(kinds):
        namespace, *types = kind.split("/")
        id_ = f"{RG}/providers/{namespace}" + "".join(f"/{type_}/some" for type_ in types)
        made.append({"id": id_, "name": "some", "type": kind, "kind": "OpenAI", "location": "x", "properties": {}})
    return made


def reads_only(standin: FaultyStandIn) -> None:
    """Every request that came in was a GET of the table, or belongs to signing in."""
    assert standin.refused == []
    methods = Counter(request.method for request in standin.requests)
    assert set(methods) <= {"GET", "POST"}
    shapes = [shape(recipe.path) for recipe in recipes()] + [re.compile("/subscriptions")]
    for request in standin.requests:
        if SIGN_IN.fullmatch(request.path):
            continue
        assert request.method == "GET", request
        assert any(each.fullmatch(request.path.casefold()) for each in shapes), request.path
        assert not SECRET_ACTIONS.search(request.path), request.path


def shape(path: str) -> re.Pattern[str]:
    """Every path that a row of the table may come to."""
    blanks = {
        "scope": "/subscriptions/[^/]+(/resourcegroups/[^/]+)?",
        "group": "/subscriptions/[^/]+/resourcegroups/[^/]+",
    }
    parts = re.split(r"\{(\w+)\}", path.casefold())
    told = [
        blanks.get(part, "/.+" if part == "parent" else "[^/]+") if at % 2 else re.escape(part)
        for at, part in enumerate(parts)
    ]
    return re.compile("".join(told))


def test_over_every_type_there_is() -> None:
    with serving(world([*worlds.documents(), *one_of_each()])) as standin:
        found = taken(standin)
        reads_only(standin)
    answered = {read.covers for read in found.reads}
    assert {recipe.covers for recipe in recipes() if "management" not in recipe.covers.split("/")[0]} <= answered


def test_over_several_subscriptions_and_what_lies_above() -> None:
    with serving(estate_of_two()) as standin:
        collect_apart(target_at(standin, management_groups=("top",)))
        earlier = taken(standin, all_subscriptions=True, timeout=0.4)
        collect(target_at(standin), earlier=earlier)
        reads_only(standin)


@pytest.mark.parametrize("kind", [Kind.UNREGISTERED, Kind.FORBIDDEN, Kind.UNAUTHORIZED, Kind.RESET, Kind.THROTTLED])
def test_whatever_azure_answers(kind: Kind) -> None:
    with serving(world([*worlds.documents(), *one_of_each()]), [Fault("/providers/", kind, times=40)]) as standin:
        taken(standin)
        reads_only(standin)


def test_a_link_in_an_answer_leads_to_no_other_host() -> None:
    with serving(world(worlds.documents())) as elsewhere, FaultyStandIn(world(worlds.documents())) as other:
        lure = Fault("/vaults$", Kind.FOREIGN_PAGE, detail=f"{other.url}/subscriptions?api-version=2022-12-01")
        with serving(world(worlds.documents()), [lure]) as standin:
            taken(standin)
        assert other.requests == []
        assert elsewhere.requests == []


def test_every_pipeline_stops_what_is_no_read() -> None:
    session = Session(Target(), Deadline(None))
    assert any(isinstance(policy, OnlyReads) for policy in session.options()["policies"])
    session.close()


def test_the_room_that_talks_to_azure_spells_no_other_method() -> None:
    """The clients' own operations are not used at all: every request is built in one place, as a GET."""
    built = []
    for path in sorted(ROOM.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "HttpRequest":
                built.append((path.name, ast.unparse(node.args[0])))
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) not in _QUEUES:
                assert node.attr not in {"post", "put", "patch", "delete", "begin_create_or_update"}, path.name
    assert built == [("wire.py", "'GET'")]


_QUEUES = {"self._done", "pool"}
"""Where `put` puts a question into a queue."""


def test_types_of_the_worlds_are_known() -> None:
    assert len({ArmId(str(document["id"])).type for document in one_of_each()}) == len(one_of_each())
