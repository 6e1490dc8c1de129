{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with volume as (
    select
        booking_month,
        event_date,
        rep_id,
        channel,
        amount as volume,
        cast(0 as decimal(18, 4)) as invoicing,
        cast(0 as decimal(18, 4)) as contract_invoicing
    from {{ ref('fct_contract_year_credits') }}
    where
        entry in ('recognition', 'supersession')
        and credit_type = 'revenue'
        and {{ is_rebuilt('booking_month') }}
),

invoicing as (
    select
        booking_month,
        event_date,
        rep_id,
        channel,
        cast(0 as decimal(18, 4)) as volume,
        net_amount as invoicing,
        case
            when contract_line_id is null then cast(0 as decimal(18, 4))
            else net_amount
        end as contract_invoicing
    from {{ ref('fct_invoice_line_credits') }}
    where credit_type = 'revenue' and {{ is_rebuilt('booking_month') }}
),

both_measures as (
    select * from volume
    union all
    select * from invoicing
),

by_day as (
    select
        booking_month,
        event_date,
        rep_id,
        channel,
        sum(volume) as volume,
        sum(invoicing) as invoicing,
        sum(contract_invoicing) as contract_invoicing
    from both_measures
    group by booking_month, event_date, rep_id, channel
)

select
    by_day.booking_month,
    by_day.rep_id,
    coalesce(rep_nodes.team_id, 'unassigned') as team_id,
    coalesce(rep_nodes.region_id, 'unassigned') as region_id,
    by_day.channel,
    cast(sum(by_day.volume) as decimal(28, 4)) as volume,
    cast(sum(by_day.invoicing) as decimal(28, 4)) as invoicing,
    cast(sum(by_day.contract_invoicing) as decimal(28, 4)) as contract_invoicing
from by_day
left join {{ ref('int_core__rep_nodes') }} as rep_nodes
    on
        by_day.rep_id = rep_nodes.rep_id
        and by_day.booking_month = rep_nodes.booking_month
        and by_day.event_date >= rep_nodes.valid_from
        and by_day.event_date < rep_nodes.valid_to
group by 1, 2, 3, 4, 5
