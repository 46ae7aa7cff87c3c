"""The table of reads, held against what Azure publishes and what the rest of the program needs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.collect.reads.recipes import (
    Recipe,
    Shape,
    Where,
    recipes,
    recipes_below,
)
from auditor.collect.run import CLIENTS
from auditor.estate.children import EMBEDDED
from auditor.facts import load
from auditor.standin.world import known_versions

ROOT = Path(__file__).parents[2]
PUBLISHED = json.loads((ROOT / "tests/fixtures/arm-properties.json").read_text(encoding="utf-8"))["types"]
SDK_PATHS = frozenset(
    line.partition(" ")[2]
    for line in (ROOT / "tests/fixtures/arm-paths.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
)
GROUP = "/subscriptions/{}/resourcegroups/{}"


def named(recipe: Recipe) -> str:
    return recipe.path.replace("{scope}/providers/", "").replace(
        "{parent}", recipe.parents[0] if recipe.parents else ""
    )


def id_template(type_: str) -> str:
    """The id of a resource of this type with the names left out."""
    namespace, *kinds = type_.split("/")
    start = "" if type_ == "microsoft.management/managementgroups" else GROUP
    return f"{start}/providers/{namespace}" + "".join(f"/{kind}/{{}}" for kind in kinds)


def templates(recipe: Recipe) -> Iterator[str]:
    """Every path that the recipe can come to, with the names left out."""
    over = ("/subscriptions/{}", GROUP) if recipe.where is Where.SCOPE else (GROUP,)
    for parent in recipe.parents or ("",):
        for scope in over if "{scope}" in recipe.path else ("",):
            blanks = {"scope": scope, "subscription": "{}", "group": GROUP, "location": "{}", "name": "{}"}
            yield recipe.path.casefold().format(parent=id_template(parent) if parent else "", **blanks)


@pytest.mark.parametrize("recipe", recipes(), ids=named)
def test_each_read_has_an_api_version_that_azure_publishes(recipe: Recipe) -> None:
    last = recipe.path.rpartition("/")[2]
    type_ = f"{recipe.covers.rpartition('/')[0]}/all" if last == "ALL" else recipe.covers
    assert recipe.api_version in known_versions()[type_]
    assert recipe.at_least <= recipe.api_version


@pytest.mark.parametrize("recipe", recipes(), ids=named)
def test_each_path_is_one_that_azures_own_clients_send(recipe: Recipe) -> None:
    for path in templates(recipe):
        extension = "/{}" + path[path.rfind("/providers/") :]
        # Any resource can be asked for by its id (azure-mgmt-resource, `get_by_id`).
        by_id = recipe.path == "{parent}" and recipe.parents == (recipe.covers,) and "/{}" in SDK_PATHS
        assert path in SDK_PATHS or extension in SDK_PATHS or by_id, path


@pytest.mark.parametrize("recipe", [r for r in recipes() if r.covers in PUBLISHED], ids=named)
def test_every_version_that_may_be_asked_shows_the_properties_that_rules_read(recipe: Recipe) -> None:
    row = PUBLISHED[recipe.covers]
    preview = recipe.api_version.endswith("-preview")
    acceptable = [
        version
        for version in row["versions"].split()
        if recipe.at_least[:10] <= version[:10] <= recipe.api_version[:10] and version.endswith("-preview") <= preview
    ]
    assert recipe.api_version in acceptable
    lacking = {(p, v) for p, versions in row["lacking"].items() for v in versions.split() if v in acceptable}
    assert not lacking


def test_the_properties_that_decide_are_among_those_held_against_azure() -> None:
    """The traps of the SDK: api-versions that do not have what the rules decide on."""
    for type_, property_ in (
        ("microsoft.machinelearningservices/workspaces", "managedNetwork"),
        ("microsoft.machinelearningservices/workspaces", "publicNetworkAccess"),
        ("microsoft.insights/diagnosticsettings", "logs/categoryGroup"),
        ("microsoft.cognitiveservices/accounts/raipolicies", "contentFilters/severityThreshold"),
        ("microsoft.web/sites", "vnetRouteAllEnabled"),
    ):
        assert PUBLISHED[type_]["lacking"][f"properties/{property_}"], f"no version ever lacked {property_}"


def test_nothing_is_read_twice_by_the_table() -> None:
    keys = [(recipe.path, parent, recipe.where) for recipe in recipes() for parent in recipe.parents or ("",)]
    assert len(keys) == len(set(keys))


def test_every_parent_is_itself_read() -> None:
    covered = {recipe.covers for recipe in recipes()}
    for recipe in recipes():
        for parent in recipe.parents:
            # An inventory names the resources of a type that has no list of its own.
            assert parent in covered, f"{recipe.type} hangs under {parent}, which nobody reads"


def test_what_a_parents_document_shows_is_not_asked_for_again() -> None:
    embedded = {kind.child for kinds in EMBEDDED.values() for kind in kinds}
    assert not embedded & {recipe.covers for recipe in recipes()}
    assert not [recipe for recipe in recipes() if recipe.covers.endswith("/privateendpointconnections")]


def test_every_client_has_a_module_and_reads_something() -> None:
    assert {recipe.client for recipe in recipes()} == set(CLIENTS)


def test_permissions_are_reads_of_the_control_plane() -> None:
    for recipe in recipes():
        assert re.fullmatch(r"[A-Z][A-Za-z]+\.[A-Za-z]+(/[A-Za-z0-9]+)+/read", recipe.permission), recipe.permission


def test_only_parents_that_can_have_content_filters_are_asked_for_them() -> None:
    (policies,) = (r for r in recipes() if r.covers.endswith("/raipolicies"))
    assert policies.concerns({"kind": "openai"})
    assert policies.concerns({"kind": "AIServices"})
    assert not policies.concerns({"kind": "TextTranslation"})
    assert not policies.concerns({})


# --- what the rest of the program decides on -----------------------------------------------------------------------

NOT_READ = {
    "microsoft.sql/managedinstances": "known by its delegation; the inventory names it",
    "microsoft.containerinstance/containergroups": "known by its delegation; the inventory names it",
    "microsoft.devopsinfrastructure/pools": "known by its delegation; the inventory names it",
}
_TYPE = re.compile(r"\"(microsoft\.(?!graph/)[a-z]+(?:/[a-z]+)+)\"", re.IGNORECASE)


def test_every_type_that_a_rule_names_is_read() -> None:
    known = {recipe.covers for recipe in recipes()} | {kind.child for kinds in EMBEDDED.values() for kind in kinds}
    missing = {}
    for room in ("rules", "semantics"):
        for path in sorted((ROOT / "auditor" / room).glob("*.py")):
            for name in _TYPE.findall(path.read_text(encoding="utf-8")):
                type_ = name.casefold()
                if not type_.endswith(("/read", "/write", "/action")) and type_ not in known and type_ not in NOT_READ:
                    missing[type_] = path.name
    assert not missing


def test_diagnostic_settings_are_asked_of_every_type_that_has_log_categories() -> None:
    asked = {parent for parent, rows in recipes_below().items() if any("diagnostic" in row.covers for row in rows)}
    audited = json.dumps(load("log-categories")).casefold()
    named_there = set(re.findall(r"microsoft\.[a-z]+(?:/[a-z]+)+", audited))
    read = {recipe.covers for recipe in recipes()}
    assert named_there & read
    assert named_there & read <= asked


def test_an_inventory_names_what_has_no_list_of_its_own() -> None:
    for recipe in recipes():
        if recipe.listed_by:
            assert recipe.parents == (recipe.covers,)
            assert recipe.shape is Shape.OBJECT
