with context as (
    select * from {{ ref('int_core__context') }}
),

budgets as (
    select * from {{ ref('int_planning__budgets') }}
),

months as (
    select
        budgets.budget_id,
        budgets.settled_at,
        dates.month_start,
        min(dates.date_day) as first_day,
        {{ add_days('max(dates.date_day)', 1) }} as end_day
    from budgets
    inner join {{ ref('int_core__dates') }} as dates
        on budgets.period_start <= dates.date_day and budgets.period_end > dates.date_day
    where budgets.is_plan
    group by budgets.budget_id, budgets.settled_at, dates.month_start
),

-- A month is settled when it begins: by the version of the budget, and by the people, known then.
settled as (
    select
        months.budget_id,
        months.month_start,
        months.first_day,
        months.end_day,
        least(
            context.cut_off_utc,
            greatest({{ local_midnight_utc('months.first_day') }}, months.settled_at)
        ) as settled_at
    from months
    cross join context
),

in_force as (
    select
        settled.*,
        budgets.version,
        budgets.plan_id,
        row_number() over (
            partition by settled.budget_id, settled.month_start order by budgets.version desc
        ) as newest
    from settled
    inner join budgets
        on settled.budget_id = budgets.budget_id and settled.first_day >= budgets.valid_from
),

final as (
    select
        budget_id,
        version,
        plan_id,
        basis_id,
        cast(null as date) as month_start,
        settled_at,
        valid_from,
        period_end
    from budgets

    union all

    select
        budget_id,
        version,
        plan_id,
        {{ hash_key(['plan_id', 'month_start', 'settled_at', 'first_day', 'end_day']) }}
            as basis_id,
        month_start,
        settled_at,
        first_day as valid_from,
        end_day as period_end
    from in_force
    where newest = 1
)

select
    budget_id,
    version,
    plan_id,
    basis_id,
    month_start,
    settled_at,
    valid_from,
    period_end,
    {{ hash_key(['settled_at', 'valid_from', 'period_end']) }} as time_basis_id
from final
