with context as (
    select * from {{ ref('int_core__context') }}
),

parameters as (
    select parameters.*
    from {{ ref('int_scoring__parameters') }} as parameters
    inner join context
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
),

reps as (
    select
        rep_id,
        calendar_id
    from {{ ref('dim_reps') }}
),

scores as (
    select
        scores.kpi_id,
        scores.node_level,
        scores.node_id,
        scores.budget_id,
        scores.budget_type_id,
        scores.period_start,
        scores.period_end,
        scores.value,
        scores.target,
        scores.target_low,
        scores.expected_to_date,
        scores.elapsed_share,
        scores.forecast,
        scores.forecast_method,
        context.as_of,
        coalesce(reps.calendar_id, context.company_calendar_id) as calendar_id
    from {{ ref('int_scoring__scores') }} as scores
    cross join context
    left join reps on scores.node_level = 'rep' and scores.node_id = reps.rep_id
    where scores.subject_type = 'kpi'
),

errors as (
    select errors.*
    from {{ ref('int_scoring__forecast_errors') }} as errors
    inner join parameters on errors.n >= parameters.least_forecasts_judged
),

-- How far forecasts were off when so much of the period had gone; before the first share that is
-- judged, how far they were off there.
numbered_errors as (
    select
        scores.kpi_id,
        scores.node_level,
        scores.node_id,
        errors.mape,
        row_number() over (
            partition by scores.kpi_id, scores.node_level, scores.node_id
            order by
                case when errors.elapsed_share <= scores.elapsed_share then 0 else 1 end,
                abs(scores.elapsed_share - errors.elapsed_share)
        ) as error_no
    from scores
    inner join errors
        on
            scores.budget_type_id = errors.budget_type_id
            and scores.node_level = errors.node_level
    where scores.forecast_method not in ('too_early', 'final')
)

select
    scores.*,
    cast(
        scores.forecast
        - round(
            cast(abs(scores.forecast) as decimal(20, 6))
            * cast(numbered_errors.mape as decimal(14, 6)),
            6
        ) as decimal(28, 10)
    ) as forecast_low,
    cast(
        scores.forecast
        + round(
            cast(abs(scores.forecast) as decimal(20, 6))
            * cast(numbered_errors.mape as decimal(14, 6)),
            6
        ) as decimal(28, 10)
    ) as forecast_high
from scores
left join numbered_errors
    on
        scores.kpi_id = numbered_errors.kpi_id
        and scores.node_level = numbered_errors.node_level
        and scores.node_id = numbered_errors.node_id
        and numbered_errors.error_no = 1
