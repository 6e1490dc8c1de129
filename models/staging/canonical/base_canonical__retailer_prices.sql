{%- set key = {
    'scope': 'text', 'scope_id': 'text', 'product_id': 'text', 'valid_from': 'date'
} -%}
{%- set columns = [
    'valid_to', 'price', 'price_type', 'currency', 'tolerance', 'source_id', 'recorded_at',
    'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'retailer_prices', 'key': key},
    )
}}

with

delivered as (
    {{ delivered_rows('retailer_prices', key | list + columns) }}
),

judged as (
    select
        *,
        {{ first_fault([
            missing_key('scope'),
            missing_key('scope_id'),
            missing_key('product_id'),
            missing_key('valid_from'),
            cast_fault('date', 'valid_from'),
            cast_fault('date', 'valid_to'),
            cast_fault('decimal', 'price'),
            cast_fault('share', 'tolerance'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('scope', ['chain', 'store']),
            not_allowed('price_type', ['list', 'campaign']),
        ]) }} as fault
    from delivered
),

typed as not materialized (
    select
        {{ key_text(key) }} as key_text,
        {{ to_text('scope') }} as scope,
        {{ to_text('scope_id') }} as scope_id,
        {{ to_text('product_id') }} as product_id,
        {{ to_date('valid_from') }} as valid_from,
        {{ to_date('valid_to') }} as valid_to,
        {{ to_decimal('price') }} as price,
        {{ to_text('price_type') }} as price_type,
        {{ to_text('currency') }} as currency,
        {{ to_share('tolerance') }} as tolerance,
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

{{ version_history('retailer_prices', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
