{%- set filled = [
    'opportunity_id', 'customer_id', 'owner_rep_id', 'created_at', 'stage', 'amount',
    'currency', 'probability', 'expected_close_date', 'expected_decision_date', 'closed_at',
    'outcome', 'loss_reason', 'source_id', 'recorded_at', 'created_recorded_at',
    'is_deleted'
] -%}
with

delivered as (
    select * from {{ source('raw_salesforce', 'salesforce__opportunity') }}
),

run_context as (
    select company_currency from {{ source('run', 'run_context') }}
),

mapped as (
    select
        {{ salesforce_id('id') }} as opportunity_id,
        {{ salesforce_id('account_id') }} as customer_id,
        {{ salesforce_id('owner_id') }} as owner_rep_id,
        created_date as created_at,
        stage_name as stage,
        amount,
        coalesce(
            currency_iso_code, (select run_context.company_currency from run_context)
        ) as currency,
        {{ percent_as_share('probability') }} as probability,
        close_date as expected_close_date,
        close_date as expected_decision_date,
        case
            when {{ to_bool('is_closed') }} then coalesce(last_stage_change_date, close_date)
        end as closed_at,
        case
            when {{ to_bool('is_won') }} then 'won'
            when {{ to_bool('is_closed') }} then 'lost'
            else 'open'
        end as outcome,
        loss_reason,
        {{ salesforce_row() }}
    from delivered
),

final as (
    {{ canonical_rows('opportunities', filled, 'mapped') }}
)

select * from final
