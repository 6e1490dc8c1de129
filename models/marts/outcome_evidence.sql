{{ config(materialized="view") }}

{%- set columns = [
    'budget_type_id', 'part', 'parameter_set_id', 'record_type', 'record_id', 'rep_id', 'period_type',
    'period_start', 'customer_id', 'event_date', 'booking_date', 'product_category', 'channel',
    'area_id', 'business_category', 'purchase_method', 'campaign_id', 'credit_type', 'amount',
    'distinct_key',
] %}

-- What is booked lies in its month. An export that asks for one month reads no other of it.
select
    {%- for column in columns %}
        components.{{ column }},
    {%- endfor %}
    {{ trunc_date('month', 'components.booking_date') }} as booking_month
from {{ ref('int_budget_types__components') }} as components
where components.as_of is null

union all

-- What is counted for a period may change until it ends, and lies in the month in which it does.
select
    {%- for column in columns %}
        components.{{ column }},
    {%- endfor %}
    {{ trunc_date(
        'month',
        'coalesce(' ~ add_days('periods.period_end', -1)
        ~ ', components.period_start, components.booking_date)',
    ) }} as booking_month
from {{ ref('int_budget_types__components') }} as components
left join {{ ref('int_core__periods') }} as periods
    on
        components.period_type = periods.period_type
        and components.period_start = periods.period_start
        and periods.campaign_id
        = case when components.period_type = 'campaign' then components.campaign_id else '' end
where components.as_of is not null
