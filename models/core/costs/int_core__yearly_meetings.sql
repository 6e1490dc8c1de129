with context as (
    select
        {{ trunc_date('month', 'context.as_of') }} as window_end,
        parameters.rep_cost_months
    from {{ ref('int_core__context') }} as context
    inner join {{ ref('int_core__parameters') }} as parameters
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
),

last_bookings as (
    select
        activity_id,
        max(booking_month) as booking_month
    from {{ ref('int_core__activity_bookings') }}
    group by activity_id
)

select
    states.activity_id,
    states.rep_id,
    states.event_date,
    states.minutes,
    states.area_id,
    states.business_category,
    states.purchase_method
from context
inner join {{ ref('int_core__meeting_states') }} as states
    on
        context.window_end > states.event_date
        and states.event_date >= {{ add_months('context.window_end', '-context.rep_cost_months') }}
inner join last_bookings
    on
        states.activity_id = last_bookings.activity_id
        and states.booking_month = last_bookings.booking_month
