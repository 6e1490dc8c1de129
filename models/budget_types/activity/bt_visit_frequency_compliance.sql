with evaluations as (
    select * from {{ ref('int_core__evaluations') }}
    where budget_type_id = 'visit_frequency_compliance'
),

visit_plans as (
    select * from {{ ref('int_core__visit_plans') }}
),

-- A visit beyond what a customer is to get makes up for none that another customer did not get.
parts as (
    select
        visit_plans.*,
        'denominator' as part,
        visit_plans.required_visits as amount
    from visit_plans

    union all

    select
        visit_plans.*,
        'numerator' as part,
        least(
            cast(visit_plans.visits as decimal(18, 4)), visit_plans.required_visits
        ) as amount
    from visit_plans
    where visit_plans.visits > 0
)

select
    evaluations.budget_type_id,
    parts.part,
    evaluations.parameter_set_id,
    evaluations.as_of,
    evaluations.period_type,
    evaluations.period_start,
    parts.assigned_from as event_date,
    {{ add_days('evaluations.evaluated_to', -1) }} as booking_date,
    parts.rep_id,
    parts.customer_id,
    cast(null as varchar) as product_category,
    cast(null as varchar) as channel,
    parts.area_id,
    parts.business_category,
    parts.purchase_method,
    cast(null as varchar) as campaign_id,
    cast(parts.amount as decimal(18, 4)) as amount,
    parts.customer_id as distinct_key,
    'owner' as credit_type,
    'customer' as record_type,
    parts.customer_id as record_id
from evaluations
inner join parts
    on
        evaluations.period_start = parts.period_start
        and evaluations.period_end = parts.period_end
