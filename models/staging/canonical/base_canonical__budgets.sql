{%- set key = {'budget_id': 'text'} -%}
{%- set columns = [
    'budget_type_id', 'campaign_id', 'name', 'period_start', 'period_end_excl', 'company_target',
    'currency', 'over_assignment', 'allocation_method', 'weight_params', 'rounding_unit',
    'distribution_id', 'filters', 'target_mode', 'target_low', 'expected_renewal_rate',
    'reward_text', 'reward_threshold', 'status', 'linked_budget_id', 'source_id', 'recorded_at',
    'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'budgets', 'key': key},
    )
}}

with

delivered as (
    {{ delivered_rows('budgets', key | list + columns) }}
),

judged as (
    select
        *,
        {{ first_fault([
            missing_key('budget_id'),
            missing_required('budget_type_id'),
            missing_required('period_start'),
            missing_required('period_end_excl'),
            cast_fault('date', 'period_start'),
            cast_fault('date', 'period_end_excl'),
            cast_fault('decimal', 'company_target'),
            cast_fault('share', 'over_assignment'),
            cast_fault('decimal', 'rounding_unit'),
            cast_fault('decimal', 'target_low'),
            cast_fault('share', 'expected_renewal_rate'),
            cast_fault('share', 'reward_threshold'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('allocation_method', [
            'equal', 'customers', 'customer_revenue', 'prior_outcome', 'potential', 'working_days',
            'composite', 'manual'
        ]),
            not_allowed('target_mode', ['distribute', 'per_rep', 'same_level']),
            not_allowed('status', ['draft', 'approved', 'locked']),
        ]) }} as fault
    from delivered
),

typed as not materialized (
    select
        {{ key_text(key) }} as key_text,
        {{ to_text('budget_id') }} as budget_id,
        {{ to_text('budget_type_id') }} as budget_type_id,
        {{ to_text('campaign_id') }} as campaign_id,
        {{ to_text('name') }} as name,
        {{ to_date('period_start') }} as period_start,
        {{ to_date('period_end_excl') }} as period_end_excl,
        {{ to_decimal('company_target') }} as company_target,
        {{ to_text('currency') }} as currency,
        {{ to_share('over_assignment') }} as over_assignment,
        {{ to_text('allocation_method') }} as allocation_method,
        {{ to_text('weight_params') }} as weight_params,
        {{ to_decimal('rounding_unit') }} as rounding_unit,
        {{ to_text('distribution_id') }} as distribution_id,
        {{ to_text('filters') }} as filters,
        {{ to_text('target_mode') }} as target_mode,
        {{ to_decimal('target_low') }} as target_low,
        {{ to_share('expected_renewal_rate') }} as expected_renewal_rate,
        {{ to_text('reward_text') }} as reward_text,
        {{ to_share('reward_threshold') }} as reward_threshold,
        {{ to_text('status') }} as status,
        {{ to_text('linked_budget_id') }} as linked_budget_id,
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

{{ version_history('budgets', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
