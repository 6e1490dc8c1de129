with evaluations as (
    select * from {{ ref('int_core__evaluations') }}
    where budget_type_id = 'active_customers'
),

active_customers as (
    select * from {{ ref('int_core__customer_activity') }}
)

select
    evaluations.budget_type_id,
    'numerator' as part,
    evaluations.parameter_set_id,
    evaluations.as_of,
    evaluations.period_type,
    evaluations.period_start,
    evaluations.as_of as event_date,
    evaluations.as_of as booking_date,
    active_customers.owner_rep_id as rep_id,
    active_customers.customer_id,
    cast(null as varchar) as product_category,
    cast(null as varchar) as channel,
    active_customers.area_id,
    active_customers.business_category,
    active_customers.purchase_method,
    cast(null as varchar) as campaign_id,
    cast(1 as decimal(18, 4)) as amount,
    cast(null as varchar) as distinct_key,
    'owner' as credit_type,
    'customer' as record_type,
    active_customers.customer_id as record_id
from evaluations
inner join active_customers on evaluations.as_of = active_customers.evaluated_on
