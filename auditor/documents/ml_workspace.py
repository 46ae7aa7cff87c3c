"""Machine Learning workspaces and their online endpoints: what kind each is."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.documents.view import Reading, View, number, part, reference, text, word
from auditor.model import ArmId, Resource, Unknown

WORKSPACE = "microsoft.machinelearningservices/workspaces"


class Workspace(View, kind=WORKSPACE):
    """A workspace of its own, a hub that keeps what its projects share, or one of those projects."""

    hub = reference("properties", "hubResourceId")
    storage = reference("properties", "storageAccount")
    vault = reference("properties", "keyVault")
    registry = reference("properties", "containerRegistry")
    insights = reference("properties", "applicationInsights")
    primary_identity = reference("properties", "primaryUserAssignedIdentity")

    def uses(self, prop: str) -> Reading[ArmId | None]:
        """What it names as its own by a property: `storageAccount`, `keyVault`, `containerRegistry`, ..."""
        by_name = {
            "storageAccount": self.storage,
            "keyVault": self.vault,
            "containerRegistry": self.registry,
            "applicationInsights": self.insights,
        }
        return by_name[prop]

    @property
    def sort(self) -> str:
        """`default`, `hub`, `project`, `featurestore`...; a document without a kind is of the first."""
        return self.resource.kind or "default"

    def is_project_of(self, hub: ArmId) -> bool:
        """Whether this is a project of a hub, by its own word."""
        return self.sort == "project" and self.hub.known == hub


class Shares(View):
    """Percentages by deployment."""


class OnlineEndpoint(View, kind=f"{WORKSPACE}/onlineendpoints"):
    """An endpoint on machines that Azure manages, or on a Kubernetes cluster of the customer's."""

    compute = text("properties", "compute")
    authentication = word("properties", "authMode")
    scoring_uri = text("properties", "scoringUri")
    _traffic = part(Shares, "properties", "traffic")

    @property
    def traffic(self) -> Mapping[str, int] | Unknown:
        """By deployment in lower case: the percentage of requests that it takes; nothing where no traffic is set.

        The traffic of an endpoint without deployments is an empty object (rest/api/azureml/online-endpoints/get).
        """
        stated = self._traffic.known
        if isinstance(stated, Unknown):
            return stated
        shares = self._traffic.evidence.value or {}
        return {str(name).casefold(): int(share) for name, share in shares.items() if isinstance(share, int | float)}

    @property
    def on_kubernetes(self) -> bool:
        """Whether a cluster of the customer's serves it: by its kind, or by the compute that it names.

        Azure writes an empty `compute` for managed endpoints (learn.microsoft.com/azure/machine-learning/
        concept-endpoints-online: managed online endpoints against Kubernetes online endpoints).
        """
        stated = self.compute.known
        return self.resource.kind in KUBERNETES or (isinstance(stated, str) and stated.startswith("/"))


class OnlineDeployment(View, kind=f"{WORKSPACE}/onlineendpoints/deployments"):
    """What runs behind an online endpoint."""

    compute_type = word("properties", "endpointComputeType")
    machine = text("properties", "instanceType")
    scaling = word("properties", "scaleSettings", "scaleType")
    fewest = number("properties", "scaleSettings", "minInstances")
    most = number("properties", "scaleSettings", "maxInstances")

    @property
    def on_kubernetes(self) -> bool:
        """Whether a cluster of the customer's runs it."""
        return KUBERNETES_TYPE in (self.compute_type.known, self.resource.kind) or self.resource.kind in KUBERNETES

    @property
    def scales_itself(self) -> bool:
        """Whether it adds and removes instances by its own settings, as only deployments on Kubernetes do.

        learn.microsoft.com/azure/machine-learning/how-to-kubernetes-inference-routing-azureml-fe (autoscaling).
        """
        return self.on_kubernetes and self.scaling.known == "targetutilization"


KUBERNETES_TYPE = "kubernetes"
KUBERNETES = ("kubernetes", "k8s")


def projects_of(hub: Resource, workspaces: tuple[Resource, ...]) -> tuple[Resource, ...]:
    """The projects of a hub among these workspaces."""
    return tuple(w for w in workspaces if Workspace(w).is_project_of(hub.id))
