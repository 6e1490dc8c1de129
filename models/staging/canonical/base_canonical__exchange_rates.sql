{%- set key = {'currency': 'text', 'date': 'date', 'rate_type': 'text'} -%}
{%- set columns = [
    'rate', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'exchange_rates', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('exchange_rates', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('currency_delivered') }} as currency,
        {{ to_date('date_delivered') }} as date,
        {{ to_text('rate_type_delivered') }} as rate_type,
        {{ to_share('rate_delivered') }} as rate,
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
            missing_key('currency'),
            missing_key('date'),
            missing_key('rate_type'),
            missing_required('rate'),
            cast_fault('date', 'date'),
            cast_fault('share', 'rate'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('rate_type', ['daily', 'budget']),
        ]) }} as fault
    from typed
),

{{ version_history('exchange_rates', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
