with closings as (
    select * from {{ ref('fct_opportunity_closings') }}
),

parts as (
    select
        closings.*,
        'denominator' as part
    from closings

    union all

    select
        closings.*,
        'numerator' as part
    from closings
    where outcome = 'won'
)

select
    'win_rate' as budget_type_id,
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
    cast(closings as decimal(18, 4)) as amount,
    cast(null as varchar) as distinct_key,
    'owner' as credit_type,
    'opportunity' as record_type,
    opportunity_id as record_id
from parts
