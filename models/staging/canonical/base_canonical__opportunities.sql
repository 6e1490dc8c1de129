{%- set key = {'opportunity_id': 'text'} -%}
{%- set columns = [
    'customer_id', 'owner_rep_id', 'created_at', 'stage', 'is_qualified', 'amount', 'currency',
    'probability', 'expected_close_date', 'expected_decision_date', 'closed_at', 'outcome',
    'loss_reason', 'merged_into_id', 'source_id', 'recorded_at', 'created_recorded_at',
    'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'opportunities', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('opportunities', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('opportunity_id_delivered') }} as opportunity_id,
        {{ to_text('customer_id_delivered') }} as customer_id,
        {{ to_text('owner_rep_id_delivered') }} as owner_rep_id,
        {{ to_timestamp('created_at_delivered') }} as created_at,
        {{ to_text('stage_delivered') }} as stage,
        {{ to_bool('is_qualified_delivered') }} as is_qualified,
        {{ to_decimal('amount_delivered') }} as amount,
        {{ to_text('currency_delivered') }} as currency,
        {{ to_share('probability_delivered') }} as probability,
        {{ to_date('expected_close_date_delivered') }} as expected_close_date,
        {{ to_date('expected_decision_date_delivered') }} as expected_decision_date,
        {{ to_timestamp('closed_at_delivered') }} as closed_at,
        {{ to_text('outcome_delivered') }} as outcome,
        {{ to_text('loss_reason_delivered') }} as loss_reason,
        {{ to_text('merged_into_id_delivered') }} as merged_into_id,
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
            missing_key('opportunity_id'),
            missing_required('customer_id'),
            cast_fault('timestamp', 'created_at'),
            cast_fault('bool', 'is_qualified'),
            cast_fault('decimal', 'amount'),
            cast_fault('share', 'probability'),
            cast_fault('date', 'expected_close_date'),
            cast_fault('date', 'expected_decision_date'),
            cast_fault('timestamp', 'closed_at'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('outcome', ['open', 'won', 'lost', 'disqualified']),
        ]) }} as fault
    from typed
),

{{ version_history('opportunities', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
