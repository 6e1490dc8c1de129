{#- What plans are read from beside the entities of `int_core__rebuild`. What a budget says is in
    `plan_id`. -#}
{%- set entities = [
    'budget_targets',
    'monthly_distributions',
    'renewal_rates',
    'rep_absences',
    'rep_channels',
] -%}
with context as (
    select
        is_full or base_as_of is null as is_full,
        coalesce(base_as_of, cast('1900-01-01' as date)) as base_as_of
    from {{ ref('int_core__context') }}
),

news as (
    {{ news_of(entities) }}
),

changes as (
    select
        least(
            rebuild.changed_from,
            coalesce((select min(news.known_from) from news), rebuild.changed_from)
        ) as changed_from,
        rebuild.rebuild_from
    from {{ ref('int_core__rebuild') }} as rebuild
)

select
    bases.basis_id,
    bases.plan_id,
    bases.time_basis_id,
    budgets.fact_basis_id,
    bases.settled_at <= changes.changed_from as is_settled,
    -- Rates of a day are final when its month is closed.
    budgets.facts_at <= changes.changed_from
    and {{ add_days(local_date('budgets.facts_at'), -1) }} < changes.rebuild_from
        as has_settled_facts
from {{ ref('int_planning__budget_bases') }} as bases
inner join {{ ref('int_planning__budgets') }} as budgets
    on bases.budget_id = budgets.budget_id and bases.version = budgets.version
cross join changes
