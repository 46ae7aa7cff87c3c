"""Metric alerts, and the action groups that carry them to somebody."""

from __future__ import annotations

from auditor.documents.view import View, flag, parts, reference

ALERT = "microsoft.insights/metricalerts"
GROUP = "microsoft.insights/actiongroups"


class AlertAction(View):
    """What an alert does when it fires."""

    group = reference("actionGroupId")


class MetricAlert(View, kind=ALERT):
    """An alert on a metric."""

    enabled = flag("properties", "enabled")
    actions = parts(AlertAction, "properties", "actions")


class ActionGroup(View, kind=GROUP):
    """Who or what is told when an alert fires."""

    enabled = flag("properties", "enabled")

    @property
    def has_receivers(self) -> bool:
        """Whether it has a receiver of any kind: mail, role, webhook, function...; each kind is a list of its own."""
        stated = self.resource.stated("properties")
        lists = stated.items() if isinstance(stated, dict) else ()
        return any(key.casefold().endswith("receivers") and bool(value) for key, value in lists)
