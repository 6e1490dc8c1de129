with qualities as (
    select * from {{ ref('fct_meeting_qualities') }}
    where quality = 'loyal_customer'
),

meetings as (
    select * from {{ ref('fct_meeting_participations') }}
),

parts as (
    select
        'numerator' as part,
        activity_id,
        event_date,
        booking_date,
        rep_id,
        customer_id,
        area_id,
        business_category,
        purchase_method,
        meetings
    from qualities

    union all

    select
        'denominator' as part,
        activity_id,
        event_date,
        booking_date,
        rep_id,
        customer_id,
        area_id,
        business_category,
        purchase_method,
        meetings
    from meetings
)

select
    'loyal_customer_visit_share' as budget_type_id,
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
    cast(meetings as decimal(18, 4)) as amount,
    activity_id as distinct_key,
    'participant' as credit_type,
    'activity' as record_type,
    activity_id as record_id
from parts
