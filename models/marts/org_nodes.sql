with months as (
    select max(month_start) as last_month
    from {{ ref('int_core__booking_months') }}
),

rep_nodes as (
    select rep_nodes.*
    from {{ ref('int_core__rep_nodes') }} as rep_nodes
    inner join months on rep_nodes.booking_month = months.last_month
),

-- Who never belonged to a team is a node all the same.
reps_without_team as (
    select reps.rep_id
    from {{ ref('dim_reps') }} as reps
    left join rep_nodes on reps.rep_id = rep_nodes.rep_id
    where rep_nodes.rep_id is null
),

teams as (
    select
        team_id,
        region_id,
        min(valid_from) as valid_from,
        max(valid_to) as valid_to
    from rep_nodes
    group by team_id, region_id
),

regions as (
    select
        region_id,
        min(valid_from) as valid_from,
        max(valid_to) as valid_to
    from rep_nodes
    group by region_id
),

nodes as (
    select
        'rep' as node_level,
        rep_id as node_id,
        team_id as parent_node_id,
        valid_from,
        valid_to
    from rep_nodes

    union all

    select
        'rep' as node_level,
        rep_id as node_id,
        'unassigned' as parent_node_id,
        cast('1900-01-01' as date) as valid_from,
        cast('9999-12-31' as date) as valid_to
    from reps_without_team

    union all

    select
        'team' as node_level,
        team_id as node_id,
        region_id as parent_node_id,
        valid_from,
        valid_to
    from teams

    union all

    select
        'region' as node_level,
        region_id as node_id,
        'company' as parent_node_id,
        valid_from,
        valid_to
    from regions
    where region_id <> 'unassigned'

    union all

    select
        unassigned.node_level,
        unassigned.node_id,
        unassigned.parent_node_id,
        cast('1900-01-01' as date) as valid_from,
        cast('9999-12-31' as date) as valid_to
    from (
        values
        ('rep', 'unassigned', 'unassigned'),
        ('team', 'unassigned', 'unassigned'),
        ('region', 'unassigned', 'company'),
        ('company', 'company', null)
    ) as unassigned (node_level, node_id, parent_node_id)
)

select
    node_level,
    node_id,
    parent_node_id,
    valid_from,
    valid_to
from nodes
