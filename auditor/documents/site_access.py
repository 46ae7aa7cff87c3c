"""Access restrictions of a web app or a slot: the switch, and the ordered rules of its host and of its scm host."""

from __future__ import annotations

from auditor.documents.view import View, flag, number, parts, reference, text, word


class Restriction(View):
    """One rule. What it names is a range, a tag or a subnet."""

    address = text("ipAddress")
    tag = word("tag")
    subnet = reference("vnetSubnetResourceId")
    older_subnet = reference("subnetId")
    action = word("action")
    priority = number("priority")

    @property
    def asks_for_headers(self) -> bool:
        """Whether more than the source address decides, as with a Front Door's own header."""
        return bool(self.shown("headers").value)


class SiteConfig(View):
    """`config/web` of a site or a slot; a plan's document may say the same."""

    public_access = word("properties", "publicNetworkAccess")
    restrictions = parts(Restriction, "properties", "ipSecurityRestrictions")
    default_action = word("properties", "ipSecurityRestrictionsDefaultAction")
    scm_restrictions = parts(Restriction, "properties", "scmIpSecurityRestrictions")
    scm_default_action = word("properties", "scmIpSecurityRestrictionsDefaultAction")
    scm_as_main = flag("properties", "scmIpSecurityRestrictionsUseMain")


class Site(View):
    """A web app or a slot, as far as who reaches it goes."""

    public_access = word("properties", "publicNetworkAccess")
    environment = reference("properties", "hostingEnvironmentProfile")


class AppEnvironment(View, kind="microsoft.web/hostingenvironments"):
    """An App Service Environment; `inside` names the hosts that only the network reaches."""

    inside = word("properties", "internalLoadBalancingMode")
