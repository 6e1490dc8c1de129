with evaluations as (
    select * from {{ ref('int_core__evaluations') }}
    where budget_type_id = 'customer_retention_rate'
),

active_customers as (
    select * from {{ ref('int_core__customer_activity') }}
),

active_at_start as (
    select
        evaluations.*,
        active_customers.customer_id,
        active_customers.owner_rep_id,
        active_customers.area_id,
        active_customers.business_category,
        active_customers.purchase_method
    from evaluations
    inner join active_customers on evaluations.period_start = active_customers.evaluated_on
),

parts as (
    select
        active_at_start.*,
        'denominator' as part
    from active_at_start

    union all

    select
        active_at_start.*,
        'numerator' as part
    from active_at_start
    -- Who was merged in the period has stayed if the other one has.
    left join {{ ref('int_core__customer_aliases') }} as aliases
        on
            active_at_start.customer_id = aliases.record_customer_id
            and {{ trunc_date('month', add_days('active_at_start.evaluated_to', -1)) }}
            = aliases.booking_month
    inner join active_customers
        on
            active_at_start.evaluated_to = active_customers.evaluated_on
            and coalesce(aliases.customer_id, active_at_start.customer_id)
            = active_customers.customer_id
)

select
    budget_type_id,
    part,
    parameter_set_id,
    as_of,
    period_type,
    period_start,
    period_start as event_date,
    {{ add_days('evaluated_to', -1) }} as booking_date,
    owner_rep_id as rep_id,
    customer_id,
    cast(null as varchar) as product_category,
    cast(null as varchar) as channel,
    area_id,
    business_category,
    purchase_method,
    cast(null as varchar) as campaign_id,
    cast(1 as decimal(18, 4)) as amount,
    customer_id as distinct_key,
    'owner' as credit_type,
    'customer' as record_type,
    customer_id as record_id
from parts
