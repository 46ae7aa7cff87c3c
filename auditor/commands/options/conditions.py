"""What an answer rests on, as a page says it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from auditor.commands.options.output import wrapped

if TYPE_CHECKING:
    from auditor.model import Unknown


def condition_lines(conditions: Sequence[Unknown], width: int, indent: str = "  ") -> Iterator[str]:
    """What would change an answer, why that is not known, and what would settle it; alike ones together."""
    from auditor.query.conditions import missing_permission, settling_command
    from auditor.text.sanitise import line

    for unless in dict.fromkeys(each.unless for each in conditions):
        alike = [each for each in conditions if each.unless == unless]
        reasons = "; ".join(dict.fromkeys(each.because for each in alike))
        yield from wrapped(line(f"unless {unless}: {reasons}"), width, indent)
        commands = [command for each in alike if (command := settling_command(each))]
        permissions = [permission for each in alike if (permission := missing_permission(each))]
        if commands:
            printed = " and ".join(f"`{command}`" for command in commands)
            text = f"import what {printed} {'prints' if len(commands) == 1 else 'print'} as well"
            yield from wrapped(f"{text}, or import with --complete where there is nothing more", width, f"{indent}  ")
        elif permissions:
            yield f"{indent}  needs {line(', '.join(permissions))}"
