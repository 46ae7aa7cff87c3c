"""The example reports are what their commands make today, byte by byte."""

from __future__ import annotations

import difflib
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.goldens import FOLDER, PAGE, ROOT, SOURCES, WRITTEN, make

pytestmark = pytest.mark.slow

KEPT = ROOT / FOLDER
NAMES = sorted({path.name for path in KEPT.iterdir()} - set(WRITTEN))
ADVICE = "If the difference is meant: `make accept`, look at `git diff reports/examples`, commit both together."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("checkout"))


def difference(name: str, kept: str, now: str) -> str:
    """The first lines that differ, each short enough to be read."""
    lines = difflib.unified_diff(
        kept.splitlines(), now.splitlines(), f"kept/{name}", f"made now/{name}", n=0, lineterm=""
    )
    shown = [line[:300] for line, _ in zip(lines, range(40), strict=False)]
    return "\n".join((f"{name} is not what its command makes:", *shown))


def test_every_file_is_made_and_every_file_made_is_kept(made: Path) -> None:
    assert sorted({path.name for path in made.iterdir()} - set(WRITTEN)) == NAMES, ADVICE


def test_they_are_what_their_commands_make(made: Path) -> None:
    differ = [name for name in NAMES if (KEPT / name).read_bytes() != (made / name).read_bytes()]
    if differ:
        said = [difference(name, (KEPT / name).read_text(), (made / name).read_text()) for name in differ]
        pytest.fail("\n\n".join([ADVICE, *said]), pytrace=False)


def test_they_are_short_enough_to_be_read() -> None:
    lines = {name: (KEPT / name).read_text(encoding="utf-8").count("\n") for name in NAMES}
    assert sum(lines.values()) < 5_200
    assert max(lines.values()) < 1_400, lines


def test_they_tell_nothing_of_the_day_and_the_machine_that_made_them(made: Path) -> None:
    for name in NAMES:
        text = (made / name).read_text(encoding="utf-8")
        assert f"{datetime.now(UTC):%Y-%m-%d}" not in text, name
        assert str(made) not in text, name
        assert not re.search(r"/(?:tmp|home|root|Users|var/folders)/|C:\\|site-packages|python3?\.\d", text), name


def test_the_page_tells_of_every_file() -> None:
    linked = set(re.findall(r"\]\(([\w.-]+)\)", PAGE.read_text(encoding="utf-8")))
    assert linked == {*NAMES, *SOURCES}


def test_a_difference_is_shown() -> None:
    assert "-two\n+three" in difference("x.txt", "one\ntwo\n", "one\nthree\n")
    assert len(difference("x.txt", "a\n" * 500, "b" * 5000)) < 20_000
