"""Autoscale settings of Azure Monitor: what they scale, between which bounds, and by which metric."""

from __future__ import annotations

from auditor.documents.view import View, flag, part, parts, reference, text, word

AUTOSCALE = "microsoft.insights/autoscalesettings"


class Trigger(View):
    """The metric that a rule follows, and whose it is."""

    metric = text("metricName")
    namespace = word("metricNamespace")
    source = reference("metricResourceUri")


class ScaleRule(View):
    """A rule: a metric, and whether its number of instances goes up (`increase`) or down (`decrease`) by it."""

    trigger = part(Trigger, "metricTrigger")
    direction = word("scaleAction", "direction")


class FixedDate(View):
    """Between which moments a profile is in force, in local time of its zone."""

    end = text("end")


class Profile(View):
    """Bounds and rules for some time. Azure writes the bounds as text."""

    lowest = text("capacity", "minimum")
    highest = text("capacity", "maximum")
    rules = parts(ScaleRule, "rules")
    fixed_date = part(FixedDate, "fixedDate")


class Autoscale(View, kind=AUTOSCALE):
    """An autoscale setting."""

    enabled = flag("properties", "enabled")
    target = reference("properties", "targetResourceUri")
    profiles = parts(Profile, "properties", "profiles")
