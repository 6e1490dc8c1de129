{%- set filled = [
    'team_id', 'name', 'region_id', 'source_id', 'recorded_at', 'created_recorded_at',
    'is_deleted'
] -%}
with

delivered as (
    select * from {{ source('raw_salesforce', 'salesforce__territory2') }}
),

with_all_columns as (
    select
        *,
        cast(null as varchar) as created_date,
        cast(null as varchar) as is_deleted
    from delivered
),

mapped as (
    select
        {{ salesforce_id('id') }} as team_id,
        name,
        {{ salesforce_id('parent_territory2_id') }} as region_id,
        {{ salesforce_row() }}
    from with_all_columns
),

final as (
    {{ canonical_rows('teams', filled, 'mapped') }}
)

select * from final
