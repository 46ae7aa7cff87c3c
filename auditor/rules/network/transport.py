"""Transport: web apps and storage speak TLS, a recent one, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from auditor.documents.storage_account import StorageAccount
from auditor.model import NotKnown, Resource, Unknown, Verdict
from auditor.model.change import set_to
from auditor.rules.rule import Answer, broken, decides, holds, shown, unknown
from auditor.text.shell import q
from auditor.workload.owned import sites_and_slots
from auditor.workload.parts import Workload


@decides(on=sites_and_slots, part="web app")
def web_app_answers_plain_http(site: Resource, w: Workload, _terms: object) -> Answer:
    """A web app answers plain HTTP instead of redirecting it.

    What is read: `properties.httpsOnly` of the site and of its deployment slots. Absent means false, as for a new app.

    Why it matters: the app is private, but its network is shared; a client that asks for http:// gets an answer.

    What is wrong: `httpsOnly` is false.

    How to put it right: `az webapp update --https-only true`.

    References: article, "Networking"; learn.microsoft.com/azure/app-service/configure-ssl-bindings.
    """
    evidence = site.at("properties", "httpsOnly")
    if evidence.value is True:
        return holds(site, f"{site.name} answers HTTPS only", evidence)
    return broken(
        site, f"{site.name} answers plain HTTP (httpsOnly is {shown(evidence.value)})", evidence,
        fix=f"az webapp update --ids {q(site.id.text)} --https-only true",
        changes=[set_to(site.id, "properties/httpsOnly", True, warning=_plain_http(site))],
    )  # fmt: skip


def _plain_http(thing: Resource) -> str:
    return f"clients that speak plain HTTP to {thing.name} are turned away or redirected"


def _old_tls(thing: Resource) -> str:
    return f"clients of {thing.name} that know older versions of TLS only are turned away"


class SiteTlsTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The oldest TLS version a site may take (`1.2`), and what its FTP endpoint must be."""

    minimum: str
    ftps: tuple[str, ...]


@decides(on=sites_and_slots, part="web app", terms=SiteTlsTerms)
def web_app_takes_old_tls(site: Resource, w: Workload, terms: SiteTlsTerms) -> Iterator[Verdict]:
    """A web app or its deployment site takes an old TLS version, or still offers FTP.

    What is read: `minTlsVersion`, `scmMinTlsVersion` and `ftpsState` of `config/web` of the site and of its
    slots, each of which answers under a name of its own.

    Why it matters: the deployment site (scm) can replace the program; it deserves the same protection as the app.

    What is wrong: a minimum below the baseline's, or an FTP endpoint that is not of the kinds the baseline accepts.

    How to put it right: `az webapp config set --min-tls-version 1.2 --ftps-state Disabled`.

    References: article, "Networking"; learn.microsoft.com/azure/app-service/overview-tls.
    """
    config = w.estate.child(site, "config", "web")
    if config is None:
        raise NotKnown(
            Unknown(
                f"the configuration of {site.name} is not in this snapshot",
                "Microsoft.Web/sites/config/read",
                absent=True,
            )
        )
    for key in ("minTlsVersion", "scmMinTlsVersion"):
        yield _tls_of(site, config, key, terms.minimum)
    yield _ftp_of(site, config, terms.ftps)


def _tls_of(site: Resource, config: Resource, key: str, minimum: str) -> Verdict:
    try:
        evidence = config.at("properties", key)
    except NotKnown as gap:
        return unknown(site, gap.unknown, aspect=key)
    if evidence.value is None:
        return unknown(site, Unknown(f"{site.name} does not state its {key}"), evidence, aspect=key)
    if str(evidence.value) not in _TLS_VERSIONS:
        because = f"{key} of {site.name} is {evidence.value!r}, which is no version of TLS that App Service knows"
        return unknown(site, Unknown(because), evidence, aspect=key)
    if _version(str(evidence.value)) >= _version(minimum):
        return holds(site, f"{key} of {site.name} is {evidence.value}", evidence, aspect=key)
    option = "--min-tls-version" if key == "minTlsVersion" else "--generic-configurations"
    value = minimum if key == "minTlsVersion" else f'\'{{"scmMinTlsVersion": "{minimum}"}}\''
    fix = f"az webapp config set --ids {q(site.id.text)} {option} {q(value)}"
    change = set_to(config.id, f"properties/{key}", minimum, warning=_old_tls(site))
    says = f"{key} of {site.name} is {evidence.value}"
    return broken(site, says, evidence, fix=fix, aspect=key, changes=[change])


