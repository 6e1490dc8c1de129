with

versions as (
    select * from {{ ref('base_canonical__invoice_lines') }}
),

final as (
    select
        invoice_line_id,
        invoice_id,
        product_id,
        qty,
        net_amount,
        list_amount,
        cost_amount,
        cost_currency,
        contract_line_id,
        order_line_id,
        credited_invoice_line_id,
        service_from,
        service_to,
        source_id,
        recorded_at,
        coalesce(created_recorded_at, first_recorded_at) as created_recorded_at,
        extracted_at,
        is_deleted,
        {{ known_since() }} as known_from,
        known_to,
        source_system,
        source_file,
        record_no,
        extract_date
    from versions
    where quarantine_reason is null
)

select * from final
