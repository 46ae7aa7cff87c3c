"""What a web application firewall policy of application gateways says."""

from __future__ import annotations

from auditor.documents.view import View, flag, number, part, parts, text, texts, word

WEB_FIREWALL_POLICY = "microsoft.network/applicationgatewaywebapplicationfirewallpolicies"


class Variable(View):
    """Which part of a request a condition looks at, such as `remoteaddr` or `requesturi`."""

    of = word("variableName")
    selector = text("selector")


class Condition(View):
    """A condition of a custom rule. It holds where any of the variables fits any of the values."""

    variables = parts(Variable, "matchVariables")
    operator = word("operator")
    negated = flag("negationConditon")  # Azure spells it so
    values = texts("matchValues")


class CustomRule(View):
    """A rule that is asked before the managed ones, in the order of priorities. `action` is `allow`, `block`, ..."""

    priority = number("priority")
    state = word("state")
    action = word("action")
    conditions = parts(Condition, "matchConditions")


class RuleOverride(View):
    """Another state or action for one managed rule."""

    rule = text("ruleId")
    state = word("state")
    action = word("action")


class GroupOverride(View):
    """Overrides in one group of managed rules; without any rule the whole group is off."""

    group = text("ruleGroupName")
    rules = parts(RuleOverride, "rules")


class RuleSet(View):
    """A set of managed rules."""

    type = word("ruleSetType")
    version = text("ruleSetVersion")
    overrides = parts(GroupOverride, "ruleGroupOverrides")


class ExclusionGroup(View):
    """A group of managed rules that an exclusion holds for, if not for all."""

    group = text("ruleGroupName")


class ExclusionSet(View):
    """A set of managed rules that an exclusion holds for."""

    groups = parts(ExclusionGroup, "ruleGroups")


class Exclusion(View):
    """A part of requests that managed rules do not look at. Without `sets` it holds for every rule."""

    variable = text("matchVariable")
    operator = word("selectorMatchOperator")
    selector = text("selector")
    sets = parts(ExclusionSet, "exclusionManagedRuleSets")


class SkippedRequests(View):
    """Requests that managed rules do not look at, by address, URI or header. Without `sets` it holds for every rule."""

    variable = word("matchVariable")
    operator = word("valueMatchOperator")
    selector = text("selector")
    values = texts("values")
    sets = parts(ExclusionSet, "exceptionManagedRuleSets")


class PolicySettings(View):
    """Whether a policy acts, and how. `state` is `enabled` or `disabled`, `mode` `prevention` or `detection`."""

    state = word("state")
    mode = word("mode")
    checks_bodies = flag("requestBodyCheck")


class WebFirewallPolicy(View, kind=WEB_FIREWALL_POLICY):
    """A web application firewall policy."""

    settings = part(PolicySettings, "properties", "policySettings")
    custom_rules = parts(CustomRule, "properties", "customRules")
    rule_sets = parts(RuleSet, "properties", "managedRules", "managedRuleSets")
    exclusions = parts(Exclusion, "properties", "managedRules", "exclusions")
    exceptions = parts(SkippedRequests, "properties", "managedRules", "exceptions")
