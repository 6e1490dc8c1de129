{{ config(materialized="incremental", unique_key="invoice_id") }}

{%- set rebuild = ref('int_core__rebuild') %}

with months as (
    select * from {{ ref('int_core__booking_months') }}
),

changes as (
    select
        invoice_id,
        known_from
    from {{ ref('stg_canonical__invoices') }}

    union all

    select
        invoice_id,
        known_from
    from {{ ref('stg_canonical__invoice_lines') }}

    union all

    select
        source_id as invoice_id,
        known_from
    from {{ ref('stg_canonical__credit_splits') }}
    where source_type = 'invoice'
),

event_months as (
    select distinct
        invoice_id,
        {{ trunc_date('month', 'invoice_date') }} as event_month
    from {{ ref('stg_canonical__invoices') }}
    where invoice_date is not null
),
{% if is_incremental() %}
affected as (
    select changes.invoice_id
    from changes
    inner join {{ rebuild }} as rebuild
        on changes.known_from >= rebuild.rebuild_opens_at

    union

    select event_months.invoice_id
    from event_months
    inner join {{ rebuild }} as rebuild
        on event_months.event_month >= rebuild.rebuild_from
),
{% endif %}
change_months as (
    select distinct
        changes.invoice_id,
        months.month_start as change_month
    from changes
    inner join months
        on changes.known_from >= months.opens_at and changes.known_from < months.closes_at
    {% if is_incremental() %}
    inner join affected on changes.invoice_id = affected.invoice_id
    {% endif %}
),

bookings as (
    select distinct
        change_months.invoice_id,
        greatest(change_months.change_month, event_months.event_month) as booking_month
    from change_months
    inner join event_months on change_months.invoice_id = event_months.invoice_id
)

select
    bookings.invoice_id,
    bookings.booking_month,
    lag(bookings.booking_month) over (
        partition by bookings.invoice_id order by bookings.booking_month
    ) as previous_booking_month
from bookings
inner join months on bookings.booking_month = months.month_start
