"""Commands of the Azure CLI, each value one word for a shell; `az resource` and `az rest` where no other has it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from auditor.causes.render.bodies import api_version
from auditor.model import ArmId
from auditor.model.change import Action, Change
from auditor.snapshot.locate import steps_of
from auditor.text.shell import q

RULE = "microsoft.network/networksecuritygroups/securityrules"
ASSIGNMENT = "microsoft.authorization/roleassignments"
DIAGNOSTIC = "microsoft.insights/diagnosticsettings"
ENDPOINT = "microsoft.network/privateendpoints"
SECRET = "microsoft.keyvault/vaults/secrets"  # noqa: S105 - a type


def render(changes: Sequence[Change]) -> str:
    """One command a line, in the order of the changes; a question stands in a comment above its command."""
    return "\n".join(line for command in commands(changes) for line in command)


def commands(changes: Sequence[Change]) -> Iterator[list[str]]:
    """The lines of each command."""
    for change in changes:
        notes = [f"# {note}" for note in (change.question, change.warning) if note]
        yield [*map(_one_line, notes), _command(change)]


_STATUS = "/privateLinkServiceConnectionState/status"


def _approval(change: Change) -> str | None:
    """A connection is approved at its target, by a command of its own; the endpoint mirrors that by itself."""
    if change.action is not Action.SET or not change.pointer.endswith(_STATUS) or change.value != "Approved":
        return None
    if change.resource.type == ENDPOINT:
        return f"# {_one_line(change.resource.name)} shows the same once its target has approved"
    return f"az network private-endpoint-connection approve --id {q(change.resource.text)}"


def _command(change: Change) -> str:
    approval = _approval(change)
    if approval is not None:
        return approval
    special = _SPECIAL.get((change.action, change.resource.type))
    if special is not None:
        return special(change)
    id_ = change.resource
    match change.action:
        case Action.SET:
            return (
                f"az resource update --ids {q(id_.text)} --set {q(f'{_path(change.pointer)}={_value(change.value)}')}"
            )
        case Action.ADD:
            word = q(_value(change.value))
            return f"az resource update --ids {q(id_.text)} --add {q(_path(change.pointer))} {word}"
        case Action.REMOVE:
            return f"az resource update --ids {q(id_.text)} --remove {_removed(change.pointer)}"
        case Action.DELETE:
            return f"az resource delete --ids {q(id_.text)}"
        case Action.CREATE:
            return _rest("put", id_, change.value)


def _rest(method: str, id_: ArmId, body: Mapping[str, Any]) -> str:
    uri = f"https://management.azure.com{id_.text}?api-version={api_version(id_)}"
    return f"az rest --method {method} --uri {q(uri)} --body {q(json.dumps(body))}"


def _path(pointer: str) -> str:
    """A pointer as `az resource update` reads it: `properties.subnets[2].properties.x`."""
    said = ""
    for step in steps_of(pointer):
        said += f"[{step}]" if step.isdecimal() else f".{step}"
    return said.removeprefix(".")


def _removed(pointer: str) -> str:
    *way, last = steps_of(pointer)
    if last.isdecimal():
        return f"{q(_path('/' + '/'.join(way)))} {last}"
    return q(_path(pointer))


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _rule(change: Change) -> str:
    """A security rule: properties of the body that the command has an option for."""
    rule = change.value["properties"]
    group, name = change.resource.text.split("/")[-3], change.resource.name
    said = f"az network nsg rule create --subscription {q(change.resource.subscription)}"
    said += f" --resource-group {q(change.resource.resource_group)} --nsg-name {q(group)} --name {q(name)}"
    for option, keys in _OPTIONS.items():
        words = [w for key in keys for w in (rule.get(key) if isinstance(rule.get(key), list) else [rule.get(key)])]
        words = [q(word) for word in words if word is not None]
        said += f" {option} {' '.join(words)}" if words else ""
    return said


_OPTIONS = {
    "--priority": ("priority",),
    "--direction": ("direction",),
    "--access": ("access",),
    "--protocol": ("protocol",),
    "--source-address-prefixes": ("sourceAddressPrefix", "sourceAddressPrefixes"),
    "--source-port-ranges": ("sourcePortRange", "sourcePortRanges"),
    "--destination-address-prefixes": ("destinationAddressPrefix", "destinationAddressPrefixes"),
    "--destination-port-ranges": ("destinationPortRange", "destinationPortRanges"),
}
"""Options of `az network nsg rule create`, and the properties of a rule that they set."""


def _assignment(change: Change) -> str:
    given = change.value["properties"]
    scope = change.resource.text.rpartition("/providers/Microsoft.Authorization/")[0]
    said = f"az role assignment create --assignee-object-id {q(given['principalId'])}"
    if given.get("principalType"):
        said += f" --assignee-principal-type {q(given['principalType'])}"
    return f"{said} --role {q(given['roleDefinitionId'].rpartition('/')[2])} --scope {q(scope or '/')}"


def _unassigned(change: Change) -> str:
    return f"az role assignment delete --ids {q(change.resource.text)}"


def _diagnostic(change: Change) -> str:
    given = change.value["properties"]
    resource = change.resource.text.rpartition("/providers/")[0]
    said = f"az monitor diagnostic-settings create --name {q(change.resource.name)} --resource {q(resource)}"
    return f"{said} --workspace {q(given['workspaceId'])} --logs {q(json.dumps(given['logs']))}"


_SPECIAL: Mapping[tuple[Action, str], Callable[[Change], str]] = {
    (Action.CREATE, RULE): _rule,
    (Action.CREATE, ASSIGNMENT): _assignment,
    (Action.DELETE, ASSIGNMENT): _unassigned,
    (Action.CREATE, DIAGNOSTIC): _diagnostic,
}
"""Where a command of its own says it shorter."""
