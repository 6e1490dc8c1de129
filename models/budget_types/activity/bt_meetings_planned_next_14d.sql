with evaluations as (
    select * from {{ ref('int_core__evaluations') }}
    where budget_type_id = 'meetings_planned_next_14d'
),

planned as (
    select * from {{ ref('int_core__planned_meetings') }}
    where is_sales_meeting
)

select
    evaluations.budget_type_id,
    'numerator' as part,
    evaluations.parameter_set_id,
    evaluations.as_of,
    evaluations.period_type,
    evaluations.period_start,
    planned.planned_on as event_date,
    evaluations.as_of as booking_date,
    planned.rep_id,
    planned.customer_id,
    cast(null as varchar) as product_category,
    cast(null as varchar) as channel,
    planned.area_id,
    planned.business_category,
    planned.purchase_method,
    cast(null as varchar) as campaign_id,
    cast(1 as decimal(18, 4)) as amount,
    planned.activity_id as distinct_key,
    'participant' as credit_type,
    'activity' as record_type,
    planned.activity_id as record_id
from evaluations
inner join planned
    on
        evaluations.as_of <= planned.planned_on
        and planned.planned_on < {{ add_days('evaluations.as_of', 'evaluations.horizon_days') }}
