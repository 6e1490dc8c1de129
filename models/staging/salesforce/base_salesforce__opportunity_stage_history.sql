{%- set filled = [
    'opportunity_id', 'entered_at', 'stage', 'amount', 'probability', 'expected_close_date',
    'expected_decision_date', 'source_id', 'recorded_at', 'created_recorded_at',
    'is_deleted'
] -%}
with

delivered as (
    select * from {{ source('raw_salesforce', 'salesforce__opportunity_history') }}
),

mapped as (
    select
        {{ salesforce_id('opportunity_id') }} as opportunity_id,
        created_date as entered_at,
        stage_name as stage,
        amount,
        {{ percent_as_share('probability') }} as probability,
        close_date as expected_close_date,
        close_date as expected_decision_date,
        {{ salesforce_row() }}
    from delivered
),

final as (
    {{ canonical_rows('opportunity_stage_history', filled, 'mapped') }}
)

select * from final
