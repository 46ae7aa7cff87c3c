"""Settings of AI accounts that the architecture says nothing of: a baseline that wants them has rows for them."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

import msgspec

from auditor.documents.ai_account import Account, BlockedList, ContentPolicy, ModelDeployment
from auditor.model import Evidence, NotKnown, Resource, Unknown, Verdict
from auditor.model.change import set_to
from auditor.rules.rule import Answer, broken, decides, holds, not_applicable, unknown
from auditor.text.shell import q
from auditor.workload.content_filters import Use, azures_own, policies_in_use
from auditor.workload.parts import Workload


class HostTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The hosts that an account may call, as patterns (`*.contoso.com`); without any, every host that it names."""

    hosts: tuple[str, ...] = ()


@decides(on=lambda w: w.openai, part="Azure OpenAI account", terms=HostTerms)
def account_calls_any_host(account: Resource, w: Workload, terms: HostTerms) -> Answer:
    """An AI account may call any host.

    What is read: `restrictOutboundNetworkAccess` of the account and its `allowedFqdnList`.

    Why it matters: models fetch images and files from URLs that a prompt names. What an account may call without a
    list, a prompt can send data to.

    What is wrong: outbound access is not restricted, or the list names a host that the terms do not.

    How to put it right: set `properties.restrictOutboundNetworkAccess` to true and `properties.allowedFqdnList` to the
    hosts that are needed.

    References: learn.microsoft.com/azure/ai-services/cognitive-services-data-loss-prevention.
    """
    view = Account(account)
    limits, hosts = view.limits_outbound, view.allowed_hosts
    fix = f"az resource update --ids {q(account.id.text)} --set properties.restrictOutboundNetworkAccess=true"
    if not limits.value:
        says = f"restrictOutboundNetworkAccess of {account.name} is {limits}"
        lost = f"{account.name} cannot fetch from hosts that its list does not name"
        change = set_to(account.id, "properties/restrictOutboundNetworkAccess", True, warning=lost)
        return broken(account, says, limits.evidence, fix=fix, changes=[change])
    beyond = [host for host in hosts.value if terms.hosts and not _is_one_of(host, terms.hosts)]
    if beyond:
        says = f"{account.name} may call {', '.join(beyond)}"
        return broken(account, says, hosts.evidence, fix="take the host out of allowedFqdnList")
    named = ", ".join(hosts.value) or "no host"
    return holds(account, f"{account.name} may call {named} only", limits.evidence, hosts.evidence)


def _is_one_of(host: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(host.casefold(), pattern.casefold()) for pattern in patterns)


class UpgradeTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ways in which a deployment may come to a newer version of its model."""

    allowed: tuple[str, ...]


@decides(on=lambda w: w.model_deployments, part="model deployment", terms=UpgradeTerms)
def model_changes_by_itself(deployment: Resource, w: Workload, terms: UpgradeTerms) -> Answer:
    """A model deployment moves to another version of its model by itself.

    What is read: `versionUpgradeOption` of every model deployment.

    Why it matters: another version answers otherwise. Prompts and thresholds were tried with the version of today, and
    they are untested with the one that is there tomorrow.

    What is wrong: the option is none of those that the terms allow.

    How to put it right: set `properties.versionUpgradeOption` to one of them, and watch for the retirement of the
    version.

    References: learn.microsoft.com/azure/ai-foundry/openai/how-to/working-with-models.
    """
    option = ModelDeployment(deployment).upgrade
    if option.value in {each.casefold() for each in terms.allowed}:
        return holds(deployment, f"{deployment.name} changes its version {option.evidence.value}", option.evidence)
    says = f"versionUpgradeOption of {deployment.name} is {option.evidence.value}"
    change = set_to(deployment.id, "properties/versionUpgradeOption", terms.allowed[0])
    fix = f"set properties.versionUpgradeOption of {deployment.id.text} to {terms.allowed[0]}"
    return broken(deployment, says, option.evidence, fix=fix, changes=[change])


@decides(on=lambda w: w.openai, part="Azure OpenAI account")
def account_keeps_files_itself(account: Resource, w: Workload, _terms: object) -> Answer:
    """An AI account keeps the files that it is given in storage of Microsoft's.

    What is read: `userOwnedStorage` of the account.

    Why it matters: storage of one's own has keys, logs, rules of deletion and a region of one's own.

    What is wrong: the account names no storage.

    How to put it right: create the account with `properties.userOwnedStorage`.

    References: learn.microsoft.com/azure/ai-services/security-features (bring your own storage).
    """
    owned = Account(account).owned_storage
    if owned.value:
        ids = [storage.account.value for storage in owned.value]
        names = ", ".join(id_.name for id_ in ids if id_ is not None)
        return holds(account, f"{account.name} keeps its files in {names}", owned.evidence)
    says = f"{account.name} names no storage of yours"
    return broken(account, says, owned.evidence, fix="create the account again with properties.userOwnedStorage")


class ListTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In which of prompts and completions listed words are refused."""

    sources: tuple[str, ...]


@decides(part="content policy", terms=ListTerms)
def listed_words_get_through(w: Workload, terms: ListTerms) -> Iterator[Verdict]:
    """A content policy in use refuses no words of your own.

    What is read: the block lists of the content policy of every model deployment: `customBlocklists`, and of older
    versions of the API `promptBlocklists` and `completionBlocklists`; and whether the account has each of them.

    Why it matters: filters know harmful content, and not the names, projects and words that your company keeps to
    itself.

    What is wrong: the policy has no list that blocks, for prompts or for completions, or names one that is not there.

    How to put it right: add a list with `accounts/raiBlocklists` and name it in `customBlocklists` of the policy.

    References: learn.microsoft.com/azure/ai-foundry/openai/how-to/use-blocklists.
    """
    uses = tuple(policies_in_use(w))
    if not uses:
        yield not_applicable(None, "no model is deployed in this workload's Azure OpenAI accounts")
    for use in uses:
        try:
            yield _lists(use, w, terms)
        except NotKnown as gap:
            yield unknown(use.subject, gap.unknown)


def _lists(use: Use, w: Workload, terms: ListTerms) -> Verdict:
    named = use.subject.shown("properties", "raiPolicyName")
    fix = "add a list with accounts/raiBlocklists and name it in customBlocklists of the policy"
    if isinstance(use.policy, Unknown):
        if azures_own(use.name):
            return broken(use.subject, f"{use.name}, a policy of Azure's own, has no list of yours", named, fix=fix)
        return unknown(use.subject, use.policy, named)
    policy = ContentPolicy(use.policy)
    account = w.estate.find(use.policy.id.parent)
    found: list[Evidence] = []
    for source in terms.sources:
        blocking = [each for each in _for(policy, source.casefold()) if each.blocking.value]
        if not blocking:
            says = f"{policy.name} has no list that blocks words in {source.lower()}s"
            return broken(use.subject, says, policy.lists.evidence, fix=fix)
        for each in blocking:
            name = each.list.value
            if account is not None and w.estate.child(account, "raiBlocklists", name) is None:
                return broken(
                    use.subject, f"{policy.name} names the list {name}, which is not there", each.shown(), fix=fix
                )
            found.append(each.shown())
    return holds(use.subject, f"{policy.name} refuses the words of its lists", *found)


def _for(policy: ContentPolicy, source: str) -> Iterator[BlockedList]:
    """The lists of one side: of newer policies by their own word, of older ones by the property that they stand in."""
    yield from (each for each in policy.lists.value if each.source.value == source)
    yield from (policy.prompt_lists if source == "prompt" else policy.completion_lists).value
