"""`auditor explain ID`: one requirement, from the article's demand to the command that meets it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import yaml

from auditor.baseline import DEFAULT, Baseline, read_baseline
from auditor.commands.options.catalogue import Entry, entries
from auditor.commands.options.frameworks import controls_for, framework_option
from auditor.commands.options.output import (
    LEVEL_COLOURS,
    page_options,
    page_width,
    wrapped,
    write_json,
    write_page,
)
from auditor.frameworks.model import Controls
from auditor.model import AuditorError
from auditor.shipped import shipped
from auditor.text.sanitise import line, visible_lines
from auditor.yaml_tree.compose import compose, read_text
from auditor.yaml_tree.mistakes import Mistakes, meant
from auditor.yaml_tree.nodes import plain

_INDENT = "  "


@click.command()
@click.argument("requirement", metavar="ID")
@click.option("--baseline", default=DEFAULT, show_default=True, metavar="NAME|FILE", help="Whose requirement.")
@framework_option
@page_options
def explain(requirement: str, baseline: str, framework: tuple[str, ...], format: str, output: Path | None) -> None:
    """Explain one requirement: what it demands and where, what is read, why it matters, how to put it right.

    Also which controls of frameworks it supports, and on what grounds.
    """
    read = read_baseline(baseline)
    entry = _find(read, requirement)
    controls = controls_for(read, framework)
    if format == "json":
        about = {"name": read.info.name, "version": read.info.version, "source": read.info.source}
        said = {"documentation": entry.doc or None, "terms": entry.terms, "cases": case_titles(entry.requirement.id)}
        said |= _controls_json(entry.requirement.id, controls)
        write_json({"format": "auditor-rule/1", "baseline": about, **entry.as_json(), **said}, output)
    else:
        write_page(_page(read, entry, controls, page_width(output)), output)


def _find(baseline: Baseline, id_: str) -> Entry:
    wanted = id_.upper()
    for entry in entries(baseline):
        if entry.requirement.id == wanted:
            return entry
    if wanted in baseline.disabled:
        raise AuditorError(f"{wanted} is disabled in {baseline.info.name}: {line(baseline.disabled[wanted])}")
    family = wanted.partition("-")[0]
    tip = f"`auditor rules --family {family}` lists its family" if family in baseline.info.families else ""
    raise AuditorError(f"there is no requirement `{id_}`{meant(wanted, baseline.requirements, most=3)}", tip=tip)


def _controls_json(id_: str, controls: Controls) -> dict[str, Any]:
    """The controls by framework, which of them are whose word, and Azure's own policies about the same."""
    support = controls.of(id_)
    return {
        "controls": support.controls,
        "controls_by": support.by,
        "controls_why": support.why,
        "controls_from_policy": support.from_policy,
        "policies": [
            {"id": policy.id, "name": policy.name, "relation": policy.relation, "note": policy.note or None}
            for policy in support.policies
        ],
    }


def _page(baseline: Baseline, entry: Entry, controls: Controls, width: int) -> Iterator[str]:
    r = entry.requirement
    severity = click.style(r.severity, fg=LEVEL_COLOURS.get(r.severity))
    yield f"{click.style(r.id, bold=True)}  {r.level}, {severity}"
    yield ""
    yield from wrapped(visible_lines(r.statement), width)
    yield ""
    yield from _labelled("Section", line(r.section), width)
    yield from _labelled("Decided by", line(r.decided_by), width)
    yield from _labelled("Rule", entry.decided, width)
    if entry.doc:
        yield ""
        yield from _documentation(entry.doc, width)
    if r.look_at:
        yield from _chapter("What to look at")
        yield from wrapped(visible_lines(r.look_at), width, _INDENT)
    if entry.terms:
        yield from _chapter("Terms")
        yield from (f"{_INDENT}{row}" for row in terms_text(entry.terms, width - len(_INDENT)).splitlines())
    yield from _controls(r.id, controls, width)
    titles = case_titles(r.id)
    if titles:
        yield from _chapter("Cases")
        for title in titles:
            first, *rest = wrapped(line(title), width - 4)
            yield f"  - {first}"
            yield from (f"    {row}" for row in rest)
    yield from _chapter("Source")
    yield from wrapped(line(baseline.info.source), width, _INDENT)


def _controls(id_: str, controls: Controls, width: int) -> Iterator[str]:
    support = controls.of(id_)
    yield from _chapter("Controls it supports")
    yield from wrapped(_sentence(line(support.why, 400)), width, _INDENT)
    for framework, ids in support.controls.items():
        said = ", ".join(marked(controls, id_, framework, control) for control in ids)
        first, *rest = wrapped(said, width - 24)
        yield f"{_INDENT}{framework:22}{first}" if len(framework) < 22 else f"{_INDENT}{framework}  {first}"
        yield from (f"{'':24}{row}" for row in rest)
    if any(not controls.frameworks[framework].path for framework in support.controls):
        yield from wrapped(
            "Without a mark: judged by hand. *: as Azure's own policy initiative has it.", width, _INDENT
        )
    if support.policies:
        yield from _chapter("Azure's policies about the same")
        for policy in support.policies:
            note = f" ({line(policy.note, 200)})" if policy.note else ""
            first, *rest = wrapped(f"{policy.relation}: {line(policy.name, 200)}{note}", width - 4)
            yield f"  - {first}"
            yield from (f"    {row}" for row in rest)


def marked(controls: Controls, requirement: str, framework: str, control: str) -> str:
    """A control's id, with a mark where the mapping is Azure's and no judgement."""
    return f"{line(control, 60)}*" if controls.basis(requirement, framework, control) == "policy" else line(control, 60)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _labelled(label: str, text: str, width: int) -> Iterator[str]:
    first, *rest = wrapped(text, width - 12) or [""]
    yield f"{label:12}{first}"
    yield from (f"{'':12}{row}" for row in rest)


def _chapter(title: str) -> Iterator[str]:
    yield ""
    yield click.style(f"{title}:", bold=True)


def _documentation(doc: str, width: int) -> Iterator[str]:
    for number, block in enumerate(doc.split("\n\n")):
        if number:
            yield ""
        heading, colon, rest = block.partition(":")
        if colon and number and "\n" not in heading and len(heading) < 30:
            yield click.style(f"{heading}:", bold=True)
            yield from wrapped(rest.strip(), width, _INDENT)
        else:
            yield from wrapped(block, width)


class _Dumper(yaml.SafeDumper):
    """Writes every alias out: whoever reads one requirement sees no other."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always."""
        return True


def terms_text(terms: Any, width: int = 100) -> str:
    """Terms as YAML, in the order of the baseline."""
    text: str = yaml.dump(terms, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=width)
    return visible_lines(text)


def case_titles(requirement: str) -> tuple[str, ...]:
    """What the cases of a requirement show, in prose; none outside of a checkout."""
    path = shipped("cases") / f"{requirement}.yaml"
    if not path.exists():
        return ()
    found = _plain(path, read_text(path))
    if isinstance(found, dict):
        # Those of a sister that differs in a few words (tests/fixtures/cases/README.md).
        like = path.with_name(f"{found['same_as']}.yaml")
        text = read_text(like)
        for old, new in (found.get("with") or {}).items():
            text = text.replace(old, new)
        found = [*_plain(like, text), *(found.get("cases") or ())]
    return tuple(str(case["case"]) for case in found)


def _plain(path: Path, text: str) -> Any:
    mistakes = Mistakes()
    root = compose(text, str(path), mistakes)
    mistakes.speak()
    return plain(root)
