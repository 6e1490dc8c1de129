with

versions as (
    select * from {{ ref('base_canonical__kpis') }}
),

final as (
    select
        kpi_id,
        valid_from,
        valid_to,
        budget_type_id,
        budget_id,
        parameters,
        target,
        target_low,
        filters,
        sales_period,
        cadence,
        status,
        success_driver,
        conclusion_rule,
        plan_text,
        why_text,
        action_if_met,
        action_if_not_met,
        follower_roles,
        kpi_owner,
        expected_outcome,
        reward_text,
        reward_threshold,
        publish_surface,
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
