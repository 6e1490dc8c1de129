with context as (
    select * from {{ ref('int_core__context') }}
),

parameters as (
    select
        min(calendar_first_year) as first_year,
        max(calendar_years) as years
    from {{ ref('int_core__parameters') }}
),

days as (
    select {{ add_days("cast(concat(parameters.first_year, '-01-01') as date)", 'numbers.n') }}
        as date_day
    from {{ ref('int_core__numbers') }} as numbers
    cross join parameters
    where numbers.n < parameters.years * 366
),

calendar as (
    select
        calendar.date,
        calendar.is_workday
    from {{ ref('stg_canonical__calendar') }} as calendar
    inner join context on calendar.calendar_id = context.company_calendar_id
    where {{ known_at('calendar', 'context.cut_off_utc') }} and not calendar.is_deleted
),

workdays as (
    select
        days.date_day,
        coalesce(calendar.is_workday, {{ iso_weekday('days.date_day') }} <= 5) as is_workday
    from days
    left join calendar on days.date_day = calendar.date
)

select
    date_day,
    {{ trunc_date('week', 'date_day') }} as week_start,
    {{ trunc_date('month', 'date_day') }} as month_start,
    {{ trunc_date('quarter', 'date_day') }} as quarter_start,
    {{ trunc_date('year', 'date_day') }} as year_start,
    is_workday,
    -- Days off carry the number of the last working day before them.
    cast(
        sum(case when is_workday then 1 else 0 end) over (order by date_day) as integer
    ) as workday_no
from workdays
