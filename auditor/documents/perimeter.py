"""Network security perimeters: who is a member in which mode, and what a profile lets in."""

from __future__ import annotations

from auditor.documents.view import View, reference, references, texts, word

ASSOCIATION = "microsoft.network/networksecurityperimeters/resourceassociations"
PROFILE = "microsoft.network/networksecurityperimeters/profiles"
ACCESS_RULE = f"{PROFILE}/accessrules"


class Association(View, kind=ASSOCIATION):
    """A resource's membership. `access_mode`: Enforced, or Learning and Audit, which block nothing."""

    member = reference("properties", "privateLinkResource")
    profile = reference("properties", "profile")
    access_mode = word("properties", "accessMode")
    has_provisioning_issues = word("properties", "hasProvisioningIssues")


class AccessRule(View, kind=ACCESS_RULE):
    """A rule of a profile. Inbound rules name addresses, service tags, or subscriptions whose identities are let in."""

    direction = word("properties", "direction")
    address_prefixes = texts("properties", "addressPrefixes")
    service_tags = texts("properties", "serviceTags")
    subscriptions = references("properties", "subscriptions")
