with evaluations as (
    select * from {{ ref('int_core__evaluations') }}
    where budget_type_id = 'pipeline_coverage'
),

opportunities as (
    select * from {{ ref('int_core__opportunities') }}
    where is_open
)

select
    evaluations.budget_type_id,
    'numerator' as part,
    evaluations.parameter_set_id,
    evaluations.as_of,
    evaluations.period_type,
    evaluations.period_start,
    opportunities.expected_close_date as event_date,
    evaluations.as_of as booking_date,
    opportunities.rep_id,
    opportunities.customer_id,
    cast(null as varchar) as product_category,
    opportunities.channel,
    opportunities.area_id,
    opportunities.business_category,
    opportunities.purchase_method,
    cast(null as varchar) as campaign_id,
    opportunities.amount,
    opportunities.opportunity_id as distinct_key,
    'owner' as credit_type,
    'opportunity' as record_type,
    opportunities.opportunity_id as record_id
from evaluations
inner join opportunities on evaluations.as_of <= opportunities.expected_close_date
