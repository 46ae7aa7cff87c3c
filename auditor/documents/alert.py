"""Metric alerts, the action groups that carry them to somebody, and the rules that keep them from it."""

from __future__ import annotations

from auditor.documents.view import View, flag, parts, reference, references, text, texts, word
from auditor.model import Unknown

ALERT = "microsoft.insights/metricalerts"
GROUP = "microsoft.insights/actiongroups"
LOG_ALERT = "microsoft.insights/scheduledqueryrules"
PROCESSING = "microsoft.alertsmanagement/actionrules"


class Dimension(View):
    """A dimension that narrows a criterion to some of its values; `*` stands for every value."""

    of = word("name")
    operator = word("operator")
    values = texts("values")


class Criterion(View):
    """A condition of a metric alert. Where there are several, all of them have to hold."""

    metric = word("metricName")
    operator = word("operator")
    dimensions = parts(Dimension, "dimensions")


class AlertAction(View):
    """What an alert does when it fires."""

    group = reference("actionGroupId")


class MetricAlert(View, kind=ALERT):
    """An alert on a metric. Over a group or a subscription, `of_type` and `region` say which resources it is about."""

    enabled = flag("properties", "enabled")
    actions = parts(AlertAction, "properties", "actions")
    scopes = texts("properties", "scopes")
    of_type = word("properties", "targetResourceType")
    region = word("properties", "targetResourceRegion")
    criteria = parts(Criterion, "properties", "criteria", "allOf")
    _criteria_type = word("properties", "criteria", "odata.type")

    @property
    def watches_a_web_test(self) -> bool:
        """Whether it is on the availability of a web test, which has no criteria of metrics."""
        return self._criteria_type.known == "microsoft.azure.monitor.webtestlocationavailabilitycriteria"


class Query(View):
    """A condition of an alert on logs."""

    query = text("query")


class LogAlert(View, kind=LOG_ALERT):
    """An alert on what a query of logs finds."""

    enabled = flag("properties", "enabled")
    scopes = texts("properties", "scopes")
    criteria = parts(Query, "properties", "criteria", "allOf")


class Receiver(View):
    """Who or what is told. `status` is `enabled` or `disabled` for receivers that people can opt out of."""

    status = word("status")


class ActionGroup(View, kind=GROUP):
    """Who or what is told when an alert fires."""

    enabled = flag("properties", "enabled")

    @property
    def has_receivers(self) -> bool:
        """Whether a receiver of any kind listens: mail, role, webhook, function...; each kind is a list of its own."""
        stated = self.resource.stated("properties")
        lists = stated.items() if isinstance(stated, dict) else ()
        found = (
            Receiver(self.resource, ("properties", key, index))
            for key, value in lists
            if key.casefold().endswith("receivers") and isinstance(value, list)
            for index in range(len(value))
        )
        return any(receiver.status.known != "disabled" for receiver in found)


class RuleAction(View):
    """What a processing rule does with an alert: `removeallactiongroups` or `addactiongroups`."""

    type = word("actionType")
    groups = references("actionGroupIds")


class RuleCondition(View):
    """What narrows a processing rule to some alerts."""

    field = word("field")
    operator = word("operator")
    values = texts("values")


class Schedule(View):
    """When a processing rule is in force; without an end and without recurrences it is so from its beginning on."""

    until = text("effectiveUntil")
    recurrences = parts(RuleCondition, "recurrences")


class ProcessingRule(View, kind=PROCESSING):
    """A rule that changes what alerts on the resources of its scopes do when they fire."""

    enabled = flag("properties", "enabled")
    scopes = texts("properties", "scopes")
    conditions = parts(RuleCondition, "properties", "conditions")
    actions = parts(RuleAction, "properties", "actions")

    @property
    def always(self) -> bool | Unknown:
        """Whether it is in force at all times, not only in windows of maintenance or up to some day."""
        path = ("properties", "schedule")
        if not self.states(*path):
            return True
        schedule = Schedule(self.resource, path)
        until, windows = schedule.until.known, schedule.recurrences.known
        if isinstance(until, Unknown) or isinstance(windows, Unknown):
            return next(each for each in (until, windows) if isinstance(each, Unknown))
        return not until and not windows
