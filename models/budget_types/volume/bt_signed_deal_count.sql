with contract_years as (
    select * from {{ ref('fct_contract_year_credits') }}
)

select
    'signed_deal_count' as budget_type_id,
    'numerator' as part,
    'default' as parameter_set_id,
    cast(null as date) as as_of,
    cast(null as varchar) as period_type,
    cast(null as date) as period_start,
    event_date,
    booking_date,
    primary_rep_id as rep_id,
    customer_id,
    cast(null as varchar) as product_category,
    cast(null as varchar) as channel,
    area_id,
    business_category,
    purchase_method,
    cast(null as varchar) as campaign_id,
    cast(deal_count as decimal(18, 4)) as amount,
    cast(null as varchar) as distinct_key,
    credit_type,
    'contract' as record_type,
    contract_id as record_id
from contract_years
where deal_count <> 0
