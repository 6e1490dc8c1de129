{{ config(materialized="incremental", unique_key="opportunity_id") }}

with facts as (
    select
        opportunity_id,
        {{ trunc_date('month', local_date('closed_at')) }} as event_month
    from {{ ref('stg_canonical__opportunities') }}
    where closed_at is not null and outcome in ('won', 'lost')
),

changes as (
    select
        opportunity_id,
        known_from
    from {{ ref('stg_canonical__opportunities') }}

    union all

    select
        opportunity_id,
        known_from
    from {{ ref('stg_canonical__opportunity_stage_history') }}
),

{{ bookings_of('opportunity_id') }}
