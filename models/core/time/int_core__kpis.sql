with context as (
    select * from {{ ref('int_core__context') }}
),

in_force as (
    select
        kpis.*,
        row_number() over (
            partition by kpis.kpi_id order by kpis.valid_from desc
        ) as newest
    from {{ ref('stg_canonical__kpis') }} as kpis
    inner join context
        on
            {{ known_at('kpis', 'context.cut_off_utc') }}
            and context.as_of >= kpis.valid_from
            and context.as_of < coalesce(kpis.valid_to, cast('9999-12-31' as date))
    where not kpis.is_deleted
),

-- Every version of the row that was known before the cut-off, the oldest first.
versions as (
    select
        kpis.kpi_id,
        kpis.valid_from,
        kpis.expected_outcome,
        case
            when
                row_number() over (
                    partition by kpis.kpi_id, kpis.valid_from order by kpis.known_from
                ) = 1
                then least(kpis.created_recorded_at, kpis.known_from)
            else kpis.known_from
        end as told_at
    from {{ ref('stg_canonical__kpis') }} as kpis
    inner join context on kpis.known_from < context.cut_off_utc
    where not kpis.is_deleted
),

told as (
    select
        in_force.kpi_id,
        min(versions.told_at) as expected_recorded_at
    from in_force
    inner join versions
        on
            in_force.kpi_id = versions.kpi_id
            and in_force.valid_from = versions.valid_from
            and in_force.expected_outcome = versions.expected_outcome
    where in_force.newest = 1
    group by in_force.kpi_id
)

select
    in_force.kpi_id,
    in_force.valid_from,
    in_force.valid_to,
    in_force.budget_type_id,
    in_force.budget_id,
    in_force.parameters,
    in_force.target,
    in_force.target_low,
    in_force.filters,
    in_force.sales_period,
    in_force.cadence,
    in_force.status,
    in_force.success_driver,
    in_force.conclusion_rule,
    in_force.plan_text,
    in_force.why_text,
    in_force.action_if_met,
    in_force.action_if_not_met,
    in_force.follower_roles,
    in_force.kpi_owner,
    in_force.expected_outcome,
    told.expected_recorded_at,
    in_force.reward_text,
    in_force.reward_threshold,
    in_force.publish_surface
from in_force
left join told on in_force.kpi_id = told.kpi_id
where in_force.newest = 1
