"""What a rule is, and how it says what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from auditor.model import ArmId, Evidence, NotKnown, Outcome, Resource, Unknown, Verdict
from auditor.model.change import Change
from auditor.text.shell import with_words_to_fill_in
from auditor.workload.parts import Workload

Answer = Verdict | Iterable[Verdict]
Selector = Callable[[Workload], Iterable[Resource]]
SelectorByTerms = Callable[[Workload, Any], Iterable[Resource]]


class NoTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The terms of a requirement that has none."""


@dataclass(frozen=True)
class Rule:
    """One function that decides the requirements whose baseline names it, each with its own terms.

    `on` names the subjects, `by_terms` those that the terms name; without either the workload itself is the subject.
    `part` is what the subject is called in reports. `terms` is the type that the baseline's `terms` of each
    requirement are read into. `by_presence` is set where a breach is something that is there, so that no further
    document can undo it: then what is seen is enough to fail, whatever list could not be read.
    """

    decide: Callable[..., Answer]
    on: Selector | None
    part: str
    terms: type[msgspec.Struct]
    by_terms: SelectorByTerms | None = None
    by_presence: bool = False
    formerly: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The function's name: it says the fault."""
        return self.decide.__name__

    @property
    def doc(self) -> str:
        """The function's docstring: `auditor explain` and the rule's page."""
        return (self.decide.__doc__ or "").strip()

    @property
    def is_general(self) -> bool:
        """Whether only the baseline says what it is about, as of `setting_differs`: its text names no fault."""
        return self.decide.__module__.startswith("auditor.rules.declared")

    @property
    def takes_subjects(self) -> bool:
        """Whether a baseline may say which parts it is asked of."""
        return self.on is not None or self.by_terms is not None

    def apply(self, w: Workload, terms: msgspec.Struct, on: Sequence[str] = ()) -> Iterable[Verdict]:
        """Decide every subject. What is not known of one subject makes that subject unknown, and only that one.

        Where the list of subjects is not whole, those that it shows are judged all the same: a gap turns a pass into
        unknown and leaves a fail a fail. `on` are the parts that the baseline asks
        about, in the place of the rule's own.
        """
        if self.on is None and self.by_terms is None:
            yield from self._judge(None, w, terms)
            return
        try:
            subjects = self._subjects(w, terms, on)
        except NotKnown as gap:
            yield from self._seen_breaches(w, terms, on)
            yield unknown(None, gap.unknown)
            return
        if not subjects:
            called = " or ".join(_called(w, name) for name in on) or self.part or "such resource"
            yield not_applicable(None, f"this workload has no {called}")
        for subject in subjects:
            yield from self._judge(subject, w, terms)

    def _subjects(self, w: Workload, terms: msgspec.Struct, on: Sequence[str]) -> tuple[Resource, ...]:
        if on:
            return tuple(dict.fromkeys(subject for name in on for subject in _playing(w, name)))
        return tuple(self.by_terms(w, terms) if self.by_terms else self.on(w) if self.on else ())

    def _seen_breaches(self, w: Workload, terms: msgspec.Struct, on: Sequence[str]) -> Iterable[Verdict]:
        """What is wrong with the subjects that a list shows which is not whole."""
        try:
            subjects = self._subjects(w.as_seen, terms, on)
        except NotKnown:
            return
        for subject in subjects:
            yield from (v for v in self._judge(subject, w, terms) if v.outcome is Outcome.FAIL)

    def _judge(self, subject: Resource | None, w: Workload, terms: msgspec.Struct) -> Iterable[Verdict]:
        """Decide one subject. A gap never hides a breach: what was found before it stays, and the gap is one more."""
        found: list[Verdict] = []
        try:
            found.extend(self._decided(subject, w, terms))
        except _GapError as gap:
            found.extend(gap.found)
            if self.by_presence and w.estate is not w.estate.as_seen:
                found.extend(self._present_breaches(subject, w, terms, found))
            found.append(unknown(subject, gap.unknown))
        yield from found

    def _decided(self, subject: Resource | None, w: Workload, terms: msgspec.Struct) -> list[Verdict]:
        arguments = (w, terms) if subject is None else (subject, w, terms)
        found: list[Verdict] = []
        try:
            answer = self.decide(*arguments)
            for verdict in (answer,) if isinstance(answer, Verdict) else answer:
                found.append(verdict)  # noqa: PERF402 - what comes before a gap is kept
        except NotKnown as gap:
            raise _GapError(gap.unknown, found) from gap
        return found

    def _present_breaches(
        self, subject: Resource | None, w: Workload, terms: msgspec.Struct, found: Sequence[Verdict]
    ) -> Iterable[Verdict]:
        """The breaches that what is seen proves by itself, beyond those that were found already."""
        try:
            seen = self._decided(subject, w.as_seen, terms)
        except _GapError as gap:
            seen = gap.found
        known = {(v.resource, v.aspect, v.message) for v in found}
        for verdict in seen:
            if verdict.outcome is Outcome.FAIL and (verdict.resource, verdict.aspect, verdict.message) not in known:
                yield verdict


