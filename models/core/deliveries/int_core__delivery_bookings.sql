{{ config(materialized="incremental", unique_key="delivery_id") }}

with facts as (
    select
        delivery_id,
        {{ trunc_date('month', 'promised_date') }} as event_month
    from {{ ref('stg_canonical__deliveries') }}
    where promised_date is not null
),

changes as (
    select
        delivery_id,
        known_from
    from {{ ref('stg_canonical__deliveries') }}
),

{{ bookings_of('delivery_id') }}
