-- What is expected from S on runs straight by working days within a month of the budget's targets,
-- and over all that is left of the period where there are none.
with lines as (
    select *
    from {{ ref('int_scoring__trend_lines') }}
    where expected_to_date is not null and period_end > as_of
),

targets as (
    select
        budget_id,
        node_level,
        node_id,
        month,
        target
    from {{ ref('int_planning__targets') }}
    where target_mode <> 'same_level'
),

months as (
    select
        lines.kpi_id,
        lines.node_level,
        lines.node_id,
        lines.as_of,
        lines.period_end,
        lines.target as kpi_target,
        lines.expected_to_date,
        targets.month,
        targets.target,
        sum(targets.target) over (
            partition by lines.kpi_id, lines.node_level, lines.node_id
        ) as planned,
        sum(targets.target) over (
            partition by lines.kpi_id, lines.node_level, lines.node_id
            order by targets.month
            rows between unbounded preceding and current row
        ) as planned_to
    from lines
    inner join targets
        on
            lines.budget_id = targets.budget_id
            and lines.node_level = targets.node_level
            and lines.node_id = targets.node_id
            and targets.month >= {{ trunc_date('month', 'lines.period_start') }}
            and lines.period_end > targets.month
),

-- Up to the end of a month the plan expects its share of the target; the end of the period is added
-- for all.
points as (
    select
        kpi_id,
        node_level,
        node_id,
        {{ add_months('month', 1) }} as segment_end,
        cast(round(
            cast(planned_to as decimal(20, 4))
            * {{ ratio('kpi_target', 'planned', decimals=4) }},
            6
        ) as decimal(28, 10)) as expected_at_end
    from months
    where
        planned > 0
        and {{ add_months('month', 1) }} > as_of
        and {{ add_months('month', 1) }} < period_end

    union all

    select
        kpi_id,
        node_level,
        node_id,
        period_end as segment_end,
        cast(target as decimal(28, 10)) as expected_at_end
    from lines
)

select
    lines.kpi_id,
    lines.node_level,
    lines.node_id,
    lines.calendar_id,
    coalesce(
        lag(points.segment_end) over (
            partition by lines.kpi_id, lines.node_level, lines.node_id
            order by points.segment_end
        ),
        lines.as_of
    ) as segment_start,
    points.segment_end,
    cast(
        coalesce(
            lag(points.expected_at_end) over (
                partition by lines.kpi_id, lines.node_level, lines.node_id
                order by points.segment_end
            ),
            lines.expected_to_date
        ) as decimal(28, 10)
    ) as expected_at_start,
    points.expected_at_end
from lines
inner join points
    on
        lines.kpi_id = points.kpi_id
        and lines.node_level = points.node_level
        and lines.node_id = points.node_id
