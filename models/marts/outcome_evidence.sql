{{ config(materialized="view") }}

select
    budget_type_id,
    part,
    parameter_set_id,
    record_type,
    record_id,
    rep_id,
    period_type,
    period_start,
    customer_id,
    event_date,
    booking_date,
    product_category,
    channel,
    area_id,
    business_category,
    purchase_method,
    campaign_id,
    credit_type,
    amount,
    distinct_key,
    {{ trunc_date('month', 'coalesce(period_start, booking_date)') }} as booking_month
from {{ ref('int_budget_types__components') }}
