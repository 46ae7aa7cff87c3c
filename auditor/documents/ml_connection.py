"""Connections of a Machine Learning workspace to other services, and the datastores that it keeps."""

from __future__ import annotations

from auditor.documents.view import View, text, word
from auditor.facts import load
from auditor.model import ArmId, Unknown

CONNECTION = "microsoft.machinelearningservices/workspaces/connections"
DATASTORE = "microsoft.machinelearningservices/workspaces/datastores"


class Connection(View, kind=CONNECTION):
    """How a workspace calls another service."""

    authentication = word("properties", "authType")
    target = word("properties", "target")
    resource_id = text("properties", "metadata", "ResourceId")

    def leads_to(self, id_: ArmId) -> bool:
        """Whether it names this resource as its other end."""
        stated = self.resource_id.known
        return isinstance(stated, str) and bool(stated) and ArmId(stated) == id_

    @property
    def keeps_a_secret(self) -> bool | Unknown:
        """Whether it proves who calls by something secret that it keeps (facts/connection-authentication.json)."""
        said = self.authentication.known
        if isinstance(said, Unknown):
            return said
        facts = load("connection-authentication")
        if said in facts["secret"]:
            return True
        if said in facts["keyless"]:
            return False
        return Unknown(f"authType of connection {self.name} is {said}, which this version does not know")


class Datastore(View, kind=DATASTORE):
    """Storage that a workspace uses, and what it shows there."""

    account = word("properties", "accountName")
    credentials = word("properties", "credentials", "credentialsType")
