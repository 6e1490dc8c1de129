{{ config(materialized="incremental", unique_key="activity_id") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

-- What became of a meeting is booked in the month of the meeting where the days it is given are
-- over before that month closes, else in the first month that closes after them.
due_months as (
    select
        dates.date_day as event_date,
        min(months.month_start) as due_month
    from {{ ref('int_core__dates') }} as dates
    inner join context on dates.date_day < context.as_of
    inner join {{ ref('int_core__meeting_parameters') }} as parameters
        on dates.date_day >= parameters.valid_from and dates.date_day < parameters.valid_to
    inner join {{ ref('int_core__booking_months') }} as months
        on
            dates.month_start <= months.month_start
            and months.closes_at
            >= {{ local_midnight_utc(add_days('dates.date_day', 'parameters.next_step_days')) }}
    group by dates.date_day
),

versions as (
    select
        activities.activity_id,
        activities.known_from,
        {{ local_date('activities.start_at') }} as event_date
    from {{ ref('stg_canonical__activities') }} as activities
    inner join {{ ref('activity_types') }} as activity_types
        on activities.type = activity_types.activity_type and activity_types.is_customer_meeting
    where activities.start_at is not null
),

facts as (
    select distinct
        versions.activity_id,
        due_months.due_month as event_month
    from versions
    inner join due_months on versions.event_date = due_months.event_date
),

changes as (
    select
        activity_id,
        known_from
    from versions

    union all

    select
        activity_id,
        known_from
    from {{ ref('stg_canonical__activity_participants') }}
    where participant_type = 'rep'
),

{{ bookings_of('activity_id') }}
