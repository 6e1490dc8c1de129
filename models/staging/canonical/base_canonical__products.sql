{%- set key = {'product_id': 'text'} -%}
{%- set columns = [
    'sku', 'name', 'product_category', 'brand', 'is_own', 'units_per_sales_unit', 'standard_cost',
    'currency', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'products', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('products', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('product_id_delivered') }} as product_id,
        {{ to_text('sku_delivered') }} as sku,
        {{ to_text('name_delivered') }} as name,
        {{ to_text('product_category_delivered') }} as product_category,
        {{ to_text('brand_delivered') }} as brand,
        {{ to_bool('is_own_delivered') }} as is_own,
        {{ to_decimal('units_per_sales_unit_delivered') }} as units_per_sales_unit,
        {{ to_decimal('standard_cost_delivered') }} as standard_cost,
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
            missing_key('product_id'),
            cast_fault('bool', 'is_own'),
            cast_fault('decimal', 'units_per_sales_unit'),
            cast_fault('decimal', 'standard_cost'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
        ]) }} as fault
    from typed
),

{{ version_history('products', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
