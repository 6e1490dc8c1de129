-- Written by `make types` from the YAML of the budget types; edit those instead.
select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_active_customers') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_average_deal_value') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_campaign_sell_in') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_cancelled_volume') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_contribution_margin') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_contribution_margin_rate') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_credit_note_rate') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_cross_sold_customers') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_customer_lifetime_value') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_customer_retention_rate') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_customer_satisfaction_score') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_decision_ladder_mapped_share') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_decision_maker_meeting_share') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_delivery_precision') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_invoiced_quantity') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_invoiced_revenue') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_joint_visits_with_manager') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_kam_customers_met_90d') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_lost_customers') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_loyal_customer_visit_share') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_ltv_cost_ratio') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_margin_per_meeting') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_meeting_to_next_step_rate') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_meetings_held') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_meetings_planned_next_14d') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_new_business_invoicing') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_new_business_volume') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_new_customers') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_numeric_distribution') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_out_of_stock_rate') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_perfect_store_score') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_pipeline_coverage') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_planogram_compliance_rate') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_pos_presence_rate') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_prepared_meeting_share') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_price_compliance_rate') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_priority_store_presence') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_renewal_invoicing') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_renewal_volume') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_right_customer_meeting_share') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_sales_calls_made') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_sales_velocity') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_second_placement_rate') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_share_of_shelf') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_signed_deal_count') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_signed_volume') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_signed_volume_net') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_total_contract_value') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_unique_customers_visited') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_upsell_invoicing') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_upsell_volume') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_visit_frequency_compliance') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_visit_strike_rate') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_volume_realisation_rate') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_weighted_distribution') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_weighted_pipeline') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_win_back_invoicing') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_win_back_volume') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_win_rate') }}

union all

select
    cast(budget_type_id as varchar) as budget_type_id,
    cast(part as varchar) as part,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(as_of as date) as as_of,
    cast(period_type as varchar) as period_type,
    cast(period_start as date) as period_start,
    cast(event_date as date) as event_date,
    cast(booking_date as date) as booking_date,
    cast(rep_id as varchar) as rep_id,
    cast(customer_id as varchar) as customer_id,
    cast(product_category as varchar) as product_category,
    cast(channel as varchar) as channel,
    cast(area_id as varchar) as area_id,
    cast(business_category as varchar) as business_category,
    cast(purchase_method as varchar) as purchase_method,
    cast(campaign_id as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    cast(distinct_key as varchar) as distinct_key,
    cast(credit_type as varchar) as credit_type,
    cast(record_type as varchar) as record_type,
    cast(record_id as varchar) as record_id
from {{ ref('bt_won_back_customers') }}
