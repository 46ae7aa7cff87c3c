"""One module a family of requirements; the list of every rule stands below, written by hand."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.rules.data import content_filter, key_control, keys
from auditor.rules.identity import (
    clients,
    identities,
    keyless,
)
from auditor.rules.identity import (
    role_assignments as access,
)
from auditor.rules.network import (
    entry as ingress,
)
from auditor.rules.network import (
    managed_network,
    private_link,
    public_access,
    security_groups,
    segmentation,
    transport,
)
from auditor.rules.network import (
    reachability as ways,
)
from auditor.rules.operation import (
    components,
    cost,
    monitoring,
    operations,
    reliability,
    resilience,
)
from auditor.rules.rule import NoTerms, Rule, requirement

RULES: tuple[Rule, ...] = (
    ways.chat_ui_has_another_door,
    ways.internet_reaches_more_than_the_chat,
    ways.chat_ui_calls_the_flow_past_the_endpoint,
    ways.authors_do_not_get_through,
    cost.nobody_is_warned_of_cost,
    cost.quota_serves_no_model_of_the_workload,
    cost.dearer_model_than_the_article_takes,
    cost.machine_size_was_not_chosen,
    operations.no_agent_deploys_from_inside,
    operations.all_traffic_goes_to_one_deployment,
    operations.flows_are_registered_nowhere,
    operations.chat_ui_runs_the_flow_itself,
    ingress.entry_is_not_filtered,
    ingress.listener_speaks_plain_http,
    ingress.gateway_speaks_old_tls,
    ingress.backend_leg_is_plain_http,
    transport.web_app_answers_plain_http,
    transport.web_app_takes_old_tls,
    transport.tls_ends_before_the_worker,
    transport.storage_takes_weak_transport,
    ingress.entry_is_not_protected_against_floods,
    private_link.no_private_endpoint_leads_here,
    private_link.connection_not_approved,
    private_link.endpoint_outside_its_subnet,
    private_link.name_does_not_resolve_privately,
    private_link.workspace_zone_missing,
    private_link.chat_ui_leaves_past_the_network,
    private_link.flow_site_has_no_private_way,
    segmentation.purposes_share_a_subnet,
    segmentation.subnet_has_no_security_group,
    segmentation.group_does_not_apply_to_endpoints,
    segmentation.no_application_groups,
    security_groups.rule_is_wider_than_it_need_be,
    security_groups.lets_in_other_than_the_table,
    security_groups.lets_out_other_than_the_table,
    security_groups.leaves_the_rest_to_default_rules,
    identities.workspace_has_no_identity,
    identities.compute_instance_has_no_identity,
    identities.endpoint_has_no_identity,
    identities.identity_is_shared,
    access.role_is_not_held_as_stated,
    access.identity_holds_more_than_the_table,
    keyless.anyone_may_use_the_chat,
    keyless.registry_has_an_admin_user,
    keyless.storage_answers_account_keys,
    keyless.search_answers_keys,
    keyless.compute_takes_local_users,
    keyless.vault_goes_by_access_policies,
    clients.chat_ui_reads_without_an_identity,
    clients.gateway_carries_its_certificate,
    clients.strangers_may_call_the_models,
    access.others_reach_the_data,
    public_access.workspace_answers_the_internet,
    public_access.endpoint_answers_the_internet,
    public_access.openai_answers_the_internet,
    public_access.search_answers_the_internet,
    public_access.vault_answers_the_internet,
    public_access.registry_answers_the_internet,
    public_access.storage_answers_the_internet,
    public_access.web_app_answers_the_internet,
    public_access.jump_box_has_a_public_address,
    public_access.compute_instance_is_public,
    public_access.address_is_not_the_entry,
    managed_network.managed_network_lets_everything_out,
    managed_network.managed_network_does_not_exist,
    managed_network.no_outbound_rule_leads_there,
    managed_network.outbound_rule_leads_outside,
    managed_network.managed_endpoint_not_approved,
    managed_network.deployment_leaves_past_the_network,
    content_filter.harmful_content_gets_through,
    content_filter.deployment_is_not_filtered_so,
    content_filter.text_leaves_before_it_is_filtered,
    content_filter.abuse_is_not_monitored,
    components.no_workspace,
    components.no_endpoint_serves_the_flow,
    components.workspace_has_no_storage,
    components.no_private_registry,
    components.no_chat_model,
    components.no_search_service,
    components.workspace_reports_to_nobody,
    components.no_bastion,
    components.no_jump_box,
    monitoring.logs_are_not_captured,
    monitoring.storage_logs_are_not_captured,
    monitoring.logs_go_nowhere,
    reliability.search_tier_too_low,
    reliability.search_region_without_zones,
    reliability.too_few_replicas,
    reliability.nobody_sees_search_throttle,
    reliability.too_few_instances,
    reliability.deployment_does_not_scale,
    reliability.nothing_scales_by_this,
    reliability.chat_ui_falls_with_a_zone,
    reliability.gateway_falls_with_a_zone,
    reliability.data_falls_with_a_zone,
    reliability.flow_falls_with_a_zone,
    resilience.endpoints_of_regions_stand_alone,
    resilience.accounts_of_regions_stand_alone,
    resilience.tuning_files_fall_with_a_region,
    resilience.nobody_sees_models_throttle,
    resilience.gateway_does_not_break_the_circuit,
    resilience.nobody_sees_provisioned_use,
    keys.openai_key_is_kept_nowhere_safe,
    keys.endpoint_key_is_not_in_a_vault,
    keys.key_in_plain_settings,
    keys.secret_never_expires,
    keys.key_was_not_rotated,
    keys.storage_keys_never_expire,
    keys.vault_has_the_old_key,
    key_control.nobody_watches_rotation,
    key_control.strangers_may_read_the_keys,
    key_control.tuning_data_under_microsofts_key,
    key_control.training_blobs_unprotected,
)
"""Every rule there is."""


def rule_index() -> Mapping[str, Rule]:
    """The rule of each requirement id; raises `ValueError` where two rules claim one."""
    index: dict[str, Rule] = {}
    for rule in RULES:
        for id_ in rule.ids:
            if id_ in index:
                raise ValueError(f"{id_} is claimed by {index[id_].name} and by {rule.name}")
            index[id_] = rule
    return index


__all__ = ["RULES", "NoTerms", "Rule", "requirement", "rule_index"]
