{%- set key = {'kpi_id': 'text', 'valid_from': 'date'} -%}
{%- set columns = [
    'valid_to', 'budget_type_id', 'budget_id', 'parameters', 'target', 'target_low', 'filters',
    'sales_period', 'cadence', 'status', 'success_driver', 'conclusion_rule', 'plan_text',
    'why_text', 'action_if_met', 'action_if_not_met', 'follower_roles', 'kpi_owner',
    'expected_outcome', 'reward_text', 'reward_threshold', 'publish_surface', 'source_id',
    'recorded_at', 'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'kpis', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('kpis', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('kpi_id_delivered') }} as kpi_id,
        {{ to_date('valid_from_delivered') }} as valid_from,
        {{ to_date('valid_to_delivered') }} as valid_to,
        {{ to_text('budget_type_id_delivered') }} as budget_type_id,
        {{ to_text('budget_id_delivered') }} as budget_id,
        {{ to_text('parameters_delivered') }} as parameters,
        {{ to_decimal('target_delivered') }} as target,
        {{ to_decimal('target_low_delivered') }} as target_low,
        {{ to_text('filters_delivered') }} as filters,
        {{ to_text('sales_period_delivered') }} as sales_period,
        {{ to_text('cadence_delivered') }} as cadence,
        {{ to_text('status_delivered') }} as status,
        {{ to_text('success_driver_delivered') }} as success_driver,
        {{ to_text('conclusion_rule_delivered') }} as conclusion_rule,
        {{ to_text('plan_text_delivered') }} as plan_text,
        {{ to_text('why_text_delivered') }} as why_text,
        {{ to_text('action_if_met_delivered') }} as action_if_met,
        {{ to_text('action_if_not_met_delivered') }} as action_if_not_met,
        {{ to_text('follower_roles_delivered') }} as follower_roles,
        {{ to_text('kpi_owner_delivered') }} as kpi_owner,
        {{ to_decimal('expected_outcome_delivered') }} as expected_outcome,
        {{ to_text('reward_text_delivered') }} as reward_text,
        {{ to_share('reward_threshold_delivered') }} as reward_threshold,
        {{ to_text('publish_surface_delivered') }} as publish_surface,
        {{ to_text('source_id_delivered') }} as source_id,
        {{ to_timestamp('recorded_at_delivered') }} as recorded_at,
        {{ to_timestamp('created_recorded_at_delivered') }} as created_recorded_at,
        {{ to_timestamp('extracted_at_delivered') }} as extracted_at,
        {{ to_bool('is_deleted_delivered') }} as is_deleted
    from delivered
),

judged as not materialized (
    select
        *,
        {{ first_fault([
            missing_key('kpi_id'),
            missing_key('valid_from'),
            missing_required('budget_type_id'),
            cast_fault('date', 'valid_from'),
            cast_fault('date', 'valid_to'),
            cast_fault('decimal', 'target'),
            cast_fault('decimal', 'target_low'),
            cast_fault('decimal', 'expected_outcome'),
            cast_fault('share', 'reward_threshold'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('sales_period', ['month', 'quarter', 'year']),
            not_allowed('status', ['draft', 'active']),
        ]) }} as fault
    from typed
),

{{ version_history('kpis', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
