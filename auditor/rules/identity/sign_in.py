"""Sign-in of the chat UI: who is let in, and with which accounts."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.documents.site_sign_in import EntraProvider, SignIn
from auditor.facts import load
from auditor.model import NotKnown, Resource, Unknown, Verdict
from auditor.model.change import Change, set_to
from auditor.rules.rule import Answer, broken, decides, holds, unknown
from auditor.text.shell import q
from auditor.workload.owned import SLOT
from auditor.workload.parts import Workload


def _chat_uis_and_slots(w: Workload) -> Iterator[Resource]:
    """A slot is a web app of its own, with sign-in settings of its own."""
    for site in w.chat_uis:
        yield site
        yield from w.estate.all(SLOT, under=site.id)


@decides(on=_chat_uis_and_slots, part="chat UI", formerly=("anyone_may_use_the_chat",))
def chat_ui_allows_anonymous_access(site: Resource, w: Workload, _terms: object) -> Answer:
    """The chat UI answers people who have not signed in with Microsoft Entra ID.

    What is read: `config/authsettingsV2` of the site and of its deployment slots: `platform.enabled` and
    `configFilePath`; `globalValidation` with `requireAuthentication`, `unauthenticatedClientAction`, `excludedPaths`;
    the Entra provider with its registration, issuer and allowed principals; every other provider.

    Why it matters: the network lets the Internet in through the gateway; who is asking is decided here or nowhere.

    What is wrong: App Service authentication is off, lets anonymous requests pass, excludes paths, has no Entra
    registration, signs in accounts of another provider, or those of every tenant without naming who is allowed. An
    issuer of another service, such as one for customers, or none is unknown. Where a file in the app's content holds
    the settings, it cannot be determined: no snapshot reads that file. An app that signs its users in by its own code
    looks the same from outside: then waive this with that reason.

    How to put it right: `az webapp auth update --enabled true --action RedirectToLoginPage` and
    `az webapp auth microsoft update --client-id <id> --issuer <issuer>`.

    References: article, "Security" and "Identity and access management";
    learn.microsoft.com/azure/app-service/overview-authentication-authorization;
    learn.microsoft.com/azure/app-service/configure-authentication-file-based;
    learn.microsoft.com/azure/app-service/configure-authentication-provider-aad.
    """
    found = w.estate.child(site, "config", "authsettingsV2")
    if found is None:
        raise NotKnown(Unknown(f"the authentication settings of {site.name} are not in this snapshot", absent=True))
    sign_in = SignIn(found)
    if sign_in.file.value:
        because = f"the sign-in of {site.name} is configured by the file {sign_in.file.value} in its own content"
        return unknown(site, Unknown(f"{because}, which no snapshot reads"), sign_in.file.evidence)
    return tuple(_faults(site, sign_in)) or _doubt(site, sign_in) or _signed_in(site, sign_in)


def _doubt(site: Resource, sign_in: SignIn) -> Verdict | None:
    """An issuer that may be other than one workforce tenant of Entra ID; `None` where it is one."""
    entra = sign_in.entra.value
    issuer = entra.issuer if entra is not None else None
    if issuer is None:
        return None
    host = issuer.value.casefold().removeprefix("https://").partition("/")[0]
    if host in load("sign-in")["issuers_of_one_organization"]["hosts"]:
        return None
    whose = f"the issuer {issuer.value}" if issuer.value else "no issuer"
    because = f"{site.name} signs users in by {whose}, which may not be a tenant of an organization in Entra ID"
    return unknown(site, Unknown(because), issuer.evidence)


def _signed_in(site: Resource, sign_in: SignIn) -> Verdict:
    says = f"{site.name} answers only users signed in with Microsoft Entra ID"
    entra = sign_in.entra.value
    evidence = (sign_in.enabled.evidence, sign_in.required.evidence)
    return holds(site, says, *evidence, *((entra.enabled.evidence,) if entra is not None else ()))


def _faults(site: Resource, sign_in: SignIn) -> Iterator[Verdict]:
    """What is wrong, the first of each kind: what makes the rest pointless comes alone."""
    enabled, required, action = sign_in.enabled, sign_in.required, sign_in.unauthenticated
    fix = f"az webapp auth update --ids {q(site.id.text)} --enabled true --action RedirectToLoginPage"
    if not enabled.value:
        says = f"App Service authentication of {site.name} is off: whoever gets through the gateway may chat"
        yield broken(site, says, enabled.evidence, fix=fix, changes=_switched_on(site, sign_in))
        return
    if not required.value or action.value == "allowanonymous":
        says = f"{site.name} lets anonymous requests pass"
        yield broken(
            site, says, enabled.evidence, required.evidence, action.evidence, fix=fix, changes=_required(sign_in)
        )
        return
    if sign_in.excluded_paths.value:
        paths = ", ".join(sign_in.excluded_paths.value)
        says = f"{site.name} answers {paths} without a sign-in"
        fix = f"az webapp auth update --ids {q(site.id.text)} --excluded-paths '[]'"
        change = set_to(sign_in.id, "properties/globalValidation/excludedPaths", [])
        yield broken(site, says, sign_in.excluded_paths.evidence, fix=fix, aspect="excluded paths", changes=[change])
    yield from _provider_faults(site, sign_in)


def _switched_on(site: Resource, sign_in: SignIn) -> list[Change]:
    """Authentication on and asked of everybody, by a registration of one tenant; no other provider, no way around."""
    changes = [set_to(sign_in.id, "properties/platform/enabled", True), *_required(sign_in)]
    if sign_in.excluded_paths.known != ():
        changes.append(set_to(sign_in.id, "properties/globalValidation/excludedPaths", []))
    for _, evidence in sign_in.other_providers():
        changes.append(set_to(sign_in.id, f"{evidence.place.pointer.rpartition('/')[0]}/enabled", False))
    entra = sign_in.entra.value
    if entra is None or not entra.enabled.value or not entra.client.value:
        changes.append(_registered(site, sign_in))
    return changes


_ENTRA = "properties/identityProviders/azureActiveDirectory"


def _registered(site: Resource, sign_in: SignIn) -> Change:
    registration = {
        "clientId": "00000000-0000-0000-0000-000000000000",
        "openIdIssuer": "https://sts.windows.net/00000000-0000-0000-0000-000000000000/v2.0",
    }
    question = f"by which registration of your tenant users of {site.name} sign in: its client id, and the tenant's"
    lost = f"whoever uses {site.name} without an account that this registration takes cannot any more"
    value = {"enabled": True, "registration": registration}
    return set_to(sign_in.id, _ENTRA, value, question, lost)


def _required(sign_in: SignIn) -> list[Change]:
    return [
        set_to(sign_in.id, "properties/globalValidation/requireAuthentication", True),
        set_to(sign_in.id, "properties/globalValidation/unauthenticatedClientAction", "RedirectToLoginPage"),
    ]


def _provider_faults(site: Resource, sign_in: SignIn) -> Iterator[Verdict]:
    entra = sign_in.entra.value
    if entra is None or not entra.enabled.value or not entra.client.value:
        says = f"{site.name} has no Microsoft Entra ID registration to sign users in with"
        fix = f"az webapp auth microsoft update --ids {q(site.id.text)} --client-id <id> --issuer <issuer>"
        yield broken(site, says, sign_in.entra.evidence, fix=fix, changes=[_registered(site, sign_in)])
        return
    for name, evidence in sign_in.other_providers():
        says = f"{site.name} signs in accounts of {name} beside those of Microsoft Entra ID"
        off = set_to(sign_in.id, f"{evidence.place.pointer.rpartition('/')[0]}/enabled", False)
        yield broken(site, says, evidence, fix=f"switch the provider {name} off", aspect=name, changes=[off])
    yield from _tenant_fault(site, sign_in, entra)


def _tenant_fault(site: Resource, sign_in: SignIn, entra: EntraProvider) -> Iterator[Verdict]:
    """An issuer that stands for many tenants, where nothing says who of them is allowed."""
    issuer = entra.issuer.value
    segments = {segment.casefold() for segment in issuer.split("/")}
    many = segments & {word.casefold() for word in load("sign-in")["issuers_of_many_tenants"]}
    named = entra.allowed_identities.value + entra.allowed_groups.value
    if many and not named:
        says = f"{site.name} signs in accounts of every tenant: its issuer is {issuer}, and no principal is named"
        fix = f"az webapp auth microsoft update --ids {q(site.id.text)} --issuer <issuer of your tenant>"
        question = f"of which tenant the users of {site.name} are"
        lost = f"users of {site.name} from other tenants cannot sign in any more"
        one = "https://sts.windows.net/00000000-0000-0000-0000-000000000000/v2.0"
        change = set_to(sign_in.id, f"{_ENTRA}/registration/openIdIssuer", one, question, lost)
        yield broken(site, says, entra.issuer.evidence, fix=fix, aspect="issuer", changes=[change])
