{{ config(materialized="view") }}

with lines as (
    select * from {{ ref('int_scoring__trend_lines') }}
),

workdays as (
    select * from {{ ref('int_scoring__workdays') }}
),

checkpoint_days as (
    select distinct
        checkpoints.kpi_id,
        checkpoints.date as day
    from {{ ref('stg_canonical__checkpoints') }} as checkpoints
    inner join {{ ref('int_core__context') }} as context
        on {{ known_at('checkpoints', 'context.cut_off_utc') }}
    where not checkpoints.is_deleted
),

frozen as (
    select
        as_of,
        kpi_id,
        node_level,
        node_id,
        period_start,
        value,
        expected_to_date,
        target
    from {{ ref('int_scoring__frozen_scores') }}
    where subject_type = 'kpi'
),

-- The morning after the last day belongs to the graph: there the whole period has been counted.
days as (
    select
        lines.*,
        dates.date_day as day
    from lines
    inner join {{ ref('int_core__dates') }} as dates
        on lines.period_start <= dates.date_day and lines.period_end >= dates.date_day
),

shown as (
    select
        days.kpi_id,
        days.node_level,
        days.node_id,
        days.day,
        frozen.value as actual_cum,
        frozen.expected_to_date as expected_cum,
        cast(null as decimal(28, 10)) as forecast_cum,
        cast(null as decimal(28, 10)) as forecast_low,
        cast(null as decimal(28, 10)) as forecast_high,
        frozen.target
    from days
    left join frozen
        on
            days.kpi_id = frozen.kpi_id
            and days.node_level = frozen.node_level
            and days.node_id = frozen.node_id
            and days.period_start = frozen.period_start
            and days.day = frozen.as_of
    where days.day < days.as_of

    union all

    select
        kpi_id,
        node_level,
        node_id,
        day,
        cast(value as decimal(28, 10)) as actual_cum,
        expected_to_date as expected_cum,
        cast(value as decimal(28, 10)) as forecast_cum,
        cast(case when forecast_low is not null then value end as decimal(28, 10))
            as forecast_low,
        cast(case when forecast_high is not null then value end as decimal(28, 10))
            as forecast_high,
        target
    from days
    where day = as_of
),

expected as (
    select
        segments.kpi_id,
        segments.node_level,
        segments.node_id,
        day.date_day as day,
        {{ line_at(
            'segments.expected_at_start', 'segments.expected_at_end',
            workday_share('begun', 'day', 'ended'),
        ) }} as expected_cum
    from {{ ref('int_scoring__trend_segments') }} as segments
    inner join workdays as begun
        on
            segments.calendar_id = begun.calendar_id
            and segments.segment_start = begun.date_day
    inner join workdays as ended
        on segments.calendar_id = ended.calendar_id and segments.segment_end = ended.date_day
    inner join workdays as day
        on
            segments.calendar_id = day.calendar_id
            and day.date_day > segments.segment_start
            and segments.segment_end >= day.date_day
),

to_come as (
    select
        days.kpi_id,
        days.node_level,
        days.node_id,
        days.day,
        days.value,
        days.forecast,
        days.forecast_low,
        days.forecast_high,
        days.target,
        {{ workday_share('begun', 'passed', 'ended') }} as line_share
    from days
    inner join workdays as begun
        on days.calendar_id = begun.calendar_id and days.as_of = begun.date_day
    inner join workdays as passed
        on days.calendar_id = passed.calendar_id and days.day = passed.date_day
    inner join workdays as ended
        on days.calendar_id = ended.calendar_id and days.period_end = ended.date_day
    where days.day > days.as_of
),

forecast as (
    select
        to_come.kpi_id,
        to_come.node_level,
        to_come.node_id,
        to_come.day,
        cast(null as decimal(28, 10)) as actual_cum,
        expected.expected_cum,
        {{ line_at('to_come.value', 'to_come.forecast', 'to_come.line_share') }} as forecast_cum,
        {{ line_at('to_come.value', 'to_come.forecast_low', 'to_come.line_share') }}
            as forecast_low,
        {{ line_at('to_come.value', 'to_come.forecast_high', 'to_come.line_share') }}
            as forecast_high,
        to_come.target
    from to_come
    left join expected
        on
            to_come.kpi_id = expected.kpi_id
            and to_come.node_level = expected.node_level
            and to_come.node_id = expected.node_id
            and to_come.day = expected.day
),

points as (
    select * from shown
    union all
    select * from forecast
)

select
    points.kpi_id,
    points.node_level,
    points.node_id,
    points.day,
    lines.budget_type_id,
    lines.period_start,
    lines.period_end,
    points.actual_cum,
    points.expected_cum,
    points.forecast_cum,
    points.forecast_low,
    points.forecast_high,
    points.target,
    checkpoint_days.kpi_id is not null as is_checkpoint
from points
inner join lines
    on
        points.kpi_id = lines.kpi_id
        and points.node_level = lines.node_level
        and points.node_id = lines.node_id
left join checkpoint_days
    on points.kpi_id = checkpoint_days.kpi_id and points.day = checkpoint_days.day
