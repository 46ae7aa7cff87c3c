"""`auditor permissions`: the least role that the auditor needs for the reads it makes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from auditor.commands.gathering import powershell_script, shell_script
from auditor.commands.options.output import output_option, write_json, write_page
from auditor.facts import load
from auditor.model import AuditorError

ROLE_NAME = "Auditor of Azure OpenAI chat deployments"
PLACEHOLDER = "/subscriptions/<subscription id>"
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SCOPE = re.compile(
    rf"/subscriptions/{_GUID.pattern}(/resourceGroups/[^/\s]+(/providers/\S+)?)?"
    r"|/providers/Microsoft\.Management/managementGroups/[^/\s]+",
    re.IGNORECASE,
)


@click.command()
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="ID",
    help="Where the role may be assigned; a subscription's GUID will do.",
)
@click.option("--format", type=click.Choice(["json", "text", "sh", "powershell"]), default="json", show_default=True)
@output_option
def permissions(scopes: tuple[str, ...], format: str, output: Path | None) -> None:
    """Print the least custom role that the auditor needs: the reads it makes, no write, no secret.

    Reader is enough too, but is more than it looks: it also pulls images and reads secret metadata of a workspace.

    \b
    auditor permissions --scope 00000000-0000-0000-0000-000000000000 -o role.json
    az role definition create --role-definition role.json

    `--format text` lists each operation with what is read by it. `--format sh` and `--format powershell` print a script
    that reads all of it with az, for `auditor import`: where only az may sign in.
    """
    if format in ("sh", "powershell"):
        write_page((shell_script() if format == "sh" else powershell_script()).splitlines(), output)
        return
    if format == "text":
        write_page(_lines(), output)
        return
    write_json(role_definition([_checked(scope) for scope in scopes]), output)
    if not scopes:
        click.echo(f"replace {PLACEHOLDER} in AssignableScopes, or name it: --scope <subscription id>", err=True)


def role_definition(scopes: Iterable[str]) -> dict[str, Any]:
    """The role as `az role definition create --role-definition` takes it."""
    return {
        "Name": ROLE_NAME,
        "IsCustom": True,
        "Description": "Reads what `auditor snapshot` collects: settings and role assignments, no secrets.",
        "Actions": list(needed_operations()),
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": list(dict.fromkeys(scopes)) or [PLACEHOLDER],
    }


def needed_operations() -> dict[str, tuple[str, ...]]:
    """Every operation that some read of the collection needs, sorted, with the types that it reads.

    Taken from the collection's own table, without the clients that the collection loads.
    """
    found: dict[str, dict[str, str]] = {}
    spelled: dict[str, str] = {}
    for row in load("arm-reads")["reads"]:
        operation = row.get("permission") or f"{row['type']}/read"
        spelled.setdefault(operation.casefold(), operation)
        found.setdefault(operation.casefold(), {})[row["type"].casefold()] = row["type"]
    return {spelled[key]: tuple(sorted(found[key].values())) for key in sorted(found)}


def _lines() -> Iterator[str]:
    for operation, types in needed_operations().items():
        yield operation
        yield from (f"    reads {type_}" for type_ in types)


def _checked(scope: str) -> str:
    text = scope.strip().rstrip("/")
    text = f"/subscriptions/{text}" if _GUID.fullmatch(text) else text
    if not _SCOPE.fullmatch(text):
        raise AuditorError(
            f"{scope!r} is no scope that a custom role can be assigned at",
            "give a subscription's GUID, or the id of a subscription, resource group, resource or management group",
        )
    return text
