-- I11: what new, won-back and lost customers were booked in a month is what the active customers of
-- the company changed by, from one border to the next: both are read from the same spells, each
-- border with what was known when its month closed, and what is learnt later (a late document, a
-- merge, a correction) is booked in the month whose border shows it first. So it holds to the last
-- customer, with one term more than the catalogue has: `known` customers, of whom the CRM tells
-- business before the first document that the extracts hold. They become active without being new
-- or won back. With the budget types alone it holds where there are none. Months that no change can
-- reach any more are left alone.
with borders as (
    select
        activity.booking_month,
        activity.evaluated_on,
        count(*) as active_customers
    from {{ ref('int_core__customer_activity') }} as activity
    group by activity.booking_month, activity.evaluated_on
),

events as (
    select
        booking_month,
        sum(case when event_kind = 'lost' then -events else events end) as net_events
    from {{ ref('fct_customer_events') }}
    where event_kind in ('new', 'won_back', 'known', 'lost')
    group by booking_month
),

months as (
    select
        months.month_start,
        months.month_end,
        coalesce(first_border.active_customers, 0) as active_before,
        coalesce(last_border.active_customers, 0) as active_after,
        coalesce(events.net_events, 0) as net_events
    from {{ ref('int_core__booking_months') }} as months
    inner join {{ ref('int_core__rebuild') }} as rebuild
        on months.month_start >= rebuild.rebuild_from
    -- The first border there is has nothing to be compared with.
    inner join {{ ref('int_core__periods') }} as periods
        on
            periods.period_type = 'month'
            and months.month_start = periods.period_start
            and months.month_end = periods.evaluated_to
    left join borders as first_border on months.month_start = first_border.evaluated_on
    left join borders as last_border on months.month_end = last_border.evaluated_on
    left join events on months.month_start = events.booking_month
    where months.is_closed
)

select
    month_start,
    active_before,
    net_events,
    active_after
from months
where active_before + net_events <> active_after
