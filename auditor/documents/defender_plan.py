"""Plans of Microsoft Defender for Cloud, one a kind of resource, each of a subscription."""

from __future__ import annotations

from auditor.documents.view import View, word

PLAN = "microsoft.security/pricings"


class DefenderPlan(View, kind=PLAN):
    """A plan. `tier` is `standard` where it watches and `free` where it is off."""

    tier = word("properties", "pricingTier")
