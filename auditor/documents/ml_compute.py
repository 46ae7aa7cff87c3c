"""Computes of a Machine Learning workspace: whether their nodes have public addresses, and who may sign in to them."""

from __future__ import annotations

from auditor.documents.view import View, flag, reference, word

COMPUTE = "microsoft.machinelearningservices/workspaces/computes"


class Compute(View, kind=COMPUTE):
    """A compute instance or cluster; other kinds only name what is attached from elsewhere."""

    compute_type = word("properties", "computeType")
    local_users_off = flag("properties", "disableLocalAuth")
    public_nodes = flag("properties", "properties", "enableNodePublicIp")
    subnet = reference("properties", "properties", "subnet")
    instance_ssh = word("properties", "properties", "sshSettings", "sshPublicAccess")
    cluster_ssh = word("properties", "properties", "remoteLoginPortPublicAccess")


class ManagedNetwork(View, kind="microsoft.machinelearningservices/workspaces"):
    """Whether a workspace keeps its computes in a network of its own."""

    isolation = word("properties", "managedNetwork", "isolationMode")
