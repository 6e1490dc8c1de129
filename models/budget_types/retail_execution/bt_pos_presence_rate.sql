with evaluations as (
    select * from {{ ref('int_core__evaluations') }}
    where budget_type_id = 'pos_presence_rate'
),

material as (
    select
        evaluations.*,
        pos.*,
        pos.is_present
        and (
            evaluations.window_days is null
            or pos.audited_on >= {{ add_days('evaluations.as_of', '-evaluations.window_days') }}
        ) as is_proven
    from evaluations
    cross join {{ ref('int_core__store_pos') }} as pos
),

parts as (
    select
        material.*,
        'denominator' as part
    from material

    union all

    select
        material.*,
        'numerator' as part
    from material
)

-- A store counts once, and as present only with all that was agreed.
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
    cast(1 as decimal(18, 4)) as amount,
    store_id as distinct_key,
    'owner' as credit_type,
    'store' as record_type,
    store_id as record_id
from parts
group by
    budget_type_id,
    part,
    parameter_set_id,
    as_of,
    period_type,
    period_start,
    owner_rep_id,
    customer_id,
    area_id,
    business_category,
    purchase_method,
    store_id
having part = 'denominator' or sum(case when is_proven then 0 else 1 end) = 0
