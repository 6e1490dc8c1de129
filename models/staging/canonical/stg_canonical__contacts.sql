with

versions as (
    select * from {{ ref('base_canonical__contacts') }}
),

final as (
    select
        contact_id,
        valid_from,
        valid_to,
        customer_id,
        name,
        title,
        buying_role,
        is_decision_maker,
        is_mobilizer,
        is_deselected,
        engagement_plan,
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
