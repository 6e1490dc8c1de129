{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with states as (
    select * from {{ ref('int_core__invoice_line_states') }}
),

bookings as (
    select * from {{ ref('int_core__invoice_bookings') }}
    where {{ is_rebuilt('booking_month') }}
),

-- What a booking month adds: the lines as they stand in it, less the lines as they stood when the
-- invoice was last booked. What did not change cancels out at the end.
entries as (
    select
        states.*,
        cast(1 as integer) as sign,
        bookings.booking_month as posted_in,
        bookings.previous_booking_month is not null as is_changed
    from bookings
    inner join states
        on
            bookings.invoice_id = states.invoice_id
            and bookings.booking_month = states.booking_month

    union all

    select
        states.*,
        cast(-1 as integer) as sign,
        bookings.booking_month as posted_in,
        true as is_changed
    from bookings
    inner join states
        on
            bookings.invoice_id = states.invoice_id
            and bookings.previous_booking_month = states.booking_month
),

credited as (
    select
        entries.invoice_line_id,
        entries.attribution_line_id,
        entries.invoice_id,
        entries.invoice_date,
        entries.doc_type,
        entries.customer_id,
        entries.product_id,
        entries.product_category,
        entries.attribution_contract_line_id as contract_line_id,
        entries.area_id,
        entries.business_category,
        entries.purchase_method,
        entries.is_costed,
        entries.sign,
        entries.posted_in,
        entries.is_changed,
        entries.net_amount,
        entries.cost_amount,
        entries.qty,
        coalesce(shares.rep_id, 'unassigned') as rep_id,
        coalesce(shares.credit_type, 'revenue') as credit_type,
        coalesce(shares.share, 1) as share,
        coalesce(shares.rep_id = shares.primary_rep_id, true)
        and coalesce(shares.credit_type, 'revenue') = 'revenue' as is_primary
    from entries
    left join {{ ref('int_core__invoice_credit_shares') }} as shares
        on
            entries.attribution_invoice_id = shares.invoice_id
            and coalesce(entries.attribution_contract_line_id, '') = shares.contract_line_id
            and entries.attribution_month = shares.booking_month
),

whole as (
    select * from credited
    where share = 1 and credit_type = 'revenue'
),

split as (
    select
        credited.*,
        {{ money_mul('net_amount', 'share') }} as net_part,
        {{ money_mul('cost_amount', 'share') }} as cost_part,
        {{ money_mul('qty', 'share') }} as qty_part
    from credited
    where not (credited.share = 1 and credited.credit_type = 'revenue')
),

-- The primary rep takes what rounding leaves, so that the shares of a line add up exactly.
split_rest as (
    select
        split.*,
        split.net_amount
        - sum(case when split.credit_type = 'revenue' then split.net_part else 0 end) over by_line
            as net_rest,
        split.cost_amount
        - sum(case when split.credit_type = 'revenue' then split.cost_part else 0 end) over by_line
            as cost_rest,
        split.qty
        - sum(case when split.credit_type = 'revenue' then split.qty_part else 0 end) over by_line
            as qty_rest
    from split
    window by_line as (
        partition by invoice_line_id, attribution_line_id, posted_in, sign
    )
),

amounts as (
    select
        invoice_line_id,
        attribution_line_id,
        invoice_id,
        invoice_date,
        doc_type,
        customer_id,
        product_id,
        product_category,
        contract_line_id,
        area_id,
        business_category,
        purchase_method,
        is_costed,
        sign,
        posted_in,
        is_changed,
        rep_id,
        credit_type,
        net_amount,
        cost_amount,
        qty
    from whole

    union all

    select
        invoice_line_id,
        attribution_line_id,
        invoice_id,
        invoice_date,
        doc_type,
        customer_id,
        product_id,
        product_category,
        contract_line_id,
        area_id,
        business_category,
        purchase_method,
        is_costed,
        sign,
        posted_in,
        is_changed,
        rep_id,
        credit_type,
        net_part + case when is_primary then net_rest else 0 end as net_amount,
        cost_part + case when is_primary then cost_rest else 0 end as cost_amount,
        qty_part + case when is_primary then qty_rest else 0 end as qty
    from split_rest
),

netted as (
    select
        invoice_line_id,
        attribution_line_id,
        invoice_id,
        invoice_date,
        doc_type,
        customer_id,
        product_id,
        product_category,
        contract_line_id,
        area_id,
        business_category,
        purchase_method,
        is_costed,
        posted_in,
        rep_id,
        credit_type,
        net_amount,
        cost_amount,
        qty
    from amounts
    where not is_changed

    union all

    select
        invoice_line_id,
        attribution_line_id,
        invoice_id,
        invoice_date,
        doc_type,
        customer_id,
        product_id,
        product_category,
        contract_line_id,
        area_id,
        business_category,
        purchase_method,
        is_costed,
        posted_in,
        rep_id,
        credit_type,
        sum(sign * net_amount) as net_amount,
        sum(sign * cost_amount) as cost_amount,
        sum(sign * qty) as qty
    from amounts
    where is_changed
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
    having
        sum(sign * net_amount) <> 0
        or sum(sign * cost_amount) <> 0
        or sum(sign * qty) <> 0
        -- A line without a rate has no amount; it must still be seen.
        or sum(case when net_amount is null then sign else 0 end) <> 0
)

select
    netted.posted_in as booking_month,
    netted.invoice_line_id,
    netted.attribution_line_id,
    netted.invoice_id,
    netted.doc_type,
    netted.invoice_date as event_date,
    greatest(netted.invoice_date, netted.posted_in) as booking_date,
    netted.rep_id,
    netted.credit_type,
    netted.customer_id,
    netted.product_id,
    netted.product_category,
    netted.contract_line_id,
    coalesce(channels.channel, 'renewal') as channel,
    netted.area_id,
    netted.business_category,
    netted.purchase_method,
    netted.is_costed,
    cast(netted.net_amount as decimal(18, 4)) as net_amount,
    cast(netted.cost_amount as decimal(18, 4)) as cost_amount,
    cast(netted.qty as decimal(18, 4)) as qty
from netted
left join {{ ref('int_core__invoice_line_channels') }} as channels
    on netted.attribution_line_id = channels.invoice_line_id
