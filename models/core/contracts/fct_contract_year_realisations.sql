{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with year_ends as (
    select * from {{ ref('int_core__contract_year_ends') }}
),

signed as (
    select
        greatest(credits.booking_month, year_ends.booking_month) as booking_month,
        year_ends.contract_line_id,
        year_ends.contract_year,
        'signed' as measure,
        'contract_line' as record_type,
        year_ends.contract_line_id as record_id,
        case
            when credits.entry in ('cancellation', 'cancellation_withdrawn') then -credits.amount
            else credits.amount
        end as amount
    from {{ ref('fct_contract_year_credits') }} as credits
    inner join year_ends
        on
            credits.contract_line_id = year_ends.contract_line_id
            and credits.contract_year = year_ends.contract_year
    where
        credits.credit_type = 'revenue'
        and credits.entry <> 'commitment'
        and {{ is_rebuilt('greatest(credits.booking_month, year_ends.booking_month)') }}
),

invoiced as (
    select
        greatest(lines.booking_month, year_ends.booking_month) as booking_month,
        year_ends.contract_line_id,
        year_ends.contract_year,
        'invoiced' as measure,
        'invoice_line' as record_type,
        lines.invoice_line_id as record_id,
        lines.net_amount as amount
    from {{ ref('fct_invoice_line_credits') }} as lines
    inner join year_ends
        on
            lines.contract_line_id = year_ends.contract_line_id
            and lines.served_on >= year_ends.year_start
            and lines.served_on < year_ends.year_end
    where
        lines.credit_type = 'revenue'
        and {{ is_rebuilt('greatest(lines.booking_month, year_ends.booking_month)') }}
),

both_measures as (
    select * from signed
    union all
    select * from invoiced
),

netted as (
    select
        booking_month,
        contract_line_id,
        contract_year,
        measure,
        record_type,
        record_id,
        -- What has no rate has no amount; it must still be seen.
        case when count(*) = count(amount) then sum(amount) end as amount
    from both_measures
    group by 1, 2, 3, 4, 5, 6
    having sum(amount) <> 0 or count(*) > count(amount)
)

select
    netted.booking_month,
    netted.contract_line_id,
    netted.contract_year,
    netted.measure,
    netted.record_type,
    netted.record_id,
    year_ends.ended_on as event_date,
    greatest(year_ends.ended_on, netted.booking_month) as booking_date,
    year_ends.rep_id,
    year_ends.customer_id,
    year_ends.product_category,
    year_ends.channel,
    year_ends.area_id,
    year_ends.business_category,
    year_ends.purchase_method,
    cast(netted.amount as decimal(18, 4)) as amount
from netted
inner join year_ends
    on
        netted.contract_line_id = year_ends.contract_line_id
        and netted.contract_year = year_ends.contract_year
