"""`config/authsettingsV2` of a web app or a deployment slot: App Service authentication."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.documents.view import View, flag, part, text, texts, word
from auditor.model import Evidence


class EntraProvider(View):
    """The Microsoft Entra ID provider."""

    client = text("registration", "clientId")
    issuer = text("registration", "openIdIssuer")
    allowed_identities = texts("validation", "defaultAuthorizationPolicy", "allowedPrincipals", "identities")
    allowed_groups = texts("validation", "defaultAuthorizationPolicy", "allowedPrincipals", "groups")
    enabled = flag("enabled")


class SignIn(View, kind="microsoft.web/sites/config"):
    """Who has to sign in, and with what."""

    enabled = flag("properties", "platform", "enabled")
    file = text("properties", "platform", "configFilePath")
    required = flag("properties", "globalValidation", "requireAuthentication")
    unauthenticated = word("properties", "globalValidation", "unauthenticatedClientAction")
    excluded_paths = texts("properties", "globalValidation", "excludedPaths")
    entra = part(EntraProvider, "properties", "identityProviders", "azureActiveDirectory")

    def other_providers(self) -> Iterator[tuple[str, Evidence]]:
        """Every other provider that is enabled and has a registration to sign users in with.

        Azure shows a provider with `enabled: true` and an empty registration where nobody set it up; `enabled` is only
        stated as false to keep a registration without using it (docs: App Service file-based configuration reference).
        """
        providers = self.resource.get(*self.path, "properties", "identityProviders", default={})
        for name, settings in sorted(providers.items()) if isinstance(providers, dict) else ():
            where = ("properties", "identityProviders", name)
            if name == "azureActiveDirectory" or not isinstance(settings, dict):
                continue
            if name == "customOpenIdConnectProviders":
                for custom, inner in sorted(settings.items()):
                    if _signs_in(inner):
                        yield custom, self.shown(*where, custom, "registration")
            elif _signs_in(settings):
                yield name, self.shown(*where, "registration")


def _signs_in(settings: object) -> bool:
    if not isinstance(settings, dict) or settings.get("enabled") is False:
        return False
    registration = settings.get("registration")
    return isinstance(registration, dict) and any(value for value in registration.values())