def _ftp_of(site: Resource, config: Resource, allowed: tuple[str, ...]) -> Verdict:
    try:
        evidence = config.at("properties", "ftpsState")
    except NotKnown as gap:
        return unknown(site, gap.unknown, aspect="ftpsState")
    if str(evidence.value).casefold() in {state.casefold() for state in allowed}:
        return holds(site, f"ftpsState of {site.name} is {evidence.value}", evidence, aspect="ftpsState")
    fix = f"az webapp config set --ids {q(site.id.text)} --ftps-state {q(allowed[0])}"
    lost = f"who deploys to {site.name} by FTP cannot any more"
    change = set_to(config.id, "properties/ftpsState", allowed[0], warning=lost)
    says = f"ftpsState of {site.name} is {shown(evidence.value)}"
    return broken(site, says, evidence, fix=fix, aspect="ftpsState", changes=[change])


_TLS_VERSIONS = ("1.0", "1.1", "1.2", "1.3")
"""SupportedTlsVersions of Microsoft.Web (azure-mgmt-web)."""


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


@decides(on=sites_and_slots, part="web app")
def tls_ends_before_the_worker(site: Resource, w: Workload, _terms: object) -> Answer:
    """TLS ends at App Service's front ends, not at the worker that runs the app.

    What is read: `properties.endToEndEncryptionEnabled` of the site and of its slots.

    Why it matters: the article wants data encrypted end to end; without this the last connection, inside the platform,
    is plain.

    What is wrong: the setting is false or absent (it is off by default).

    How to put it right: `az webapp update --set endToEndEncryptionEnabled=true` (Premium plans and above).

    References: article, "Networking" (end to end); learn.microsoft.com/azure/app-service/configure-ssl-bindings.
    """
    evidence = site.at("properties", "endToEndEncryptionEnabled")
    if evidence.value is True:
        return holds(site, f"TLS reaches the workers of {site.name}", evidence)
    fix = f"az webapp update --ids {q(site.id.text)} --set endToEndEncryptionEnabled=true"
    change = set_to(site.id, "properties/endToEndEncryptionEnabled", True)
    says = f"TLS ends at the front ends of {site.name}, not at its workers"
    return broken(site, says, evidence, fix=fix, changes=[change])


class StorageTlsTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The oldest TLS version that a storage account may take, as storage writes it (`TLS1_2`)."""

    minimum: str


@decides(on=lambda w: (*w.storages, *w.other_storages), part="storage account", terms=StorageTlsTerms)
def storage_takes_weak_transport(account: Resource, w: Workload, terms: StorageTlsTerms) -> Iterator[Verdict]:
    """A storage account takes plain HTTP, or a TLS version that is too old.

    What is read: `supportsHttpsTrafficOnly` (where absent true, and false in a plan of an api-version before
    2019-04-01) and `minimumTlsVersion` (TLS 1.0 where absent).

    Why it matters: prompts, flows and logs rest here; a client that may choose its own transport chooses the weakest.

    What is wrong: HTTP is allowed, or the minimum is below what the baseline accepts.

    How to put it right: `az storage account update --https-only true --min-tls-version TLS1_2`.

    References: article, "Networking";
    learn.microsoft.com/azure/storage/common/transport-layer-security-configure-minimum-version.
    """
    https_only = StorageAccount(account).https_only
    fix = f"az storage account update --ids {q(account.id.text)}"
    if isinstance(https_only.known, Unknown):
        yield unknown(account, https_only.known, https_only.evidence, aspect="https")
    elif https_only.value:
        yield holds(account, f"{account.name} takes HTTPS only", https_only.evidence, aspect="https")
    else:
        says = f"{account.name} takes plain HTTP"
        change = set_to(account.id, "properties/supportsHttpsTrafficOnly", True, warning=_plain_http(account))
        yield broken(
            account, says, https_only.evidence, fix=f"{fix} --https-only true", aspect="https", changes=[change]
        )
    evidence = account.at("properties", "minimumTlsVersion")
    # Storage writes versions as TLS1_0, TLS1_1, TLS1_2, TLS1_3: their order is that of their letters.
    if account.text("properties", "minimumTlsVersion") >= terms.minimum.casefold():
        yield holds(account, f"{account.name} asks for {evidence.value}", evidence, aspect="tls")
    else:
        stated = evidence.value or "not set, which means TLS 1.0"
        says = f"minimumTlsVersion of {account.name} is {stated}"
        change = set_to(account.id, "properties/minimumTlsVersion", terms.minimum, warning=_old_tls(account))
        fix = f"{fix} --min-tls-version {terms.minimum}"
        yield broken(account, says, evidence, fix=fix, aspect="tls", changes=[change])
