{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

{#- Each quality and the flag of the state that says whether the meeting has it. Who came from the
    customer's side is a change of its own. -#}
{%- set qualities = [
    ('right_customer', 'is_right_customer'),
    ('prepared', 'is_prepared'),
    ('prepared_with_fallback', 'is_prepared_with_fallback'),
    ('loyal_customer', 'is_loyal_customer'),
    ('joint_visit', 'is_with_manager or is_with_own_rep'),
] -%}
{%- set columns = [
    'quality', 'event_date', 'rep_id', 'customer_id', 'area_id', 'business_category',
    'purchase_method',
] -%}

with meeting_states as (
    select * from {{ ref('int_core__meeting_qualities') }}
    where not is_planned
),

next_step_states as (
    select * from {{ ref('int_core__next_step_states') }}
),

had as (
    {% for quality, flag in qualities -%}
        select
            booking_month,
            activity_id,
            '{{ quality }}' as quality,
            event_date,
            rep_id,
            customer_id,
            area_id,
            business_category,
            purchase_method
        from meeting_states
        where {{ flag }}
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

had_decision_maker as (
    select
        booking_month,
        activity_id,
        'decision_maker' as quality,
        event_date,
        rep_id,
        customer_id,
        area_id,
        business_category,
        purchase_method
    from meeting_states
    where has_decision_maker
),

led_on as (
    select
        next_step_states.booking_month,
        next_step_states.activity_id,
        judgements.quality,
        next_step_states.event_date,
        next_step_states.rep_id,
        next_step_states.customer_id,
        next_step_states.area_id,
        next_step_states.business_category,
        next_step_states.purchase_method
    from next_step_states
    cross join (values ('next_step_due'), ('next_step')) as judgements (quality)
    where judgements.quality = 'next_step_due' or next_step_states.has_next_step
),

differences as (
    select * from (
        {{ booked_differences(
            'had', ref('int_core__activity_bookings'), 'activity_id', columns, 'meetings'
        ) }}
    ) as had_differences

    union all

    select * from (
        {{ booked_differences(
            'had_decision_maker',
            ref('int_core__guest_bookings'),
            'activity_id',
            columns,
            'meetings',
        ) }}
    ) as decision_maker_differences

    union all

    select * from (
        {{ booked_differences(
            'led_on', ref('int_core__next_step_bookings'), 'activity_id', columns, 'meetings'
        ) }}
    ) as led_on_differences
)

select
    booking_month,
    activity_id,
    quality,
    event_date,
    greatest(event_date, booking_month) as booking_date,
    rep_id,
    customer_id,
    area_id,
    business_category,
    purchase_method,
    meetings
from differences
