-- Weights of the calendar months of a monthly distribution, as the budget that uses it knew them.
with budgets as (
    select
        budget_id,
        version,
        distribution_id,
        settled_at
    from {{ ref('int_planning__budget_versions') }}
    where distribution_id is not null
)

select
    budgets.budget_id,
    budgets.version,
    cast(distributions.month_no as integer) as month_no,
    cast(distributions.weight as decimal(18, 10)) as weight
from budgets
inner join {{ ref('stg_canonical__monthly_distributions') }} as distributions
    on
        budgets.distribution_id = distributions.distribution_id
        and {{ known_at('distributions', 'budgets.settled_at') }}
where not distributions.is_deleted and distributions.weight is not null
