select
    periods.period_type,
    periods.campaign_id,
    periods.period_start,
    periods.period_end,
    periods.evaluated_to,
    least({{ add_days('periods.period_end', -1) }}, context.as_of) as evaluated_on,
    periods.last_booking_month as booking_month,
    months.knowledge_at
from {{ ref('int_core__periods') }} as periods
cross join {{ ref('int_core__context') }} as context
inner join {{ ref('int_core__booking_months') }} as months
    on periods.last_booking_month = months.month_start
where periods.period_type in ('sales_period', 'campaign')
