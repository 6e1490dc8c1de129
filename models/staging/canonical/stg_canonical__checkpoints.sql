with

versions as (
    select * from {{ ref('base_canonical__checkpoints') }}
),

final as (
    select
        checkpoint_id,
        kpi_id,
        sales_period_id,
        date,
        planned_share,
        created_at,
        outcome,
        status,
        decision,
        action_text,
        action_owner,
        due_date,
        done_at,
        feedback_text,
        feedback_by,
        adjusted_target_version,
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
