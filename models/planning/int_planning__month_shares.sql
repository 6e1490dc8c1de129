with plans as (
    select
        budget_id,
        version,
        unit,
        {{ hash_key(['allocation_method', 'weight_json', 'scope_json']) }} as weight_hash
    from {{ ref('int_planning__budgets') }}
    where is_plan and mode = 'distribute'
),

in_force as (
    select
        bases.budget_id,
        bases.month_start,
        bases.version,
        plans.unit,
        bases.version <> plans.version as is_revised,
        {{ hash_key([
            'budgets.allocation_method', 'budgets.weight_json', 'budgets.scope_json',
        ]) }} <> plans.weight_hash as is_weighed_anew
    from {{ ref('int_planning__budget_bases') }} as bases
    inner join plans on bases.budget_id = plans.budget_id
    inner join {{ ref('int_planning__budgets') }} as budgets
        on bases.budget_id = budgets.budget_id and bases.version = budgets.version
    where bases.month_start is not null
),

rep_months as (
    select * from {{ ref('int_planning__rep_months') }}
),

successions as (
    select * from {{ ref('int_planning__successions') }}
),

-- The plan's month with what leavers have left and successors have received.
moved as (
    select
        budget_id,
        month_start,
        rep_id,
        target as amount,
        is_locked
    from rep_months

    union all

    select
        budget_id,
        month_start,
        leaver_id as rep_id,
        -max(left_amount) as amount,
        false as is_locked
    from successions
    group by budget_id, month_start, leaver_id

    union all

    select
        budget_id,
        month_start,
        successor_id as rep_id,
        received as amount,
        false as is_locked
    from successions
),

standing as (
    select
        budget_id,
        month_start,
        rep_id,
        sum(amount) as amount,
        max(case when is_locked then 1 else 0 end) = 1 as is_locked
    from moved
    group by budget_id, month_start, rep_id
),

hand_targets as (
    select * from {{ ref('int_planning__hand_targets') }}
    where node_type = 'rep' and is_of_channel
),

month_locks as (
    select
        hand_targets.budget_id,
        hand_targets.month_start,
        hand_targets.node_id as rep_id,
        hand_targets.target
    from hand_targets
    inner join {{ ref('int_planning__eligible_reps') }} as eligible
        on
            hand_targets.budget_id = eligible.budget_id
            and hand_targets.month_start = eligible.month_start
            and hand_targets.node_id = eligible.rep_id
    where not hand_targets.is_of_plan and hand_targets.is_locked
),

planned_locks as (
    select
        budget_id,
        month_start,
        node_id as rep_id,
        target
    from hand_targets
    where is_of_plan and is_locked
),

-- Months for which the budget, or a target set by hand, was changed after the plan was settled.
lock_changes as (
    select
        coalesce(month_locks.budget_id, planned_locks.budget_id) as budget_id,
        coalesce(month_locks.month_start, planned_locks.month_start) as month_start
    from month_locks
    full join planned_locks
        on
            month_locks.budget_id = planned_locks.budget_id
            and month_locks.month_start = planned_locks.month_start
            and month_locks.rep_id = planned_locks.rep_id
    left join successions
        on
            planned_locks.budget_id = successions.budget_id
            and planned_locks.month_start = successions.month_start
            and planned_locks.rep_id = successions.leaver_id
    -- That a leaver's target is no longer locked is no change of the others'.
    where
        month_locks.target is distinct from planned_locks.target
        and not (month_locks.budget_id is null and successions.budget_id is not null)
),

changed as (
    select
        budget_id,
        month_start
    from in_force
    where is_revised
    union
    select
        budget_id,
        month_start
    from lock_changes
),

month_sums as (
    select
        budget_id,
        month_start,
        sum(amount) as amount
    from standing
    group by budget_id, month_start
),

revisions as (
    select
        changes.budget_id,
        changes.month_start,
        sum(changes.pool_change) as pool_change
    from {{ ref('int_planning__company_months') }} as changes
    inner join plans on changes.budget_id = plans.budget_id
    where changes.version > plans.version
    group by changes.budget_id, changes.month_start
),

locked_sums as (
    select
        budget_id,
        month_start,
        sum(target) as locked_amount
    from month_locks
    group by budget_id, month_start
),

