{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

bookings as (
    select * from {{ ref('int_core__store_visit_bookings') }}
    where {{ is_rebuilt('booking_month') }}
),

moments as (
    select
        bookings.activity_id,
        bookings.booking_month as posted_in,
        bookings.booking_month as known_in,
        bookings.knowledge_at,
        cast(1 as integer) as sign
    from bookings

    union all

    select
        bookings.activity_id,
        bookings.booking_month as posted_in,
        bookings.previous_booking_month as known_in,
        bookings.previous_knowledge_at as knowledge_at,
        cast(-1 as integer) as sign
    from bookings
    where bookings.previous_booking_month is not null
),

held as (
    select
        moments.posted_in,
        moments.known_in,
        moments.sign,
        moments.knowledge_at,
        activities.activity_id,
        activities.purpose,
        activities.store_id,
        coalesce(activities.owner_rep_id, 'unassigned') as rep_id,
        {{ local_date('activities.start_at') }} as event_date,
        {{ surviving_customer('activities.customer_id') }} as surviving_customer_id
    from moments
    inner join {{ ref('stg_canonical__activities') }} as activities
        on
            moments.activity_id = activities.activity_id
            and {{ known_at('activities', 'moments.knowledge_at') }}
            and not activities.is_deleted
            and activities.type = 'visit'
            and activities.status = 'held'
    {{ join_surviving_customer('activities.customer_id', 'moments.knowledge_at') }}
),

-- A store is a customer. One whose customer was merged is the same store twice, and counts as the
-- one that the surviving customer is.
known_months as (
    select distinct
        known_in,
        knowledge_at
    from moments
),

delivered_stores as (
    select
        known_months.known_in,
        stores.store_id,
        stores.customer_id as delivered_customer_id,
        stores.area_id,
        {{ surviving_customer('stores.customer_id') }} as customer_id
    from known_months
    inner join {{ ref('stg_canonical__stores') }} as stores
        on {{ known_at('stores', 'known_months.knowledge_at') }} and not stores.is_deleted
    {{ join_surviving_customer('stores.customer_id', 'known_months.knowledge_at') }}
),

stores as (
    select
        *,
        case
            when delivered_customer_id = customer_id then store_id
            else first_value(store_id) over (
                partition by known_in, customer_id
                order by
                    case when delivered_customer_id = customer_id then 0 else 1 end,
                    store_id
                rows between unbounded preceding and unbounded following
            )
        end as counted_store_id
    from delivered_stores
),

customer_stores as (
    select
        known_in,
        customer_id,
        min(counted_store_id) as store_id
    from stores
    group by known_in, customer_id
),

-- A visit that names no store that is known was made in the one that its customer is.
in_stores as (
    select
        held.*,
        coalesce(named_stores.counted_store_id, customer_stores.store_id) as counted_store_id
    from held
    left join stores as named_stores
        on held.known_in = named_stores.known_in and held.store_id = named_stores.store_id
    left join customer_stores
        on
            held.known_in = customer_stores.known_in
            and held.surviving_customer_id = customer_stores.customer_id
),

visits as (
    select
        in_stores.posted_in,
        in_stores.known_in,
        in_stores.sign,
        in_stores.knowledge_at,
        in_stores.activity_id,
        in_stores.purpose,
        in_stores.rep_id,
        in_stores.event_date,
        stores.store_id,
        stores.customer_id,
        coalesce(stores.area_id, customers.area_id) as area_id,
        customers.business_category,
        customers.purchase_method
    from in_stores
    cross join context
    inner join stores
        on
            in_stores.known_in = stores.known_in
            and in_stores.counted_store_id = stores.store_id
    left join {{ ref('stg_canonical__customers') }} as customers
        on
            stores.customer_id = customers.customer_id
            and {{ known_at('customers', 'in_stores.knowledge_at') }}
    where
        in_stores.event_date < context.as_of
        and {{ trunc_date('month', 'in_stores.event_date') }} <= in_stores.known_in
        and coalesce(customers.is_internal, false) is false
),

orders as (
    select * from {{ ref('stg_canonical__orders') }}
    where coalesce(status, 'open') <> 'cancelled' and not is_deleted
),

-- An order that names its visit belongs to it; one that names none, to the rep's visit to that
-- store on the day.
with_orders as (
    select
        visits.posted_in,
        visits.sign,
        visits.activity_id
    from visits
    inner join orders
        on
            visits.activity_id = orders.activity_id
            and {{ known_at('orders', 'visits.knowledge_at') }}

    union

    select
        visits.posted_in,
        visits.sign,
        visits.activity_id
    from visits
    inner join orders
        on
            orders.activity_id is null
            and visits.rep_id = orders.rep_id
            and visits.event_date = orders.order_date
            and {{ known_at('orders', 'visits.knowledge_at') }}
    left join stores as named_stores
        on visits.known_in = named_stores.known_in and orders.store_id = named_stores.store_id
    {{ join_surviving_customer('orders.customer_id', 'visits.knowledge_at') }}
    left join customer_stores
        on
            visits.known_in = customer_stores.known_in
            and {{ surviving_customer('orders.customer_id') }} = customer_stores.customer_id
    where visits.store_id = coalesce(named_stores.counted_store_id, customer_stores.store_id)
),

netted as (
    select
        visits.posted_in,
        visits.activity_id,
        visits.purpose,
        visits.event_date,
        visits.rep_id,
        visits.store_id,
        visits.customer_id,
        visits.area_id,
        visits.business_category,
        visits.purchase_method,
        sum(visits.sign) as visits,
        sum(case when with_orders.activity_id is not null then visits.sign else 0 end)
            as visits_with_order
    from visits
    left join with_orders
        on
            visits.posted_in = with_orders.posted_in
            and visits.sign = with_orders.sign
            and visits.activity_id = with_orders.activity_id
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
    having
        sum(visits.sign) <> 0
        or sum(case when with_orders.activity_id is not null then visits.sign else 0 end) <> 0
)

select
    posted_in as booking_month,
    activity_id,
    purpose,
    event_date,
    greatest(event_date, posted_in) as booking_date,
    rep_id,
    store_id,
    customer_id,
    area_id,
    business_category,
    purchase_method,
    cast(visits as integer) as visits,
    cast(visits_with_order as integer) as visits_with_order
from netted
