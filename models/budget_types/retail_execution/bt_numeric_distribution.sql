with evaluations as (
    select
        evaluations.*,
        coalesce(parameters.value, 0) = 1 as is_audited_only
    from {{ ref('int_core__evaluations') }} as evaluations
    left join {{ ref('int_core__parameter_sets') }} as parameters
        on
            evaluations.budget_type_id = parameters.budget_type_id
            and evaluations.parameter_set_id = parameters.parameter_set_id
            and parameters.parameter = 'audited_only'
            and evaluations.as_of >= parameters.valid_from
            and evaluations.as_of < parameters.valid_to
    where evaluations.budget_type_id = 'numeric_distribution'
),

-- A point without an audit in the window is not proven.
points as (
    select
        evaluations.*,
        skus.*,
        coalesce(
            skus.audited_on >= {{ add_days('evaluations.as_of', '-evaluations.window_days') }},
            false
        ) as is_audited
    from evaluations
    cross join {{ ref('int_core__store_skus') }} as skus
),

parts as (
    select
        points.*,
        'denominator' as part
    from points
    where points.is_audited or not points.is_audited_only

    union all

    select
        points.*,
        'numerator' as part
    from points
    where points.is_audited and points.is_on_shelf
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
    cast(1 as decimal(18, 4)) as amount,
    store_id || '/' || product_id as distinct_key,
    'owner' as credit_type,
    'store_product' as record_type,
    store_id || '/' || product_id as record_id
from parts
