{%- set key = {'rep_id': 'text', 'month': 'date', 'cost_type': 'text'} -%}
{%- set columns = [
    'amount', 'currency', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at',
    'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'rep_costs', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('rep_costs', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('rep_id_delivered') }} as rep_id,
        {{ to_date('month_delivered') }} as month,
        {{ to_text('cost_type_delivered') }} as cost_type,
        {{ to_decimal('amount_delivered') }} as amount,
        {{ to_text('currency_delivered') }} as currency,
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
            missing_key('rep_id'),
            missing_key('month'),
            missing_key('cost_type'),
            cast_fault('date', 'month'),
            cast_fault('decimal', 'amount'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('cost_type', ['salary', 'tax', 'expense', 'other']),
        ]) }} as fault
    from typed
),

{{ version_history('rep_costs', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
