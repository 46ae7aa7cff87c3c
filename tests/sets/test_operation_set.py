"""Patterns and sets of operations: what is read how, what is shown how, and what is refused."""

from __future__ import annotations

from itertools import pairwise

import pytest

from auditor.access.known_operations import (
    known_operations,
    names,
    nearest,
    planes_of,
)
from auditor.sets.operation_patterns import (
    MAX_LENGTH,
    MAX_STARS,
    PatternError,
    expand,
    matches,
    meet,
    overlap,
)
from auditor.sets.operation_set import (
    MOST_TERMS,
    OperationSet,
    Rights,
    Term,
    written,
)

CONTRIBUTOR = OperationSet.of(["*"], ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"])


@pytest.mark.parametrize(
    ("pattern", "operation", "expected", "why"),
    [
        (
            "Microsoft.Compute/virtualMachines/*",
            "microsoft.compute/virtualmachines/runcommand/action",
            True,
            "children",
        ),
        (
            "Microsoft.Compute/virtualMachines/*",
            "Microsoft.Compute/virtualMachineScaleSets/read",
            False,
            "another type",
        ),
        ("*/read", "Microsoft.KeyVault/vaults/secrets/read", True, "the star takes slashes"),
        ("*/READ", "microsoft.keyvault/vaults/read", True, "letter case does not count"),
        ("*/read", "Microsoft.KeyVault/vaults/readMetadata/action", False, "the end is the end"),
        ("a/workspaces/*/delete", "a/workspaces/delete", True, "the star between slashes may be nothing"),
        ("a/workspaces/*/delete", "a/workspaces/computes/jobs/delete", True, "or several segments"),
        ("a/workspaces/*/delete", "a/workspacesdelete", False, "but a slash stays"),
        ("a/workspaces*/delete", "a/workspaces/delete", True, "a star in a segment may be nothing"),
        ("a/*/b/*/c", "a/b/c", True, "both may be nothing"),
        ("a/**/c", "a/c", True, "two stars are one"),
        ("a/*", "a/", True, "a star at the end may be nothing"),
        ("a/*", "a", False, "its slash may not"),
        ("*/a", "/a", True, "a star at the start may be nothing"),
        (" a/b ", "a/b", True, "published roles have stray blanks"),
        ("a/{x}/b", "a/{x}/b", True, "braces are letters like any other"),
        ("a.b/c", "axb/c", False, "a dot is a dot"),
        ("", "a/b", False, "an empty pattern matches nothing"),
    ],
)
def test_a_pattern_matches_as_azure_reads_it(pattern: str, operation: str, expected: bool, why: str) -> None:
    assert (operation in OperationSet.of([pattern])) is expected, why


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("a" * (MAX_LENGTH + 1), "too long"),
        ("a*" * (MAX_STARS + 1), "too many wildcards"),
        ("a/\uffff", "a character that stands for what nobody writes"),
    ],
)
def test_a_pattern_that_is_not_evaluated_says_so(pattern: str, why: str) -> None:
    with pytest.raises(PatternError, match=r"evaluated|no operation has"):
        OperationSet.of([pattern])


def test_patterns_that_overlap_in_too_many_ways_are_refused_in_time() -> None:
    one, other = ("*".join(["", *([letter * 20] * 7), ""]) for letter in "ab")
    assert overlap(one, other)
    with pytest.raises(PatternError, match="overlap too often"):
        meet(one, other)


def test_sets_that_overlap_in_too_many_ways_are_refused_in_time() -> None:
    letters = "abcdefghijklmnopqrst"
    one = OperationSet.of(f"*{a}*{b}*" for a, b in pairwise(letters))
    other = OperationSet.of(f"*{b}*{a}*" for a, b in zip(letters, letters[2:], strict=False))
    with pytest.raises(PatternError, match="overlap too often"):
        one & other


def test_a_difference_that_falls_into_too_many_terms_is_refused() -> None:
    whole = OperationSet.of(["*"])
    cut = OperationSet(Term(frozenset({f"n{i}*/*"}), frozenset({f"n{i}*/{i}*/*"})) for i in range(MOST_TERMS + 1))
    with pytest.raises(PatternError, match="cut each other"):
        whole - cut


@pytest.mark.parametrize(
    ("patterns", "without", "text"),
    [
        ((), (), "nothing"),
        (("*",), (), "*"),
        (("*/read", "Microsoft.X/a/read"), (), "*/read"),
        (("Microsoft.X/b/Write", "Microsoft.X/a/write"), (), "Microsoft.X/a/write, Microsoft.X/b/write"),
        (("*",), ("Microsoft.X/*/Delete",), "* except Microsoft.X/*/delete"),
        (
            ("Microsoft.X/*",),
            ("Microsoft.Y/*", "Microsoft.X/a/*", "Microsoft.X/a/b"),
            "Microsoft.X/* except Microsoft.X/a/*",
        ),
        (("Microsoft.X/*/write",), ("Microsoft.X/write",), "Microsoft.X/*/write except Microsoft.X/write"),
        (("*",), ("*/read", "*"), "nothing"),
        (("a/read",), ("*/read",), "nothing"),
    ],
)
def test_a_set_is_shown_in_as_few_patterns_as_it_takes(
    patterns: tuple[str, ...], without: tuple[str, ...], text: str
) -> None:
    assert str(OperationSet.of(patterns, without)) == text


def test_a_glob_whose_star_is_not_optional_is_shown_with_what_the_pattern_adds_taken_out() -> None:
    inner = OperationSet.of(["x/*/y"]) - OperationSet.of(["x/y"])
    assert str(inner) == "x/*/y except x/y"
    outer = OperationSet.of(["*"]) - inner
    assert str(outer) == "* except x/*/y; x/y"


