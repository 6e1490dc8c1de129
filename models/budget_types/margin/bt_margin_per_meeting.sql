with invoice_lines as (
    select * from {{ ref('fct_invoice_line_credits') }}
),

meetings as (
    select * from {{ ref('fct_meeting_participations') }}
)

select
    'margin_per_meeting' as budget_type_id,
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
    channel,
    area_id,
    business_category,
    purchase_method,
    cast(null as varchar) as campaign_id,
    margin_amount as amount,
    cast(null as varchar) as distinct_key,
    credit_type,
    'invoice_line' as record_type,
    invoice_line_id as record_id
from invoice_lines
where is_costed

union all

select
    'margin_per_meeting' as budget_type_id,
    'denominator' as part,
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
from meetings
