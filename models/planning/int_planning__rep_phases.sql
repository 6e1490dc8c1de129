{{ config(materialized="incremental", pre_hook="{{ forget_open_plans() }}") }}

with budgets as (
    select * from {{ ref('int_planning__budgets') }}
    where mode = 'distribute'
),

eligible as (
    select * from {{ ref('int_planning__eligible_reps') }}
    where month_start is null and {{ is_open_plan('basis_id') }}
),

rep_time as (
    select * from {{ ref('int_planning__rep_time') }}
),

months as (
    select * from {{ ref('int_planning__budget_months') }}
),

ramps as (
    select
        budgets.budget_id,
        budgets.version,
        numbers.n + 1 as month_of_employment,
        cast(
            {{ json_list_item('budgets.weight_json', "'ramp'", 'numbers.n') }} as decimal(18, 10)
        ) as factor
    from budgets
    inner join {{ ref('int_core__numbers') }} as numbers
        on numbers.n < {{ json_list_length('budgets.weight_json', "'ramp'") }}
)

select
    eligible.basis_id,
    eligible.budget_id,
    eligible.version,
    eligible.rep_id,
    months.month_start,
    rep_time.works_from,
    rep_time.works_to,
    rep_time.fte,
    rep_time.workdays,
    rep_time.fte_days,
    rep_time.present_share,
    cast(coalesce(ramps.factor, 1) as decimal(18, 10)) as ramp_factor,
    -- How much of the month's weight the rep is there for, and what a joiner is asked for of it.
    cast(round(months.weight * rep_time.present_share, 10) as decimal(28, 10)) as presence,
    cast(
        round(
            cast(round(months.weight * rep_time.present_share, 10) as decimal(28, 10))
            * coalesce(ramps.factor, 1),
            10
        ) as decimal(28, 10)
    ) as ramped_presence,
    -- What the rep's target is phased by: the rep's own working days, or the month's weight.
    cast(
        round(
            case
                when budgets.distribution_id = 'working_days'
                    then cast(rep_time.fte_days as decimal(28, 10))
                else cast(round(months.weight * rep_time.present_share, 10) as decimal(28, 10))
            end * coalesce(ramps.factor, 1),
            10
        ) as decimal(28, 10)
    ) as weight
from eligible
inner join budgets
    on eligible.budget_id = budgets.budget_id and eligible.version = budgets.version
inner join months
    on eligible.budget_id = months.budget_id and eligible.version = months.version
inner join rep_time
    on
        budgets.time_basis_id = rep_time.time_basis_id
        and eligible.rep_id = rep_time.rep_id
        and months.month_start = rep_time.month_start
left join ramps
    on
        eligible.budget_id = ramps.budget_id
        and eligible.version = ramps.version
        and rep_time.month_of_employment = ramps.month_of_employment
