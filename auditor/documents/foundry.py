"""Accounts of Microsoft Foundry: their projects, connections, capability hosts and the network of their agents."""

from __future__ import annotations

from auditor.documents.view import View, flag, parts, reference, text, texts, word
from auditor.facts import load
from auditor.model import Unknown

ACCOUNT = "microsoft.cognitiveservices/accounts"
PROJECT = f"{ACCOUNT}/projects"
CONNECTION = f"{PROJECT}/connections"
ACCOUNT_CONNECTION = f"{ACCOUNT}/connections"
HOST = f"{PROJECT}/capabilityhosts"
ACCOUNT_HOST = f"{ACCOUNT}/capabilityhosts"


class Injection(View):
    """A network that what runs in an account is put into."""

    scenario = word("scenario")
    subnet = reference("subnetArmId")
    managed_by_microsoft = flag("useMicrosoftManagedNetwork")


class Account(View, kind=ACCOUNT):
    """An account of the kind AIServices."""

    manages_projects = flag("properties", "allowProjectManagement")
    injections = parts(Injection, "properties", "networkInjections")


class Project(View, kind=PROJECT):
    """A project of an account. `internal_id` is 32 hex digits, which begin the names of its containers as a GUID."""

    internal_id = word("properties", "internalId")

    @property
    def guid(self) -> str:
        """The internal id as the GUID that its containers' names begin with. Raises `NotKnown` where it is absent."""
        raw = self.internal_id.value
        return "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]))


class CapabilityHost(View):
    """What lets agents run in a project, with the connections that keep their threads, files and vectors."""

    host_kind = word("properties", "capabilityHostKind")
    state = word("properties", "provisioningState")
    subnet = reference("properties", "customerSubnet")
    threads = texts("properties", "threadStorageConnections")
    files = texts("properties", "storageConnections")
    vectors = texts("properties", "vectorStoreConnections")


class FoundryConnection(View):
    """How a project or an account calls another service."""

    category = word("properties", "category")
    authentication = word("properties", "authType")
    resource_id = text("properties", "metadata", "ResourceId")
    target = text("properties", "target")
    shared_to_all = flag("properties", "isSharedToAll")
    shared_with = texts("properties", "sharedUserList")

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
        return Unknown(f"authType of connection {self.id.name} is {said}, which this version does not know")
