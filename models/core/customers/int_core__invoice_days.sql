{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with bookings as (
    select * from {{ ref('int_core__invoice_bookings') }}
    where {{ is_rebuilt('booking_month') }}
),

rebooked as (
    select * from bookings
    where previous_booking_month is not null
),

posted as (
    select * from {{ ref('stg_canonical__invoices') }}
    where status = 'posted' and doc_type = 'invoice' and not is_deleted
),

entries as (
    select
        bookings.booking_month,
        posted.customer_id,
        posted.invoice_date,
        cast(1 as integer) as invoices,
        cast(0 as integer) as other_categories
    from bookings
    inner join posted
        on
            bookings.invoice_id = posted.invoice_id
            and bookings.booking_month >= {{ trunc_date('month', 'posted.invoice_date') }}
            and {{ known_at('posted', 'bookings.knowledge_at') }}

    union all

    select
        rebooked.booking_month,
        posted.customer_id,
        posted.invoice_date,
        cast(-1 as integer) as invoices,
        cast(0 as integer) as other_categories
    from rebooked
    inner join posted
        on
            rebooked.invoice_id = posted.invoice_id
            and rebooked.previous_booking_month >= {{ trunc_date('month', 'posted.invoice_date') }}
            and {{ known_at('posted', 'rebooked.previous_knowledge_at') }}
),

-- Invoices that are booked again with lines of other categories.
categories as (
    select
        rebooked.booking_month,
        lines.invoice_id,
        lines.customer_id,
        lines.invoice_date,
        lines.product_category,
        max(case when lines.booking_month = rebooked.booking_month then 1 else 0 end) as is_after,
        max(case when lines.booking_month < rebooked.booking_month then 1 else 0 end) as is_before
    from rebooked
    inner join {{ ref('int_core__invoice_line_states') }} as lines
        on
            rebooked.invoice_id = lines.invoice_id
            and lines.booking_month in (rebooked.booking_month, rebooked.previous_booking_month)
    where lines.doc_type = 'invoice'
    group by 1, 2, 3, 4, 5
),

changes as (
    select * from entries

    union all

    select
        booking_month,
        customer_id,
        invoice_date,
        cast(0 as integer) as invoices,
        cast(1 as integer) as other_categories
    from categories
    where is_after <> is_before
)

select
    booking_month,
    customer_id,
    invoice_date,
    cast(sum(invoices) as integer) as invoices
from changes
group by booking_month, customer_id, invoice_date
having sum(invoices) <> 0 or sum(other_categories) > 0
