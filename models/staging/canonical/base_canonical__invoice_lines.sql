{%- set key = {'invoice_line_id': 'text'} -%}
{%- set columns = [
    'invoice_id', 'product_id', 'qty', 'net_amount', 'list_amount', 'cost_amount', 'cost_currency',
    'contract_line_id', 'order_line_id', 'credited_invoice_line_id', 'service_from', 'service_to',
    'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'invoice_lines', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('invoice_lines', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('invoice_line_id_delivered') }} as invoice_line_id,
        {{ to_text('invoice_id_delivered') }} as invoice_id,
        {{ to_text('product_id_delivered') }} as product_id,
        {{ to_decimal('qty_delivered') }} as qty,
        {{ to_decimal('net_amount_delivered') }} as net_amount,
        {{ to_decimal('list_amount_delivered') }} as list_amount,
        {{ to_decimal('cost_amount_delivered') }} as cost_amount,
        {{ to_text('cost_currency_delivered') }} as cost_currency,
        {{ to_text('contract_line_id_delivered') }} as contract_line_id,
        {{ to_text('order_line_id_delivered') }} as order_line_id,
        {{ to_text('credited_invoice_line_id_delivered') }} as credited_invoice_line_id,
        {{ to_date('service_from_delivered') }} as service_from,
        {{ to_date('service_to_delivered') }} as service_to,
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
            missing_key('invoice_line_id'),
            missing_required('invoice_id'),
            missing_required('net_amount'),
            cast_fault('decimal', 'qty'),
            cast_fault('decimal', 'net_amount'),
            cast_fault('decimal', 'list_amount'),
            cast_fault('decimal', 'cost_amount'),
            cast_fault('date', 'service_from'),
            cast_fault('date', 'service_to'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
        ]) }} as fault
    from typed
),

{{ version_history('invoice_lines', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
