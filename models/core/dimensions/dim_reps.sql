with context as (
    select * from {{ ref('int_core__context') }}
),

months as (
    select max(month_start) as last_month
    from {{ ref('int_core__booking_months') }}
)

select
    reps.rep_id,
    reps.name,
    reps.role,
    reps.country,
    reps.calendar_id,
    reps.fte,
    reps.hire_date,
    reps.leave_date,
    coalesce(reps.leave_date, context.as_of) >= context.as_of as is_employed,
    coalesce(rep_nodes.team_id, 'unassigned') as team_id,
    coalesce(rep_nodes.region_id, 'unassigned') as region_id
from context
cross join months
inner join {{ ref('stg_canonical__reps') }} as reps
    on {{ known_at('reps', 'context.cut_off_utc') }} and not reps.is_deleted
left join {{ ref('int_core__rep_nodes') }} as rep_nodes
    on
        reps.rep_id = rep_nodes.rep_id
        and months.last_month = rep_nodes.booking_month
        and context.as_of >= rep_nodes.valid_from
        and context.as_of < rep_nodes.valid_to
