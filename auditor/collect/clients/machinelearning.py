"""azure-mgmt-machinelearningservices: workspaces, endpoints, deployments, computes, connections, datastores.

Version 1.0.1 speaks api-version 2020-08-01, which knows neither managed networks nor online endpoints, and its models
drop what they do not know. Only its pipeline is used, with api-versions of our own.
"""

from __future__ import annotations

from azure.mgmt.machinelearningservices import MachineLearningServicesMgmtClient

from auditor.collect.session import Send, Session


def connect(session: Session, subscription: str) -> Send:
    """The client's own way to send a request."""
    send: Send = MachineLearningServicesMgmtClient(session.token, subscription, **session.options())._send_request
    return send
