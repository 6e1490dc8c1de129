with evaluations as (
    select * from {{ ref('int_core__evaluations') }}
    where budget_type_id = 'perfect_store_score'
),

standards as (
    select
        evaluations.*,
        standards.*
    from evaluations
    inner join {{ ref('int_core__store_standards') }} as standards
        on
            evaluations.window_days is null
            or standards.audited_on
            >= {{ add_days('evaluations.as_of', '-evaluations.window_days') }}
),

parts as (
    select
        standards.*,
        'denominator' as part,
        standards.weighted_possible as amount
    from standards

    union all

    select
        standards.*,
        'numerator' as part,
        standards.weighted_achieved as amount
    from standards
    where standards.weighted_achieved <> 0
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
    cast(null as varchar) as product_category,
    cast(null as varchar) as channel,
    area_id,
    business_category,
    purchase_method,
    cast(null as varchar) as campaign_id,
    amount,
    store_id || '/' || standard_id as distinct_key,
    'owner' as credit_type,
    'store_standard' as record_type,
    store_id || '/' || standard_id as record_id
from parts