def test_a_term_that_another_covers_is_not_shown() -> None:
    both = OperationSet.of(["a/*"]) | OperationSet.of(["a/b/*"], ["a/b/c"])
    assert str(both) == "a/*"
    halves = OperationSet.of(["a/*"], ["a/b/*"]) | OperationSet.of(["a/b/*", "a/c/*"], ["a/b/d"])
    assert str(halves) == "a/* except a/b/*; a/b/* except a/b/d"


def test_what_patterns_cannot_say_is_said_in_globs() -> None:
    """Several optional stars, none of which may be left out: patterns would take and give back without end."""
    both = Term(frozenset({"a/*/a/*/a/*/a"}))
    text = str(OperationSet([both]))
    assert "at least one segment" in text
    shown, left = written(OperationSet([both]))
    assert OperationSet.union(part.means for part in shown) | left == OperationSet([both])


def test_a_set_too_tangled_to_check_is_shown_in_its_globs() -> None:
    letters = "abcdefghijklmnopqrstuvwxy"
    plus = [f"*{a}*{b}*" for a, b in pairwise(letters)]
    minus = [f"*{b}*{a}*" for a, b in zip(letters, letters[2:], strict=False)]
    assert "at least one segment" in OperationSet.of(plus, minus).show(3)


def test_a_long_set_is_cut_where_asked() -> None:
    many = OperationSet.of(f"Microsoft.X/{letter}/*" for letter in "abcdefg")
    assert many.show(2) == "Microsoft.X/a/*, Microsoft.X/b/* and 5 more"
    several = many | OperationSet.of(["Microsoft.Y/*"], ["Microsoft.Y/q"])
    assert several.show(3).endswith("and 1 more of this kind")


def test_letter_case_is_that_of_the_roles_whatever_the_order() -> None:
    one = OperationSet.of(["Microsoft.X/listKeys/Action"]) | OperationSet.of(["microsoft.x/LISTKEYS/action"])
    other = OperationSet.of(["microsoft.x/LISTKEYS/action"]) | OperationSet.of(["Microsoft.X/listKeys/Action"])
    assert str(one) == str(other) == "Microsoft.X/listKeys/action"


def test_sets_compare_by_what_is_in_them() -> None:
    assert OperationSet.of(["a/*", "a/b"]) == OperationSet.of(["A/*"])
    assert OperationSet.of(["a/*/b"]) == OperationSet.of(["a/*/b", "a/b"])
    assert len({OperationSet.of(["a/*"]), OperationSet.of(["a/*", "a/b"])}) == 1
    assert OperationSet.of(["a/b"]) < OperationSet.of(["a/*"])
    assert not OperationSet.of(["a/*"]) < OperationSet.of(["a/*"])
    assert OperationSet.of(["a/*"]) != "a/*"
    assert not OperationSet()
    assert repr(OperationSet.of(["a/*"])) == "OperationSet(a/*)"


def test_a_witness_is_a_known_operation_where_one_fits() -> None:
    beyond = OperationSet.of(["*"]) - CONTRIBUTOR
    assert beyond.witness(["Microsoft.X/read", "Microsoft.Authorization/roleAssignments/write"]) == (
        "Microsoft.Authorization/roleAssignments/write"
    )
    assert beyond.witness() == "microsoft.authorization/write"
    assert OperationSet().witness(["Microsoft.X/read"]) is None
    assert OperationSet.of(["*"]).witness() == "a"


def test_a_witness_finds_a_character_that_nobody_wrote() -> None:
    every = "abcdefghijklmnopqrstuvwxyz0123456789-_~"
    rare = OperationSet.of(["x/*"], [f"x/{letter}*" for letter in every] + ["x/"])
    witness = rare.witness()
    assert witness is not None
    assert witness in rare
    assert len(witness) == len("x/") + 1


def test_both_planes_are_kept_apart() -> None:
    owner = Rights(control=OperationSet.of(["*"]))
    reader = Rights(data=OperationSet.of(["a/read"]))
    assert not reader <= owner
    assert (owner | reader).show() == "*; data: a/read"
    assert (owner & reader).is_empty
    assert ((owner | reader) - owner).show() == "data: a/read"
    assert Rights().show() == "nothing"
    assert str(owner.plane(False)) == "*"
    assert str(owner.plane(True)) == str(Rights()) == "nothing"
    assert str(Rights.union([owner, reader])) == str(owner | reader)


def test_the_known_operations_tell_their_plane_and_their_neighbours() -> None:
    assert len(known_operations()) > 14_000
    assert planes_of("microsoft.keyvault/vaults/secrets/getsecret/action") == {True}
    assert planes_of("Microsoft.Storage/storageAccounts/listKeys/action") == {False}
    assert planes_of("Microsoft.KeyVault/vaults/keys/read") == {False, True}
    assert planes_of("Contoso.X/y/read") == frozenset()
    assert "Microsoft.KeyVault/vaults/secrets/getSecret/action" in names(True)
    assert nearest("Microsoft.KeyVault/vaults/secrets/getSecre/action", 1) == (
        "Microsoft.KeyVault/vaults/secrets/getSecret/action",
    )
    assert nearest("Microsoft.Keyvualt/vaults/write", 1) == ("Microsoft.KeyVault/vaults/write",)


def test_globs_match_by_their_pieces_in_order() -> None:
    assert matches("a*b*c", "abc")
    assert matches("a*b*c", "a-c-b-c")
    assert not matches("a*b*c", "acb")
    assert not matches("ab*ba", "aba")
    assert expand("") == ()
