with

versions as (
    select * from {{ ref('base_canonical__stores') }}
),

final as (
    select
        store_id,
        customer_id,
        chain,
        format,
        area_id,
        priority_class,
        visit_frequency_per_cycle,
        opened,
        closed,
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
