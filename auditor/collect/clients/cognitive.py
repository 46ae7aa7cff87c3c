"""azure-mgmt-cognitiveservices: accounts, model deployments, content filters, blocklists.

The models of version 14.1.0 drop unknown properties, `allowedContentLevel` of older content filters among them; the
wire JSON keeps them.
"""

from __future__ import annotations

from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient

from auditor.collect.session import Send, Session


def connect(session: Session, subscription: str) -> Send:
    """The client's own way to send a request."""
    send: Send = CognitiveServicesManagementClient(session.token, subscription, **session.options())._send_request
    return send
