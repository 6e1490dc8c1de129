with last_bookings as (
    select
        activity_id,
        max(booking_month) as booking_month
    from {{ ref('int_core__activity_bookings') }}
    group by activity_id
),

last_guests as (
    select
        activity_id,
        max(booking_month) as booking_month
    from {{ ref('int_core__guest_bookings') }}
    group by activity_id
),

last_judgements as (
    select
        activity_id,
        max(booking_month) as booking_month
    from {{ ref('int_core__next_step_bookings') }}
    group by activity_id
),

qualities as (
    select * from {{ ref('int_core__meeting_qualities') }}
),

-- Every meeting as it was booked last, which is how the budget types count it today.
held as (
    select qualities.*
    from qualities
    inner join last_bookings
        on
            qualities.activity_id = last_bookings.activity_id
            and qualities.booking_month = last_bookings.booking_month
    where not qualities.is_planned
),

guests as (
    select
        qualities.activity_id,
        qualities.rep_id,
        qualities.external_participants,
        qualities.has_decision_maker
    from qualities
    inner join last_guests
        on
            qualities.activity_id = last_guests.activity_id
            and qualities.booking_month = last_guests.booking_month
    where not qualities.is_planned
),

judged as (
    select next_steps.*
    from {{ ref('int_core__next_step_states') }} as next_steps
    inner join last_judgements
        on
            next_steps.activity_id = last_judgements.activity_id
            and next_steps.booking_month = last_judgements.booking_month
),

states as (
    select * from {{ ref('int_core__meeting_states') }}
),

planned as (
    select qualities.*
    from qualities
    where qualities.is_planned and qualities.customer_id is not null
),

plans as (
    select * from {{ ref('int_core__planned_meetings') }}
),

all_meetings as (
    select
        held.activity_id,
        held.rep_id,
        'held' as status,
        held.customer_id,
        held.opportunity_id,
        states.is_sales_meeting,
        held.event_date,
        held.start_at,
        states.minutes,
        held.area_id,
        held.business_category,
        held.purchase_method,
        held.customer_state,
        held.is_right_customer,
        coalesce(guests.has_decision_maker, held.has_decision_maker) as has_decision_maker,
        coalesce(guests.external_participants, held.external_participants)
            as external_participants,
        held.is_prepared,
        judged.has_next_step,
        held.is_loyal_customer,
        held.is_with_manager,
        held.is_with_own_rep,
        states.insight_delivered,
        states.evaluation_score,
        states.skill_gap,
        held.decision_in_days
    from held
    inner join states
        on
            held.activity_id = states.activity_id
            and held.booking_month = states.booking_month
            and held.rep_id = states.rep_id
    left join guests
        on held.activity_id = guests.activity_id and held.rep_id = guests.rep_id
    left join judged
        on held.activity_id = judged.activity_id and held.rep_id = judged.rep_id

    union all

    select
        planned.activity_id,
        planned.rep_id,
        'planned' as status,
        planned.customer_id,
        planned.opportunity_id,
        plans.is_sales_meeting,
        planned.event_date,
        planned.start_at,
        plans.minutes,
        planned.area_id,
        planned.business_category,
        planned.purchase_method,
        planned.customer_state,
        planned.is_right_customer,
        planned.has_decision_maker,
        planned.external_participants,
        planned.is_prepared,
        cast(null as boolean) as has_next_step,
        planned.is_loyal_customer,
        planned.is_with_manager,
        planned.is_with_own_rep,
        cast(null as boolean) as insight_delivered,
        cast(null as integer) as evaluation_score,
        cast(null as varchar) as skill_gap,
        planned.decision_in_days
    from planned
    inner join plans
        on planned.activity_id = plans.activity_id and planned.rep_id = plans.rep_id
)

select
    activity_id,
    rep_id,
    status,
    customer_id,
    opportunity_id,
    is_sales_meeting,
    event_date,
    start_at,
    cast(minutes as integer) as minutes,
    area_id,
    business_category,
    purchase_method,
    customer_state,
    is_right_customer as right_customer,
    has_decision_maker as decision_maker,
    case when status = 'held' then is_right_customer and has_decision_maker end as triple_check,
    cast(external_participants as integer) as external_participants,
    is_prepared as prepared,
    has_next_step as next_step,
    is_loyal_customer as loyal,
    is_with_manager as with_manager,
    is_with_own_rep as with_own_rep,
    insight_delivered,
    cast(evaluation_score as integer) as evaluation_score,
    skill_gap,
    cast(decision_in_days as integer) as investment_horizon_days
from all_meetings
