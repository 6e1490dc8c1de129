with meetings as (
    select * from {{ ref('fct_meeting_participations') }}
)

select
    'unique_customers_visited' as budget_type_id,
    'numerator' as part,
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
    cast(meetings as decimal(18, 4)) as amount,
    customer_id as distinct_key,
    'participant' as credit_type,
    'activity' as record_type,
    activity_id as record_id
from meetings
