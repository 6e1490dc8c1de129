with context as (
    select * from {{ ref('int_core__context') }}
),

dates as (
    select * from {{ ref('int_core__dates') }}
),

months as (
    select
        month_start,
        {{ add_months('month_start', 1) }} as month_end,
        max(workday_no) as last_workday_no
    from dates
    group by month_start
),

closings as (
    select
        months.month_start,
        months.month_end,
        min(dates.date_day) as closes_after
    from months
    inner join {{ ref('int_core__parameters') }} as parameters
        on
            months.month_start >= parameters.valid_from
            and months.month_start < parameters.valid_to
    inner join dates
        on months.last_workday_no + parameters.closing_working_days = dates.workday_no
    group by months.month_start, months.month_end
),

timed as (
    select
        month_start,
        month_end,
        {{ add_days('closes_after', 1) }} as closes_on,
        {{ local_midnight_utc(add_days('closes_after', 1)) }} as closes_at
    from closings
)

select
    timed.month_start,
    timed.month_end,
    timed.closes_on,
    coalesce(
        lag(timed.closes_at) over (order by timed.month_start),
        cast('1900-01-01' as timestamp)
    ) as opens_at,
    timed.closes_at,
    least(timed.closes_at, context.cut_off_utc) as knowledge_at,
    timed.closes_at <= context.cut_off_utc as is_closed
from timed
cross join context
where timed.month_start < context.as_of
