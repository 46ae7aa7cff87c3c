"""azure-mgmt-resource: subscriptions, groups, the inventory, and every type that has no client of its own here."""

from __future__ import annotations

from azure.mgmt.resource.resources import ResourceManagementClient

from auditor.collect.session import Send, Session


def connect(session: Session, subscription: str) -> Send:
    """The client's own way to send a request."""
    send: Send = ResourceManagementClient(session.token, subscription, **session.options()).send_request
    return send
