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

delivered as (
    {{ delivered_rows('kpis', key | list + columns) }}
),

judged as (
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
    from delivered
),

typed as not materialized (
    select
        {{ key_text(key) }} as key_text,
        {{ to_text('kpi_id') }} as kpi_id,
        {{ to_date('valid_from') }} as valid_from,
        {{ to_date('valid_to') }} as valid_to,
        {{ to_text('budget_type_id') }} as budget_type_id,
        {{ to_text('budget_id') }} as budget_id,
        {{ to_text('parameters') }} as parameters,
        {{ to_decimal('target') }} as target,
        {{ to_decimal('target_low') }} as target_low,
        {{ to_text('filters') }} as filters,
        {{ to_text('sales_period') }} as sales_period,
        {{ to_text('cadence') }} as cadence,
        {{ to_text('status') }} as status,
        {{ to_text('success_driver') }} as success_driver,
        {{ to_text('conclusion_rule') }} as conclusion_rule,
        {{ to_text('plan_text') }} as plan_text,
        {{ to_text('why_text') }} as why_text,
        {{ to_text('action_if_met') }} as action_if_met,
        {{ to_text('action_if_not_met') }} as action_if_not_met,
        {{ to_text('follower_roles') }} as follower_roles,
        {{ to_text('kpi_owner') }} as kpi_owner,
        {{ to_decimal('expected_outcome') }} as expected_outcome,
        {{ to_text('reward_text') }} as reward_text,
        {{ to_share('reward_threshold') }} as reward_threshold,
        {{ to_text('publish_surface') }} as publish_surface,
        {{ to_text('source_id') }} as source_id,
        {{ to_timestamp('recorded_at') }} as recorded_at,
        {{ to_timestamp('created_recorded_at') }} as created_recorded_at,
        {{ to_timestamp('extracted_at') }} as extracted_at,
        coalesce({{ to_bool('is_deleted') }}, false) as is_deleted,
        source_system,
        source_file,
        line,
        record_no,
        extract_date,
        raw_row,
        fault,
        {{ content_hash(key | list + columns) }} as content_hash
    from judged
),

{{ version_history('kpis', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
