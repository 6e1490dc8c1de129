with evaluations as (
    select
        evaluations.*,
        parameters.value as includes_committed
    from {{ ref('int_core__evaluations') }} as evaluations
    inner join {{ ref('int_core__parameter_sets') }} as parameters
        on
            evaluations.budget_type_id = parameters.budget_type_id
            and evaluations.parameter_set_id = parameters.parameter_set_id
            and evaluations.as_of >= parameters.valid_from
            and evaluations.as_of < parameters.valid_to
    where
        evaluations.budget_type_id = 'customer_lifetime_value'
        and parameters.parameter = 'includes_committed'
),

customer_values as (
    select * from {{ ref('int_core__customer_values') }}
)

select
    evaluations.budget_type_id,
    'numerator' as part,
    evaluations.parameter_set_id,
    evaluations.as_of,
    evaluations.period_type,
    evaluations.period_start,
    evaluations.as_of as event_date,
    evaluations.as_of as booking_date,
    customer_values.rep_id,
    customer_values.customer_id,
    cast(null as varchar) as product_category,
    cast(null as varchar) as channel,
    customer_values.area_id,
    customer_values.business_category,
    customer_values.purchase_method,
    cast(null as varchar) as campaign_id,
    customer_values.amount,
    cast(null as varchar) as distinct_key,
    'owner' as credit_type,
    customer_values.record_type,
    customer_values.record_id
from evaluations
inner join customer_values
    on customer_values.value_kind = 'invoiced' or evaluations.includes_committed = 1
