with contract_years as (
    select * from {{ ref('fct_contract_year_credits') }}
)

select
    'total_contract_value' as budget_type_id,
    'numerator' as part,
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
    credit_type,
    'contract_line' as record_type,
    contract_line_id as record_id
from contract_years
where entry = 'commitment'
