"""Commands that a finding prints: whatever names a snapshot holds, a shell takes them for words."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.model import Outcome
from auditor.text.shell import q, with_words_to_fill_in
from tests import worlds

LEGAL = "rg-chat(prod).v2_x"
"""A name that Azure takes for a resource group."""
HOSTILE = "x$(touch PWNED)`touch PWNED`;touch PWNED;'\"&|>PWNED"
"""A name that somebody wrote into a snapshot."""


def renamed(name: str) -> list[worlds.Document]:
    """The reference deployment in a resource group of another name."""
    text = json.dumps(worlds.documents())
    return list(json.loads(text.replace("rg-chat-prod", json.dumps(name)[1:-1])))


def commands(documents: list[worlds.Document]) -> list[str]:
    """Every command that the findings offer."""
    findings = audit(worlds.snapshot(documents), read_baseline("openai-chat")).findings
    texts = [f.verdict.remediation for f in findings if f.outcome is Outcome.FAIL]
    return [text for text in texts if text.startswith("az ")]


@pytest.mark.parametrize("name", [LEGAL, HOSTILE])
def test_every_command_is_one_for_a_shell_and_runs_nothing_else(name: str, tmp_path: Path) -> None:
    found = commands(renamed(name))
    assert len(found) > 40
    assert any(q(name) in command or shlex.quote(name)[1:-1] in command for command in found), "the name is in none"
    for command in found:
        script = f"az() {{ :; }}\n{command}\n"
        done = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=10, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    assert not list(tmp_path.iterdir()), "a name ran a command"


@pytest.mark.parametrize("quoted", [q, shlex.quote])
def test_a_word_is_given_back_by_a_shell(quoted: Callable[[str], str]) -> None:
    for name in (LEGAL, HOSTILE, "", "plain", "two words", "a'b"):
        assert shlex.split(f"az {quoted(name)}") == ["az", name]


def test_what_a_person_fills_in_is_one_word() -> None:
    said = with_words_to_fill_in("az x --a <the b> --c 'd <e>' --f g=<h> --i j")
    assert shlex.split(said) == ["az", "x", "--a", "<the b>", "--c", "d <e>", "--f", "g=<h>", "--i", "j"]
