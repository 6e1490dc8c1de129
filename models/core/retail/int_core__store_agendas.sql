with context as (
    select * from {{ ref('int_core__context') }}
),

-- The cycle that S lies in, from its first day on.
cycles as (
    select
        sales_periods.start_date,
        sales_periods.end_date_excl,
        row_number() over (
            order by
                sales_periods.start_date desc,
                sales_periods.end_date_excl desc,
                sales_periods.sales_period_id asc
        ) as newest
    from context
    inner join {{ ref('stg_canonical__sales_periods') }} as sales_periods
        on
            {{ known_at('sales_periods', 'context.cut_off_utc') }}
            and not sales_periods.is_deleted
            and sales_periods.team_id is null
            and context.as_of >= sales_periods.start_date
            and context.as_of < sales_periods.end_date_excl
),

plans as (
    select
        visit_plans.customer_id,
        sum(visit_plans.required_visits) as required_visits,
        sum(visit_plans.visits) as visits
    from cycles
    inner join {{ ref('int_core__visit_plans') }} as visit_plans
        on
            cycles.start_date = visit_plans.period_start
            and cycles.end_date_excl = visit_plans.period_end
            and cycles.newest = 1
    group by visit_plans.customer_id
),

planned as (
    select
        customer_id,
        min(planned_on) as next_planned_visit
    from {{ ref('int_core__planned_meetings') }}
    group by customer_id
),

audits as (
    select
        store_id,
        audit_id,
        audited_on,
        row_number() over (
            partition by store_id order by audited_at desc, audit_id desc
        ) as newest
    from {{ ref('int_core__store_audits') }}
),

points as (
    select
        skus.store_id,
        count(*) as points,
        sum(
            case
                when
                    skus.audited_on
                    >= {{ add_days('evaluations.as_of', '-evaluations.window_days') }}
                    then 1
                else 0
            end
        ) as audited_points
    from {{ ref('int_core__evaluations') }} as evaluations
    cross join {{ ref('int_core__store_skus') }} as skus
    where
        evaluations.budget_type_id = 'numeric_distribution'
        and evaluations.parameter_set_id = 'default'
    group by skus.store_id
)

select
    stores.store_id,
    stores.customer_id,
    stores.owner_rep_id,
    stores.chain,
    stores.format,
    stores.priority_class,
    stores.area_id,
    cycles.start_date as cycle_start,
    cycles.end_date_excl as cycle_end,
    -- Plans begin with the day after the first; on that day the store's own frequency is the plan.
    cast(
        case
            when cycles.start_date < context.as_of then coalesce(plans.required_visits, 0)
            when cycles.start_date = context.as_of and stores.owner_rep_id <> 'unassigned'
                then coalesce(stores.visit_frequency_per_cycle, 0)
            when cycles.start_date = context.as_of then 0
        end as decimal(18, 4)
    ) as visits_required,
    cast(
        case when cycles.start_date is not null then coalesce(plans.visits, 0) end as integer
    ) as visits_held,
    planned.next_planned_visit,
    audits.audit_id as last_audit_id,
    audits.audited_on as last_audited_on,
    coalesce(points.points, 0) as points,
    cast(coalesce(points.audited_points, 0) as integer) as audited_points
from context
cross join {{ ref('int_core__open_stores') }} as stores
left join cycles on cycles.newest = 1
left join plans on stores.customer_id = plans.customer_id
left join planned on stores.customer_id = planned.customer_id
left join audits on stores.store_id = audits.store_id and audits.newest = 1
left join points on stores.store_id = points.store_id
