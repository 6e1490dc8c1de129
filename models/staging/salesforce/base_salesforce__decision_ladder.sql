{%- set filled = [
    'opportunity_id', 'step_role', 'contact_id', 'mapped_at', 'source_id', 'recorded_at',
    'created_recorded_at', 'is_deleted'
] -%}
with

delivered as (
    select * from {{ source('raw_salesforce', 'salesforce__opportunity_contact_role') }}
),

mapped as (
    select
        {{ salesforce_id('opportunity_id') }} as opportunity_id,
        role as step_role,
        {{ salesforce_id('contact_id') }} as contact_id,
        created_date as mapped_at,
        {{ salesforce_row() }}
    from delivered
),

final as (
    {{ canonical_rows('decision_ladder', filled, 'mapped') }}
)

select * from final
