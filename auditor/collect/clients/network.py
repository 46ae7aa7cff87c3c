"""azure-mgmt-network: networks, their guards, and what leads into them."""

from __future__ import annotations

from azure.mgmt.network import NetworkManagementClient

from auditor.collect.session import Send, Session


def connect(session: Session, subscription: str) -> Send:
    """The client's own way to send a request; its mapping models keep the wire JSON, so nothing is gained by them."""
    send: Send = NetworkManagementClient(session.token, subscription, **session.options()).send_request
    return send
