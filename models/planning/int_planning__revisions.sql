with budgets as (
    select * from {{ ref('int_planning__budgets') }}
),

hand_targets as (
    select * from {{ ref('int_planning__hand_targets') }}
    where is_of_channel
),

successions as (
    select * from {{ ref('int_planning__successions') }}
),

-- A target set by hand after the plan was settled, or taken back.
hand_changes as (
    select
        of_months.budget_id,
        of_months.node_id,
        of_months.reason,
        of_months.changed_by,
        of_months.target_version,
        min(of_months.month_start) as valid_from
    from hand_targets as of_months
    left join hand_targets as of_plan
        on
            of_plan.is_of_plan
            and of_months.budget_id = of_plan.budget_id
            and of_months.month_start = of_plan.month_start
            and of_months.node_type = of_plan.node_type
            and of_months.node_id = of_plan.node_id
    where
        not of_months.is_of_plan
        and (
            of_months.target is distinct from of_plan.target
            or of_months.is_locked is distinct from of_plan.is_locked
        )
    group by 1, 2, 3, 4, 5
),

final as (
    select
        budget_id,
        valid_from,
        case when is_plan then 'plan' else 'budget_changed' end as kind,
        budget_id as subject,
        cast(null as varchar) as reason,
        cast(null as varchar) as changed_by
    from budgets

    union all

    select
        hand_changes.budget_id,
        greatest(hand_changes.valid_from, budgets.period_start) as valid_from,
        'set_by_hand' as kind,
        hand_changes.node_id as subject,
        hand_changes.reason,
        hand_changes.changed_by
    from hand_changes
    inner join budgets on hand_changes.budget_id = budgets.budget_id and budgets.is_plan

    union all

    select
        budget_id,
        min(left_from) as valid_from,
        'rep_left' as kind,
        leaver_id as subject,
        cast(null as varchar) as reason,
        cast(null as varchar) as changed_by
    from successions
    group by budget_id, leaver_id
),

numbered as (
    select
        *,
        dense_rank() over (
            partition by budget_id
            order by valid_from, case when kind = 'plan' then 0 else 1 end
        ) as version
    from final
)

select
    budget_id,
    cast(version as integer) as version,
    valid_from,
    kind,
    subject,
    reason,
    changed_by
from numbered
