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

delivered as (
    {{ delivered_rows('orders', key | list + columns) }}
),

judged as (
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
    from delivered
),

typed as not materialized (
    select
        {{ key_text(key) }} as key_text,
        {{ to_text('order_id') }} as order_id,
        {{ to_text('customer_id') }} as customer_id,
        {{ to_text('store_id') }} as store_id,
        {{ to_text('rep_id') }} as rep_id,
        {{ to_text('activity_id') }} as activity_id,
        {{ to_text('campaign_id') }} as campaign_id,
        {{ to_date('order_date') }} as order_date,
        {{ to_date('requested_delivery_date') }} as requested_delivery_date,
        {{ to_text('currency') }} as currency,
        {{ to_text('status') }} as status,
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

{{ version_history('orders', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
