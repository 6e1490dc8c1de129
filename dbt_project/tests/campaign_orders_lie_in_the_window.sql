-- Orders that name a campaign but were placed before its first day, after its last one, or for a
-- campaign nobody knows. They do not count as sell-in; a warning, because only the one who tagged
-- them can tell whether the tag or the date is wrong.
{{ config(severity="warn") }}

select
    order_lines.order_id,
    order_lines.campaign_id,
    order_lines.event_date as order_date,
    order_lines.rep_id,
    sum(order_lines.net_amount) as amount_not_counted
from {{ ref('fct_order_lines') }} as order_lines
inner join {{ ref('int_core__rebuild') }} as rebuild
    on order_lines.booking_month >= rebuild.rebuild_from
where not order_lines.is_in_window
group by
    order_lines.order_id, order_lines.campaign_id, order_lines.event_date, order_lines.rep_id
having sum(order_lines.net_amount) <> 0
