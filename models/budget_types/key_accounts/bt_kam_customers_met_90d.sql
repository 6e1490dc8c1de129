with evaluations as (
    select * from {{ ref('int_core__evaluations') }}
    where budget_type_id = 'kam_customers_met_90d'
),

kam_customers as (
    select * from {{ ref('int_core__kam_customers') }}
),

sales_meetings as (
    select
        rep_id,
        customer_id,
        activity_id,
        event_date
    from {{ ref('fct_meeting_participations') }}
    where is_sales_meeting
    group by rep_id, customer_id, activity_id, event_date
    having sum(meetings) > 0
),

met as (
    select distinct
        evaluations.parameter_set_id,
        kam_customers.customer_id,
        kam_customers.rep_id
    from evaluations
    cross join kam_customers
    inner join sales_meetings
        on
            kam_customers.rep_id = sales_meetings.rep_id
            and kam_customers.customer_id = sales_meetings.customer_id
            and sales_meetings.event_date
            >= {{ add_days('evaluations.as_of', '-evaluations.window_days') }}
            and evaluations.as_of > sales_meetings.event_date
),

parts as (
    select
        'denominator' as part,
        evaluations.parameter_set_id,
        kam_customers.customer_id,
        kam_customers.rep_id
    from evaluations
    cross join kam_customers

    union all

    select
        'numerator' as part,
        parameter_set_id,
        customer_id,
        rep_id
    from met
)

select
    evaluations.budget_type_id,
    parts.part,
    evaluations.parameter_set_id,
    evaluations.as_of,
    evaluations.period_type,
    evaluations.period_start,
    evaluations.as_of as event_date,
    evaluations.as_of as booking_date,
    parts.rep_id,
    parts.customer_id,
    cast(null as varchar) as product_category,
    cast(null as varchar) as channel,
    kam_customers.area_id,
    kam_customers.business_category,
    kam_customers.purchase_method,
    cast(null as varchar) as campaign_id,
    cast(1 as decimal(18, 4)) as amount,
    parts.customer_id as distinct_key,
    'kam' as credit_type,
    'customer' as record_type,
    parts.customer_id as record_id
from parts
inner join evaluations on parts.parameter_set_id = evaluations.parameter_set_id
inner join kam_customers
    on parts.customer_id = kam_customers.customer_id and parts.rep_id = kam_customers.rep_id
