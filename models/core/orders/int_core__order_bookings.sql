{{ config(materialized="incremental", unique_key="order_id") }}

with facts as (
    select
        order_id,
        {{ trunc_date('month', 'order_date') }} as event_month,
        known_from,
        known_to
    from {{ ref('stg_canonical__orders') }}
    where order_date is not null
),

changes as (
    select
        order_id,
        known_from
    from {{ ref('stg_canonical__orders') }}

    union all

    select
        order_id,
        known_from
    from {{ ref('stg_canonical__order_lines') }}
),

{{ bookings_of('order_id', is_dated=true) }}
