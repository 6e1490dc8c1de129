with calls as (
    select * from {{ ref('fct_sales_calls') }}
),

parameters as (
    select * from {{ ref('budget_type_parameters') }}
    where budget_type_id = 'sales_calls_made' and parameter = 'connected_only'
)

select
    'sales_calls_made' as budget_type_id,
    'numerator' as part,
    parameters.parameter_set_id,
    cast(null as date) as as_of,
    cast(null as varchar) as period_type,
    cast(null as date) as period_start,
    calls.event_date,
    calls.booking_date,
    calls.rep_id,
    calls.customer_id,
    cast(null as varchar) as product_category,
    cast(null as varchar) as channel,
    calls.area_id,
    calls.business_category,
    calls.purchase_method,
    cast(null as varchar) as campaign_id,
    cast(calls.calls as decimal(18, 4)) as amount,
    calls.activity_id as distinct_key,
    'owner' as credit_type,
    'activity' as record_type,
    calls.activity_id as record_id
from calls
inner join parameters
    on
        calls.event_date >= parameters.valid_from
        and calls.event_date < parameters.valid_to
        and (parameters.value = 0 or calls.is_connected)
