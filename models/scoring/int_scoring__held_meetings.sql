with context as (
    select * from {{ ref('int_core__context') }}
),

first_period as (
    select min(period_start) as first_day
    from {{ ref('int_scoring__signal_periods') }}
),

last_bookings as (
    select
        activity_id,
        max(booking_month) as booking_month
    from {{ ref('int_core__activity_bookings') }}
    group by activity_id
),

last_qualities as (
    select qualities.*
    from {{ ref('int_core__meeting_qualities') }} as qualities
    inner join last_bookings
        on
            qualities.activity_id = last_bookings.activity_id
            and qualities.booking_month = last_bookings.booking_month
    inner join first_period on qualities.event_date >= first_period.first_day
    where not qualities.is_planned and qualities.rep_id <> 'unassigned'
)

select
    last_qualities.activity_id,
    last_qualities.rep_id,
    last_qualities.customer_id,
    last_qualities.event_date,
    dates.workday_no,
    states.start_at,
    states.minutes,
    last_qualities.is_loyal_customer,
    -- A report cannot have been written before the meeting was there to be reported.
    greatest(
        coalesce(activities.held_reported_at, activities.created_recorded_at),
        activities.created_recorded_at
    ) as reported_at
from last_qualities
cross join context
inner join {{ ref('int_core__dates') }} as dates on last_qualities.event_date = dates.date_day
inner join {{ ref('int_core__meeting_states') }} as states
    on
        last_qualities.activity_id = states.activity_id
        and last_qualities.booking_month = states.booking_month
        and last_qualities.rep_id = states.rep_id
inner join {{ ref('stg_canonical__activities') }} as activities
    on
        last_qualities.activity_id = activities.activity_id
        and {{ known_at('activities', 'context.cut_off_utc') }}
