{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

months as (
    select * from {{ ref('int_core__booking_months') }}
),

bookings as (
    select * from {{ ref('int_core__delivery_bookings') }}
    where {{ is_rebuilt('booking_month') }}
),

moments as (
    select
        delivery_id,
        booking_month as posted_in,
        booking_month as known_in,
        cast(1 as integer) as sign
    from bookings

    union all

    select
        delivery_id,
        booking_month as posted_in,
        previous_booking_month as known_in,
        cast(-1 as integer) as sign
    from bookings
    where previous_booking_month is not null
),

-- What was not delivered in time, not in full, or without a word about it, is a miss from the day
-- after it was promised.
promised as (
    select
        moments.posted_in,
        moments.sign,
        months.knowledge_at,
        deliveries.delivery_id,
        deliveries.customer_id as delivered_customer_id,
        deliveries.promised_date as event_date,
        coalesce(
            deliveries.delivered_date <= deliveries.promised_date
            and deliveries.qty_delivered >= deliveries.qty_ordered,
            false
        ) as is_precise
    from moments
    cross join context
    inner join months on moments.known_in = months.month_start
    inner join {{ ref('stg_canonical__deliveries') }} as deliveries
        on
            moments.delivery_id = deliveries.delivery_id
            and {{ known_at('deliveries', 'months.knowledge_at') }}
    where
        not deliveries.is_deleted
        and coalesce(deliveries.status, 'planned') <> 'cancelled'
        and deliveries.promised_date < context.as_of
        and {{ trunc_date('month', 'deliveries.promised_date') }} <= moments.known_in
),

with_customers as (
    select
        promised.*,
        {{ surviving_customer('promised.delivered_customer_id') }} as customer_id
    from promised
    {{ join_surviving_customer('promised.delivered_customer_id', 'promised.knowledge_at') }}
),

credited as (
    select
        with_customers.posted_in,
        with_customers.sign,
        with_customers.delivery_id,
        min(case when owners.role = 'kam' then owners.rep_id end) as kam_rep_id,
        min(case when owners.role = 'owner' then owners.rep_id end) as owner_rep_id
    from with_customers
    inner join {{ ref('int_core__customer_owners') }} as owners
        on
            with_customers.customer_id = owners.customer_id
            and with_customers.event_date >= owners.valid_from
            and with_customers.event_date < owners.valid_to
            and {{ known_at('owners', 'with_customers.knowledge_at') }}
    group by 1, 2, 3
),

netted as (
    select
        with_customers.posted_in,
        with_customers.delivery_id,
        with_customers.event_date,
        coalesce(credited.kam_rep_id, credited.owner_rep_id, 'unassigned') as rep_id,
        case when credited.kam_rep_id is null then 'owner' else 'kam' end as credit_type,
        with_customers.customer_id,
        customers.area_id,
        customers.business_category,
        customers.purchase_method,
        with_customers.is_precise,
        sum(with_customers.sign) as deliveries
    from with_customers
    left join credited
        on
            with_customers.posted_in = credited.posted_in
            and with_customers.sign = credited.sign
            and with_customers.delivery_id = credited.delivery_id
    left join {{ ref('stg_canonical__customers') }} as customers
        on
            with_customers.customer_id = customers.customer_id
            and {{ known_at('customers', 'with_customers.knowledge_at') }}
    where coalesce(customers.is_internal, false) is false
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
    having sum(with_customers.sign) <> 0
)

select
    posted_in as booking_month,
    delivery_id,
    event_date,
    greatest(event_date, posted_in) as booking_date,
    rep_id,
    credit_type,
    customer_id,
    area_id,
    business_category,
    purchase_method,
    is_precise,
    cast(deliveries as integer) as deliveries
from netted
