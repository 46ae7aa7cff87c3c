"""Where a template is deployed, and the ids of what stands there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from auditor.arm.values import TemplateError

Kind = Literal["resourceGroup", "subscription", "managementGroup", "tenant"]

_SCHEMAS: dict[str, Kind] = {
    "subscriptiondeploymenttemplate": "subscription",
    "managementgroupdeploymenttemplate": "managementGroup",
    "tenantdeploymenttemplate": "tenant",
    "deploymenttemplate": "resourceGroup",
}


@dataclass(frozen=True)
class Scope:
    """What a deployment is told of its place; empty is not told.

    `subscription` and `tenant` are GUIDs, `group` and `management_group` names, `location` is a region.
    """

    kind: Kind = "resourceGroup"
    subscription: str = ""
    group: str = ""
    location: str = ""
    tenant: str = ""
    management_group: str = ""
    cloud: str = "AzureCloud"
    deployment: str = ""
    """The name of the deployment."""

    @property
    def id(self) -> str | None:
        """The id of the scope, empty for the tenant; `None` where too little is told."""
        if self.kind == "tenant":
            return ""
        if self.kind == "managementGroup":
            name = self.management_group
            return f"/providers/Microsoft.Management/managementGroups/{name}" if name else None
        if not self.subscription:
            return None
        if self.kind == "subscription":
            return f"/subscriptions/{self.subscription}"
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}" if self.group else None


def kind_of_schema(schema: str) -> Kind | None:
    """The scope that `$schema` of a template asks for; `None` where it is none of a template."""
    name = schema.rpartition("/")[2].rstrip("#").casefold().removesuffix(".json")
    return _SCHEMAS.get(name)


def is_type(text: str) -> bool:
    """Whether this is a type of resources with its namespace: what `resourceId` tells its other arguments by."""
    namespace, slash, _ = text.partition("/")
    return bool(slash) and "." in namespace


def joined(type_: str, names: Sequence[str]) -> str:
    """`Namespace/type/name/...` of a type and the names of its segments. Raises `TemplateError` where they differ."""
    namespace, *segments = type_.strip("/").split("/")
    parts = [each for name in names for each in name.strip("/").split("/")]
    if len(parts) != len(segments) or not segments:
        raise TemplateError(f"the type {type_} takes {len(segments)} names, and there are {len(parts)}"[:300])
    return "/".join([namespace, *(each for pair in zip(segments, parts, strict=True) for each in pair)])


def id_of(scope: str, type_: str, names: Sequence[str]) -> str:
    """The id of a resource on a scope, which is given by its id. Raises `TemplateError` where the names do not fit."""
    if type_.casefold() == "microsoft.resources/resourcegroups" and scope.count("/") == 2 and len(names) == 1:
        return f"{scope}/resourceGroups/{names[0]}"
    if type_.casefold() == "microsoft.resources/subscriptions" and len(names) == 1:
        return f"/subscriptions/{names[0]}"
    return f"{scope}/providers/{joined(type_, names)}"
