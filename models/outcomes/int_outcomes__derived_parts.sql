-- Written by `make types` from the formulas of the derived budget types; edit those instead.
with parts as (
    select * from {{ ref('int_outcomes__parts') }}
),

sales_velocity as (
    select
        budget_type_id,
        parameter_set_id,
        node_level,
        node_id,
        basis,
        period_type,
        period_start,
        campaign_id,
        coalesce(max(case when part = 'open_count' then amount end), 0) as open_count,
        coalesce(max(case when part = 'closed_count' then amount end), 0) as closed_count,
        coalesce(max(case when part = 'won_count' then amount end), 0) as won_count,
        coalesce(max(case when part = 'won_value' then amount end), 0) as won_value,
        coalesce(max(case when part = 'cycle_days' then amount end), 0) as cycle_days
    from parts
    where budget_type_id = 'sales_velocity'
    group by 1, 2, 3, 4, 5, 6, 7, 8
)

select
    budget_type_id,
    parameter_set_id,
    node_level,
    node_id,
    basis,
    period_type,
    period_start,
    campaign_id,
    'numerator' as part,
    cast(
        {{ calculated(calculated('open_count', '*', 'won_count'), '*', 'won_value') }}
        as decimal(28, 4)
    ) as amount
from sales_velocity

union all

select
    budget_type_id,
    parameter_set_id,
    node_level,
    node_id,
    basis,
    period_type,
    period_start,
    campaign_id,
    'denominator' as part,
    cast(
        {{ calculated('closed_count', '*', 'cycle_days') }}
        as decimal(28, 4)
    ) as amount
from sales_velocity

union all

select
    budget_type_id,
    parameter_set_id,
    node_level,
    node_id,
    basis,
    period_type,
    period_start,
    campaign_id,
    'n' as part,
    cast(
        won_count
        as decimal(28, 4)
    ) as amount
from sales_velocity
