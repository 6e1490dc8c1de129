with evaluations as (
    select * from {{ ref('int_core__evaluations') }}
    where budget_type_id = 'decision_ladder_mapped_share'
),

ladders as (
    select * from {{ ref('int_core__opportunity_ladders') }}
),

parts as (
    select
        ladders.*,
        'denominator' as part,
        1 as amount
    from ladders

    union all

    select
        ladders.*,
        'numerator' as part,
        1 as amount
    from ladders
    where mapped_roles = required_roles

    union all

    -- How far the others have come: steps that are mapped, of those that are asked for.
    select
        ladders.*,
        'mapped_roles' as part,
        mapped_roles as amount
    from ladders

    union all

    select
        ladders.*,
        'required_roles' as part,
        required_roles as amount
    from ladders
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
    parts.area_id,
    parts.business_category,
    parts.purchase_method,
    cast(null as varchar) as campaign_id,
    cast(parts.amount as decimal(18, 4)) as amount,
    parts.opportunity_id as distinct_key,
    'owner' as credit_type,
    'opportunity' as record_type,
    parts.opportunity_id as record_id
from evaluations
cross join parts
