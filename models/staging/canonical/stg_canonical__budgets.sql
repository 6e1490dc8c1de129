with

versions as (
    select * from {{ ref('base_canonical__budgets') }}
),

final as (
    select
        budget_id,
        budget_type_id,
        campaign_id,
        name,
        period_start,
        period_end_excl,
        company_target,
        currency,
        over_assignment,
        allocation_method,
        weight_params,
        rounding_unit,
        distribution_id,
        filters,
        target_mode,
        target_low,
        expected_renewal_rate,
        reward_text,
        reward_threshold,
        status,
        linked_budget_id,
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
