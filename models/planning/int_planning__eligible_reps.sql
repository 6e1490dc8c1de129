{{ config(materialized="incremental", pre_hook="{{ forget_open_plans() }}") }}

with budgets as (
    select * from {{ ref('int_planning__budgets') }}
),

bases as (
    select
        budget_bases.*,
        budgets.channel
    from {{ ref('int_planning__budget_bases') }} as budget_bases
    inner join budgets
        on
            budget_bases.budget_id = budgets.budget_id
            and budget_bases.version = budgets.version
    where {{ is_open_plan('budget_bases.basis_id') }}
),

reps as (
    select
        time_basis_id,
        rep_id,
        min(works_from) as works_from,
        max(works_to) as works_to,
        max(hire_date) as hire_date,
        max(leave_date) as leave_date
    from {{ ref('int_planning__rep_time') }}
    where time_basis_id in (select bases.time_basis_id from bases)
    group by time_basis_id, rep_id
),

candidates as (
    select
        bases.budget_id,
        bases.version,
        bases.month_start,
        bases.basis_id,
        bases.time_basis_id,
        bases.channel,
        bases.settled_at,
        reps.rep_id,
        reps.works_from,
        reps.works_to,
        reps.hire_date,
        reps.leave_date
    from bases
    inner join reps on bases.time_basis_id = reps.time_basis_id
),

-- Who has channels of its own works in no other.
masks as (
    select
        candidates.budget_id,
        candidates.version,
        candidates.time_basis_id,
        candidates.rep_id,
        max(case when rep_channels.channel = candidates.channel then 1 else 0 end) as has_channel
    from candidates
    inner join {{ ref('stg_canonical__rep_channels') }} as rep_channels
        on
            candidates.channel <> 'all'
            and candidates.rep_id = rep_channels.rep_id
            and {{ known_at('rep_channels', 'candidates.settled_at') }}
            and not rep_channels.is_deleted
            and candidates.works_from >= rep_channels.valid_from
            and candidates.works_from
            < coalesce(rep_channels.valid_to, cast('9999-12-31' as date))
    group by
        candidates.budget_id, candidates.version, candidates.time_basis_id, candidates.rep_id
),

team_scopes as (
    select * from {{ ref('int_planning__budget_scopes') }}
    where dimension = 'team_id'
),

team_budgets as (
    select distinct
        budget_id,
        version
    from team_scopes
),

teams as (
    select
        candidates.budget_id,
        candidates.version,
        candidates.time_basis_id,
        candidates.rep_id,
        assignments.team_id,
        row_number() over (
            partition by
                candidates.budget_id, candidates.version, candidates.time_basis_id,
                candidates.rep_id
            order by assignments.valid_from desc
        ) as newest
    from candidates
    inner join team_budgets
        on
            candidates.budget_id = team_budgets.budget_id
            and candidates.version = team_budgets.version
    inner join {{ ref('stg_canonical__rep_team_assignments') }} as assignments
        on
            candidates.rep_id = assignments.rep_id
            and {{ known_at('assignments', 'candidates.settled_at') }}
            and not assignments.is_deleted
            and candidates.works_from >= assignments.valid_from
            and candidates.works_from
            < coalesce(assignments.valid_to, cast('9999-12-31' as date))
)

select
    candidates.budget_id,
    candidates.version,
    candidates.month_start,
    candidates.basis_id,
    candidates.time_basis_id,
    candidates.rep_id,
    candidates.works_from,
    candidates.works_to,
    candidates.hire_date,
    candidates.leave_date
from candidates
left join masks
    on
        candidates.budget_id = masks.budget_id
        and candidates.version = masks.version
        and candidates.time_basis_id = masks.time_basis_id
        and candidates.rep_id = masks.rep_id
left join teams
    on
        candidates.budget_id = teams.budget_id
        and candidates.version = teams.version
        and candidates.time_basis_id = teams.time_basis_id
        and candidates.rep_id = teams.rep_id
        and teams.newest = 1
left join team_budgets
    on
        candidates.budget_id = team_budgets.budget_id
        and candidates.version = team_budgets.version
left join team_scopes
    on
        candidates.budget_id = team_scopes.budget_id
        and candidates.version = team_scopes.version
        and teams.team_id = team_scopes.allowed_value
where
    coalesce(masks.has_channel, 1) = 1
    and (team_budgets.budget_id is null or team_scopes.budget_id is not null)
