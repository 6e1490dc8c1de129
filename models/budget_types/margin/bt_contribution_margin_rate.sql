with invoice_lines as (
    select * from {{ ref('fct_invoice_line_credits') }}
)

select
    'contribution_margin_rate' as budget_type_id,
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
    margin_amount as amount,
    cast(null as varchar) as distinct_key,
    credit_type,
    'invoice_line' as record_type,
    invoice_line_id as record_id
from invoice_lines
where is_costed

union all

select
    'contribution_margin_rate' as budget_type_id,
    'denominator' as part,
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
    net_amount as amount,
    cast(null as varchar) as distinct_key,
    credit_type,
    'invoice_line' as record_type,
    invoice_line_id as record_id
from invoice_lines
where is_costed
