{%- set key = {'invoice_id': 'text'} -%}
{%- set columns = [
    'customer_id', 'invoice_date', 'doc_type', 'status', 'credited_invoice_id', 'currency',
    'payment_status', 'net_total', 'source_id', 'recorded_at', 'created_recorded_at',
    'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'invoices', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('invoices', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('invoice_id_delivered') }} as invoice_id,
        {{ to_text('customer_id_delivered') }} as customer_id,
        {{ to_date('invoice_date_delivered') }} as invoice_date,
        {{ to_text('doc_type_delivered') }} as doc_type,
        {{ to_text('status_delivered') }} as status,
        {{ to_text('credited_invoice_id_delivered') }} as credited_invoice_id,
        {{ to_text('currency_delivered') }} as currency,
        {{ to_text('payment_status_delivered') }} as payment_status,
        {{ to_decimal('net_total_delivered') }} as net_total,
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
            missing_key('invoice_id'),
            missing_required('customer_id'),
            cast_fault('date', 'invoice_date'),
            cast_fault('decimal', 'net_total'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('doc_type', ['invoice', 'credit_note']),
            not_allowed('status', ['draft', 'posted', 'cancelled']),
            not_allowed('payment_status', ['open', 'paid', 'overdue']),
        ]) }} as fault
    from typed
),

{{ version_history('invoices', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
