{%- set key = {'order_line_id': 'text'} -%}
{%- set columns = [
    'order_id', 'product_id', 'qty', 'net_amount', 'is_cancelled', 'source_id', 'recorded_at',
    'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'order_lines', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('order_lines', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('order_line_id_delivered') }} as order_line_id,
        {{ to_text('order_id_delivered') }} as order_id,
        {{ to_text('product_id_delivered') }} as product_id,
        {{ to_decimal('qty_delivered') }} as qty,
        {{ to_decimal('net_amount_delivered') }} as net_amount,
        {{ to_bool('is_cancelled_delivered') }} as is_cancelled,
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
            missing_key('order_line_id'),
            missing_required('order_id'),
            cast_fault('decimal', 'qty'),
            cast_fault('decimal', 'net_amount'),
            cast_fault('bool', 'is_cancelled'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
        ]) }} as fault
    from typed
),

{{ version_history('order_lines', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
