"""Writes the generated pages of docs/: one a requirement, one a framework, the table of all, the schema of settings.

`python docs/build.py` writes them, `python docs/build.py --check` says which are stale and ends with 1. What a page
says comes from the baseline, from the rule's own docstring and from the rule's cases, so that it cannot say anything
else than what is checked.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from auditor.baseline import Baseline, read_baseline  # noqa: E402
from auditor.commands.explain import marked, terms_text  # noqa: E402
from auditor.commands.options.catalogue import Entry, entries  # noqa: E402
from auditor.commands.options.frameworks import controls_for  # noqa: E402
from auditor.frameworks.model import Controls, Framework  # noqa: E402
from auditor.model import Level  # noqa: E402
from auditor.settings.schema import schema_text  # noqa: E402
from tests.cases.casefile import Case, cases_of, requirements_with_cases  # noqa: E402

NOTE = "<!-- Written by docs/build.py: change the baseline, the rule's docstring or its cases, then `make docs`. -->"
_SHOWN = ("world", "set", "unset", "drop", "add", "refuse", "pins", "terms", "expect", "says")


def pages() -> dict[str, str]:
    """Every generated page: its path below docs/, and what it says."""
    baseline = read_baseline()
    found = entries(baseline)
    with_cases = set(requirements_with_cases())
    cases = {e.requirement.id: cases_of(e.requirement.id) for e in found if e.requirement.id in with_cases}
    controls = controls_for(baseline)
    made = {f"rules/{e.requirement.id}.md": _rule_page(e, cases.get(e.requirement.id, []), controls) for e in found}
    made |= {f"frameworks/{f.id}.md": _framework_page(f, controls) for f in controls.frameworks.values()}
    made["frameworks/README.md"] = _frameworks_page(baseline, controls)
    return {"coverage.md": _coverage(baseline, found, cases), "auditor.schema.json": schema_text(), **made}


# --- one requirement -------------------------------------------------------------------------------------------------


def _rule_page(entry: Entry, cases: list[Case], controls: Controls) -> str:
    parts = [*_head(entry), *_body(entry), *_terms(entry), *_supported(entry.requirement.id, controls), *_cases(cases)]
    return "\n".join([NOTE, "", *parts]).rstrip() + "\n"


def _head(entry: Entry) -> Iterator[str]:
    r = entry.requirement
    yield f"# {r.id}"
    yield ""
    yield f"> {r.statement}"
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| Level | {r.level} |"
    yield f"| Severity | {r.severity} |"
    yield f"| Section of the article | {_cell(r.section)} |"
    yield f"| Decided by | {_cell(r.decided_by)} |"
    yield f"| Rule | {_rule(entry)} |"
    yield ""


def _rule(entry: Entry) -> str:
    if entry.requirement.level is Level.MANUAL:
        return "a person"
    return f"`{entry.rule.name}`" if entry.rule else "not implemented"


def _body(entry: Entry) -> Iterator[str]:
    for number, block in enumerate(filter(None, entry.doc.split("\n\n"))):
        heading, colon, rest = block.partition(":")
        if colon and number and "\n" not in heading and len(heading) < 30:
            yield f"## {heading}"
            yield ""
            yield _sentence(rest)
        else:
            yield block
        yield ""
    if entry.requirement.look_at:
        yield from ("## What to look at", "", entry.requirement.look_at, "")


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:]


def _terms(entry: Entry) -> Iterator[str]:
    if entry.terms:
        yield from ("## Terms", "", "```yaml", terms_text(entry.terms).rstrip(), "```", "")


def _supported(id_: str, controls: Controls) -> Iterator[str]:
    support = controls.of(id_)
    yield "## Controls it supports"
    yield ""
    yield f"{_sentence(support.why)}."
    yield ""
    if support.controls:
        yield "| Framework | Controls |"
        yield "|---|---|"
        for framework, ids in support.controls.items():
            said = ", ".join(marked(controls, id_, framework, control).replace("*", "\\*") for control in ids)
            yield f"| [{_cell(controls.frameworks[framework].name)}](../frameworks/{framework}.md) | {_cell(said)} |"
        yield ""
        yield "Without a mark: judged by hand. \\*: as Azure's own policy initiative has it."
        yield ""
    if support.policies:
        yield "Azure's policies about the same:"
        yield ""
        for policy in support.policies:
            note = f" ({policy.note})" if policy.note else ""
            yield f"- {policy.relation}: {policy.name}{note}"
        yield ""


def _cases(cases: list[Case]) -> Iterator[str]:
    if not cases:
        return
    yield "## Cases"
    yield ""
    yield "Each is a change to a whole example deployment, and what the rule then says."
    for case in cases:
        yield ""
        yield f"### {_sentence(str(case.body['case']))}"
        yield ""
        yield "```yaml"
        yield terms_text({key: case.body[key] for key in _SHOWN if key in case.body}).rstrip()
        yield "```"


# --- frameworks ------------------------------------------------------------------------------------------------------

_PROMISE = (
    "A requirement that holds supports a control; it does not show that the control is met, which also asks for people,"
    " processes and systems that no setting of this workload shows."
)


def _frameworks_page(baseline: Baseline, controls: Controls) -> str:
    lines = [NOTE, "", "# Frameworks", "", f"What the requirements of `{baseline.info.name}` support. {_PROMISE}", ""]
    lines += ["| Framework | `--framework` | Controls it can speak about | Of | How the mapping was made |"]
    lines += ["|---|---|---:|---:|---|"]
    for framework in controls.frameworks.values():
        number = sum(bool(ids) for ids in controls.by_control[framework.id].values())
        size = f"{framework.size:,}" if framework.size is not None else "not held here"
        name = f"[{_cell(framework.name)}]({framework.id}.md)"
        lines.append(f"| {name} | `{framework.id}` | {number} | {size} | {_cell(framework.quality)} |")
    return "\n".join(lines) + "\n"


def _framework_page(framework: Framework, controls: Controls) -> str:
    by_control = controls.by_control[framework.id]
    covered = {control: ids for control, ids in by_control.items() if ids}
    others = [*(control for control, ids in by_control.items() if not ids), *framework.others]
    lines = [NOTE, "", f"# {framework.name}", "", _PROMISE, ""]
    lines += [f"Source: {framework.source} (read {framework.date}). Mapping: {framework.quality}.", ""]
    if framework.size is not None:
        lines += [f"{len(covered)} of {framework.size:,} controls ({framework.size_source}).", ""]
    lines += ["| Control | Title | Requirements that support it |", "|---|---|---|"]
    for control, ids in covered.items():
        links = ", ".join(f"[{id_}](../rules/{id_}.md)" for id_ in ids)
        lines.append(f"| {_cell(control)} | {_cell(framework.controls[control])} | {links} |")
    if others:
        lines += ["", "## Not covered", "", f"Nothing here speaks about {', '.join(others)}."]
    return "\n".join(lines) + "\n"


# --- all of them -----------------------------------------------------------------------------------------------------


def _coverage(baseline: Baseline, found: Iterable[Entry], cases: Mapping[str, list[Case]]) -> str:
    found = tuple(found)
    states = Counter("rule" if e.doc else e.decided for e in found)
    summary = (
        f"The baseline `{baseline.info.name}`, version {baseline.info.version}, states {len(found)} requirements."
        f" A rule decides {states['rule']} of them, a person {states['manual']}; {states['not implemented']} are not"
        f" implemented. {sum(map(len, cases.values()))} cases show the rules at work."
    )
    lines = [NOTE, "", "# What is decided, and by what", "", summary]
    for prefix, title in baseline.info.families.items():
        rows = [e for e in found if e.requirement.family == prefix]
        lines += ["", f"## {prefix}: {title}", "", *_table(rows, cases)]
    return "\n".join(lines) + "\n"


def _table(rows: Iterable[Entry], cases: Mapping[str, list[Case]]) -> Iterator[str]:
    yield "| Requirement | Demand | Level | Severity | Rule | Cases |"
    yield "|---|---|---|---|---|---:|"
    for entry in rows:
        r = entry.requirement
        number = len(cases.get(r.id, []))
        link = f"[{r.id}](rules/{r.id}.md)"
        yield f"| {link} | {_cell(r.statement)} | {r.level} | {r.severity} | {_rule(entry)} | {number or '–'} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


# --- writing ---------------------------------------------------------------------------------------------------------


def stale(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """Pages that are missing, that say something else than they should, or that nothing generates any more."""
    differing = [
        name
        for name, text in wanted.items()
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != text
    ]
    there = [path for part in ("rules", "frameworks") for path in (folder / part).glob("*.md")]
    strays = [name for path in there if (name := path.relative_to(folder).as_posix()) not in wanted]
    return sorted(differing + strays)


def write(folder: Path, wanted: Mapping[str, str]) -> None:
    """Write every page, and remove those that nothing generates any more."""
    for name in stale(folder, wanted):
        path = folder / name
        if name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[name], encoding="utf-8")
        else:
            path.unlink()


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` only say which are stale."""
    folder = ROOT / "docs"
    wanted: dict[str, Any] = pages()
    found = stale(folder, wanted)
    if arguments == ["--check"]:
        for name in found:
            sys.stderr.write(f"docs/{name} is stale\n")
        if found:
            sys.stderr.write("`make docs` writes them again\n")
        return 1 if found else 0
    write(folder, wanted)
    sys.stderr.write(f"{len(found)} of {len(wanted)} pages written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
