"""Writes the generated pages of docs/: one a requirement, one a framework, the table of all, the schema of settings.

`python docs/build.py` writes them, `python docs/build.py --check` says which are stale and ends with 1. What a page
says comes from the baseline, from the rule's own docstring and from the rule's cases, so that it cannot say anything
else than what is checked.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from auditor.baseline import DEFAULT, Baseline, baseline_names, read_baseline  # noqa: E402
from auditor.commands.explain import marked, terms_text  # noqa: E402
from auditor.commands.options.catalogue import Entry, entries  # noqa: E402
from auditor.commands.options.frameworks import controls_for  # noqa: E402
from auditor.frameworks.model import Controls, Framework  # noqa: E402
from auditor.model import Level  # noqa: E402
from auditor.settings.schema import schema_text  # noqa: E402
from auditor.text.sanitise import joined  # noqa: E402
from docs.properties import properties_page  # noqa: E402
from tests.cases.casefile import Case, cases_of, requirements_with_cases  # noqa: E402

NOTE = "<!-- Written by docs/build.py: change the baseline, the rule's docstring or its cases, then `make docs`. -->"
_SHOWN = ("world", "set", "unset", "drop", "add", "refuse", "pins", "terms", "expect", "says")


def pages() -> dict[str, str]:
    """Every generated page: its path below docs/, and what it says."""
    books = [_book(read_baseline(name)) for name in sorted(baseline_names(), key=lambda name: (name != DEFAULT, name))]
    books = [book for book in books if not book.baseline.extends]
    frameworks = books[0].controls.frameworks.values()
    made = {f"frameworks/{framework.id}.md": _framework_page(framework, books) for framework in frameworks}
    made["frameworks/README.md"] = _frameworks_page(books)
    for book in books:
        others = [other for other in books if other is not book]
        made[book.contents] = _coverage(book, others)
        made |= {f"{book.folder}/{e.requirement.id}.md": _rule_page(e, book) for e in book.entries}
    return {"ai-properties.md": properties_page(), "auditor.schema.json": schema_text(), **made}


class Book(NamedTuple):
    """The pages of one baseline: `contents` is the table of all, `folder` where the others are, both below docs/."""

    baseline: Baseline
    entries: tuple[Entry, ...]
    cases: Mapping[str, list[Case]]
    controls: Controls
    contents: str
    folder: str

    def link(self, id_: str, start: str) -> str:
        """A link to the page of a requirement, from a folder below docs/."""
        return f"[{id_}]({os.path.relpath(f'{self.folder}/{id_}.md', start)})"


def _book(baseline: Baseline) -> Book:
    found = entries(baseline)
    # Cases are written for the shipped baseline; others have their own kind.
    with_cases = set(requirements_with_cases()) if baseline.info.name == DEFAULT else set()
    cases = {e.requirement.id: cases_of(e.requirement.id) for e in found if e.requirement.id in with_cases}
    own = f"baselines/{baseline.info.name}"
    contents, folder = ("coverage.md", "rules") if baseline.info.name == DEFAULT else (f"{own}/README.md", own)
    return Book(baseline, found, cases, controls_for(baseline), contents, folder)


# --- one requirement -------------------------------------------------------------------------------------------------


def _rule_page(entry: Entry, book: Book) -> str:
    id_ = entry.requirement.id
    parts = [
        *_head(entry, book),
        *_body(entry),
        *_terms(entry),
        *_supported(id_, book),
        *_cases(book.cases.get(id_, [])),
    ]
    return "\n".join([NOTE, "", *parts]).rstrip() + "\n"


def _head(entry: Entry, book: Book) -> Iterator[str]:
    r = entry.requirement
    yield f"# {r.id}: {_title(entry, book)}"
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


def _title(entry: Entry, book: Book) -> str:
    """The fault where the rule is for this alone, else the requirement."""
    shared = [row.rule for row in book.baseline.requirements.values()].count(entry.requirement.rule) > 1
    doc = (
        ""
        if entry.rule is None or shared or entry.rule.is_general or entry.requirement.level is Level.MANUAL
        else entry.rule.doc
    )
    return (doc.partition("\n")[0] or entry.requirement.statement).rstrip(".")


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


def _supported(id_: str, book: Book) -> Iterator[str]:
    controls, support = book.controls, book.controls.of(id_)
    up = "../" * (book.folder.count("/") + 1)
    yield "## Controls it supports"
    yield ""
    yield f"{_sentence(support.why)}."
    yield ""
    if support.controls:
        yield "| Framework | Controls |"
        yield "|---|---|"
        for framework, ids in support.controls.items():
            said = ", ".join(marked(controls, id_, framework, control).replace("*", "\\*") for control in ids)
            yield f"| [{_cell(controls.frameworks[framework].name)}]({up}frameworks/{framework}.md) | {_cell(said)} |"
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


def _frameworks_page(books: Sequence[Book]) -> str:
    names = joined([f"`{book.baseline.info.name}`" for book in books])
    lines = [NOTE, "", "# Frameworks", "", f"What the requirements of {names} support. {_PROMISE}", ""]
    heads = "".join(f" {book.baseline.info.name} |" for book in books)
    lines += [f"| Framework | `--framework` |{heads} Of | How the mapping was made |"]
    lines += [f"|---|---|{'---:|' * len(books)}---:|---|"]
    for framework in books[0].controls.frameworks.values():
        numbers = "".join(f" {len(_covered(framework, book))} |" for book in books)
        size = f"{framework.size:,}" if framework.size is not None else "not held here"
        name = f"[{_cell(framework.name)}]({framework.id}.md)"
        lines.append(f"| {name} | `{framework.id}` |{numbers} {size} | {_cell(framework.quality)} |")
    lines += ["", "The numbers are controls that some requirement of the baseline supports."]
    return "\n".join(lines) + "\n"


def _covered(framework: Framework, book: Book) -> dict[str, tuple[str, ...]]:
    return {control: ids for control, ids in book.controls.by_control[framework.id].items() if ids}


def _framework_page(framework: Framework, books: Sequence[Book]) -> str:
    lines = [NOTE, "", f"# {framework.name}", "", _PROMISE, ""]
    lines += [f"Source: {framework.source} (read {framework.date}). Mapping: {framework.quality}."]
    for book in books:
        covered = _covered(framework, book)
        lines += ["", f"## {book.baseline.info.name}", ""]
        if framework.size is not None:
            lines += [f"{len(covered)} of {framework.size:,} controls ({framework.size_source}).", ""]
        lines += ["| Control | Title | Requirements that support it |", "|---|---|---|"]
        for control, ids in covered.items():
            links = ", ".join(book.link(id_, "frameworks") for id_ in ids)
            lines.append(f"| {_cell(control)} | {_cell(framework.controls[control])} | {links} |")
    spoken = {control for book in books for control in _covered(framework, book)}
    others = [*(control for control in framework.controls if control not in spoken), *framework.others]
    if others:
        lines += ["", "## Not covered", "", f"Nothing here speaks about {', '.join(others)}."]
    return "\n".join(lines) + "\n"


# --- all of them -----------------------------------------------------------------------------------------------------


def _coverage(book: Book, others: Sequence[Book]) -> str:
    baseline, found = book.baseline, book.entries
    states = Counter("rule" if e.doc else e.decided for e in found)
    shown = f" {sum(map(len, book.cases.values()))} cases show the rules at work." if book.cases else ""
    summary = (
        f"The baseline `{baseline.info.name}`, version {baseline.info.version}, states {len(found)} requirements."
        f" A rule decides {states['rule']} of them, a person {states['manual']}; {states['not implemented']} are not"
        f" implemented.{shown}"
    )
    start = os.path.dirname(book.contents)  # noqa: PTH120 - a path of a page, not of a file
    lines = [NOTE, "", "# What is decided, and by what", "", summary]
    for other in others:
        target = os.path.relpath(other.contents, start or ".")
        lines += ["", f"The same for [`{other.baseline.info.name}`]({target})."]
    for prefix, title in baseline.info.families.items():
        rows = [e for e in found if e.requirement.family == prefix]
        lines += ["", f"## {prefix}: {title}", "", *_table(rows, book, start or ".")]
    return "\n".join(lines) + "\n"


def _table(rows: Iterable[Entry], book: Book, start: str) -> Iterator[str]:
    yield "| Requirement | Demand | Level | Severity | Rule | Cases |"
    yield "|---|---|---|---|---|---:|"
    for entry in rows:
        r = entry.requirement
        number = len(book.cases.get(r.id, []))
        link = book.link(r.id, start)
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
    there = [path for part in ("rules", "frameworks", "baselines") for path in (folder / part).rglob("*.md")]
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
