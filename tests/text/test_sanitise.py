"""What others named is shown, never obeyed."""

from __future__ import annotations

import json
import unicodedata

import pytest

from auditor.model import ArmId, Outcome
from auditor.report.json_ import json_text
from auditor.text.sanitise import (
    address,
    clip,
    counted,
    joined,
    line,
    one_line,
    outcome_counts,
    short_name,
    value_text,
    visible,
    visible_lines,
)
from tests.builders.reporting_examples import EVIL

VAULT = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain näme 日本", "plain näme 日本"),  # letters of any script are left alone
        ("a\nb\tc\r", "a\\nb\\tc\\r"),  # line breaks would forge further lines
        ("\x1b[31m", "\\x1b[31m"),  # a colour
        ("\x9b31m", "\\x9b31m"),  # the same in one character
        ("a\u202eb", "a\\u202eb"),  # everything after would read backwards
        ("a\u200bb", "a\\u200bb"),  # two names that look the same
        ("\U000e0041", "\\U000e0041"),  # text hidden in a tag
        ("\ud800", "\\ud800"),  # not a character, cannot be written as UTF-8
        ("\ufffe", "\\ufffe"),  # not allowed in XML
        ("::error file=x::pwned", ": :error file=x::pwned"),  # an order to GitHub's log reader
        ("##vso[task.x]", "# #vso[task.x]"),  # an order to Azure Pipelines
        ("##[error]x", "# #[error]x"),  # the old form of GitHub's
        ("::/0 and 2001:db8::1", "::/0 and 2001:db8::1"),  # addresses are no orders
        ("## heading", "## heading"),
    ],
)
def test_visible(raw: str, shown: str) -> None:
    assert visible(raw) == shown


@pytest.mark.parametrize("text", EVIL)
def test_nothing_unseen_is_left(text: str) -> None:
    for shown in (visible(text), visible_lines(text).replace("\n", ""), line(text), value_text({text: text})):
        assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Cn") for c in shown)
        assert "##vso[" not in shown
        assert "##[" not in shown
        shown.encode("utf-8")


def test_lines_of_a_command_stay_lines() -> None:
    assert visible_lines("az a \\\r\n  --b\x1b") == "az a \\\n  --b\\x1b"
    assert one_line("az a \\\n  --b \\\n  --c\n") == "az a --b --c"


def test_long_text_says_how_long_it_was() -> None:
    assert clip("abc", 3) == "abc"
    assert clip("x" * 10_000, 5) == "xxxxx… (10,000 characters)"


def test_an_absent_value_is_not_a_null_in_the_document() -> None:
    assert value_text(None) == "(absent)"
    assert value_text("a") == '"a"'
    assert value_text({"a": [1, None]}) == '{"a": [1, null]}'


@pytest.mark.parametrize(
    ("id_", "name"),
    [
        ("/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/a", "v/a"),
        ("/subscriptions/s/resourceGroups/rg", "rg"),
        ("/subscriptions/s", "s"),
        ("/subscriptions/s/resourceGroups/rg/providers/Microsoft.Web/sites/providers", "providers"),
        ("/providers/Microsoft.Authorization/roleDefinitions/x", "x"),
        ("/subscriptions/s/resourceGroups/rg/providers/Microsoft.Authorization/roleAssignments/x", "x"),
        (
            f"{VAULT}/providers/Microsoft.Insights/diagnosticSettings/default",
            "kv/default",
        ),
        ("", ""),
    ],
)
def test_short_names(id_: str, name: str) -> None:
    assert short_name(ArmId(id_)) == name


def test_counting_in_words() -> None:
    assert (counted(1, "finding"), counted(2, "finding"), counted(1024, "finding")) == (
        "1 finding",
        "2 findings",
        "1,024 findings",
    )
    assert counted(2, "entry", "entries") == "2 entries"
    assert (joined(["a"]), joined(["a", "b"]), joined(["a", "b", "c"])) == ("a", "a and b", "a, b and c")
    assert outcome_counts({Outcome.PASS: 8, Outcome.FAIL: 2, Outcome.UNKNOWN: 0}) == "2 fail, 8 pass"
    assert outcome_counts({}) == "nothing"


@pytest.mark.parametrize("text", EVIL)
def test_json_loses_nothing_and_prints_nothing_unseen(text: str) -> None:
    written = json_text({text: [text]})
    assert json.loads(written) == {text: [text]}
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in written)
    assert "##" not in written.replace("## ", "")


def test_json_for_strict_readers_has_no_half_characters() -> None:
    written = json_text("a\ud800b", lossless=False)
    assert json.loads(written) == "a\ufffdb"
    json_text("\U0001f600", lossless=False).encode("utf-8")


@pytest.mark.parametrize(
    ("source", "link"),
    [
        ("https://learn.microsoft.com/a", "https://learn.microsoft.com/a"),
        ("An article, edition of 2024: https://learn.microsoft.com/a", "https://learn.microsoft.com/a"),
        ("our wiki", ""),
        ('javascript:alert(1)//https://x"onclick=', ""),
    ],
)
def test_the_address_of_a_source(source: str, link: str) -> None:
    assert address(source) == link
