with order_lines as (
    select * from {{ ref('fct_order_lines') }}
)

select
    'campaign_sell_in' as budget_type_id,
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
    campaign_id,
    net_amount as amount,
    cast(null as varchar) as distinct_key,
    'order' as credit_type,
    'order_line' as record_type,
    order_line_id as record_id
from order_lines
where is_in_window
