{{ config(materialized="incremental", unique_key="activity_id") }}

{%- set rebuild = ref('int_core__rebuild') %}

with months as (
    select * from {{ ref('int_core__booking_months') }}
),

meetings as (
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
    from meetings

    union all

    select
        activity_id,
        known_from
    from {{ ref('stg_canonical__activity_participants') }}
    where participant_type = 'rep'
),
{% if is_incremental() %}
affected as (
    select changes.activity_id
    from changes
    inner join {{ rebuild }} as rebuild
        on changes.known_from >= rebuild.rebuild_opens_at

    union

    select meetings.activity_id
    from meetings
    inner join {{ rebuild }} as rebuild
        on meetings.event_month >= rebuild.rebuild_from
),
{% endif %}
change_months as (
    select distinct
        changes.activity_id,
        months.month_start as change_month
    from changes
    inner join months
        on changes.known_from >= months.opens_at and changes.known_from < months.closes_at
    {% if is_incremental() %}
    inner join affected on changes.activity_id = affected.activity_id
    {% endif %}
),

bookings as (
    select distinct
        change_months.activity_id,
        greatest(change_months.change_month, meetings.event_month) as booking_month
    from change_months
    inner join meetings on change_months.activity_id = meetings.activity_id
)

select
    bookings.activity_id,
    bookings.booking_month,
    lag(bookings.booking_month) over (
        partition by bookings.activity_id order by bookings.booking_month
    ) as previous_booking_month
from bookings
inner join months on bookings.booking_month = months.month_start
