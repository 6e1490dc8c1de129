{%- set key = {'period': 'date', 'product_category': 'text'} -%}
{%- set columns = [
    'expected_rate', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at',
    'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'renewal_rates', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('renewal_rates', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_date('period_delivered') }} as period,
        {{ to_text('product_category_delivered') }} as product_category,
        {{ to_share('expected_rate_delivered') }} as expected_rate,
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
            missing_key('period'),
            missing_key('product_category'),
            cast_fault('date', 'period'),
            cast_fault('share', 'expected_rate'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
        ]) }} as fault
    from typed
),

{{ version_history('renewal_rates', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
