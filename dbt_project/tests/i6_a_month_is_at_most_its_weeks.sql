-- I6: what is counted by distinct keys counts once in a month however many weeks it was seen in, so
-- a month has at most what the weeks that touch it have in sum, at every node. Rolling windows have
-- no weeks. Months that this night does not compute again are left alone.
with counted_parts as (
    select
        parts.budget_type_id,
        parts.part
    from {{ ref('budget_type_parts') }} as parts
    inner join {{ ref('budget_type_registry') }} as registry
        on parts.budget_type_id = registry.budget_type_id
    where parts.over_time = 'distinct' and registry.rolling_months is null
),

figures as (
    select
        figures.*,
        periods.period_end
    from {{ ref('int_outcomes__flow_parts') }} as figures
    inner join counted_parts
        on
            figures.budget_type_id = counted_parts.budget_type_id
            and figures.part = counted_parts.part
    inner join {{ ref('int_core__periods') }} as periods
        on
            figures.period_type = periods.period_type
            and figures.period_start = periods.period_start
            and figures.campaign_id = periods.campaign_id
    where figures.period_type in ('week', 'month')
),

months as (
    select figures.*
    from figures
    inner join {{ ref('int_outcomes__touched_periods') }} as touched
        on
            figures.budget_type_id = touched.budget_type_id
            and figures.basis = touched.basis
            and figures.period_type = touched.period_type
            and figures.period_start = touched.period_start
            and figures.campaign_id = touched.campaign_id
    where figures.period_type = 'month'
)

select
    months.budget_type_id,
    months.part,
    months.parameter_set_id,
    months.node_level,
    months.node_id,
    months.basis,
    months.period_start,
    months.amount,
    coalesce(sum(weeks.amount), 0) as weeks_amount
from months
left join figures as weeks
    on
        weeks.period_type = 'week'
        and months.budget_type_id = weeks.budget_type_id
        and months.part = weeks.part
        and months.parameter_set_id = weeks.parameter_set_id
        and months.node_level = weeks.node_level
        and months.node_id = weeks.node_id
        and months.basis = weeks.basis
        and months.period_start < weeks.period_end
        and months.period_end > weeks.period_start
group by 1, 2, 3, 4, 5, 6, 7, 8
having coalesce(sum(weeks.amount), 0) < months.amount
