with evaluations as (
    select * from {{ ref('int_core__evaluations') }}
    where budget_type_id = 'weighted_distribution'
),

-- A store without a turnover in the category weighs nothing and stays out.
points as (
    select
        evaluations.*,
        skus.*
    from evaluations
    cross join {{ ref('int_core__store_skus') }} as skus
    where skus.has_turnover
),

parts as (
    select
        points.*,
        'denominator' as part
    from points

    union all

    select
        points.*,
        'numerator' as part
    from points
    where is_on_shelf and audited_on >= {{ add_days('as_of', '-window_days') }}
)

select
    budget_type_id,
    part,
    parameter_set_id,
    as_of,
    period_type,
    period_start,
    as_of as event_date,
    as_of as booking_date,
    owner_rep_id as rep_id,
    customer_id,
    product_category,
    cast(null as varchar) as channel,
    area_id,
    business_category,
    purchase_method,
    cast(null as varchar) as campaign_id,
    turnover as amount,
    store_id || '/' || product_id as distinct_key,
    'owner' as credit_type,
    'store_product' as record_type,
    store_id || '/' || product_id as record_id
from parts
