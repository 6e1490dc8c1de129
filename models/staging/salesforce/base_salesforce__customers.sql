{%- set filled = [
    'customer_id', 'name', 'org_no', 'parent_customer_id', 'status', 'business_category',
    'potential_amount', 'currency', 'created_at', 'merged_into_id', 'source_id',
    'recorded_at', 'created_recorded_at', 'is_deleted'
] -%}
with

delivered as (
    select * from {{ source('raw_salesforce', 'salesforce__account') }}
),

run_context as (
    select company_currency from {{ source('run', 'run_context') }}
),

-- an account that was merged lies in the recycle bin, but it leads to the one that stays
without_merges_as_deletions as (
    select
        id,
        name,
        type,
        parent_id,
        industry,
        organisation_number,
        annual_revenue,
        currency_iso_code,
        owner_id,
        master_record_id,
        created_date,
        system_modstamp,
        case when master_record_id is not null then 'false' else is_deleted end as is_deleted,
        source_file,
        line,
        record_no,
        extract_date,
        raw_row
    from delivered
),

mapped as (
    select
        {{ salesforce_id('id') }} as customer_id,
        name,
        organisation_number as org_no,
        {{ salesforce_id('parent_id') }} as parent_customer_id,
        case when type in ('prospect', 'customer', 'passive', 'lost') then type end as status,
        industry as business_category,
        annual_revenue as potential_amount,
        coalesce(
            currency_iso_code, (select run_context.company_currency from run_context)
        ) as currency,
        created_date as created_at,
        {{ salesforce_id('master_record_id') }} as merged_into_id,
        {{ salesforce_row() }}
    from without_merges_as_deletions
),

final as (
    {{ canonical_rows('customers', filled, 'mapped') }}
)

select * from final
