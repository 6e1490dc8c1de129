{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with cycles as (
    select * from {{ ref('int_core__store_periods') }}
    where period_type = 'sales_period' and {{ is_rebuilt('booking_month') }}
),

visits as (
    select
        cycles.period_start,
        cycles.period_end,
        cycles.evaluated_on,
        visits.store_id,
        visits.activity_id
    from cycles
    inner join {{ ref('fct_store_visits') }} as visits
        on
            cycles.booking_month >= visits.booking_month
            and cycles.period_start <= visits.event_date
            and cycles.evaluated_to > visits.event_date
    group by 1, 2, 3, 4, 5
    having sum(visits.visits) > 0
),

visited as (
    select
        visits.period_start,
        visits.period_end,
        store_days.counted_store_id as store_id,
        count(distinct visits.activity_id) as visits_held
    from visits
    inner join {{ ref('int_core__store_days') }} as store_days
        on
            visits.evaluated_on = store_days.evaluated_on
            and visits.store_id = store_days.store_id
    group by visits.period_start, visits.period_end, store_days.counted_store_id
)

select
    cycles.booking_month,
    cycles.period_start,
    cycles.period_end,
    stores.store_id,
    cycles.evaluated_to,
    cycles.evaluated_on,
    stores.customer_id,
    stores.owner_rep_id,
    stores.area_id,
    stores.business_category,
    stores.purchase_method,
    stores_then.priority_class as class_at_start,
    case stores_then.priority_class when 'A' then 1 when 'B' then 2 when 'C' then 3 end
        as class_rank_at_start,
    cast(coalesce(visited.visits_held, 0) as integer) as visits_held
from cycles
inner join {{ ref('int_core__store_days') }} as stores
    on cycles.evaluated_on = stores.evaluated_on and stores.is_counted
-- What the company knew of the store on the morning of the first day.
left join {{ ref('stg_canonical__stores') }} as stores_then
    on
        stores.store_id = stores_then.store_id
        and {{ known_at('stores_then', local_midnight_utc('cycles.period_start')) }}
        and not stores_then.is_deleted
left join visited
    on
        cycles.period_start = visited.period_start
        and cycles.period_end = visited.period_end
        and stores.store_id = visited.store_id
