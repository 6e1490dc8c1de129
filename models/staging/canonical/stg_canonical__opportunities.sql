with

versions as (
    select * from {{ ref('base_canonical__opportunities') }}
),

final as (
    select
        opportunity_id,
        customer_id,
        owner_rep_id,
        created_at,
        stage,
        is_qualified,
        amount,
        currency,
        probability,
        expected_close_date,
        expected_decision_date,
        closed_at,
        outcome,
        loss_reason,
        merged_into_id,
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
