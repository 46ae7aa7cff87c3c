"""Platforms that put machines of their own into a subnet: what sits there, as far as their documents say it.

Their machines stand in no list of interfaces, or in one of a resource group that nobody asked for. What leaves them
passes the filters and routes of their subnet; what they take in is decided inside of them too, and not modelled.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.documents.view import View, flag, text

CLUSTER = "microsoft.containerservice/managedclusters"
AGENT_POOL = f"{CLUSTER}/agentpools"

HOSTS: Mapping[str, str] = {
    AGENT_POOL: "the nodes of this pool have interfaces in the cluster's own group, with a security group of AKS",
    "microsoft.app/managedenvironments": "its ingress and its apps decide what is taken in",
    "microsoft.containerinstance/containergroups": "its containers decide which ports are open",
    "microsoft.web/hostingenvironments": "its front ends and the restrictions of its sites decide what is taken in",
    "microsoft.devopsinfrastructure/pools": "its agents are made for each job, and what they listen to is not known",
    "microsoft.dbforpostgresql/flexibleservers": "the server listens at an address that its document does not show",
    "microsoft.dbformysql/flexibleservers": "the server listens at an address that its document does not show",
    "microsoft.sql/managedinstances": "the instance listens at addresses that its document does not show",
}
"""By lower-case type: why it is not known what gets into it once its subnet lets it in."""


class AgentPool(View, kind=AGENT_POOL):
    """A pool of nodes of a Kubernetes cluster, as the document of the cluster shows it."""

    gives_addresses = flag("properties", "enableNodePublicIP")


class Cluster(View, kind=CLUSTER):
    """A Kubernetes cluster. Load balancers and scale sets of its nodes are in a resource group of its own."""

    node_group = text("properties", "nodeResourceGroup")
