with

versions as (
    select * from {{ ref('base_canonical__credit_splits') }}
),

final as (
    select
        source_type,
        source_id,
        rep_id,
        credit_type,
        share,
        valid_from,
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
