with evaluations as (
    select * from {{ ref('int_core__evaluations') }}
    where budget_type_id = 'share_of_shelf'
),

shelves as (
    select
        evaluations.*,
        facings.*
    from evaluations
    inner join {{ ref('int_core__store_facings') }} as facings
        on
            facings.audited_on
            >= {{ add_days('evaluations.as_of', '-evaluations.window_days') }}
),

parts as (
    select
        shelves.*,
        'denominator' as part,
        shelves.all_facings as amount
    from shelves

    union all

    select
        shelves.*,
        'numerator' as part,
        shelves.own_facings as amount
    from shelves
    where shelves.own_facings <> 0
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
    cast(amount as decimal(18, 4)) as amount,
    store_id || '/' || coalesce(product_category, '') as distinct_key,
    'owner' as credit_type,
    'shelf' as record_type,
    store_id || '/' || coalesce(product_category, '') as record_id
from parts
