with

versions as (
    select * from {{ ref('base_canonical__order_lines') }}
),

final as (
    select
        order_line_id,
        order_id,
        product_id,
        qty,
        net_amount,
        is_cancelled,
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
