{%- set key = {'store_id': 'text', 'product_category': 'text', 'valid_from': 'date'} -%}
{%- set columns = [
    'turnover', 'currency', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at',
    'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'store_category_turnover', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('store_category_turnover', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('store_id_delivered') }} as store_id,
        {{ to_text('product_category_delivered') }} as product_category,
        {{ to_date('valid_from_delivered') }} as valid_from,
        {{ to_decimal('turnover_delivered') }} as turnover,
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
            missing_key('store_id'),
            missing_key('product_category'),
            missing_key('valid_from'),
            cast_fault('date', 'valid_from'),
            cast_fault('decimal', 'turnover'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
        ]) }} as fault
    from typed
),

{{ version_history('store_category_turnover', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
