with deliveries as (
    select * from {{ ref('fct_deliveries') }}
),

parts as (
    select
        deliveries.*,
        'denominator' as part
    from deliveries

    union all

    select
        deliveries.*,
        'numerator' as part
    from deliveries
    where is_precise
)

select
    'delivery_precision' as budget_type_id,
    part,
    'default' as parameter_set_id,
    cast(null as date) as as_of,
    cast(null as varchar) as period_type,
    cast(null as date) as period_start,
    event_date,
    booking_date,
    rep_id,
    customer_id,
    cast(null as varchar) as product_category,
    cast(null as varchar) as channel,
    area_id,
    business_category,
    purchase_method,
    cast(null as varchar) as campaign_id,
    cast(deliveries as decimal(18, 4)) as amount,
    cast(null as varchar) as distinct_key,
    credit_type,
    'delivery' as record_type,
    delivery_id as record_id
from parts
