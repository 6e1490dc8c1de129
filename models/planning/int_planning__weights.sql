with plans as (
    select * from {{ ref('int_planning__budgets') }}
    where is_plan and mode = 'distribute'
),

frozen as (
    select
        weights.budget_id,
        weights.version,
        weights.rep_id,
        weights.weight
    from {{ ref('int_planning__frozen_weights') }} as weights
    inner join plans
        on weights.budget_id = plans.budget_id and weights.version = plans.version
),

phases as (
    select
        budget_id,
        version,
        rep_id,
        count(*) as months,
        sum(present_share * cast(fte as decimal(10, 4))) as fte_months
    from {{ ref('int_planning__rep_phases') }}
    group by budget_id, version, rep_id
),

-- A target set by hand for every month is the rep's target. One that leaves months open is the
-- least that the rep gets, and a cap holds where every month has one.
hand_set as (
    select
        budget_id,
        version,
        node_id as rep_id,
        count(target) as set_months,
        count(cap) as capped_months,
        min(case when is_locked then 1 else 0 end) as is_locked,
        sum(target) as target,
        sum(case when is_locked then coalesce(target, 0) else 0 end) as locked_target,
        sum(floor) as floor,
        sum(cap) as cap
    from {{ ref('int_planning__hand_targets') }}
    where is_of_plan and is_of_channel and node_type = 'rep'
    group by budget_id, version, node_id
),

parameters as (
    select * from {{ ref('int_planning__parameters') }}
),

-- What a rep has to bring in at the least, where a budget of margin asks for it.
minimum as (
    select
        phases.budget_id,
        phases.version,
        phases.rep_id,
        {{ money_mul('parameters.minimum_margin_per_rep_month', 'phases.fte_months') }} as floor
    from phases
    inner join plans
        on
            phases.budget_id = plans.budget_id
            and phases.version = plans.version
            and plans.measures = 'margin'
            and plans.type_unit = 'currency'
            and {{ json_number('plans.weight_json', "'minimum_budget'") }} > 0
    inner join parameters
        on
            plans.period_start >= parameters.valid_from
            and plans.period_start < parameters.valid_to
),

final as (
    select
        frozen.budget_id as pool_id,
        frozen.rep_id,
        frozen.weight,
        case
            when hand_set.is_locked = 1 and hand_set.set_months >= phases.months
                then hand_set.target
        end as locked_target,
        nullif(
            greatest(
                coalesce(hand_set.floor, 0),
                coalesce(hand_set.locked_target, 0),
                coalesce(minimum.floor, 0)
            ),
            0
        ) as floor,
        case when hand_set.capped_months >= phases.months then hand_set.cap end as cap
    from frozen
    left join phases
        on
            frozen.budget_id = phases.budget_id
            and frozen.version = phases.version
            and frozen.rep_id = phases.rep_id
    left join hand_set
        on
            frozen.budget_id = hand_set.budget_id
            and frozen.version = hand_set.version
            and frozen.rep_id = hand_set.rep_id
    left join minimum
        on
            frozen.budget_id = minimum.budget_id
            and frozen.version = minimum.version
            and frozen.rep_id = minimum.rep_id
)

select
    pool_id,
    rep_id,
    cast(weight as decimal(28, 10)) as weight,
    cast(floor as decimal(28, 4)) as floor,
    cast(cap as decimal(28, 4)) as cap,
    cast(locked_target as decimal(28, 4)) as locked_target
from final
