{{ config(materialized="view") }}

with cost_readers as (
    select budget_type_id
    from {{ ref('budget_type_reads') }}
    where entity = 'rep_costs'
)

select
    registry.budget_type_id,
    registry.is_divided,
    registry.scale,
    registry.min_n,
    coalesce(registry.rolling_months, 0) as rolling_months
from {{ ref('budget_type_registry') }} as registry
left join cost_readers on registry.budget_type_id = cost_readers.budget_type_id
where
    registry.formula is null
    and registry.requires is null
    and not registry.needs_target
    and (
        cost_readers.budget_type_id is not null
        or (
            registry.measures in ('volume', 'invoicing', 'margin')
            and registry.fills like '%area_id%'
            and registry.fills like '%business_category%'
            and registry.fills like '%purchase_method%'
        )
    )
