{{ config(materialized="incremental", pre_hook="{{ forget_open_plans() }}") }}

-- What each rep is asked for where the budget is a standard: the same for all, or a level that
-- holds at every node.
with budgets as (
    select * from {{ ref('int_planning__budgets') }}
    where mode in ('per_rep', 'same_level')
),

parameters as (
    select * from {{ ref('int_planning__parameters') }}
),

present as (
    select
        eligible.basis_id,
        eligible.budget_id,
        eligible.version,
        eligible.month_start,
        eligible.rep_id,
        rep_time.fte,
        rep_time.fte_days,
        rep_time.present_share,
        {{ json_number('budgets.weight_json', "'per_weeks'") }} as per_weeks,
        budgets.mode,
        budgets.time_shape,
        budgets.own_target,
        budgets.target_low,
        budgets.unit,
        budgets.has_unit,
        parameters.week_workdays
    from {{ ref('int_planning__eligible_reps') }} as eligible
    inner join budgets
        on
            eligible.budget_id = budgets.budget_id
            and eligible.version = budgets.version
    inner join {{ ref('int_planning__rep_time') }} as rep_time
        on
            eligible.time_basis_id = rep_time.time_basis_id
            and eligible.rep_id = rep_time.rep_id
            and eligible.month_start = rep_time.month_start
    inner join parameters
        on
            eligible.month_start >= parameters.valid_from
            and eligible.month_start < parameters.valid_to
    where
        eligible.month_start is not null
        and budgets.own_target is not null
        and {{ is_open_plan('eligible.basis_id') }}
),

-- A standard of so many weeks becomes a month by the rep's own working days: 5 a week in a month of
-- 21 days is 21. What holds as of a day is not multiplied by days.
asked as (
    select
        *,
        case
            when mode = 'same_level' then own_target
            when time_shape <> 'flow' then {{ money_mul('own_target', 'fte') }}
            when per_weeks > 0
                then {{ ratio(
                    'cast(own_target as decimal(19, 4)) * cast(fte_days as decimal(10, 4))',
                    'cast(week_workdays as decimal(19, 4)) * cast(per_weeks as decimal(10, 4))',
                    4,
                    decimals=4,
                ) }}
            else {{ money_mul(money_mul('own_target', 'fte'), 'present_share') }}
        end as amount
    from present
)

select
    basis_id,
    budget_id,
    version,
    month_start,
    rep_id,
    mode,
    cast(
        case
            when mode = 'per_rep' and has_unit
                then {{ floor_div(
                    in_parts('amount', 4) ~ ' * 2 + ' ~ in_parts('unit', 4),
                    in_parts('unit', 4) ~ ' * 2'
                ) }} * unit
            else amount
        end as decimal(28, 4)
    ) as target,
    cast(target_low as decimal(28, 4)) as target_low
from asked
