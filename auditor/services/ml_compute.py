"""Nodes of Machine Learning computes: SSH on their public addresses.

Compute instances have SSH off unless `sshPublicAccess` is Enabled. A cluster that does not say (NotSpecified) is open
where it has no virtual network, and closed where it has one (docstring of `remoteLoginPortPublicAccess`). In a virtual
network the security group of the subnet filters besides; in a managed network Azure does (2026-11-30).
"""

from __future__ import annotations

from auditor.documents.ml_compute import Compute, ManagedNetwork
from auditor.estate import Estate
from auditor.model import NotKnown, Resource, Unknown
from auditor.services.firewall_verdict import FirewallVerdict, everybody, nobody, undecided

_CLUSTER, _INSTANCE = "amlcompute", "computeinstance"
_OUTSIDE = ("", "disabled")


def compute_open_to(estate: Estate, resource: Resource) -> FirewallVerdict:
    """Who may ask the nodes of a compute for a session over SSH."""
    compute = Compute(resource)
    try:
        return _judged(estate, compute)
    except NotKnown as gap:
        return undecided(resource.id, gap.unknown)


def _judged(estate: Estate, compute: Compute) -> FirewallVerdict:
    kind, name, id_ = compute.compute_type.value, compute.name, compute.id
    if kind not in (_CLUSTER, _INSTANCE):
        says = f"{name} is attached from elsewhere and has no nodes of its own"
        return nobody(id_, says, compute.compute_type.evidence)
    if compute.public_nodes.known is False:
        return nobody(id_, f"the nodes of {name} have no public address", compute.public_nodes.evidence)
    ssh = compute.cluster_ssh if kind == _CLUSTER else compute.instance_ssh
    subnet = compute.subnet.value
    stated = ssh.value
    if stated == "disabled" or (stated == "notspecified" and subnet is not None):
        return nobody(id_, f"the nodes of {name} take no SSH from the Internet", ssh.evidence)
    opened = everybody(id_, f"every node of {name} takes SSH from the Internet", ssh.evidence)
    if subnet is not None:
        why = f"{name} takes SSH on public addresses, and the security group of {subnet.name} decides from where"
        return opened.but_not_read(Unknown(why))
    workspace = estate.need(id_.parent, compute.resource.place("id")) if id_.parent is not None else None
    isolation = ManagedNetwork(workspace).isolation.value if workspace is not None else ""
    if isolation not in _OUTSIDE:
        why = f"{name} is in the managed network of its workspace, and what that lets in is not documented"
        return opened.but_not_read(Unknown(why))
    return opened
