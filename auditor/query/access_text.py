"""How answers about access read on a page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

import click

from auditor.access.blast_radius import BlastRadius, Blow
from auditor.access.escalation import Reach
from auditor.access.federation import Federated
from auditor.access.grants import (
    Effective,
    Grant,
    Holding,
    Refusal,
    WhatCan,
    WhoCan,
)
from auditor.access.principals import Principal
from auditor.access.role_definitions import Role
from auditor.access.scopes import kind_of
from auditor.model import ArmId, Resource, Unknown
from auditor.query.access import Decision
from auditor.sets.operation_set import Rights
from auditor.text.sanitise import line, visible

_COLOURS = {"yes": "red", "no": "green", "conditional": "yellow", "eligible": "yellow", "unknown": "magenta"}
_SHOWN_PATTERNS = 6
_SHOWN_TARGETS = 4
_SHOWN_WHYS = 3
_ALL = 1_000_000


def fitted(lines: Iterable[str], width: int) -> Iterator[str]:
    """Lines broken at the page's width, what follows indented under their beginning."""
    for text in lines:
        plain = click.unstyle(text)
        if len(plain) <= width:
            yield text
            continue
        before = " " * (len(plain) - len(plain.lstrip()))
        yield from textwrap.wrap(
            text.strip(),
            width,
            initial_indent=before,
            subsequent_indent=before + "  ",
            break_long_words=False,
            break_on_hyphens=False,
        )


def who_lines(
    action: str, answers: Iterable[WhoCan], scope: ArmId | None, narrowest: Role | None = None
) -> Iterator[str]:
    """Who can do something, the certain ones first, each with its chain; and the narrowest role that would do."""
    answers = tuple(answers)
    planes = sorted({data for answer in answers for data in answer.planes})
    kinds = " and ".join("data action" if data else "control action" for data in planes)
    where = f"on {line(kind_of(scope))}" if scope else "anywhere in this snapshot"
    yield click.style(f"{line(action)} {where}", bold=True) + (f"  ({kinds})" if kinds else "")
    yield ""
    grants = [(answer.scope, grant) for answer in answers for grant in answer.grants]
    for at, grant in grants:
        yield from _grant_lines(at, grant)
    for answer in answers:
        for refusal in answer.refused:
            yield from _refusal_lines(refusal)
    if not grants:
        yield "no principal, as far as the assignments in this snapshot show"
    if narrowest is not None:
        yield ""
        yield f"the narrowest built-in role that would do: {narrowest.name} ({narrowest.guid})"
    yield from gap_lines(gap for answer in answers for gap in answer.gaps)
    for note in dict.fromkeys(note for answer in answers for note in answer.notes):
        yield f"note: {line(note)}"


def _grant_lines(scope: ArmId, grant: Grant) -> Iterator[str]:
    first, *rest = grant.chain(scope)
    word = click.style(f"{grant.answer.value:<12}", fg=_COLOURS[grant.answer.value])
    yield f"{word}{line(first)}"
    yield from (f"{'':12}{line(link)}" for link in rest)


def _refusal_lines(refusal: Refusal) -> Iterator[str]:
    word = click.style(f"{'denied':<12}", fg="green")
    role = refusal.grant.role.name
    yield f"{word}{line(refusal.grant.principal.label)}"
    yield f"{'':12}deny assignment {line(refusal.denial.name)} stops what {line(role)} would allow"


def gap_lines(gaps: Iterable[Unknown]) -> Iterator[str]:
    """What is not known, each once, with what would tell."""
    found = tuple(dict.fromkeys(gaps))
    if found:
        yield ""
        yield click.style("not known:", fg="magenta")
    for gap in found:
        yield f"  {line(gap.because)}" + (f"; needs {line(gap.permission)}" if gap.permission else "")


def decision_lines(who: Principal, action: str, scope: ArmId | None, decision: Decision) -> Iterator[str]:
    """Whether one principal can."""
    where = f"on {line(kind_of(scope))}" if scope else "anywhere in this snapshot"
    word = click.style(decision.answer, fg=_COLOURS[decision.answer], bold=True)
    yield f"{word}: {line(who.label)}"
    yield f"  {line(action)} {where}"
    for at, grant in decision.grants:
        yield ""
        yield from (f"  {line(link)}" for link in grant.chain(at)[1:])
    for _, refusal in decision.refused:
        yield f"  deny assignment {line(refusal.denial.name)} stops what {line(refusal.grant.role.name)} would allow"
    if decision.answer == "no" and not decision.refused:
        yield "  no assignment allows it, its own or through a group"
    yield from gap_lines(decision.doubts)


