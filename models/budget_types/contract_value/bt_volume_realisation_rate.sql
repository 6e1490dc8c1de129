with realisations as (
    select * from {{ ref('fct_contract_year_realisations') }}
)

select
    'volume_realisation_rate' as budget_type_id,
    case when measure = 'invoiced' then 'numerator' else 'denominator' end as part,
    'default' as parameter_set_id,
    cast(null as date) as as_of,
    cast(null as varchar) as period_type,
    cast(null as date) as period_start,
    event_date,
    booking_date,
    rep_id,
    customer_id,
    product_category,
    channel,
    area_id,
    business_category,
    purchase_method,
    cast(null as varchar) as campaign_id,
    amount,
    cast(null as varchar) as distinct_key,
    'owner' as credit_type,
    record_type,
    record_id
from realisations
