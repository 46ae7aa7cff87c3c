"""What Azure Lighthouse delegates: offers with the authorizations of another tenant, and where they are accepted."""

from __future__ import annotations

from auditor.documents.view import View, part, parts, reference, text, word, words


class Authorization(View):
    """A role for a principal of the other tenant. `assignable` are roles that it may give to managed identities."""

    principal = word("principalId")
    label = text("principalIdDisplayName")
    role = word("roleDefinitionId")
    assignable = words("delegatedRoleDefinitionIds")


class Offer(View):
    """The properties of an offer: what it gives for good, and what has to be activated first."""

    authorizations = parts(Authorization, "authorizations")
    eligible = parts(Authorization, "eligibleAuthorizations")


class OfferDocument(View, kind="microsoft.managedservices/registrationdefinitions"):
    """An offer as a document of its own."""

    offer = part(Offer, "properties")


class Registration(View, kind="microsoft.managedservices/registrationassignments"):
    """An offer accepted at a subscription or a resource group. Azure shows the offer in it where it is asked to."""

    state = word("properties", "provisioningState")
    definition = reference("properties", "registrationDefinitionId")
    expanded = part(Offer, "properties", "registrationDefinition", "properties")
