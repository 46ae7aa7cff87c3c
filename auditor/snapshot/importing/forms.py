"""Further forms of input: what other programs print, taken where it holds resources and named where it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from auditor.model import ArmId
from auditor.snapshot.importing.children import STACKS

FROM_TEMPLATE = "_PSRule"
"""The key that PSRule for Azure puts beside what it expands from a template."""

_DEPLOYMENTS = "microsoft.resources/deployments"
_OF_A_RESOURCE = ("id", "type", "properties")
_WHAT_IF = "az deployment group what-if --no-pretty-print -o json"


def from_powershell(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The what-if of PowerShell in the form of Resource Manager; anything else as it is.

    `Get-AzResourceGroupDeploymentWhatIfResult | ConvertTo-Json` prints PSWhatIfOperationResult: names with a capital,
    and Before and After as objects, or as the text of them.
    """
    changes = value.get("Changes")
    if not isinstance(changes, list):
        return value
    # Names with a capital: "Changes", and in each of them "ChangeType", "Before", "After".
    return {**value, "changes": [_change(each) for each in changes]}


def _change(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    found = {key[:1].lower() + key[1:]: each for key, each in value.items()}
    found["resourceId"] = value.get("FullyQualifiedResourceId") or value.get("ResourceId")
    for side in ("before", "after"):
        found[side] = _object(found.get(side))
    kind = found.get("changeType")
    if not isinstance(kind, str):
        # A number of an enumeration, whose order is nowhere stated: what stands there afterwards says enough.
        found["changeType"] = "Deploy" if found["after"] is not None else "Unsupported"
        found.setdefault("unsupportedReason", None)
    if found["after"] is None and value.get("After") is not None and not found.get("unsupportedReason"):
        found["unsupportedReason"] = f"PowerShell printed it in a form that loses its names: use `{_WHAT_IF}`"
    return found


def _object(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    # What Newtonsoft's objects become in ConvertTo-Json has other names, and none of the settings.
    return value if isinstance(value, Mapping) and any(key in value for key in _OF_A_RESOURCE) else None


def named_by_stack(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The resources that a deployment stack manages or a deployment has made, of which it shows the ids alone."""
    type_ = ArmId(document["id"]).type
    if type_ not in (STACKS, _DEPLOYMENTS):
        return []
    inside = document.get("properties")
    key = "resources" if type_ == STACKS else "outputResources"
    listed = document.get(key) or (inside.get(key) if isinstance(inside, Mapping) else None)
    return [{"id": id_} for id_ in _ids(listed)]


def named_by_validation(document: Mapping[str, Any]) -> list[str]:
    """The resources that the validation of a deployment names."""
    if ArmId(document["id"]).type != _DEPLOYMENTS:
        return []
    inside = document.get("properties")
    return list(_ids(inside.get("validatedResources"))) if isinstance(inside, Mapping) else []


def _ids(listed: Any) -> Iterator[str]:
    for each in listed if isinstance(listed, list) else ():
        id_ = each.get("id") if isinstance(each, Mapping) else None
        if isinstance(id_, str) and id_.startswith("/") and ArmId(id_).type:
            yield id_


def refused_form(value: Mapping[str, Any]) -> tuple[str, str] | None:
    """What an object is that holds no resources, and what to do; `None` where that cannot be determined."""
    if "validatedResources" in value or "validatedResources" in str(value.get("properties"))[:100_000]:
        return "this is the validation of a deployment, which shows no resources", f"import what `{_WHAT_IF}` prints"
    if isinstance(value.get("parameters"), Mapping) and "deploymentParameters" in str(value.get("$schema", "")):
        return "these are the parameters of a template, and no resources", f"import what `{_WHAT_IF}` prints"
    if "@message" in value and "@level" in value:
        return (
            "this is the log of `terraform plan -json`, and no plan",
            "import what `terraform show -json PLAN` prints",
        )
    if any(isinstance(value.get(key), str) and value[key].startswith("/") for key in ("Id", "ResourceId")):
        tip = "print what Resource Manager answers: `(Invoke-AzRestMethod -Path ID?api-version=V).Content`, or use az"
        return "this is an object of PowerShell, which names settings in a form of its own", tip
    if "RuleName" in value or ("ruleName" in value and "outcome" in value):
        return "this is a result of PSRule, and no resource", "import what `Export-AzRuleData` writes"
    return None
