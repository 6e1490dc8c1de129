{{ config(materialized="incremental", pre_hook="{{ forget_open_divisions() }}") }}

with shares as (
    select
        shares.division_id,
        shares.pool_id as budget_id,
        shares.rep_id,
        shares.target,
        shares.is_locked,
        pools.unit
    from {{ ref('int_planning__shares') }} as shares
    inner join {{ ref('int_planning__pool_checks') }} as pools on shares.pool_id = pools.pool_id
    where {{ is_open_plan('shares.division_id') }}
),

plans as (
    select
        budget_id,
        version
    from {{ ref('int_planning__budgets') }}
    where is_plan
),

rep_phases as (
    select
        phases.budget_id,
        phases.rep_id,
        phases.month_start,
        phases.weight
    from {{ ref('int_planning__rep_phases') }} as phases
    inner join plans
        on phases.budget_id = plans.budget_id and phases.version = plans.version

    union all

    select
        months.budget_id,
        'unassigned' as rep_id,
        months.month_start,
        cast(months.weight as decimal(28, 10)) as weight
    from {{ ref('int_planning__budget_months') }} as months
    inner join plans
        on months.budget_id = plans.budget_id and months.version = plans.version
),

phased as (
    select
        shares.division_id,
        shares.budget_id,
        shares.rep_id,
        rep_phases.month_start,
        shares.target as amount,
        shares.unit,
        rep_phases.weight
    from shares
    inner join rep_phases
        on shares.budget_id = rep_phases.budget_id and shares.rep_id = rep_phases.rep_id
    where not shares.is_locked
),

divided as (
    {{ shared_out('phased', ['budget_id', 'rep_id'], 'weight desc, month_start') }}
),

-- What was agreed on with a rep month by month is not phased again.
locked as (
    select
        shares.division_id,
        shares.budget_id,
        shares.rep_id,
        hand_targets.month_start,
        hand_targets.target
    from shares
    inner join plans on shares.budget_id = plans.budget_id
    inner join {{ ref('int_planning__hand_targets') }} as hand_targets
        on
            plans.budget_id = hand_targets.budget_id
            and plans.version = hand_targets.version
            and hand_targets.is_of_plan
            and hand_targets.is_of_channel
            and hand_targets.node_type = 'rep'
            and shares.rep_id = hand_targets.node_id
    where shares.is_locked
)

select
    division_id,
    budget_id,
    rep_id,
    month_start,
    cast(share as decimal(28, 4)) as target,
    false as is_locked
from divided

union all

select
    division_id,
    budget_id,
    rep_id,
    month_start,
    cast(target as decimal(28, 4)) as target,
    true as is_locked
from locked
