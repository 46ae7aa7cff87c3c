"""azure-mgmt-search: search services. Their private links come inside them."""

from __future__ import annotations

from azure.mgmt.search import SearchManagementClient

from auditor.collect.session import Send, Session


def connect(session: Session, subscription: str) -> Send:
    """The client's own way to send a request."""
    send: Send = SearchManagementClient(session.token, subscription, **session.options())._send_request
    return send
