{{ config(materialized="incremental", unique_key="activity_id") }}

with visits as (
    select distinct activity_id
    from {{ ref('stg_canonical__activities') }}
    where type = 'visit'
),

versions as (
    select
        activities.activity_id,
        activities.owner_rep_id,
        activities.known_from,
        {{ local_date('activities.start_at') }} as event_date
    from {{ ref('stg_canonical__activities') }} as activities
    inner join visits on activities.activity_id = visits.activity_id
),

facts as (
    select
        activity_id,
        owner_rep_id,
        event_date,
        {{ trunc_date('month', 'event_date') }} as event_month
    from versions
    where event_date is not null
),

orders as (
    select
        order_id,
        activity_id,
        rep_id,
        order_date,
        known_from
    from {{ ref('stg_canonical__orders') }}
),

-- Every visit an order was ever linked to, by name or by the rep's day.
linked as (
    select
        order_id,
        activity_id
    from orders
    where activity_id is not null

    union

    select
        orders.order_id,
        facts.activity_id
    from orders
    inner join facts
        on orders.rep_id = facts.owner_rep_id and orders.order_date = facts.event_date
    where orders.activity_id is null
),

changes as (
    select
        activity_id,
        known_from
    from versions

    union all

    select
        linked.activity_id,
        orders.known_from
    from linked
    inner join orders on linked.order_id = orders.order_id
),

{{ bookings_of('activity_id') }}
