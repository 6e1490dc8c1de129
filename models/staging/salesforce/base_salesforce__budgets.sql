{%- set filled = [
    'budget_id', 'budget_type_id', 'name', 'period_start', 'period_end_excl', 'currency',
    'allocation_method', 'status', 'source_id', 'recorded_at', 'created_recorded_at',
    'is_deleted'
] -%}
with

-- where the export does not say which forecast it is, it is that of signed volume
delivered as (
    select
        *,
        'false' as is_deleted,
        coalesce(forecasting_type, 'signed_volume') as budget_type_id
    from {{ source('raw_salesforce', 'salesforce__forecasting_quota') }}
),

run_context as (
    select company_currency from {{ source('run', 'run_context') }}
),

-- the quotas of a year and type are one budget, told by each of them alike
mapped as (
    select
        'salesforce-' || budget_type_id || '-' || substr(start_date, 1, 4) as budget_id,
        budget_type_id,
        'Salesforce ' || substr(start_date, 1, 4) as name,
        substr(start_date, 1, 4) || '-01-01' as period_start,
        coalesce(
            cast({{ add_months(trunc_date('year', to_date('start_date')), 12) }} as varchar),
            start_date
        ) as period_end_excl,
        coalesce(
            currency_iso_code, (select run_context.company_currency from run_context)
        ) as currency,
        'manual' as allocation_method,
        'approved' as status,
        {{ salesforce_row(counted=0) }}
    from delivered
),

final as (
    {{ canonical_rows('budgets', filled, 'mapped') }}
)

select * from final
