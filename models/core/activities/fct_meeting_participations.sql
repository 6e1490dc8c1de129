{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

months as (
    select * from {{ ref('int_core__booking_months') }}
),

bookings as (
    select * from {{ ref('int_core__activity_bookings') }}
    where {{ is_rebuilt('booking_month') }}
),

moments as (
    select
        bookings.activity_id,
        bookings.booking_month as posted_in,
        bookings.booking_month as known_in,
        cast(1 as integer) as sign
    from bookings

    union all

    select
        bookings.activity_id,
        bookings.booking_month as posted_in,
        bookings.previous_booking_month as known_in,
        cast(-1 as integer) as sign
    from bookings
    where bookings.previous_booking_month is not null
),

held as (
    select
        moments.posted_in,
        moments.known_in,
        moments.sign,
        months.knowledge_at,
        activities.activity_id,
        activities.type as activity_type,
        activity_types.is_sales_meeting,
        activities.owner_rep_id,
        coalesce(activities.customer_id, stores.customer_id) as delivered_customer_id,
        {{ local_date('activities.start_at') }} as event_date
    from moments
    inner join months on moments.known_in = months.month_start
    inner join {{ ref('stg_canonical__activities') }} as activities
        on
            moments.activity_id = activities.activity_id
            and {{ known_at('activities', 'months.knowledge_at') }}
            and not activities.is_deleted
            and activities.status = 'held'
    inner join {{ ref('activity_types') }} as activity_types
        on activities.type = activity_types.activity_type and activity_types.is_customer_meeting
    left join {{ ref('stg_canonical__stores') }} as stores
        on
            activities.store_id = stores.store_id
            and {{ known_at('stores', 'months.knowledge_at') }}
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
        and {{ trunc_date('month', 'with_customers.event_date') }} <= with_customers.known_in
        and coalesce(customers.is_internal, false) is false
),

attendances as (
    select
        meetings.activity_id,
        meetings.posted_in,
        meetings.sign,
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
        posted_in,
        sign
    from attendances
),

-- A meeting for which nobody is registered was held by its owner; one that all who were
-- registered stayed away from has nobody to credit.
participations as (
    select
        meetings.*,
        case
            when attendances.rep_id is not null then attendances.rep_id
            when registered.activity_id is not null then 'unassigned'
            else coalesce(meetings.owner_rep_id, 'unassigned')
        end as rep_id
    from meetings
    left join attendances
        on
            meetings.activity_id = attendances.activity_id
            and meetings.posted_in = attendances.posted_in
            and meetings.sign = attendances.sign
            and attendances.has_attended
    left join registered
        on
            meetings.activity_id = registered.activity_id
            and meetings.posted_in = registered.posted_in
            and meetings.sign = registered.sign
),

netted as (
    select
        posted_in,
        activity_id,
        activity_type,
        is_sales_meeting,
        event_date,
        rep_id,
        customer_id,
        area_id,
        business_category,
        purchase_method,
        sum(sign) as meetings
    from participations
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
    having sum(sign) <> 0
)

select
    posted_in as booking_month,
    activity_id,
    activity_type,
    is_sales_meeting,
    event_date,
    greatest(event_date, posted_in) as booking_date,
    rep_id,
    customer_id,
    area_id,
    business_category,
    purchase_method,
    cast(meetings as integer) as meetings
from netted
