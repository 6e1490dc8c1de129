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

delivered as not materialized (
    {{ delivered_rows('budgets', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('budget_id_delivered') }} as budget_id,
        {{ to_text('budget_type_id_delivered') }} as budget_type_id,
        {{ to_text('campaign_id_delivered') }} as campaign_id,
        {{ to_text('name_delivered') }} as name,
        {{ to_date('period_start_delivered') }} as period_start,
        {{ to_date('period_end_excl_delivered') }} as period_end_excl,
        {{ to_decimal('company_target_delivered') }} as company_target,
        {{ to_text('currency_delivered') }} as currency,
        {{ to_share('over_assignment_delivered') }} as over_assignment,
        {{ to_text('allocation_method_delivered') }} as allocation_method,
        {{ to_text('weight_params_delivered') }} as weight_params,
        {{ to_decimal('rounding_unit_delivered') }} as rounding_unit,
        {{ to_text('distribution_id_delivered') }} as distribution_id,
        {{ to_text('filters_delivered') }} as filters,
        {{ to_text('target_mode_delivered') }} as target_mode,
        {{ to_decimal('target_low_delivered') }} as target_low,
        {{ to_share('expected_renewal_rate_delivered') }} as expected_renewal_rate,
        {{ to_text('reward_text_delivered') }} as reward_text,
        {{ to_share('reward_threshold_delivered') }} as reward_threshold,
        {{ to_text('status_delivered') }} as status,
        {{ to_text('linked_budget_id_delivered') }} as linked_budget_id,
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
    from typed
),

{{ version_history('budgets', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
