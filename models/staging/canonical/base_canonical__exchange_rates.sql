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

delivered as (
    {{ delivered_rows('exchange_rates', key | list + columns) }}
),

judged as (
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
    from delivered
),

typed as not materialized (
    select
        {{ key_text(key) }} as key_text,
        {{ to_text('currency') }} as currency,
        {{ to_date('date') }} as date,
        {{ to_text('rate_type') }} as rate_type,
        {{ to_share('rate') }} as rate,
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

{{ version_history('exchange_rates', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
