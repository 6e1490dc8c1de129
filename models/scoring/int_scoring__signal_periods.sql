with context as (
    select * from {{ ref('int_core__context') }}
),

dates as (
    select * from {{ ref('int_core__dates') }}
),

rules as (
    select distinct period_type
    from {{ ref('gaming_signal_rules') }}
),

periods as (
    select
        periods.period_type,
        periods.period_start,
        periods.period_end
    from {{ ref('int_core__periods') }} as periods
    inner join rules on periods.period_type = rules.period_type
    cross join context
    inner join {{ ref('int_scoring__parameters') }} as parameters
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
    where
        periods.period_end <= context.as_of
        and periods.period_end
        > {{ add_months('context.as_of', '-cast(parameters.signal_months as integer)') }}
),

bounded as (
    select
        periods.period_type,
        periods.period_start,
        periods.period_end,
        before_start.workday_no as workday_before,
        at_end.workday_no as last_workday,
        at_end.workday_no - before_start.workday_no as workdays
    from periods
    inner join dates as before_start
        on before_start.date_day = {{ add_days('periods.period_start', -1) }}
    inner join dates as at_end
        on at_end.date_day = {{ add_days('periods.period_end', -1) }}
)

select
    bounded.period_type,
    bounded.period_start,
    bounded.period_end,
    bounded.last_workday,
    bounded.workdays,
    {{ local_midnight_utc('bounded.period_end') }} as ends_at,
    -- The days of a part of the period lie after the working day of this number.
    bounded.last_workday - cast(parameters.catch_up_days as integer) as catch_up_after,
    bounded.last_workday - cast(parameters.catch_up_pace_days as integer) as pace_until,
    bounded.last_workday - cast(parameters.catch_up_pace_days as integer)
    - bounded.workday_before as pace_workdays,
    bounded.last_workday - cast(round(bounded.workdays * parameters.spike_share, 0) as integer)
        as spike_after,
    cast(round(bounded.workdays * parameters.spike_share, 0) as integer) as spike_workdays,
    bounded.last_workday - cast(parameters.pull_forward_days as integer) as pull_forward_after,
    parameters.least_signal_cases,
    parameters.catch_up_ratio,
    parameters.spike_ratio,
    parameters.short_minutes,
    parameters.short_days,
    parameters.short_share,
    parameters.concentration_ratio,
    parameters.top_customers,
    parameters.top_share,
    parameters.least_assigned,
    parameters.late_report_days,
    parameters.late_report_share,
    parameters.batch_minutes,
    parameters.batch_meetings,
    parameters.planned_days,
    parameters.ghost_share,
    parameters.pull_forward_share,
    parameters.withdrawn_days,
    parameters.withdrawn_share,
    parameters.drift_share
from bounded
inner join {{ ref('int_scoring__parameters') }} as parameters
    on
        bounded.period_end > parameters.valid_from
        and bounded.period_end <= parameters.valid_to
