{{ config(materialized="view") }}

select
    components.budget_type_id,
    components.part,
    components.parameter_set_id,
    components.record_type,
    components.record_id,
    components.rep_id,
    components.period_type,
    components.period_start,
    components.customer_id,
    components.event_date,
    components.booking_date,
    components.product_category,
    components.channel,
    components.area_id,
    components.business_category,
    components.purchase_method,
    components.campaign_id,
    components.credit_type,
    components.amount,
    components.distinct_key,
    {{ trunc_date(
        'month',
        'coalesce(' ~ add_days('periods.period_end', -1)
        ~ ', components.period_start, components.booking_date)',
    ) }} as booking_month
from {{ ref('int_budget_types__components') }} as components
-- What is counted for a period may change until it ends, and lies in the month in which it does.
left join {{ ref('int_core__periods') }} as periods
    on
        components.period_type = periods.period_type
        and components.period_start = periods.period_start
        and periods.campaign_id
        = case when components.period_type = 'campaign' then components.campaign_id else '' end
