{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

-- Whenever something of a meeting is booked: the meeting, who came from the customer's side, or
-- what became of it.
bookings as (
    select
        activity_id,
        booking_month,
        knowledge_at
    from {{ ref('int_core__activity_bookings') }}
    where {{ is_rebuilt('booking_month') }}

    union

    select
        activity_id,
        booking_month,
        knowledge_at
    from {{ ref('int_core__guest_bookings') }}
    where {{ is_rebuilt('booking_month') }}

    union

    select
        activity_id,
        booking_month,
        knowledge_at
    from {{ ref('int_core__next_step_bookings') }}
    where {{ is_rebuilt('booking_month') }}
),

held as (
    select
        bookings.booking_month,
        bookings.knowledge_at,
        activities.activity_id,
        activities.type as activity_type,
        activity_types.is_sales_meeting,
        activities.owner_rep_id,
        activities.opportunity_id,
        activities.start_at,
        {{ meeting_minutes('activities') }} as minutes,
        {{ is_prepared('activities') }} as is_prepared,
        {{ is_filled('activities.prep_fallback') }} as has_fallback,
        coalesce(activities.next_step_agreed, false) as is_next_step_agreed,
        activities.insight_delivered,
        activities.evaluation_score,
        activities.skill_gap,
        coalesce(activities.customer_id, stores.customer_id) as delivered_customer_id,
        {{ local_date('activities.start_at') }} as event_date
    from bookings
    inner join {{ ref('stg_canonical__activities') }} as activities
        on
            bookings.activity_id = activities.activity_id
            and {{ known_at('activities', 'bookings.knowledge_at') }}
            and not activities.is_deleted
            and activities.status = 'held'
    inner join {{ ref('activity_types') }} as activity_types
        on activities.type = activity_types.activity_type and activity_types.is_customer_meeting
    left join {{ ref('stg_canonical__stores') }} as stores
        on
            activities.store_id = stores.store_id
            and {{ known_at('stores', 'bookings.knowledge_at') }}
            and not stores.is_deleted
),

with_customers as (
    select
        held.*,
        {{ surviving_customer('held.delivered_customer_id') }} as customer_id
    from held
    {{ join_surviving_customer('held.delivered_customer_id', 'held.knowledge_at') }}
),

meetings as (
    select
        with_customers.*,
        customers.area_id,
        customers.business_category,
        customers.purchase_method
    from with_customers
    cross join context
    left join {{ ref('stg_canonical__customers') }} as customers
        on
            with_customers.customer_id = customers.customer_id
            and {{ known_at('customers', 'with_customers.knowledge_at') }}
    where
        with_customers.customer_id is not null
        and with_customers.event_date < context.as_of
        and {{ trunc_date('month', 'with_customers.event_date') }} <= with_customers.booking_month
        and coalesce(customers.is_internal, false) is false
),

attendances as (
    select
        meetings.activity_id,
        meetings.booking_month,
        participants.participant_id as rep_id,
        coalesce(participants.attended, true) as has_attended
    from meetings
    inner join {{ ref('stg_canonical__activity_participants') }} as participants
        on
            meetings.activity_id = participants.activity_id
            and participants.participant_type = 'rep'
            and {{ known_at('participants', 'meetings.knowledge_at') }}
            and not participants.is_deleted
),

registered as (
    select distinct
        activity_id,
        booking_month
    from attendances
)

-- A meeting for which nobody is registered was held by its owner; one that all who were
-- registered stayed away from has nobody to credit.
select
    meetings.booking_month,
    meetings.knowledge_at,
    meetings.activity_id,
    meetings.activity_type,
    meetings.is_sales_meeting,
    meetings.event_date,
    meetings.start_at,
    meetings.minutes,
    case
        when attendances.rep_id is not null then attendances.rep_id
        when registered.activity_id is not null then 'unassigned'
        else coalesce(meetings.owner_rep_id, 'unassigned')
    end as rep_id,
    meetings.customer_id,
    meetings.opportunity_id,
    meetings.area_id,
    meetings.business_category,
    meetings.purchase_method,
    meetings.is_prepared,
    meetings.has_fallback,
    meetings.is_next_step_agreed,
    meetings.insight_delivered,
    meetings.evaluation_score,
    meetings.skill_gap
from meetings
left join attendances
    on
        meetings.activity_id = attendances.activity_id
        and meetings.booking_month = attendances.booking_month
        and attendances.has_attended
left join registered
    on
        meetings.activity_id = registered.activity_id
        and meetings.booking_month = registered.booking_month
