with

versions as (
    select * from {{ ref('base_canonical__activities') }}
),

final as (
    select
        activity_id,
        type,
        customer_id,
        store_id,
        opportunity_id,
        owner_rep_id,
        booked_by_rep_id,
        start_at,
        end_at,
        status,
        held_reported_at,
        completed_at,
        contact_id,
        is_geolocated,
        check_in_at,
        check_out_at,
        prep_goal,
        prep_tactic,
        prep_insight,
        prep_fallback,
        prep_completed_at,
        next_step_agreed,
        evaluation_score,
        insight_delivered,
        skill_gap,
        purpose,
        direction,
        is_connected,
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
