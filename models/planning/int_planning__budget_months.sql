with context as (
    select * from {{ ref('int_core__context') }}
),

budgets as (
    select * from {{ ref('int_planning__budgets') }}
),

-- The company's working days as known when the plan was settled: a calendar that is corrected later
-- leaves the months as they were.
months as (
    select
        budgets.budget_id,
        budgets.version,
        dates.month_start,
        count(*) as days,
        sum(
            case
                when coalesce(calendar.is_workday, {{ iso_weekday('dates.date_day') }} <= 5) then 1
                else 0
            end
        ) as workdays
    from budgets
    cross join context
    inner join {{ ref('int_core__dates') }} as dates
        on budgets.valid_from <= dates.date_day and budgets.period_end > dates.date_day
    left join {{ ref('stg_canonical__calendar') }} as calendar
        on
            context.company_calendar_id = calendar.calendar_id
            and dates.date_day = calendar.date
            and {{ known_at('calendar', 'budgets.settled_at') }}
            and not calendar.is_deleted
    group by budgets.budget_id, budgets.version, dates.month_start
),

weighed as (
    select
        months.*,
        budgets.distribution_id,
        {{ days_between('months.month_start', add_months('months.month_start', 1)) }}
            as days_of_month,
        case
            when budgets.distribution_id is null then 1
            else coalesce(distributions.weight, 0)
        end as month_weight
    from months
    inner join budgets
        on months.budget_id = budgets.budget_id and months.version = budgets.version
    left join {{ ref('int_planning__distributions') }} as distributions
        on
            months.budget_id = distributions.budget_id
            and months.version = distributions.version
            and cast(extract(month from months.month_start) as integer) = distributions.month_no
)

-- A month that the period holds in part weighs for its days.
select
    budget_id,
    version,
    month_start,
    cast(workdays as integer) as workdays,
    cast(
        case
            when distribution_id = 'working_days' then workdays
            else round(month_weight * {{ ratio('days', 'days_of_month', 10) }}, 10)
        end as decimal(18, 10)
    ) as weight
from weighed