month_pools as (
    select
        changed.budget_id,
        changed.month_start,
        in_force.version,
        in_force.unit,
        in_force.is_weighed_anew,
        month_sums.amount + coalesce(revisions.pool_change, 0) as amount,
        month_sums.amount + coalesce(revisions.pool_change, 0)
        - coalesce(locked_sums.locked_amount, 0) as free_amount
    from changed
    inner join in_force
        on
            changed.budget_id = in_force.budget_id
            and changed.month_start = in_force.month_start
    inner join month_sums
        on
            changed.budget_id = month_sums.budget_id
            and changed.month_start = month_sums.month_start
    left join revisions
        on
            changed.budget_id = revisions.budget_id
            and changed.month_start = revisions.month_start
    left join locked_sums
        on
            changed.budget_id = locked_sums.budget_id
            and changed.month_start = locked_sums.month_start
),

-- Everybody who is not locked shares the rest: as before, or by the weights of the new version.
free_members as (
    select
        month_pools.budget_id,
        month_pools.month_start,
        standing.rep_id,
        month_pools.free_amount as amount,
        month_pools.unit,
        cast(standing.amount as decimal(28, 10)) as weight
    from month_pools
    inner join standing
        on
            month_pools.budget_id = standing.budget_id
            and month_pools.month_start = standing.month_start
    where not month_pools.is_weighed_anew and month_pools.free_amount >= 0

    union all

    select
        month_pools.budget_id,
        month_pools.month_start,
        weights.rep_id,
        month_pools.free_amount as amount,
        month_pools.unit,
        weights.weight
    from month_pools
    inner join {{ ref('int_planning__frozen_weights') }} as weights
        on
            month_pools.budget_id = weights.budget_id
            and month_pools.version = weights.version
    left join {{ ref('int_planning__eligible_reps') }} as eligible
        on
            month_pools.budget_id = eligible.budget_id
            and month_pools.month_start = eligible.month_start
            and weights.rep_id = eligible.rep_id
    where
        month_pools.is_weighed_anew
        and month_pools.free_amount >= 0
        and (eligible.rep_id is not null or weights.rep_id = 'unassigned')

    union all

    -- Where all are locked, what they leave has nobody.
    select
        budget_id,
        month_start,
        'unassigned' as rep_id,
        free_amount as amount,
        unit,
        cast(0 as decimal(28, 10)) as weight
    from month_pools
    where free_amount >= 0
),

unlocked as (
    select
        free_members.budget_id,
        free_members.month_start,
        free_members.rep_id,
        free_members.amount,
        free_members.unit,
        sum(free_members.weight) as weight
    from free_members
    left join month_locks
        on
            free_members.budget_id = month_locks.budget_id
            and free_members.month_start = month_locks.month_start
            and free_members.rep_id = month_locks.rep_id
    where month_locks.rep_id is null
    group by 1, 2, 3, 4, 5
),

counted as (
    select
        *,
        sum(weight) over (partition by budget_id, month_start) as total,
        count(*) over (partition by budget_id, month_start) as members
    from unlocked
),

-- Nobody gets a share without a weight; where nobody has one, those who are there are equals.
pooled as (
    select
        budget_id,
        month_start,
        rep_id,
        amount,
        unit,
        weight
    from counted
    where
        weight > 0
        or (total = 0 and (rep_id <> 'unassigned' or members = 1))
),

divided as (
    {{ shared_out('pooled', ['budget_id', 'month_start'], 'weight desc, rep_id') }}
),

final as (
    select
        standing.budget_id,
        standing.month_start,
        standing.rep_id,
        standing.amount as target,
        standing.is_locked
    from standing
    left join month_pools
        on
            standing.budget_id = month_pools.budget_id
            and standing.month_start = month_pools.month_start
            and month_pools.free_amount >= 0
    where month_pools.budget_id is null

    union all

    select
        budget_id,
        month_start,
        rep_id,
        share as target,
        false as is_locked
    from divided

    union all

    select
        month_locks.budget_id,
        month_locks.month_start,
        month_locks.rep_id,
        month_locks.target,
        true as is_locked
    from month_locks
    inner join month_pools
        on
            month_locks.budget_id = month_pools.budget_id
            and month_locks.month_start = month_pools.month_start
            and month_pools.free_amount >= 0
)

select
    final.budget_id,
    final.month_start,
    final.rep_id,
    cast(final.target as decimal(28, 4)) as target,
    final.is_locked,
    -- Hand-set targets, or a revision, that leave less than nothing for the others are not taken.
    coalesce(month_pools.free_amount < 0, false) as is_refused
from final
left join month_pools
    on
        final.budget_id = month_pools.budget_id
        and final.month_start = month_pools.month_start
