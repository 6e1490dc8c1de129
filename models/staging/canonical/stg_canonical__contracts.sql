with

versions as (
    select * from {{ ref('base_canonical__contracts') }}
),

final as (
    select
        contract_id,
        customer_id,
        owner_rep_id,
        opportunity_id,
        signed_at,
        start_date,
        end_date,
        term_months,
        status,
        currency,
        has_termination_clause,
        first_free_exit_date,
        termination_notice_date,
        termination_effective_date,
        termination_withdrawn_at,
        terminated_by,
        notice_months,
        renews_contract_id,
        auto_renewal,
        declared_channel,
        purchase_method,
        area_id,
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
