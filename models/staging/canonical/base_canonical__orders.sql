{%- set key = {'order_id': 'text'} -%}
{%- set columns = [
    'customer_id', 'store_id', 'rep_id', 'activity_id', 'campaign_id', 'order_date',
    'requested_delivery_date', 'currency', 'status', 'source_id', 'recorded_at',
    'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'orders', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('orders', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('order_id_delivered') }} as order_id,
        {{ to_text('customer_id_delivered') }} as customer_id,
        {{ to_text('store_id_delivered') }} as store_id,
        {{ to_text('rep_id_delivered') }} as rep_id,
        {{ to_text('activity_id_delivered') }} as activity_id,
        {{ to_text('campaign_id_delivered') }} as campaign_id,
        {{ to_date('order_date_delivered') }} as order_date,
        {{ to_date('requested_delivery_date_delivered') }} as requested_delivery_date,
        {{ to_text('currency_delivered') }} as currency,
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
            missing_key('order_id'),
            missing_required('customer_id'),
            cast_fault('date', 'order_date'),
            cast_fault('date', 'requested_delivery_date'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('status', ['open', 'delivered', 'invoiced', 'cancelled']),
        ]) }} as fault
    from typed
),

{{ version_history('orders', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
