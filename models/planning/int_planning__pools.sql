with plans as (
    select * from {{ ref('int_planning__budgets') }}
    where is_plan and mode = 'distribute'
),

targets as (
    select * from {{ ref('int_planning__company_targets') }}
),

limits as (
    select
        pool_id,
        sum(coalesce(locked_target, floor, 0)) as least_amount
    from {{ ref('int_planning__weights') }}
    group by pool_id
),

-- Where the budget says so, the pool is raised to what the locks and floors add up to.
final as (
    select
        plans.budget_id as pool_id,
        plans.basis_id,
        case
            when {{ json_number('plans.weight_json', "'raise_to_floors'") }} > 0
                then greatest(targets.pool_amount, coalesce(limits.least_amount, 0))
            else targets.pool_amount
        end as amount,
        plans.unit
    from plans
    inner join targets
        on plans.budget_id = targets.budget_id and plans.version = targets.version
    left join limits on plans.budget_id = limits.pool_id
    where targets.pool_amount is not null
)

select
    pool_id,
    basis_id,
    cast(amount as decimal(28, 4)) as amount,
    cast(unit as decimal(18, 4)) as unit
from final
