with context as (
    select
        cut_off_utc,
        company_currency,
        {{ trunc_date('month', 'as_of') }} as this_month
    from {{ ref('int_core__context') }}
),

months as (
    select max(month_start) as last_month
    from {{ ref('int_core__booking_months') }}
),

costs as (
    select
        rep_costs.rep_id,
        {{ trunc_date('month', 'rep_costs.month') }} as cost_month,
        rep_costs.cost_type,
        rep_costs.amount,
        coalesce(rep_costs.currency, context.company_currency) as currency
    from context
    inner join {{ ref('stg_canonical__rep_costs') }} as rep_costs
        on {{ known_at('rep_costs', 'context.cut_off_utc') }} and not rep_costs.is_deleted
    where
        rep_costs.amount is not null
        and {{ trunc_date('month', 'rep_costs.month') }} < context.this_month
),

-- A month's cost is converted at the rate of its last day.
converted as (
    select
        costs.rep_id,
        costs.cost_month,
        costs.cost_type,
        {{ money_mul('costs.amount', 'rates.rate') }} as amount
    from costs
    cross join months
    left join {{ ref('int_core__daily_rates') }} as rates
        on
            months.last_month = rates.booking_month
            and costs.currency = rates.currency
            and {{ add_days(add_months('costs.cost_month', 1), -1) }} = rates.date_day
)

select
    rep_id,
    cost_month,
    cost_type,
    -- Without a rate for all of it the cost is unknown, not less.
    cast(case when count(amount) = count(*) then sum(amount) end as decimal(18, 4)) as amount
from converted
group by rep_id, cost_month, cost_type
