with

versions as (
    select * from {{ ref('base_canonical__store_audit_points') }}
),

final as (
    select
        audit_id,
        point_type,
        ref_id,
        achieved,
        possible,
        is_present,
        location,
        product_category,
        brand,
        is_own,
        planogram_id,
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
