{%- set key = {'delivery_id': 'text'} -%}
{%- set columns = [
    'order_id', 'customer_id', 'promised_date', 'delivered_date', 'qty_ordered', 'qty_delivered',
    'status', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'deliveries', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('deliveries', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('delivery_id_delivered') }} as delivery_id,
        {{ to_text('order_id_delivered') }} as order_id,
        {{ to_text('customer_id_delivered') }} as customer_id,
        {{ to_date('promised_date_delivered') }} as promised_date,
        {{ to_date('delivered_date_delivered') }} as delivered_date,
        {{ to_decimal('qty_ordered_delivered') }} as qty_ordered,
        {{ to_decimal('qty_delivered_delivered') }} as qty_delivered,
        {{ to_text('status_delivered') }} as status,
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
            missing_key('delivery_id'),
            missing_required('customer_id'),
            cast_fault('date', 'promised_date'),
            cast_fault('date', 'delivered_date'),
            cast_fault('decimal', 'qty_ordered'),
            cast_fault('decimal', 'qty_delivered'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('status', ['planned', 'delivered', 'late', 'cancelled']),
        ]) }} as fault
    from typed
),

{{ version_history('deliveries', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
