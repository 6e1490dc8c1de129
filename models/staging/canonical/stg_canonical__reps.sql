with

versions as (
    select * from {{ ref('base_canonical__reps') }}
),

final as (
    select
        rep_id,
        name,
        email,
        role,
        manager_rep_id,
        hire_date,
        leave_date,
        fte,
        country,
        calendar_id,
        management_support_from,
        management_support_to,
        reward_group,
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