def what_lines(
    answer: WhatCan,
    effective: Effective | None,
    outside: Iterable[Federated] = (),
    unread: Unknown | None = None,
    *,
    everything: bool = False,
) -> Iterator[str]:
    """What a principal holds, what it comes to at a scope, and who outside can act as it.

    Of what is allowed some patterns are shown, or with `everything` all.
    """
    most = _ALL if everything else _SHOWN_PATTERNS
    who = answer.principal
    where = f" at {line(kind_of(answer.scope))} and above" if answer.scope else ""
    yield click.style(f"{line(who.label)}{where}", bold=True)
    yield f"  object id {who.id}"
    if who.carriers:
        yield f"  carried by {', '.join(line(carrier.name) for carrier in who.carriers)}"
    for each in outside:
        yield f"  can be acted as from outside: {line(each.says)}"
    yield ""
    for holding in answer.holdings:
        yield from _holding_lines(holding, most)
    if not answer.holdings:
        yield "holds no role, as far as the assignments in this snapshot show"
    if effective is not None:
        yield ""
        for title, rights in (
            ("may for certain", effective.certain),
            ("and under conditions", effective.conditional),
            ("and once activated", effective.eligible),
        ):
            if not rights.is_empty:
                yield f"{title}: {_rights(rights, most)}"
    more = () if unread is None else (unread,)
    yield from gap_lines((*answer.gaps, *(effective.gaps if effective else ()), *more))


def _holding_lines(holding: Holding, most: int) -> Iterator[str]:
    yield f"- {line(holding.says)}"
    if isinstance(holding.role, Unknown):
        yield f"    {line(holding.role.because)}"
    else:
        yield f"    {_rights(holding.role.rights, most)}"


def _rights(rights: Rights, most: int) -> str:
    return visible(rights.show(most))


def blast_lines(part: Resource | None, radius: BlastRadius, everything: bool = False) -> Iterator[str]:
    """What an identity leads to, round by round; the same operation on several targets is one line.

    Of many targets some are named, or with `everything` all.
    """
    carried = f", which {line(part.name)} runs as" if part else ""
    yield click.style(f"{line(radius.start.label)}{carried}", bold=True)
    groups: dict[tuple[int, str, str], list[Blow]] = {}
    for step in radius.steps:
        groups.setdefault((step.depth, step.principal.id, step.escalation.operation), []).append(step)
    last: tuple[int, str] | None = None
    for (depth, who, _), steps in groups.items():
        if (depth, who) != last:
            yield ""
            yield f"{'  ' * depth}as {line(steps[0].principal.label)}:"
            last = (depth, who)
        yield from _blow_lines("  " * (depth + 1), steps, _ALL if everything else _SHOWN_TARGETS)
    if not radius.steps:
        yield "  leads nowhere: it holds nothing that reaches further"
    if radius.cut_short:
        yield "  and more: the list was cut short"
    yield from gap_lines(radius.gaps)


def _blow_lines(indent: str, steps: list[Blow], most: int) -> Iterator[str]:
    row = steps[0].escalation
    names = [line(kind_of(step.target)) for step in steps]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    answers = sorted({step.answer.value for step in steps} - {"yes"})
    doubt = f" ({', '.join(answers)})" if answers else ""
    yield f"{indent}{row.gives:<9}{', '.join(names[:most])}{more}: {row.why}{doubt}"
    yield f"{indent}{'':<9}{row.operation}"
    reached = list(dict.fromkeys(principal.label for step in steps for principal in step.becomes))
    if reached:
        yield f"{indent}{'':<9}goes on as {', '.join(line(label) for label in reached)}"


def overview_lines(
    scopes: tuple[ArmId, ...],
    reaches: tuple[Reach, ...],
    gaps: tuple[Unknown, ...],
    everything: bool = False,
    outside: Iterable[tuple[Principal, Federated]] = (),
) -> Iterator[str]:
    """Who reaches what, a principal a paragraph, the worst first; with `everything`, nothing is cut short.

    `outside` are those who can act as one of them by a token from outside of Azure.
    """
    credentials: dict[str, list[str]] = {}
    for who, each in outside:
        credentials.setdefault(who.id, []).append(each.says)
    places = line(kind_of(scopes[0])) if len(scopes) == 1 else f"the workload ({len(scopes)} places)"
    yield click.style(f"who reaches control, identities, keys and data of {places}", bold=True)
    by_holder: dict[tuple[str, str], list[Reach]] = {}
    for reach in reaches:
        by_holder.setdefault((reach.grant.principal.id, reach.grant.answer.value), []).append(reach)
    for (_, answer), found in by_holder.items():
        word = "" if answer == "yes" else click.style(f"  {answer}", fg=_COLOURS[answer])
        yield ""
        yield click.style(line(found[0].grant.principal.label), bold=True) + word
        for how in dict.fromkeys(_how(reach.grant) for reach in found):
            yield f"  {line(how)}"
        for says in credentials.get(found[0].grant.principal.id, ()):
            yield f"  can be acted as from outside: {line(says)}"
        for kind in dict.fromkeys(reach.escalation.gives for reach in found):
            whys = list(dict.fromkeys(reach.escalation.why for reach in found if reach.escalation.gives == kind))
            most = len(whys) if everything else _SHOWN_WHYS
            more = f"; and {len(whys) - most} more (--all shows them)" if len(whys) > most else ""
            yield f"  {kind:<9}{'; '.join(whys[:most])}{more}"
    if not reaches:
        yield ""
        yield "no principal, as far as the assignments in this snapshot show"
    yield from gap_lines(gaps)


def _how(grant: Grant) -> str:
    return "; ".join(
        grant.chain(grant.assignment.scope)[1:-1] if not grant.doubts else grant.chain(grant.assignment.scope)[1:]
    )
