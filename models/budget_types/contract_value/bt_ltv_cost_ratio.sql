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
        evaluations.budget_type_id = 'ltv_cost_ratio'
        and parameters.parameter = 'includes_committed'
),

-- A cost that cannot be converted is unknown; one of nothing is none.
costs as (
    select * from {{ ref('int_core__rep_yearly_costs') }}
    where yearly_cost > 0 or yearly_cost is null
),

-- What a rep without cost owns is compared with nothing, at no level.
parts as (
    select
        'numerator' as part,
        customer_values.value_kind,
        customer_values.rep_id,
        customer_values.customer_id,
        customer_values.area_id,
        customer_values.business_category,
        customer_values.purchase_method,
        customer_values.amount,
        'owner' as credit_type,
        customer_values.record_type,
        customer_values.record_id
    from {{ ref('int_core__customer_values') }} as customer_values
    inner join costs on customer_values.rep_id = costs.rep_id

    union all

    select
        'denominator' as part,
        'cost' as value_kind,
        rep_id,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as area_id,
        cast(null as varchar) as business_category,
        cast(null as varchar) as purchase_method,
        yearly_cost as amount,
        'cost' as credit_type,
        'rep_costs' as record_type,
        rep_id as record_id
    from costs
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
    parts.amount,
    cast(null as varchar) as distinct_key,
    parts.credit_type,
    parts.record_type,
    parts.record_id
from evaluations
inner join parts on parts.value_kind <> 'committed' or evaluations.includes_committed = 1
