with evaluations as (
    select * from {{ ref('int_core__evaluations') }}
    where budget_type_id = 'second_placement_rate' and period_type = 'campaign'
),

stores as (
    select
        evaluations.budget_type_id,
        evaluations.parameter_set_id,
        evaluations.as_of,
        evaluations.period_type,
        campaign_stores.*
    from evaluations
    inner join {{ ref('int_core__campaign_stores') }} as campaign_stores
        on evaluations.campaign_id = campaign_stores.campaign_id
),

parts as (
    select
        stores.*,
        'denominator' as part
    from stores

    union all

    select
        stores.*,
        'numerator' as part
    from stores
    where placements > 0
)

select
    budget_type_id,
    part,
    parameter_set_id,
    as_of,
    period_type,
    period_start,
    evaluated_on as event_date,
    {{ add_days('evaluated_to', -1) }} as booking_date,
    owner_rep_id as rep_id,
    customer_id,
    cast(null as varchar) as product_category,
    cast(null as varchar) as channel,
    area_id,
    business_category,
    purchase_method,
    campaign_id,
    cast(1 as decimal(18, 4)) as amount,
    campaign_id || '/' || store_id as distinct_key,
    'owner' as credit_type,
    'campaign_store' as record_type,
    campaign_id || '/' || store_id as record_id
from parts
