"""Resources: raw documents, read without surprises and cited exactly."""

import pytest

from auditor.model import ArmId, NotKnown, Place, Resource, Unknown

BODY = {
    "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/app",
    "name": "app",
    "kind": "App,Linux",
    "location": "East US 2",
    "properties": {
        "a/b": {"~c": 1},
        "list": [{"id": "/x"}, "text", {"id": 3}],
        "objects": [{"id": "/x"}, {"id": 3}],
        "null": None,
        "empty": "",
        "flag": "ENABLED",
    },
}


@pytest.fixture
def site() -> Resource:
    return Resource(ArmId(BODY["id"]), BODY, ArmId(BODY["id"]))


def test_paths_are_followed_and_missing_steps_answer_the_default(site: Resource) -> None:
    assert site.get("properties", "a/b", "~c") == 1
    assert site.get("properties", "list", 1) == "text"
    assert site.get("properties", "list", 9, default="none") == "none"
    assert site.get("properties", "null", default="absent") == "absent"
    assert site.get("properties", "flag", "deeper") is None


def test_words_are_read_without_letter_case(site: Resource) -> None:
    assert site.text("properties", "flag") == "enabled"
    assert site.text("properties", "nothing") == ""
    assert (site.kind, site.location, site.type) == ("app,linux", "eastus2", "microsoft.web/sites")


def test_items_keep_their_index(site: Resource) -> None:
    assert [(n, item["id"]) for n, item in site.items("properties", "objects")] == [(0, "/x"), (1, 3)]
    assert list(site.items("properties", "nothing")) == list(site.items("properties", "null")) == []


@pytest.mark.parametrize("path", ["flag", "list", "a/b"], ids=["a word", "a word in the list", "an object"])
def test_what_is_no_list_of_objects_is_unknown_and_not_empty(site: Resource, path: str) -> None:
    with pytest.raises(NotKnown, match=f"{path} of app is not a list of objects"):
        list(site.items("properties", path))


@pytest.mark.parametrize("path", ["list", "a/b"])
def test_what_is_no_word_is_unknown(site: Resource, path: str) -> None:
    with pytest.raises(NotKnown, match="is not a word"):
        site.text("properties", path)


def test_a_reference_is_an_id_or_an_object_with_one(site: Resource) -> None:
    assert site.ref("id") == site.id
    assert site.ref("properties", "list", 0) == ArmId("/x")
    assert site.ref("properties", "null") is site.ref("properties", "empty") is site.ref("properties", "a/b") is None


@pytest.mark.parametrize("path", [("list", 2), ("flag",), ("list",), ("a/b", "~c")])
def test_what_is_no_id_is_unknown_and_not_absent(site: Resource, path: tuple[str | int, ...]) -> None:
    with pytest.raises(NotKnown, match="of app is not the id of a resource"):
        site.ref("properties", *path)


def test_places_are_json_pointers_with_escapes(site: Resource) -> None:
    assert site.place("properties", "a/b", "~c") == Place(site.id, "/properties/a~1b/~0c")
    assert site.at("properties", "list", 1).value == "text"


def test_a_child_points_into_its_parents_document(site: Resource) -> None:
    child = Resource(ArmId("/child"), {"x": 1}, site.id, "/properties/list/0")
    assert child.place("x") == Place(site.id, "/properties/list/0/x")


def test_resources_are_equal_by_id(site: Resource) -> None:
    twin = Resource(ArmId(BODY["id"].upper()), {}, site.id)
    assert twin == site
    assert len({twin, site}) == 1
    assert twin.properties == {}
    assert "sites/app" in repr(site)


def test_an_unknown_is_neither_true_nor_false() -> None:
    gap = Unknown("the list was refused", "Microsoft.Web/sites/read")
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(gap)
    assert NotKnown(gap).unknown is gap
