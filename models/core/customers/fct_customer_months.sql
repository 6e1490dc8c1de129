{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with volume as (
    select
        booking_month,
        customer_id,
        amount as volume,
        cast(0 as decimal(18, 4)) as invoicing,
        cast(0 as decimal(18, 4)) as margin
    from {{ ref('fct_contract_year_credits') }}
    where
        entry in ('recognition', 'supersession')
        and credit_type = 'revenue'
        and {{ is_rebuilt('booking_month') }}
),

invoicing as (
    select
        booking_month,
        customer_id,
        cast(0 as decimal(18, 4)) as volume,
        net_amount as invoicing,
        case when is_costed then margin_amount else 0 end as margin
    from {{ ref('fct_invoice_line_credits') }}
    where credit_type = 'revenue' and {{ is_rebuilt('booking_month') }}
),

measures as (
    select * from volume
    union all
    select * from invoicing
)

-- Where a rate is missing the sum is unknown, not less.
select
    booking_month,
    customer_id,
    cast(case when count(volume) = count(*) then sum(volume) end as decimal(28, 4)) as volume,
    cast(case when count(invoicing) = count(*) then sum(invoicing) end as decimal(28, 4))
        as invoicing,
    cast(case when count(margin) = count(*) then sum(margin) end as decimal(28, 4)) as margin
from measures
group by booking_month, customer_id
