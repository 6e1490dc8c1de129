with events as (
    select * from {{ ref('fct_customer_events') }}
    where event_kind = 'cross_sold'
)

select
    'cross_sold_customers' as budget_type_id,
    'numerator' as part,
    'default' as parameter_set_id,
    cast(null as date) as as_of,
    cast(null as varchar) as period_type,
    cast(null as date) as period_start,
    event_date,
    booking_date,
    rep_id,
    customer_id,
    product_category,
    cast(null as varchar) as channel,
    area_id,
    business_category,
    purchase_method,
    cast(null as varchar) as campaign_id,
    cast(events as decimal(18, 4)) as amount,
    customer_id as distinct_key,
    'revenue' as credit_type,
    'customer' as record_type,
    customer_id as record_id
from events
