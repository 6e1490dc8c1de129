with visits as (
    select * from {{ ref('fct_store_visits') }}
    where purpose = 'selling'
),

parts as (
    select
        visits.*,
        'denominator' as part,
        visits as amount
    from visits
    where visits <> 0

    union all

    select
        visits.*,
        'numerator' as part,
        visits_with_order as amount
    from visits
    where visits_with_order <> 0
)

select
    'visit_strike_rate' as budget_type_id,
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
    cast(amount as decimal(18, 4)) as amount,
    cast(null as varchar) as distinct_key,
    'owner' as credit_type,
    'activity' as record_type,
    activity_id as record_id
from parts
