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

delivered as (
    {{ delivered_rows('opportunities', key | list + columns) }}
),

judged as (
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
    from delivered
),

typed as not materialized (
    select
        {{ key_text(key) }} as key_text,
        {{ to_text('opportunity_id') }} as opportunity_id,
        {{ to_text('customer_id') }} as customer_id,
        {{ to_text('owner_rep_id') }} as owner_rep_id,
        {{ to_timestamp('created_at') }} as created_at,
        {{ to_text('stage') }} as stage,
        {{ to_bool('is_qualified') }} as is_qualified,
        {{ to_decimal('amount') }} as amount,
        {{ to_text('currency') }} as currency,
        {{ to_share('probability') }} as probability,
        {{ to_date('expected_close_date') }} as expected_close_date,
        {{ to_date('expected_decision_date') }} as expected_decision_date,
        {{ to_timestamp('closed_at') }} as closed_at,
        {{ to_text('outcome') }} as outcome,
        {{ to_text('loss_reason') }} as loss_reason,
        {{ to_text('merged_into_id') }} as merged_into_id,
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

{{ version_history('opportunities', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
