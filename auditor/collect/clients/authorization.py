"""azure-mgmt-authorization: role assignments, role definitions, deny assignments, eligible assignments.

A list at a subscription or a resource group shows what is assigned above it too, and all that is below
(learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest). Version 4.0.0 ignores the cloud it is
told, so it gets endpoint and scope; its `Permission` drops a definition's condition, so the wire JSON is kept.
"""

from __future__ import annotations

from azure.mgmt.authorization import AuthorizationManagementClient

from auditor.collect.session import Send, Session


def connect(session: Session, subscription: str) -> Send:
    """The way of the pipeline inside: this client has no public one. It needs absolute URLs."""
    send: Send = AuthorizationManagementClient(session.token, subscription, **session.options())._client.send_request
    return send
