"""Budgets of Cost Management: what they cover, until when, and who is told."""

from __future__ import annotations

from auditor.documents.view import View, entries, flag, part, references, text, texts, word
from auditor.model import ArmId, Unknown

BUDGET = "microsoft.consumption/budgets"


class Comparison(View):
    """A dimension or tag that narrows a budget to what costs something there."""

    of = word("name")
    operator = word("operator")
    values = texts("values")


class Filter(View):
    """What a budget is narrowed to, by one comparison; several stand in `and`, which is not followed."""

    dimensions = part(Comparison, "dimensions")


class Notification(View):
    """Who is told, from which share of the amount on. Roles and action groups may be left out, addresses may not."""

    enabled = flag("enabled")
    emails = texts("contactEmails")
    _roles = texts("contactRoles")
    _groups = references("contactGroups")

    @property
    def tells_people(self) -> bool | Unknown:
        """Whether it writes to an address, or to whoever holds a role."""
        roles = self._roles.known if self.states("contactRoles") else ()
        emails = self.emails.known
        if not isinstance(roles, Unknown) and roles:
            return True
        return emails if isinstance(emails, Unknown) else bool(emails)

    @property
    def groups(self) -> tuple[ArmId, ...]:
        """The action groups that it calls. Raises `NotKnown` where they do not show."""
        return self._groups.value if self.states("contactGroups") else ()


class Budget(View, kind=BUDGET):
    """A budget of a subscription, a resource group or a scope above."""

    starts = text("properties", "timePeriod", "startDate")
    ends = text("properties", "timePeriod", "endDate")
    filter = part(Filter, "properties", "filter")
    notifications = entries(Notification, "properties", "notifications")
