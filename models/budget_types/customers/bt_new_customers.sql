with parameters as (
    select * from {{ ref('budget_type_parameters') }}
    where budget_type_id = 'new_customers' and parameter = 'one_per_group'
),

-- Where a group counts once, another company of a group that is a customer already is not new.
events as (
    select
        events.*,
        parameters.parameter_set_id
    from {{ ref('fct_customer_events') }} as events
    inner join parameters
        on
            events.event_date >= parameters.valid_from
            and events.event_date < parameters.valid_to
            and (parameters.value = 0 or not events.is_group_known)
    where events.event_kind = 'new'
)

select
    'new_customers' as budget_type_id,
    'numerator' as part,
    parameter_set_id,
    cast(null as date) as as_of,
    cast(null as varchar) as period_type,
    cast(null as date) as period_start,
    event_date,
    booking_date,
    rep_id,
    customer_id,
    cast(null as varchar) as product_category,
    cast(null as varchar) as channel,
    area_id,
    business_category,
    purchase_method,
    cast(null as varchar) as campaign_id,
    cast(events as decimal(18, 4)) as amount,
    cast(null as varchar) as distinct_key,
    'revenue' as credit_type,
    'customer' as record_type,
    customer_id as record_id
from events
