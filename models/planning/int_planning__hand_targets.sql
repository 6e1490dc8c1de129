-- What was set by hand for a node and month: as it was known when the plan was settled, and as it
-- was known when the month began.
with budgets as (
    select
        budget_id,
        version,
        channel,
        allocation_method,
        is_plan
    from {{ ref('int_planning__budgets') }}
),

bases as (
    select
        bases.budget_id,
        bases.version,
        bases.month_start is null as is_of_plan,
        bases.settled_at,
        bases.valid_from,
        bases.period_end,
        budgets.channel,
        budgets.allocation_method
    from {{ ref('int_planning__budget_bases') }} as bases
    inner join budgets
        on bases.budget_id = budgets.budget_id and bases.version = budgets.version
    where budgets.is_plan or bases.month_start is not null
),

known as (
    select
        bases.budget_id,
        bases.version,
        bases.is_of_plan,
        targets.node_type,
        targets.node_id,
        targets.channel in ('all', bases.channel) as is_of_channel,
        {{ trunc_date('month', 'targets.month') }} as month_start,
        targets.version as target_version,
        targets.target,
        coalesce(targets.is_locked, false)
        or (bases.allocation_method = 'manual' and targets.target is not null) as is_locked,
        targets.floor,
        targets.cap,
        targets.valid_from,
        targets.reason,
        targets.changed_by,
        row_number() over (
            partition by
                bases.budget_id, bases.is_of_plan, targets.node_type, targets.node_id,
                {{ trunc_date('month', 'targets.month') }}
            order by
                case when targets.channel = bases.channel then 0 else 1 end,
                targets.version desc
        ) as newest
    from bases
    inner join {{ ref('stg_canonical__budget_targets') }} as targets
        on
            bases.budget_id = targets.budget_id
            and {{ known_at('targets', 'bases.settled_at') }}
            and not targets.is_deleted
    where
        {{ trunc_date('month', 'targets.month') }} < bases.period_end
        and {{ add_months(trunc_date('month', 'targets.month'), 1) }} > bases.valid_from
        and coalesce(targets.valid_from, bases.valid_from)
        < {{ add_months(trunc_date('month', 'targets.month'), 1) }}
)

select
    budget_id,
    version,
    is_of_plan,
    node_type,
    node_id,
    month_start,
    cast(target_version as integer) as target_version,
    cast(target as decimal(18, 4)) as target,
    is_locked,
    cast(floor as decimal(18, 4)) as floor,
    cast(cap as decimal(18, 4)) as cap,
    valid_from,
    reason,
    changed_by,
    is_of_channel
from known
where newest = 1
