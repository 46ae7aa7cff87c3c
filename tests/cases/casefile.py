"""Reads tests/fixtures/cases: one file a requirement, a list of cases each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.yaml_tree.compose import compose, read_text
from auditor.yaml_tree.mistakes import Mistakes
from auditor.yaml_tree.nodes import plain
from tests.worlds import FIXTURES

CASES = FIXTURES / "cases"
KNOWN = (
    *("case", "world", "set", "unset", "drop", "add", "refuse", "tell", "pins", "terms"),
    *("expect", "says", "witness", "permission", "fix"),
)
OUTCOMES = ("pass", "fail", "unknown", "not_applicable")


@dataclass(frozen=True)
class Case:
    """One case of one requirement. `number` is its place in the file, from 1."""

    requirement: str
    number: int
    body: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.requirement}: {self.body.get('case', self.number)}"

    @property
    def expected(self) -> set[str]:
        """The outcomes that it expects of some subject."""
        expect = self.body["expect"]
        return {outcome for outcome in OUTCOMES if expect.get(outcome)} | set(filter(None, [expect.get("others")]))


def requirements_with_cases() -> list[str]:
    """The ids that have a file."""
    return sorted(path.stem for path in CASES.glob("*.yaml"))


def cases_of(requirement: str) -> list[Case]:
    """The cases of a requirement; those of another, with words replaced, where its file says `same_as`."""
    path = CASES / f"{requirement}.yaml"
    body = _plain(path, read_text(path))
    if isinstance(body, dict):
        unknown = set(body) - {"same_as", "with", "cases"}
        assert not unknown, f"{path.name}: {unknown} are not known here"
        like = CASES / f"{body['same_as']}.yaml"
        text = read_text(like)
        for old, new in (body.get("with") or {}).items():
            assert old in text, f"{path.name}: `{old}` does not occur in {like.name}"
            text = text.replace(old, new)
        return _checked(requirement, [*_plain(like, text), *(body.get("cases") or [])])
    return _checked(requirement, body)


def _plain(path: Path, text: str) -> Any:
    mistakes = Mistakes()
    root = compose(text, str(path), mistakes)
    mistakes.speak()
    return plain(root)


def _checked(requirement: str, bodies: list[Any]) -> list[Case]:
    for number, body in enumerate(bodies, 1):
        where = f"{requirement}, case {number}"
        assert isinstance(body, dict), f"{where} is no mapping"
        assert not (extra := set(body) - set(KNOWN)), (
            f"{where}: {sorted(extra)} are not known; known are {', '.join(KNOWN)}"
        )
        assert body.get("case"), f"{where} does not say in `case` what it is about"
        assert body.get("expect"), f"{where} expects nothing"
        assert not (odd := set(body["expect"]) - {*OUTCOMES, "others"}), f"{where}: {odd} are no outcomes"
    return [Case(requirement, number, body) for number, body in enumerate(bodies, 1)]
