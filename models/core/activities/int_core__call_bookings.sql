{{ config(materialized="incremental", unique_key="activity_id") }}

with calls as (
    select * from {{ ref('int_core__calls') }}
),

facts as (
    select distinct
        activity_id,
        {{ trunc_date('month', 'event_date') }} as event_month
    from calls
),

-- Whether a call counts can change with the call itself, and with every entry that is, or was, the
-- same call.
twins as (
    select
        calls.activity_id,
        entries.known_from,
        entries.known_to
    from calls
    inner join calls as entries
        on calls.call_key = entries.call_key and calls.activity_id <> entries.activity_id
),

changes as (
    select
        facts.activity_id,
        activities.known_from
    from facts
    inner join {{ ref('stg_canonical__activities') }} as activities
        on facts.activity_id = activities.activity_id

    union all

    select
        activity_id,
        known_from
    from twins

    union all

    select
        activity_id,
        known_to as known_from
    from twins
),

{{ bookings_of('activity_id') }}
