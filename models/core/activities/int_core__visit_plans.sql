{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

-- Sales periods, seen with what is known when the month of their last day closes.
with cycles as (
    select
        periods.period_start,
        periods.period_end,
        periods.evaluated_to,
        months.month_start as booking_month,
        months.knowledge_at
    from {{ ref('int_core__periods') }} as periods
    inner join {{ ref('int_core__booking_months') }} as months
        on periods.last_booking_month = months.month_start
    where periods.period_type = 'sales_period' and {{ is_rebuilt('months.month_start') }}
),

closings as (
    select distinct
        booking_month,
        knowledge_at
    from cycles
),

delivered_stores as (
    select
        closings.booking_month,
        stores.store_id,
        stores.customer_id as delivered_customer_id,
        stores.visit_frequency_per_cycle,
        coalesce(stores.opened, cast('1900-01-01' as date)) as opened,
        coalesce(stores.closed, cast('9999-12-31' as date)) as closed,
        {{ surviving_customer('stores.customer_id') }} as customer_id
    from closings
    inner join {{ ref('stg_canonical__stores') }} as stores
        on {{ known_at('stores', 'closings.knowledge_at') }} and not stores.is_deleted
    {{ join_surviving_customer('stores.customer_id', 'closings.knowledge_at') }}
),

-- A store is a customer. Where its customer was merged it is the same store entered twice, and the
-- surviving customer's own store goes before it.
stores as (
    select
        *,
        row_number() over (
            partition by booking_month, customer_id
            order by
                case when delivered_customer_id = customer_id then 0 else 1 end,
                store_id
        ) as place
    from delivered_stores
),

-- A store's own frequency goes before that of the customer it is.
customers as (
    select
        closings.booking_month,
        customers.customer_id,
        customers.area_id,
        customers.business_category,
        customers.purchase_method,
        coalesce(stores.visit_frequency_per_cycle, customers.visit_frequency_per_cycle)
            as visits_per_cycle,
        coalesce(stores.opened, cast('1900-01-01' as date)) as opened,
        coalesce(stores.closed, cast('9999-12-31' as date)) as closed
    from closings
    inner join {{ ref('stg_canonical__customers') }} as customers
        on {{ known_at('customers', 'closings.knowledge_at') }}
    left join stores
        on
            closings.booking_month = stores.booking_month
            and customers.customer_id = stores.customer_id
            and stores.place = 1
    where
        not customers.is_deleted
        and customers.merged_into_id is null
        and coalesce(customers.is_internal, false) is false
        and coalesce(stores.visit_frequency_per_cycle, customers.visit_frequency_per_cycle) > 0
),

-- An owner holds a customer at most until the next one does.
owners as (
    select
        closings.booking_month,
        owners.customer_id,
        owners.rep_id,
        owners.valid_from,
        least(
            owners.valid_to,
            coalesce(
                lead(owners.valid_from) over (
                    partition by closings.booking_month, owners.customer_id
                    order by owners.valid_from asc, owners.rep_id desc
                ),
                owners.valid_to
            )
        ) as valid_to
    from closings
    inner join {{ ref('int_core__customer_owners') }} as owners
        on {{ known_at('owners', 'closings.knowledge_at') }} and owners.role = 'owner'
),

assigned as (
    select
        cycles.period_start,
        cycles.period_end,
        cycles.evaluated_to,
        cycles.booking_month,
        customers.customer_id,
        customers.area_id,
        customers.business_category,
        customers.purchase_method,
        customers.visits_per_cycle,
        owners.rep_id,
        greatest(owners.valid_from, cycles.period_start, customers.opened) as assigned_from,
        least(owners.valid_to, cycles.period_end, customers.closed) as assigned_to
    from cycles
    inner join customers on cycles.booking_month = customers.booking_month
    inner join owners
        on
            cycles.booking_month = owners.booking_month
            and customers.customer_id = owners.customer_id
    where
        greatest(owners.valid_from, cycles.period_start, customers.opened)
        < least(owners.valid_to, cycles.period_end, customers.closed)
),

visits as (
    select
        cycles.period_start,
        cycles.period_end,
        cycles.booking_month,
        coalesce(aliases.customer_id, meetings.customer_id) as customer_id,
        meetings.activity_id,
        meetings.event_date
    from cycles
    inner join {{ ref('fct_meeting_participations') }} as meetings
        on
            cycles.period_start <= meetings.event_date
            and cycles.evaluated_to > meetings.event_date
            and cycles.booking_month >= meetings.booking_month
    left join {{ ref('int_core__customer_aliases') }} as aliases
        on
            cycles.booking_month = aliases.booking_month
            and meetings.customer_id = aliases.record_customer_id
    group by 1, 2, 3, 4, 5, 6
    having sum(meetings.meetings) > 0
),

visited as (
    select
        assigned.period_start,
        assigned.period_end,
        assigned.customer_id,
        assigned.rep_id,
        count(distinct visits.activity_id) as visits
    from assigned
    inner join visits
        on
            assigned.period_start = visits.period_start
            and assigned.period_end = visits.period_end
            and assigned.customer_id = visits.customer_id
            and assigned.assigned_from <= visits.event_date
            and assigned.assigned_to > visits.event_date
    group by 1, 2, 3, 4
),

planned as (
    select
        period_start,
        period_end,
        booking_month,
        customer_id,
        rep_id,
        area_id,
        business_category,
        purchase_method,
        visits_per_cycle,
        min(assigned_from) as assigned_from,
        sum({{ days_between('assigned_from', 'assigned_to') }}) as assigned_days
    from assigned
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
)

select
    planned.booking_month,
    planned.period_start,
    planned.period_end,
    planned.customer_id,
    planned.rep_id,
    planned.assigned_from,
    planned.area_id,
    planned.business_category,
    planned.purchase_method,
    cast(
        {{ ratio(
            'planned.visits_per_cycle * planned.assigned_days',
            days_between('planned.period_start', 'planned.period_end'),
            4,
        ) }} as decimal(18, 4)
    ) as required_visits,
    cast(coalesce(visited.visits, 0) as integer) as visits
from planned
left join visited
    on
        planned.period_start = visited.period_start
        and planned.period_end = visited.period_end
        and planned.customer_id = visited.customer_id
        and planned.rep_id = visited.rep_id
