{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

months as (
    select * from {{ ref('int_core__booking_months') }}
),

bookings as (
    select * from {{ ref('int_core__order_bookings') }}
    where {{ is_rebuilt('booking_month') }}
),

moments as (
    select
        bookings.order_id,
        bookings.booking_month as posted_in,
        bookings.booking_month as known_in,
        cast(1 as integer) as sign
    from bookings

    union all

    select
        bookings.order_id,
        bookings.booking_month as posted_in,
        bookings.previous_booking_month as known_in,
        cast(-1 as integer) as sign
    from bookings
    where bookings.previous_booking_month is not null
),

placed as (
    select
        moments.posted_in,
        moments.known_in,
        moments.sign,
        months.knowledge_at,
        orders.order_id,
        orders.order_date,
        orders.currency,
        orders.store_id,
        orders.activity_id,
        orders.campaign_id,
        coalesce(orders.rep_id, 'unassigned') as rep_id,
        {{ surviving_customer('orders.customer_id') }} as customer_id
    from moments
    cross join context
    inner join months on moments.known_in = months.month_start
    inner join {{ ref('stg_canonical__orders') }} as orders
        on
            moments.order_id = orders.order_id
            and {{ known_at('orders', 'months.knowledge_at') }}
            and not orders.is_deleted
            and coalesce(orders.status, 'open') <> 'cancelled'
            and orders.order_date < context.as_of
            and {{ trunc_date('month', 'orders.order_date') }} <= moments.known_in
    {{ join_surviving_customer('orders.customer_id', 'months.knowledge_at') }}
),

order_headers as (
    select
        placed.*,
        -- A campaign that is unknown has no window.
        case
            when placed.campaign_id is not null
                then coalesce(
                    placed.order_date >= campaigns.start_date
                    and placed.order_date < campaigns.end_date_excl,
                    false
                )
        end as is_in_window,
        customers.area_id,
        customers.business_category,
        customers.purchase_method,
        rates.rate
    from placed
    left join {{ ref('stg_canonical__campaigns') }} as campaigns
        on
            placed.campaign_id = campaigns.campaign_id
            and {{ known_at('campaigns', 'placed.knowledge_at') }}
            and not campaigns.is_deleted
    left join {{ ref('stg_canonical__customers') }} as customers
        on
            placed.customer_id = customers.customer_id
            and {{ known_at('customers', 'placed.knowledge_at') }}
    left join {{ ref('int_core__daily_rates') }} as rates
        on
            placed.known_in = rates.booking_month
            and placed.currency = rates.currency
            and placed.order_date = rates.date_day
    where coalesce(customers.is_internal, false) is false
),

order_lines as (
    select
        order_headers.*,
        order_lines.order_line_id,
        order_lines.product_id,
        products.product_category,
        {{ money_mul('order_lines.net_amount', 'order_headers.rate') }} as net_amount,
        order_lines.qty
    from order_headers
    inner join {{ ref('stg_canonical__order_lines') }} as order_lines
        on
            order_headers.order_id = order_lines.order_id
            and {{ known_at('order_lines', 'order_headers.knowledge_at') }}
            and not order_lines.is_deleted
            and not coalesce(order_lines.is_cancelled, false)
    left join {{ ref('stg_canonical__products') }} as products
        on
            order_lines.product_id = products.product_id
            and {{ known_at('products', 'order_headers.knowledge_at') }}
),

-- What did not change since the order was last booked cancels out.
netted as (
    select
        posted_in,
        order_line_id,
        order_id,
        order_date,
        rep_id,
        customer_id,
        store_id,
        activity_id,
        campaign_id,
        is_in_window,
        product_id,
        product_category,
        area_id,
        business_category,
        purchase_method,
        sum(sign * net_amount) as net_amount,
        sum(sign * qty) as qty
    from order_lines
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    having
        sum(sign * net_amount) <> 0
        or sum(sign * qty) <> 0
        -- A line without a rate has no amount; it must still be seen.
        or sum(case when net_amount is null then sign else 0 end) <> 0
)

select
    posted_in as booking_month,
    order_line_id,
    order_id,
    order_date as event_date,
    greatest(order_date, posted_in) as booking_date,
    rep_id,
    customer_id,
    store_id,
    activity_id,
    campaign_id,
    is_in_window,
    product_id,
    product_category,
    area_id,
    business_category,
    purchase_method,
    cast(net_amount as decimal(18, 4)) as net_amount,
    cast(qty as decimal(18, 4)) as qty
from netted
