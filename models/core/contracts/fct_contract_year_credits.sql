{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with all_bookings as (
    select * from {{ ref('int_core__contract_bookings') }}
),

states as (
    select
        *,
        min(contract_line_id) over (
            partition by contract_id, booking_month
        ) as first_line_id
    from {{ ref('int_core__contract_year_states') }}
),

-- Of a month in which nothing was learnt only what falls due in it counts.
counted as (
    select states.*
    from states
    inner join all_bookings
        on
            states.contract_id = all_bookings.contract_id
            and states.booking_month = all_bookings.booking_month
    where
        all_bookings.is_compared
        or {{ trunc_date('month', 'states.event_date') }} = states.booking_month
),

bookings as (
    select * from all_bookings
    where {{ is_rebuilt('booking_month') }}
),

-- What a booking month adds: the years as they stand in it, less the years as they were counted
-- before. What did not change cancels out at the end.
entries as (
    select
        counted.*,
        cast(1 as integer) as sign,
        bookings.booking_month as posted_in
    from bookings
    inner join counted
        on
            bookings.contract_id = counted.contract_id
            and bookings.booking_month = counted.booking_month

    union all

    select
        counted.*,
        cast(-1 as integer) as sign,
        bookings.booking_month as posted_in
    from bookings
    inner join counted
        on
            bookings.contract_id = counted.contract_id
            and bookings.booking_month > counted.booking_month
            and counted.booking_month >= coalesce(bookings.compared_month, counted.booking_month)
    where bookings.is_compared
),

credited as (
    select
        entries.*,
        shares.rep_id,
        shares.credit_type,
        shares.share,
        shares.primary_rep_id,
        shares.rep_id = shares.primary_rep_id and shares.credit_type = 'revenue' as is_primary,
        {{ money_mul('entries.amount', 'shares.share') }} as part
    from entries
    inner join {{ ref('int_core__contract_versions') }} as versions
        on entries.contract_id = versions.contract_id
    inner join {{ ref('int_core__booking_months') }} as months
        on
            entries.booking_month = months.month_start
            and {{ known_at('versions', 'months.knowledge_at') }}
    inner join {{ ref('int_core__contract_credit_shares') }} as shares
        on
            entries.contract_id = shares.contract_id
            and entries.booking_month = shares.booking_month
            and shares.credit_rule = case
                when entries.entry in ('cancellation', 'cancellation_withdrawn') then 'owner'
                when entries.contract_year = 0 then 'split'
                else 'owner'
            end
            and shares.credit_date = case
                when entries.entry in ('cancellation', 'cancellation_withdrawn')
                    then least(versions.termination_notice_date, entries.event_date)
                else entries.recognised_on
            end
),

-- The primary rep takes what rounding leaves, so that the shares of a line add up exactly.
amounts as (
    select
        credited.*,
        case
            when credited.is_primary
                then
                    credited.part
                    + credited.amount
                    - sum(case when credited.credit_type = 'revenue' then credited.part else 0 end)
                        over (
                            partition by
                                credited.contract_line_id,
                                credited.contract_year,
                                credited.entry,
                                credited.posted_in,
                                credited.sign
                        )
            else credited.part
        end as credited_amount,
        case
            when
                credited.is_primary
                and credited.entry = 'recognition'
                and credited.contract_year = 0
                and credited.contract_line_id = credited.first_line_id
                then 1
            else 0
        end as deals
    from credited
),

netted as (
    select
        posted_in,
        contract_line_id,
        contract_id,
        contract_year,
        entry,
        event_date,
        recognised_on,
        year_start,
        year_end,
        customer_id,
        product_category,
        product_id,
        area_id,
        business_category,
        purchase_method,
        rep_id,
        credit_type,
        primary_rep_id,
        sum(sign * credited_amount) as amount,
        sum(sign * deals) as deal_count
    from amounts
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18
    having
        sum(sign * credited_amount) <> 0
        or sum(sign * deals) <> 0
        -- A year without a rate has no amount; it must still be seen.
        or sum(case when credited_amount is null then sign else 0 end) <> 0
)

select
    netted.posted_in as booking_month,
    netted.contract_line_id,
    netted.contract_id,
    netted.contract_year,
    netted.entry,
    netted.event_date,
    greatest(netted.event_date, netted.posted_in) as booking_date,
    netted.recognised_on,
    netted.year_start,
    netted.year_end,
    netted.rep_id,
    netted.credit_type,
    netted.primary_rep_id,
    netted.customer_id,
    netted.product_category,
    netted.product_id,
    case
        when netted.contract_year > 0 then 'renewal'
        else coalesce(channels.channel, 'renewal')
    end as channel,
    coalesce(channels.is_cross_sell, false) and netted.contract_year = 0 as is_cross_sell,
    netted.area_id,
    netted.business_category,
    netted.purchase_method,
    cast(netted.amount as decimal(18, 4)) as amount,
    cast(netted.deal_count as integer) as deal_count
from netted
left join {{ ref('int_core__contract_line_channels') }} as channels
    on netted.contract_line_id = channels.contract_line_id
