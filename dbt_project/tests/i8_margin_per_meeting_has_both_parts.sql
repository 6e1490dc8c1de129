-- I8: margin per meeting divides the contribution margin of its window by the customer meetings
-- held in it. A year is such a window: there both parts must be the figures of the two types
-- themselves. The rolling twelve months of a month add up the margin of its months, as far back as
-- they go.
with figures as (
    select
        node_level,
        node_id,
        basis,
        period_type,
        period_start,
        max(case when budget_type_id = 'contribution_margin' then numerator end)
            as contribution_margin,
        max(case when budget_type_id = 'meetings_held' then numerator end) as meetings_held,
        max(case when budget_type_id = 'margin_per_meeting' then numerator end) as numerator,
        max(case when budget_type_id = 'margin_per_meeting' then denominator end) as denominator
    from {{ ref('int_outcomes__values') }}
    where
        budget_type_id in ('contribution_margin', 'meetings_held', 'margin_per_meeting')
        and period_type in ('month', 'year')
    group by 1, 2, 3, 4, 5
),

touched as (
    select
        basis,
        period_type,
        period_start
    from {{ ref('int_outcomes__touched_periods') }}
    where budget_type_id = 'margin_per_meeting' and period_type in ('month', 'year')
),

first_months as (
    select min(period_start) as first_month
    from {{ ref('int_core__periods') }}
    where period_type = 'month'
),

years as (
    select
        figures.node_level,
        figures.node_id,
        figures.basis,
        figures.period_type,
        figures.period_start,
        figures.numerator,
        coalesce(figures.contribution_margin, 0) as expected_numerator,
        figures.denominator,
        coalesce(figures.meetings_held, 0) as expected_denominator
    from figures
    inner join touched
        on
            figures.basis = touched.basis
            and figures.period_type = touched.period_type
            and figures.period_start = touched.period_start
    where figures.period_type = 'year' and figures.numerator is not null
),

rolling_months as (
    select
        figures.node_level,
        figures.node_id,
        figures.basis,
        figures.period_type,
        figures.period_start,
        figures.numerator,
        sum(coalesce(months.contribution_margin, 0)) as expected_numerator,
        figures.denominator,
        figures.denominator as expected_denominator
    from figures
    inner join touched
        on
            figures.basis = touched.basis
            and figures.period_type = touched.period_type
            and figures.period_start = touched.period_start
    cross join first_months
    left join figures as months
        on
            figures.node_level = months.node_level
            and figures.node_id = months.node_id
            and figures.basis = months.basis
            and months.period_type = 'month'
            and months.period_start > {{ add_months('figures.period_start', -12) }}
            and months.period_start <= figures.period_start
    where
        figures.period_type = 'month'
        and figures.numerator is not null
        and {{ add_months('figures.period_start', -11) }} >= first_months.first_month
    group by 1, 2, 3, 4, 5, 6, 8, 9
),

windows as (
    select * from years
    union all
    select * from rolling_months
)

select *
from windows
where numerator <> expected_numerator or denominator <> expected_denominator
