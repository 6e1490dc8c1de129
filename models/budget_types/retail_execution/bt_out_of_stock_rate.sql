-- Only an audit that says whether a listed product was there is a check of it.
with checks as (
    select * from {{ ref('fct_audit_checks') }}
    where is_listed and is_on_shelf is not null
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
    where not is_on_shelf
)

select
    'out_of_stock_rate' as budget_type_id,
    part,
    'default' as parameter_set_id,
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
