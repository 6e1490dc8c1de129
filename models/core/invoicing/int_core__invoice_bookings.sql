{{ config(materialized="incremental", unique_key="invoice_id") }}

with facts as (
    select
        invoice_id,
        {{ trunc_date('month', 'invoice_date') }} as event_month,
        known_from,
        known_to
    from {{ ref('stg_canonical__invoices') }}
    where invoice_date is not null
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

{{ bookings_of('invoice_id', is_dated=true) }}
