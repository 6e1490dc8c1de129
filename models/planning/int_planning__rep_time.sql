{{ config(materialized="incremental", pre_hook="{{ forget_open_plans('time_basis_id') }}") }}

with bases as (
    select distinct
        time_basis_id,
        settled_at,
        valid_from,
        period_end
    from {{ ref('int_planning__budget_bases') }}
    where {{ is_open_plan('time_basis_id') }}
),

parameters as (
    select * from {{ ref('int_planning__parameters') }}
),

dates as (
    select * from {{ ref('int_core__dates') }}
),

months as (
    select
        bases.time_basis_id,
        bases.settled_at,
        dates.month_start,
        min(dates.date_day) as first_day,
        {{ add_days('max(dates.date_day)', 1) }} as end_day,
        count(*) as days
    from bases
    inner join dates on bases.valid_from <= dates.date_day and bases.period_end > dates.date_day
    group by bases.time_basis_id, bases.settled_at, dates.month_start
),

reps as (
    select
        bases.time_basis_id,
        reps.rep_id,
        reps.calendar_id,
        coalesce(reps.fte, 1) as fte,
        coalesce(reps.hire_date, cast('1900-01-01' as date)) as hire_date,
        reps.leave_date,
        coalesce({{ add_days('reps.leave_date', 1) }}, cast('9999-12-31' as date)) as left_on
    from bases
    inner join {{ ref('stg_canonical__reps') }} as reps
        on {{ known_at('reps', 'bases.settled_at') }} and not reps.is_deleted
    inner join {{ ref('planning_roles') }} as sharing_roles
        on reps.role = sharing_roles.role and sharing_roles.has_targets
    where
        coalesce(reps.hire_date, cast('1900-01-01' as date)) < bases.period_end
        and coalesce(reps.leave_date, bases.valid_from) >= bases.valid_from
),

present as (
    select
        months.time_basis_id,
        months.settled_at,
        months.month_start,
        months.days,
        reps.rep_id,
        reps.calendar_id,
        reps.fte,
        reps.hire_date,
        reps.leave_date,
        greatest(months.first_day, reps.hire_date) as works_from,
        least(months.end_day, reps.left_on) as works_to
    from months
    inner join reps on months.time_basis_id = reps.time_basis_id
    where reps.hire_date < months.end_day and reps.left_on > months.first_day
),

calendars as (
    select distinct
        time_basis_id,
        calendar_id
    from reps
),

-- Each calendar's days as known then. A day it does not know is a working day from Monday to
-- Friday.
calendar_days as (
    select
        calendars.time_basis_id,
        calendars.calendar_id,
        dates.date_day,
        case
            when coalesce(days.is_workday, {{ iso_weekday('dates.date_day') }} <= 5) then 1
            else 0
        end as workday
    from calendars
    inner join bases on calendars.time_basis_id = bases.time_basis_id
    inner join dates on bases.valid_from <= dates.date_day and bases.period_end > dates.date_day
    left join {{ ref('stg_canonical__calendar') }} as days
        on
            calendars.calendar_id = days.calendar_id
            and dates.date_day = days.date
            and {{ known_at('days', 'bases.settled_at') }}
            and not days.is_deleted
),

counted_days as (
    select
        *,
        sum(workday) over (
            partition by time_basis_id, calendar_id
            order by date_day
            rows between unbounded preceding and current row
        ) as workday_no
    from calendar_days
),

absences as (
    select
        bases.time_basis_id,
        absences.rep_id,
        absences.date,
        {{ trunc_date('month', 'absences.date') }} as month_start,
        absences.hours
    from bases
    inner join {{ ref('stg_canonical__rep_absences') }} as absences
        on
            {{ known_at('absences', 'bases.settled_at') }}
            and not absences.is_deleted
            and bases.valid_from <= absences.date
            and bases.period_end > absences.date
),

away as (
    select
        present.time_basis_id,
        present.rep_id,
        present.month_start,
        sum(absences.hours) as hours
    from present
    inner join absences
        on
            present.time_basis_id = absences.time_basis_id
            and present.rep_id = absences.rep_id
            and present.month_start = absences.month_start
            and present.works_from <= absences.date
            and present.works_to > absences.date
    inner join counted_days
        on
            present.time_basis_id = counted_days.time_basis_id
            and present.calendar_id is not distinct from counted_days.calendar_id
            and absences.date = counted_days.date_day
            and counted_days.workday = 1
    group by present.time_basis_id, present.rep_id, present.month_start
),

worked as (
    select
        present.*,
        last_days.workday_no - first_days.workday_no + first_days.workday as workdays,
        {{ ratio(
            "coalesce(away.hours, 0)", 'parameters.full_day_hours', 4, decimals=4
        ) }} as absent_days
    from present
    inner join parameters
        on
            present.month_start >= parameters.valid_from
            and present.month_start < parameters.valid_to
    inner join counted_days as first_days
        on
            present.time_basis_id = first_days.time_basis_id
            and present.calendar_id is not distinct from first_days.calendar_id
            and present.works_from = first_days.date_day
    inner join counted_days as last_days
        on
            present.time_basis_id = last_days.time_basis_id
            and present.calendar_id is not distinct from last_days.calendar_id
            and {{ add_days('present.works_to', -1) }} = last_days.date_day
    left join away
        on
            present.time_basis_id = away.time_basis_id
            and present.rep_id = away.rep_id
            and present.month_start = away.month_start
)

select
    time_basis_id,
    rep_id,
    month_start,
    works_from,
    works_to,
    hire_date,
    leave_date,
    cast(fte as decimal(18, 4)) as fte,
    cast(workdays as integer) as workdays,
    cast(absent_days as decimal(18, 4)) as absent_days,
    -- Full-time days at work; nobody works less than not at all.
    cast(greatest(workdays * fte - absent_days, 0) as decimal(18, 4)) as fte_days,
    {{ ratio(days_between('works_from', 'works_to'), 'days', 10) }} as present_share,
    cast({{ months_between('hire_date', 'month_start') }} + 1 as integer) as month_of_employment
from worked
