with dimensions as (
    select dimension
    from (
        values
        ('product_category'), ('channel'), ('area_id'), ('business_category'),
        ('purchase_method'), ('campaign_id'), ('team_id')
    ) as dimensions (dimension)
),

newest_budgets as (
    select
        budget_id,
        max(version) as version
    from {{ ref('int_planning__budgets') }}
    group by budget_id
),

-- A KPI that rests on a budget counts what the budget counts.
kpi_lists as (
    select
        kpis.kpi_id,
        kpis.scope_json,
        dimensions.dimension,
        {{ json_list_length('kpis.scope_json', 'dimensions.dimension') }} as items
    from {{ ref('int_scoring__kpis') }} as kpis
    cross join dimensions
    where kpis.scope_json is not null and kpis.budget_id is null
)

select
    'budget:' || scopes.budget_id as scope_id,
    scopes.dimension,
    scopes.allowed_value
from {{ ref('int_planning__budget_scopes') }} as scopes
inner join newest_budgets
    on
        scopes.budget_id = newest_budgets.budget_id
        and scopes.version = newest_budgets.version

union

select
    'kpi:' || kpi_lists.kpi_id as scope_id,
    kpi_lists.dimension,
    cast(
        {{ json_list_item('kpi_lists.scope_json', 'kpi_lists.dimension', 'numbers.n') }}
        as varchar
    ) as allowed_value
from kpi_lists
inner join {{ ref('int_core__numbers') }} as numbers on kpi_lists.items > numbers.n
where kpi_lists.items > 0

union

-- Where each rep has the target of the KPI, a node's is that of its reps who have the KPI, and so
-- is what it has reached.
select
    'kpi:' || kpis.kpi_id as scope_id,
    'rep_id' as dimension,
    kpi_reps.rep_id as allowed_value
from {{ ref('int_scoring__kpis') }} as kpis
inner join {{ ref('int_scoring__kpi_reps') }} as kpi_reps on kpis.kpi_id = kpi_reps.kpi_id
where
    kpis.budget_id is null
    and kpis.own_target is not null
    and kpis.target_mode <> 'same_level'
    and not kpis.is_derived
