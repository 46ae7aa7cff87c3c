"""What a snapshot shows of the kinds that the architecture is made of, where no workload was recognised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditor.estate import Estate
from auditor.model import Resource

_KINDS: Mapping[str, tuple[str, str]] = {
    "microsoft.machinelearningservices/workspaces": ("Machine Learning workspace", "Machine Learning workspace"),
    "microsoft.machinelearningservices/workspaces/onlineendpoints": ("online endpoint", "managed online endpoint"),
    "microsoft.cognitiveservices/accounts": ("AI services account", "Azure OpenAI account"),
    "microsoft.search/searchservices": ("AI Search service", "AI Search service"),
    "microsoft.storage/storageaccounts": ("storage account", "workspace storage"),
    "microsoft.keyvault/vaults": ("key vault", "workspace key vault"),
    "microsoft.containerregistry/registries": ("registry", "workspace registry"),
    "microsoft.web/sites": ("web app", "chat UI"),
    "microsoft.network/applicationgateways": ("application gateway", "Application Gateway"),
    "microsoft.network/bastionhosts": ("Bastion host", "Azure Bastion"),
    "microsoft.compute/virtualmachines": ("virtual machine", "jump box"),
    "microsoft.network/virtualnetworks": ("virtual network", "virtual network"),
}
"""By type: what a resource of it is called here, and the part that it would play."""

_MOST_NAMES = 3


def seen_of(estate: Estate, parts: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The parts of which no resource of the kind is there, and the resources of their kinds that are, in words.

    A workspace of another kind (Hub, Project, FeatureStore) is there and still no workspace that holds a flow of its
    own: it is named with its kind, and the part is looked for in vain.
    """
    seen: list[str] = []
    played: set[str] = set()
    for type_, (name, part) in _KINDS.items():
        by_kind: dict[str, list[Resource]] = {}
        for resource in estate.seen(type_):
            by_kind.setdefault(_special_kind(resource), []).append(resource)
        for kind, found in sorted(by_kind.items()):
            seen.append(_counted(f"{name} of kind {kind}" if kind else name, found))
            played |= set() if kind else {part}
    return tuple(part for part in parts if part not in played), tuple(seen)


def _special_kind(resource: Resource) -> str:
    """The kind that makes a workspace or an account none of this architecture; empty for any other resource."""
    kind = str(resource.stated("kind") or "")
    if resource.type == "microsoft.machinelearningservices/workspaces":
        return "" if kind.casefold() in ("", "default") else kind
    if resource.type == "microsoft.cognitiveservices/accounts":
        return "" if kind.casefold() == "openai" else kind
    return ""


def _counted(name: str, found: list[Resource]) -> str:
    names = ", ".join(resource.name for resource in found[:_MOST_NAMES])
    more = f" and {len(found) - _MOST_NAMES} more" if len(found) > _MOST_NAMES else ""
    return f"{name} {names}{more}"
