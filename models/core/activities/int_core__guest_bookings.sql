{{ config(materialized="incremental", unique_key="activity_id") }}

with facts as (
    select
        activities.activity_id,
        activities.known_from,
        {{ trunc_date('month', local_date('activities.start_at')) }} as event_month
    from {{ ref('stg_canonical__activities') }} as activities
    inner join {{ ref('activity_types') }} as activity_types
        on activities.type = activity_types.activity_type and activity_types.is_customer_meeting
    where activities.start_at is not null
),

changes as (
    select
        activity_id,
        known_from
    from facts

    union all

    select
        activity_id,
        known_from
    from {{ ref('stg_canonical__activity_participants') }}
),

{{ bookings_of('activity_id') }}
