-- I4: a joint meeting counts for everyone who took part and once for their team, so what the reps
-- of a team, a region or the company have adds up to at least what it has itself, in every part
-- that is counted by distinct keys. A rep who has changed teams counts in each of them with all he
-- has. Periods that this night does not compute again are left alone.
with counted_parts as (
    select
        budget_type_id,
        part
    from {{ ref('budget_type_parts') }}
    where over_reps = 'distinct'
),

parts as (
    select parts.*
    from {{ ref('int_outcomes__parts') }} as parts
    inner join counted_parts
        on
            parts.budget_type_id = counted_parts.budget_type_id
            and parts.part = counted_parts.part
),

memberships as (
    select
        'team' as node_level,
        team_id as node_id,
        rep_id
    from {{ ref('int_core__rep_nodes') }}

    union

    select
        'region' as node_level,
        region_id as node_id,
        rep_id
    from {{ ref('int_core__rep_nodes') }}
),

nodes as (
    select * from parts
    where node_level <> 'rep'
)

select
    nodes.budget_type_id,
    nodes.part,
    nodes.parameter_set_id,
    nodes.basis,
    nodes.period_type,
    nodes.period_start,
    nodes.campaign_id,
    nodes.node_level,
    nodes.node_id,
    nodes.amount,
    coalesce(sum(reps.amount), 0) as reps_amount
from nodes
left join parts as reps
    on
        reps.node_level = 'rep'
        and nodes.budget_type_id = reps.budget_type_id
        and nodes.part = reps.part
        and nodes.parameter_set_id = reps.parameter_set_id
        and nodes.basis = reps.basis
        and nodes.period_type = reps.period_type
        and nodes.period_start = reps.period_start
        and nodes.campaign_id = reps.campaign_id
left join memberships
    on
        nodes.node_level = memberships.node_level
        and nodes.node_id = memberships.node_id
        and reps.node_id = memberships.rep_id
where
    nodes.node_level = 'company'
    or nodes.node_id = 'unassigned'
    or memberships.rep_id is not null
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
having coalesce(sum(reps.amount), 0) < nodes.amount
