"""Accounts of AI services, their model deployments, content policies and projects."""

from __future__ import annotations

from auditor.documents.view import Reading, View, flag, number, part, parts, reference, text, texts, word

ACCOUNT = "microsoft.cognitiveservices/accounts"
DEPLOYMENT = f"{ACCOUNT}/deployments"
POLICY = f"{ACCOUNT}/raipolicies"
PROJECT = f"{ACCOUNT}/projects"


class Capability(View):
    """Something that an account can do or is exempt from, as Microsoft marks it."""

    of = word("name")
    value = word("value")


class AbusePenalty(View):
    """That Azure limits an account because it has seen abuse."""

    action = word("action")


class OwnedStorage(View):
    """Storage of the customer's in which an account keeps its files."""

    account = reference("resourceId")


class MonitorConfig(View):
    """Where the customer's own monitoring of prompts writes to."""


class Account(View, kind=ACCOUNT):
    """An account. `kind` of the document says which services it offers: `openai`, `aiservices`, ..."""

    capabilities = parts(Capability, "properties", "capabilities")
    abuse_penalty = part(AbusePenalty, "properties", "abusePenalty")
    monitor = part(MonitorConfig, "properties", "raiMonitorConfig")
    limits_outbound = flag("properties", "restrictOutboundNetworkAccess")
    allowed_hosts = texts("properties", "allowedFqdnList")
    owned_storage = parts(OwnedStorage, "properties", "userOwnedStorage")
    local_keys_off = flag("properties", "disableLocalAuth")
    has_projects = flag("properties", "allowProjectManagement")


class ModelDeployment(View, kind=DEPLOYMENT):
    """A deployment of a model. `capacity` is in thousands of tokens per minute for the tiers that are paid by use."""

    model = word("properties", "model", "name")
    publisher = word("properties", "model", "format")
    chat = word("properties", "capabilities", "chatCompletion")
    policy = text("properties", "raiPolicyName")
    tier = word("sku", "name")
    capacity = number("sku", "capacity")
    upgrade = word("properties", "versionUpgradeOption")
    state = word("properties", "provisioningState")


class ContentFilter(View):
    """A row of a content policy. Rows of older versions of the API state their threshold as `allowedContentLevel`."""

    filter = text("name")
    source = word("source")
    enabled = flag("enabled")
    blocking = flag("blocking")
    action = word("action")
    severity = word("severityThreshold")
    allowed = word("allowedContentLevel")

    @property
    def threshold(self) -> Reading[str]:
        """The level from which on it acts: lower case, and empty for a filter that has no levels."""
        return self.severity if self.states("severityThreshold") else self.allowed


class BlockedList(View):
    """A list of words that a policy refuses, in prompts or completions."""

    list = text("blocklistName")
    source = word("source")
    blocking = flag("blocking")


class ContentPolicy(View, kind=POLICY):
    """What is filtered of what goes to a model and comes from it."""

    type = word("properties", "type")
    old_type = word("properties", "policyType")
    mode = word("properties", "mode")
    base = text("properties", "basePolicyName")
    filters = parts(ContentFilter, "properties", "contentFilters")
    lists = parts(BlockedList, "properties", "customBlocklists")
    prompt_lists = parts(BlockedList, "properties", "promptBlocklists")
    completion_lists = parts(BlockedList, "properties", "completionBlocklists")

    @property
    def is_azures_own(self) -> bool:
        """Whether it says itself that Azure manages it."""
        return "systemmanaged" in (self.type.known, self.old_type.known)
