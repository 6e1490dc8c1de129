with checks as (
    select
        checks.*,
        parameters.parameter_set_id,
        abs(checks.shelf_price - checks.retailer_price)
        <= cast(checks.retailer_price as decimal(19, 4))
        * cast(coalesce(checks.tolerance, parameters.value) as decimal(18, 10)) as is_right
    from {{ ref('fct_audit_checks') }} as checks
    inner join {{ ref('budget_type_parameters') }} as parameters
        on
            parameters.budget_type_id = 'price_compliance_rate'
            and parameters.parameter = 'tolerance'
            and checks.event_date >= parameters.valid_from
            and checks.event_date < parameters.valid_to
    where checks.shelf_price is not null and checks.retailer_price is not null
),

parts as (
    select
        checks.*,
        'denominator' as part
    from checks

    union all

    select
        checks.*,
        'numerator' as part
    from checks
    where is_right
)

select
    'price_compliance_rate' as budget_type_id,
    part,
    parameter_set_id,
    cast(null as date) as as_of,
    cast(null as varchar) as period_type,
    cast(null as date) as period_start,
    event_date,
    booking_date,
    rep_id,
    customer_id,
    product_category,
    cast(null as varchar) as channel,
    area_id,
    business_category,
    purchase_method,
    cast(null as varchar) as campaign_id,
    cast(sum(checks) as decimal(18, 4)) as amount,
    cast(null as varchar) as distinct_key,
    'owner' as credit_type,
    'audit_line' as record_type,
    audit_id || '/' || product_id as record_id
from parts
group by
    part,
    parameter_set_id,
    event_date,
    booking_date,
    rep_id,
    customer_id,
    product_category,
    area_id,
    business_category,
    purchase_method,
    audit_id,
    product_id
having sum(checks) <> 0
