{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

bookings as (
    select * from {{ ref('int_core__call_bookings') }}
    where {{ is_rebuilt('booking_month') }}
),

known_months as (
    select
        activity_id,
        booking_month,
        knowledge_at
    from bookings

    union

    select
        activity_id,
        previous_booking_month as booking_month,
        previous_knowledge_at as knowledge_at
    from bookings
    where previous_booking_month is not null
),

calls as (
    select * from {{ ref('int_core__calls') }}
    where is_made
),

made as (
    select
        known_months.booking_month,
        known_months.knowledge_at,
        calls.activity_id,
        calls.call_key,
        calls.event_date,
        coalesce(calls.owner_rep_id, 'unassigned') as rep_id,
        coalesce(calls.customer_id, stores.customer_id) as delivered_customer_id,
        calls.is_connected
    from known_months
    cross join context
    inner join calls
        on
            known_months.activity_id = calls.activity_id
            and {{ known_at('calls', 'known_months.knowledge_at') }}
    left join {{ ref('stg_canonical__stores') }} as stores
        on
            calls.store_id = stores.store_id
            and {{ known_at('stores', 'known_months.knowledge_at') }}
            and not stores.is_deleted
    where
        calls.event_date < context.as_of
        and {{ trunc_date('month', 'calls.event_date') }} <= known_months.booking_month
),

-- Of the entries that are the same call the one with the lowest id counts.
entered_before as (
    select distinct
        made.booking_month,
        made.activity_id
    from made
    inner join calls as earlier_entries
        on
            made.call_key = earlier_entries.call_key
            and made.activity_id > earlier_entries.activity_id
            and {{ known_at('earlier_entries', 'made.knowledge_at') }}
),

counted as (
    select
        made.*,
        {{ surviving_customer('made.delivered_customer_id') }} as customer_id
    from made
    left join entered_before
        on
            made.activity_id = entered_before.activity_id
            and made.booking_month = entered_before.booking_month
    {{ join_surviving_customer('made.delivered_customer_id', 'made.knowledge_at') }}
    where entered_before.activity_id is null
),

states as (
    select
        counted.booking_month,
        counted.activity_id,
        counted.event_date,
        counted.rep_id,
        counted.customer_id,
        counted.is_connected,
        customers.area_id,
        customers.business_category,
        customers.purchase_method
    from counted
    left join {{ ref('stg_canonical__customers') }} as customers
        on
            counted.customer_id = customers.customer_id
            and {{ known_at('customers', 'counted.knowledge_at') }}
    where coalesce(customers.is_internal, false) is false
),

differences as (
    {{ booked_differences(
        'states',
        ref('int_core__call_bookings'),
        'activity_id',
        [
            'event_date', 'rep_id', 'customer_id', 'is_connected', 'area_id', 'business_category',
            'purchase_method',
        ],
        'calls',
    ) }}
)

select
    booking_month,
    activity_id,
    event_date,
    greatest(event_date, booking_month) as booking_date,
    rep_id,
    customer_id,
    is_connected,
    area_id,
    business_category,
    purchase_method,
    calls
from differences
