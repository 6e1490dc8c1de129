with

versions as (
    select * from {{ ref('base_canonical__customers') }}
),

final as (
    select
        customer_id,
        name,
        org_no,
        parent_customer_id,
        status,
        business_category,
        area_id,
        purchase_method,
        segment,
        potential_amount,
        currency,
        created_at,
        customer_since,
        lost_at,
        lost_reason,
        sales_model,
        visit_frequency_per_cycle,
        merged_into_id,
        is_internal,
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
