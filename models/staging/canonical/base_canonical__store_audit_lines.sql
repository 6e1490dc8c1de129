{%- set key = {'audit_id': 'text', 'product_id': 'text'} -%}
{%- set columns = [
    'is_listed', 'is_on_shelf', 'shelf_price', 'currency', 'is_promo', 'source_id', 'recorded_at',
    'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'store_audit_lines', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('store_audit_lines', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('audit_id_delivered') }} as audit_id,
        {{ to_text('product_id_delivered') }} as product_id,
        {{ to_bool('is_listed_delivered') }} as is_listed,
        {{ to_bool('is_on_shelf_delivered') }} as is_on_shelf,
        {{ to_decimal('shelf_price_delivered') }} as shelf_price,
        {{ to_text('currency_delivered') }} as currency,
        {{ to_bool('is_promo_delivered') }} as is_promo,
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
            missing_key('audit_id'),
            missing_key('product_id'),
            cast_fault('bool', 'is_listed'),
            cast_fault('bool', 'is_on_shelf'),
            cast_fault('decimal', 'shelf_price'),
            cast_fault('bool', 'is_promo'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
        ]) }} as fault
    from typed
),

{{ version_history('store_audit_lines', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
