-- Calendars as known at S: what is asked now is how much of the period has gone, not what was
-- planned. A day that a calendar does not know is a working day from Monday to Friday.
with context as (
    select * from {{ ref('int_core__context') }}
),

calendars as (
    select company_calendar_id as calendar_id
    from context
    union
    select reps.calendar_id
    from {{ ref('stg_canonical__reps') }} as reps
    inner join context on {{ known_at('reps', 'context.cut_off_utc') }}
    where not reps.is_deleted and reps.calendar_id is not null
),

judged as (
    select
        calendars.calendar_id,
        dates.date_day,
        dates.month_start,
        case
            when coalesce(days.is_workday, {{ iso_weekday('dates.date_day') }} <= 5) then 1
            else 0
        end as workday
    from calendars
    cross join context
    cross join {{ ref('int_core__dates') }} as dates
    left join {{ ref('stg_canonical__calendar') }} as days
        on
            calendars.calendar_id = days.calendar_id
            and dates.date_day = days.date
            and {{ known_at('days', 'context.cut_off_utc') }}
            and not days.is_deleted
)

select
    calendar_id,
    date_day,
    month_start,
    workday = 1 as is_workday,
    cast(
        sum(workday) over (
            partition by calendar_id
            order by date_day
            rows between unbounded preceding and current row
        ) - workday as integer
    ) as workdays_before
from judged
