with budgets as (
    select * from {{ ref('int_planning__budgets') }}
),

plans as (
    select * from budgets
    where is_plan
),

in_force as (
    select
        bases.budget_id,
        bases.month_start,
        bases.valid_from as first_day,
        bases.period_end as end_day,
        budgets.mode,
        budgets.own_target,
        budgets.target_low
    from {{ ref('int_planning__budget_bases') }} as bases
    inner join budgets
        on bases.budget_id = budgets.budget_id and bases.version = budgets.version
    where bases.month_start is not null
),

last_month as (
    select max(month_start) as month_start
    from {{ ref('int_core__booking_months') }}
),

month_days as (
    select distinct
        in_force.first_day,
        least(in_force.month_start, last_month.month_start) as booking_month
    from in_force
    cross join last_month
),

-- The team of the first day of the month, with the knowledge that its outcomes are credited by.
memberships as (
    select
        month_days.first_day,
        rep_nodes.rep_id,
        rep_nodes.team_id,
        rep_nodes.region_id
    from month_days
    inner join {{ ref('int_core__rep_nodes') }} as rep_nodes
        on
            month_days.booking_month = rep_nodes.booking_month
            and month_days.first_day >= rep_nodes.valid_from
            and month_days.first_day < rep_nodes.valid_to
),

of_reps as (
    select
        budget_id,
        month_start,
        rep_id,
        target,
        cast(null as decimal(28, 4)) as target_low,
        is_locked
    from {{ ref('int_planning__month_shares') }}

    union all

    select
        budget_id,
        month_start,
        rep_id,
        target,
        target_low,
        false as is_locked
    from {{ ref('int_planning__standards') }}
),

placed as (
    select
        of_reps.*,
        in_force.mode,
        coalesce(memberships.team_id, 'unassigned') as team_id,
        coalesce(memberships.region_id, 'unassigned') as region_id
    from of_reps
    inner join in_force
        on
            of_reps.budget_id = in_force.budget_id
            and of_reps.month_start = in_force.month_start
    left join memberships
        on in_force.first_day = memberships.first_day and of_reps.rep_id = memberships.rep_id
),

-- A team or region has the sum of its reps; a level holds for it as for them.
of_groups as (
    select
        placed.budget_id,
        placed.month_start,
        node_levels.node_level,
        {{ node_id('placed') }} as node_id,
        case
            when placed.mode = 'same_level' then max(placed.target)
            else sum(placed.target)
        end as target,
        max(placed.target_low) as target_low,
        false as is_locked
    from placed
    cross join {{ node_levels() }}
    where
        node_levels.node_level in ('team', 'region')
        and not (placed.mode = 'same_level' and {{ node_id('placed') }} = 'unassigned')
    group by
        placed.budget_id, placed.month_start, placed.mode, node_levels.node_level,
        {{ node_id('placed') }}
),

company_sums as (
    select
        budget_id,
        month_start,
        sum(company_change) as target
    from {{ ref('int_planning__company_months') }}
    group by budget_id, month_start
),

standard_sums as (
    select
        budget_id,
        month_start,
        sum(target) as target
    from {{ ref('int_planning__standards') }}
    where mode = 'per_rep'
    group by budget_id, month_start
),

planned as (
    select distinct budget_id
    from {{ ref('int_planning__month_shares') }}
),

-- The company's own target is what was decided, not what was divided.
of_company as (
    select
        in_force.budget_id,
        in_force.month_start,
        'company' as node_level,
        'company' as node_id,
        case in_force.mode
            when 'distribute' then company_sums.target
            when 'per_rep' then standard_sums.target
            else in_force.own_target
        end as target,
        in_force.target_low,
        false as is_locked
    from in_force
    left join planned on in_force.budget_id = planned.budget_id
    left join company_sums
        on
            in_force.budget_id = company_sums.budget_id
            and in_force.month_start = company_sums.month_start
    left join standard_sums
        on
            in_force.budget_id = standard_sums.budget_id
            and in_force.month_start = standard_sums.month_start
    where in_force.mode <> 'distribute' or planned.budget_id is not null
),

all_nodes as (
    select
        budget_id,
        month_start,
        'rep' as node_level,
        rep_id as node_id,
        target,
        target_low,
        is_locked
    from of_reps

    union all

    select * from of_groups

    union all

    select * from of_company
),

-- A node that the budget names has the target that was set for it; reps of a divided budget have
-- theirs from the division already.
hand_targets as (
    select
        hand_targets.budget_id,
        hand_targets.month_start,
        hand_targets.node_type as node_level,
        hand_targets.node_id,
        hand_targets.target,
        hand_targets.is_locked
    from {{ ref('int_planning__hand_targets') }} as hand_targets
    inner join plans on hand_targets.budget_id = plans.budget_id
    where
        not hand_targets.is_of_plan
        and hand_targets.is_of_channel
        and hand_targets.target is not null
        and not (
            plans.mode = 'distribute' and hand_targets.node_type in ('rep', 'company')
        )
),

revisions as (
    select
        budget_id,
        version,
        valid_from,
        max(kind) as kind,
        {{ agg_list('reason', 'reason', '; ') }} as reason,
        {{ agg_list('changed_by', 'changed_by', '; ') }} as changed_by
    from (
        select distinct
            budget_id,
            version,
            valid_from,
            kind,
            reason,
            changed_by
        from {{ ref('int_planning__revisions') }}
    ) as distinct_revisions
    group by budget_id, version, valid_from
),

month_revisions as (
    select
        in_force.budget_id,
        in_force.month_start,
        revisions.version,
        revisions.valid_from,
        revisions.reason,
        revisions.changed_by,
        row_number() over (
            partition by in_force.budget_id, in_force.month_start
            order by revisions.version desc
        ) as newest
    from in_force
    inner join revisions
        on
            in_force.budget_id = revisions.budget_id
            and in_force.end_day > revisions.valid_from
),

final as (
    select
        all_nodes.budget_id,
        plans.budget_type_id,
        plans.campaign_id,
        plans.mode as target_mode,
        plans.channel,
        all_nodes.node_level,
        all_nodes.node_id,
        all_nodes.month_start as month,
        coalesce(hand_targets.target, all_nodes.target) as target,
        all_nodes.target_low,
        coalesce(hand_targets.is_locked, all_nodes.is_locked) as is_locked,
        month_revisions.version,
        month_revisions.valid_from,
        month_revisions.reason,
        month_revisions.changed_by
    from all_nodes
    inner join plans on all_nodes.budget_id = plans.budget_id
    inner join month_revisions
        on
            all_nodes.budget_id = month_revisions.budget_id
            and all_nodes.month_start = month_revisions.month_start
            and month_revisions.newest = 1
    left join hand_targets
        on
            all_nodes.budget_id = hand_targets.budget_id
            and all_nodes.month_start = hand_targets.month_start
            and all_nodes.node_level = hand_targets.node_level
            and all_nodes.node_id = hand_targets.node_id
    where coalesce(hand_targets.target, all_nodes.target) is not null
)

select
    budget_id,
    budget_type_id,
    campaign_id,
    target_mode,
    channel,
    node_level,
    node_id,
    month,
    cast(target as decimal(28, 4)) as target,
    cast(target_low as decimal(28, 4)) as target_low,
    is_locked,
    version,
    valid_from,
    reason,
    changed_by
from final
