{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with differences as (
    {{ booked_differences(
        ref('int_core__meeting_states'),
        ref('int_core__activity_bookings'),
        'activity_id',
        [
            'activity_type', 'is_sales_meeting', 'event_date', 'rep_id', 'customer_id', 'area_id',
            'business_category', 'purchase_method',
        ],
        'meetings',
    ) }}
)

select
    booking_month,
    activity_id,
    activity_type,
    is_sales_meeting,
    event_date,
    greatest(event_date, booking_month) as booking_date,
    rep_id,
    customer_id,
    area_id,
    business_category,
    purchase_method,
    meetings
from differences
