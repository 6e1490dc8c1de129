with context as (
    select
        context.as_of,
        {{ trunc_date('month', 'context.as_of') }} as window_end,
        parameters.rep_cost_months
    from {{ ref('int_core__context') }} as context
    inner join {{ ref('int_core__parameters') }} as parameters
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
),

totals as (
    select
        rep_costs.rep_id,
        context.as_of,
        context.rep_cost_months,
        sum(rep_costs.amount) as amount,
        count(*) as cost_months,
        count(rep_costs.amount) as known_months,
        min(rep_costs.cost_month) as costs_from,
        {{ add_months('max(rep_costs.cost_month)', 1) }} as costs_to
    from context
    inner join {{ ref('fct_rep_costs') }} as rep_costs
        on
            context.window_end > rep_costs.cost_month
            and rep_costs.cost_month
            >= {{ add_months('context.window_end', '-context.rep_cost_months') }}
    group by rep_costs.rep_id, context.as_of, context.rep_cost_months
),

with_reps as (
    select
        totals.*,
        -- Who has left is not more expensive for having been there part of the year.
        coalesce(reps.leave_date, totals.as_of) >= totals.as_of
        and totals.cost_months < totals.rep_cost_months as is_annualised
    from totals
    left join {{ ref('dim_reps') }} as reps on totals.rep_id = reps.rep_id
)

select
    rep_id,
    cast(
        case
            when known_months < cost_months then null
            when is_annualised
                then {{ ratio('amount * rep_cost_months', 'cost_months', 4) }}
            else amount
        end as decimal(18, 4)
    ) as yearly_cost,
    cast(case when known_months = cost_months then amount end as decimal(18, 4)) as booked_cost,
    costs_from,
    costs_to,
    cast(cost_months as integer) as cost_months,
    is_annualised
from with_reps
