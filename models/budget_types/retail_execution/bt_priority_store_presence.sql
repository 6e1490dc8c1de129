with evaluations as (
    select
        evaluations.*,
        parameters.value as lowest_class
    from {{ ref('int_core__evaluations') }} as evaluations
    inner join {{ ref('budget_type_parameters') }} as parameters
        on
            evaluations.budget_type_id = parameters.budget_type_id
            and evaluations.parameter_set_id = parameters.parameter_set_id
            and parameters.parameter = 'lowest_class'
            and evaluations.period_start >= parameters.valid_from
            and evaluations.period_start < parameters.valid_to
    where
        evaluations.budget_type_id = 'priority_store_presence'
        and evaluations.period_type = 'sales_period'
),

stores as (
    select
        evaluations.budget_type_id,
        evaluations.parameter_set_id,
        evaluations.as_of,
        evaluations.period_type,
        cycle_stores.*
    from evaluations
    inner join {{ ref('int_core__cycle_stores') }} as cycle_stores
        on
            evaluations.period_start = cycle_stores.period_start
            and evaluations.period_end = cycle_stores.period_end
            and evaluations.lowest_class >= cycle_stores.class_rank_at_start
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
    where visits_held > 0
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
    cast(null as varchar) as campaign_id,
    cast(1 as decimal(18, 4)) as amount,
    store_id as distinct_key,
    'owner' as credit_type,
    'store' as record_type,
    store_id as record_id
from parts
