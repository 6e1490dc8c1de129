with evaluations as (
    select * from {{ ref('int_core__evaluations') }}
    where budget_type_id = 'sales_velocity'
),

opportunities as (
    select * from {{ ref('int_core__opportunities') }}
),

closed as (
    select
        evaluations.parameter_set_id,
        opportunities.*
    from evaluations
    inner join opportunities
        on
            opportunities.closed_on
            >= {{ add_days('evaluations.as_of', '-evaluations.window_days') }}
            and evaluations.as_of > opportunities.closed_on
),

parts as (
    select
        'open_count' as part,
        evaluations.parameter_set_id,
        opportunities.opportunity_id,
        cast(1 as decimal(18, 4)) as amount
    from evaluations
    cross join opportunities
    where opportunities.is_open and opportunities.is_qualified

    union all

    select
        'closed_count' as part,
        parameter_set_id,
        opportunity_id,
        cast(1 as decimal(18, 4)) as amount
    from closed

    union all

    select
        'won_count' as part,
        parameter_set_id,
        opportunity_id,
        cast(1 as decimal(18, 4)) as amount
    from closed
    where outcome = 'won'

    union all

    select
        'won_value' as part,
        parameter_set_id,
        opportunity_id,
        amount
    from closed
    where outcome = 'won'

    union all

    select
        'cycle_days' as part,
        parameter_set_id,
        opportunity_id,
        cast(cycle_days as decimal(18, 4)) as amount
    from closed
    where outcome = 'won'
)

select
    evaluations.budget_type_id,
    parts.part,
    evaluations.parameter_set_id,
    evaluations.as_of,
    evaluations.period_type,
    evaluations.period_start,
    coalesce(opportunities.closed_on, evaluations.as_of) as event_date,
    evaluations.as_of as booking_date,
    opportunities.rep_id,
    opportunities.customer_id,
    cast(null as varchar) as product_category,
    opportunities.channel,
    opportunities.area_id,
    opportunities.business_category,
    opportunities.purchase_method,
    cast(null as varchar) as campaign_id,
    parts.amount,
    opportunities.opportunity_id as distinct_key,
    'owner' as credit_type,
    'opportunity' as record_type,
    opportunities.opportunity_id as record_id
from parts
inner join evaluations on parts.parameter_set_id = evaluations.parameter_set_id
inner join opportunities on parts.opportunity_id = opportunities.opportunity_id