_SUBNET = "subnet:"


def _playing(w: Workload, name: str) -> tuple[Resource, ...]:
    """What plays a part as a baseline names it: `search`, or `subnet:gateway`."""
    return w.subnet(name.removeprefix(_SUBNET)) if name.startswith(_SUBNET) else w.part(name)


def _called(w: Workload, name: str) -> str:
    """What reports call a part that a baseline names."""
    if name.startswith(_SUBNET):
        return f"{w.architecture.subnets[name.removeprefix(_SUBNET)].label} subnet"
    return w.architecture.parts[name].label


class _GapError(Exception):
    """What is not known, with what had been decided before it."""

    def __init__(self, unknown: Unknown, found: list[Verdict]) -> None:
        super().__init__(unknown.because)
        self.unknown, self.found = unknown, found


def decides(
    *,
    on: Selector | None = None,
    by_terms: SelectorByTerms | None = None,
    part: str = "",
    terms: type[msgspec.Struct] = NoTerms,
    by_presence: bool = False,
    formerly: tuple[str, ...] = (),
) -> Callable[[Callable[..., Answer]], Rule]:
    """Make a rule of a function: `(subject, workload, terms)` with `on` or `by_terms`, else `(workload, terms)`.

    `by_presence` states that a breach stays one whatever else there is (see `Rule`). `formerly` are names that earlier
    versions printed: a baseline may still use them, and SARIF tells them.
    """

    def mark(function: Callable[..., Answer]) -> Rule:
        if not function.__doc__:
            raise TypeError(
                f"{function.__name__}: a rule that explains nothing cannot be looked up; give it a docstring"
            )
        return Rule(function, on, part, terms, by_terms, by_presence, formerly)

    return mark


def holds(resource: Resource | ArmId | None, message: str, *evidence: Evidence, aspect: str = "") -> Verdict:
    """The requirement holds, and this is why."""
    return Verdict(Outcome.PASS, message, _id(resource), aspect=aspect, evidence=evidence)


def broken(
    resource: Resource | ArmId | None,
    message: str,
    *evidence: Evidence,
    fix: str = "",
    aspect: str = "",
    witness: dict[str, Any] | None = None,
    changes: Iterable[Change] = (),
) -> Verdict:
    """The requirement does not hold: the message names the offending value.

    `changes` is the fix as data, all of them together; `fix` says in words what to do where there are none.
    """
    told = with_words_to_fill_in(fix) if fix.startswith("az ") else fix
    return Verdict(
        Outcome.FAIL,
        message,
        _id(resource),
        aspect=aspect,
        evidence=evidence,
        remediation=told,
        witness=witness,
        changes=tuple(changes),
    )


def unknown(resource: Resource | ArmId | None, why: Unknown, *evidence: Evidence, aspect: str = "") -> Verdict:
    """It cannot be determined, and this is what is missing."""
    return Verdict(Outcome.UNKNOWN, why.because, _id(resource), aspect=aspect, evidence=evidence, unknown=why)


def not_applicable(resource: Resource | ArmId | None, message: str, *evidence: Evidence) -> Verdict:
    """The requirement's condition does not hold here, and this is why."""
    return Verdict(Outcome.NOT_APPLICABLE, message, _id(resource), evidence=evidence)


def shown(value: Any) -> str:
    """A setting's value as ARM writes it: `false`, not `False`; `not set` where there is none."""
    if value is None:
        return "not set"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _id(resource: Resource | ArmId | None) -> ArmId | None:
    return resource.id if isinstance(resource, Resource) else resource
