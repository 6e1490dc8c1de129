-- A line of a product that is delivered has the product's category: without it no channel and no
-- cross-selling can be told. A warning, because a source may deliver its products later than the
-- invoices of months that were closed by then; lines without a product are none of these.
{{ config(severity="warn") }}

with categorised as (
    select distinct product_id
    from {{ ref('stg_canonical__products') }}
    where product_category is not null
)

select
    states.booking_month,
    count(*) as lines_without_category
from {{ ref('int_core__invoice_line_states') }} as states
inner join {{ ref('int_core__rebuild') }} as rebuild
    on states.booking_month >= rebuild.rebuild_from
inner join categorised on states.product_id = categorised.product_id
where states.product_category is null
group by states.booking_month
