{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

{%- set measures = ['net_amount', 'cost_amount', 'base_qty', 'margin_amount'] %}

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
        entries.served_on,
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
        entries.base_qty,
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
        {{ money_mul('base_qty', 'share') }} as base_qty_part
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
        split.base_qty
        - sum(case when split.credit_type = 'revenue' then split.base_qty_part else 0 end)
            over by_line as base_qty_rest
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
        served_on,
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
        base_qty
    from whole

    union all

    select
        invoice_line_id,
        attribution_line_id,
        invoice_id,
        invoice_date,
        served_on,
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
        base_qty_part + case when is_primary then base_qty_rest else 0 end as base_qty
    from split_rest
),

measured as (
    select
        *,
        net_amount - cost_amount as margin_amount
    from amounts
),

-- noqa: disable=LT02,LT05
-- How many unknown amounts a rep gets of a line, less those taken back: what only changes its
-- customer or dimensions stays unknown where it was booked before.
changed as (
    select
        *
        {%- for measure in measures %},
        sum(case when {{ measure }} is null then sign else 0 end) over by_credit as new_{{ measure }}
        {%- endfor %}
    from measured
    where is_changed
    window by_credit as (
        partition by
            posted_in, invoice_line_id, attribution_line_id, invoice_date, rep_id, credit_type
    )
),

netted as (
    select
        invoice_line_id,
        attribution_line_id,
        invoice_id,
        invoice_date,
        served_on,
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
        {%- for measure in measures %}
        {{ measure }}{{ "," if not loop.last }}
        {%- endfor %}
    from measured
    where not is_changed

    union all

    -- The difference to an unknown amount is unknown; to one that has become known it is all of it.
    select
        invoice_line_id,
        attribution_line_id,
        invoice_id,
        invoice_date,
        served_on,
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
        {%- for measure in measures %}
        case
            {%- if measure in ['cost_amount', 'margin_amount'] %}
            when not is_costed then null
            {%- endif %}
            when max(new_{{ measure }}) > 0 then null
            when max(new_{{ measure }}) < 0 then sum(sign * {{ measure }})
            else coalesce(sum(sign * {{ measure }}), 0)
        end as {{ measure }}{{ "," if not loop.last }}
        {%- endfor %}
    from changed
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
    having
        {%- for measure in measures %}
        {{ "or " if not loop.first }}sum(sign * {{ measure }}) <> 0
        or (
            max(new_{{ measure }}) <> 0
            and sum(case when {{ measure }} is null then sign else 0 end) <> 0
        )
        {%- endfor %}
)

select
    netted.posted_in as booking_month,
    netted.invoice_line_id,
    netted.attribution_line_id,
    netted.invoice_id,
    netted.doc_type,
    netted.invoice_date as event_date,
    netted.served_on,
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
    cast(netted.base_qty as decimal(18, 4)) as base_qty,
    cast(netted.margin_amount as decimal(18, 4)) as margin_amount
from netted
left join {{ ref('int_core__invoice_line_channels') }} as channels
    on netted.attribution_line_id = channels.invoice_line_id
