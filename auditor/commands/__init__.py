"""One module a subcommand. The table below is all that `auditor --help` needs."""

from __future__ import annotations

import importlib
from typing import NamedTuple

import click


class Entry(NamedTuple):
    """Where a subcommand lives (`module:attribute`) and what it does, in one line."""

    target: str
    summary: str


COMMANDS: dict[str, Entry] = {
    "demo": Entry("auditor.commands.demo:demo", "Audit the reference deployment through the embedded stand-in."),
    "snapshot": Entry("auditor.commands.snapshot:snapshot", "Read a deployment into a snapshot file."),
    "import": Entry(
        "auditor.commands.import_:import_", "Make a snapshot of JSON that az, ARM or Resource Graph printed."
    ),
    "check": Entry("auditor.commands.check:check", "Check a snapshot against the reference architecture."),
    "scan": Entry("auditor.commands.scan:scan", "Snapshot and check in one go."),
    "diff": Entry("auditor.commands.diff:diff", "What changed between two snapshots, by what it means?"),
    "fix": Entry("auditor.commands.fix:fix", "Which changes close the findings, proven in memory, in which order?"),
    "accept": Entry("auditor.commands.accept:accept", "Accept findings for a while, with owner and reason."),
    "history": Entry("auditor.commands.history:history", "How did the audits of a deployment come out over time?"),
    "sign": Entry("auditor.commands.sign:sign", "Sign a snapshot, or what a check of it came to."),
    "verify": Entry("auditor.commands.verify:verify", "Did they sign this, and from when to when did it hold?"),
    "package": Entry("auditor.commands.package:package", "Put a snapshot and all that its audit rests on into a file."),
    "flow": Entry("auditor.commands.flow:flow", "Would this packet get through, and which rule decides?"),
    "reach": Entry("auditor.commands.reach:reach", "What can be reached from where, hop by hop?"),
    "nsg": Entry("auditor.commands.nsg:nsg", "What do security groups let through, and which rules do nothing?"),
    "access": Entry("auditor.commands.access:access", "Who can do what on which scope, and why?"),
    "graph": Entry("auditor.commands.graph:graph", "Draw the estate, or hand it to other programs as a graph."),
    "permissions": Entry("auditor.commands.permissions:permissions", "Print the least role that the auditor needs."),
    "rules": Entry("auditor.commands.rules:rules", "List every requirement and the rule that decides it."),
    "explain": Entry("auditor.commands.explain:explain", "Explain one requirement: what is read, why, how to fix it."),
    "frameworks": Entry(
        "auditor.commands.frameworks:frameworks", "List frameworks, or the requirements behind each control of one."
    ),
    "baseline": Entry("auditor.commands.baseline:baseline", "Show a baseline, or check one of your own."),
    "compare-architectures": Entry(
        "auditor.commands.compare_architectures:compare_architectures",
        "Say what a deployment of one architecture lacks for another.",
    ),
    "mcp": Entry("auditor.commands.mcp:mcp", "Serve snapshots of a folder to assistants and editors, read-only."),
    "settings": Entry("auditor.commands.settings:settings", "Check a settings file, or print its form for editors."),
}


def load(name: str) -> click.Command | None:
    """Import a subcommand; `None` where there is none of that name."""
    entry = COMMANDS.get(name)
    if entry is None:
        return None
    module, _, attribute = entry.target.partition(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    return command
