"""What every form of a comparison says in the same words: titles, counts, the verdict in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from auditor.drift.model import (
    Change,
    Diff,
    Effect,
    Topic,
)
from auditor.model import SnapshotInfo
from auditor.text.sanitise import counted, joined, line

TITLES: Mapping[Topic, str] = {
    Topic.FLOWS: "Network flows",
    Topic.PERMISSIONS: "Permissions",
    Topic.PUBLIC_ACCESS: "Public access and keys",
    Topic.OUTBOUND: "Managed network, outbound",
    Topic.FILTERS: "Content filters",
    Topic.PRIVATE_LINK: "Private endpoints and names",
    Topic.FINDINGS: "Findings",
    Topic.RESOURCES: "Resources",
    Topic.READS: "Reads",
}

WORDS: Mapping[Effect, str] = {
    Effect.WORSE: "WORSE",
    Effect.UNKNOWN: "UNKNOWN",
    Effect.OTHER: "CHANGED",
    Effect.BETTER: "BETTER",
}
"""A word, because colour and signs are lost on screen readers and in logs."""


class Section(NamedTuple):
    """A topic with its changes, in their order."""

    topic: Topic
    title: str
    changes: tuple[Change, ...]

    @property
    def said(self) -> str:
        """`2 worse, 1 better`."""
        counts = Counter(change.effect for change in self.changes)
        return ", ".join(f"{counts[effect]:,} {word.lower()}" for effect, word in WORDS.items() if counts[effect])


def sections(diff: Diff) -> Iterator[Section]:
    """The topics in which something changed."""
    for topic, title in TITLES.items():
        found = diff.of(topic)
        if found:
            yield Section(topic, title, found)


def headline(diff: Diff) -> str:
    """What the comparison comes to, in one sentence."""
    if diff.nothing:
        rest = f"; {counted(diff.documents, 'resource')} said something else that means nothing here"
        return f"Nothing changed{rest if diff.documents else ''}."
    counts = Counter(change.effect for change in diff.changes)
    parts = [
        f"{counted(counts[effect], 'change')} {words}"
        for effect, words in ((Effect.WORSE, "for the worse"), (Effect.BETTER, "for the better"))
        if counts[effect]
    ]
    if counts[Effect.OTHER]:
        parts.append(f"{counted(counts[Effect.OTHER], 'other change')}")
    if counts[Effect.UNKNOWN]:
        parts.append(f"{counted(counts[Effect.UNKNOWN], 'part')} that cannot be determined")
    text = joined(parts)
    return f"{text[0].upper()}{text[1:]}."


def about(snapshot: SnapshotInfo) -> str:
    """Which snapshot, in few words."""
    name = line(snapshot.path, 200) or "a snapshot"
    return f"{name} of {line(snapshot.collected_at, 40)}" if snapshot.collected_at else name


def witness_text(witness: Mapping[str, object]) -> str:
    """`Tcp 203.0.113.10:50000 -> 10.0.0.4:22`, and what has to be so for that."""
    ends = []
    for side in ("source", "destination"):
        host, port = str(witness[side]), witness[f"{side}_port"]
        bracketed = f"[{host}]" if ":" in host and port is not None else host
        ends.append(f"{bracketed}:{port}" if port is not None else host)
    given = witness.get("given")
    if_ = f" if {', '.join(line(str(each), 200) for each in given)}" if isinstance(given, list) and given else ""
    return f"{witness['protocol']} {' -> '.join(ends)}{if_}"
