with context as (
    select * from {{ ref('int_core__context') }}
),

plans as (
    select * from {{ ref('int_planning__budgets') }}
    where is_plan and mode = 'distribute'
),

month_bases as (
    select
        bases.budget_id,
        bases.month_start,
        bases.settled_at,
        bases.valid_from,
        bases.period_end,
        bases.time_basis_id,
        plans.unit,
        plans.weight_json
    from {{ ref('int_planning__budget_bases') }} as bases
    inner join plans on bases.budget_id = plans.budget_id
    where bases.month_start is not null
),

rep_months as (
    select * from {{ ref('int_planning__rep_months') }}
    where rep_id <> 'unassigned'
),

rep_time as (
    select * from {{ ref('int_planning__rep_time') }}
),

planned_reps as (
    select
        eligible.budget_id,
        eligible.rep_id,
        eligible.works_to,
        eligible.leave_date
    from {{ ref('int_planning__eligible_reps') }} as eligible
    inner join plans
        on eligible.budget_id = plans.budget_id and eligible.version = plans.version
    where eligible.month_start is null
),

-- Most people work all of a month: who does not is found before the plan is asked about them.
absent as (
    select
        rep_months.budget_id,
        rep_months.rep_id,
        rep_months.month_start,
        rep_months.target,
        rep_time.rep_id is null as is_gone,
        rep_time.works_to,
        rep_time.leave_date
    from rep_months
    inner join month_bases
        on
            rep_months.budget_id = month_bases.budget_id
            and rep_months.month_start = month_bases.month_start
    left join rep_time
        on
            month_bases.time_basis_id = rep_time.time_basis_id
            and rep_months.rep_id = rep_time.rep_id
            and rep_months.month_start = rep_time.month_start
    where rep_time.rep_id is null or rep_time.works_to < month_bases.period_end
),

-- Who the plan did not know would leave: gone for the whole month, or from a day in it on.
leaving as (
    select
        absent.budget_id,
        absent.rep_id,
        absent.month_start,
        absent.target,
        month_bases.settled_at,
        month_bases.valid_from,
        month_bases.period_end,
        month_bases.unit,
        month_bases.weight_json,
        absent.is_gone,
        absent.works_to
    from absent
    inner join month_bases
        on
            absent.budget_id = month_bases.budget_id
            and absent.month_start = month_bases.month_start
    inner join planned_reps
        on absent.budget_id = planned_reps.budget_id and absent.rep_id = planned_reps.rep_id
    where absent.is_gone or absent.leave_date is distinct from planned_reps.leave_date
),

-- Whoever leaves within a month keeps the part of it that lies before, by the company's working
-- days, to the nearest unit.
month_days as (
    select
        leaving.budget_id,
        leaving.rep_id,
        leaving.month_start,
        sum(
            case
                when coalesce(calendar.is_workday, {{ iso_weekday('dates.date_day') }} <= 5) then 1
                else 0
            end
        ) as workdays,
        sum(
            case
                when
                    coalesce(calendar.is_workday, {{ iso_weekday('dates.date_day') }} <= 5)
                    and dates.date_day < leaving.works_to
                    then 1
                else 0
            end
        ) as worked_days
    from leaving
    cross join context
    inner join {{ ref('int_core__dates') }} as dates
        on leaving.valid_from <= dates.date_day and leaving.period_end > dates.date_day
    left join {{ ref('stg_canonical__calendar') }} as calendar
        on
            context.company_calendar_id = calendar.calendar_id
            and dates.date_day = calendar.date
            and {{ known_at('calendar', 'leaving.settled_at') }}
            and not calendar.is_deleted
    where not leaving.is_gone
    group by leaving.budget_id, leaving.rep_id, leaving.month_start
),

kept as (
    select
        leaving.*,
        case
            when leaving.is_gone then 0
            else least(
                leaving.target,
                {{ floor_div(
                    in_parts('leaving.target', 4) ~ ' * month_days.worked_days * 2 + '
                    ~ in_parts('leaving.unit', 4) ~ ' * month_days.workdays',
                    in_parts('leaving.unit', 4) ~ ' * month_days.workdays * 2'
                ) }} * leaving.unit
            )
        end as kept_amount
    from leaving
    left join month_days
        on
            leaving.budget_id = month_days.budget_id
            and leaving.rep_id = month_days.rep_id
            and leaving.month_start = month_days.month_start
),

leave_days as (
    select
        kept.*,
        {{ add_days('reps.leave_date', 1) }} as left_on
    from kept
    inner join {{ ref('stg_canonical__reps') }} as reps
        on
            kept.rep_id = reps.rep_id
            and {{ known_at('reps', 'kept.settled_at') }}
            and reps.leave_date is not null
),

-- The customers the leaver had on the last day, and who has them in the month.
old_customers as (
    select
        leave_days.budget_id,
        leave_days.rep_id,
        leave_days.month_start,
        leave_days.settled_at,
        greatest(leave_days.valid_from, leave_days.left_on) as owned_on,
        owners.customer_id
    from leave_days
    inner join {{ ref('int_core__customer_owners') }} as owners
        on
            leave_days.rep_id = owners.rep_id
            and owners.role = 'owner'
            and {{ add_days('leave_days.left_on', -1) }} >= owners.valid_from
            and {{ add_days('leave_days.left_on', -1) }} < owners.valid_to
            and {{ known_at('owners', 'leave_days.settled_at') }}
),

new_owners as (
    select
        old_customers.budget_id,
        old_customers.rep_id,
        old_customers.month_start,
        old_customers.customer_id,
        min(owners.rep_id) as successor_id
    from old_customers
    inner join {{ ref('int_core__customer_owners') }} as owners
        on
            old_customers.customer_id = owners.customer_id
            and owners.role = 'owner'
            and old_customers.owned_on >= owners.valid_from
            and old_customers.owned_on < owners.valid_to
            and {{ known_at('owners', 'old_customers.settled_at') }}
            and owners.rep_id <> old_customers.rep_id
    group by
        old_customers.budget_id, old_customers.rep_id, old_customers.month_start,
        old_customers.customer_id
),

successors as (
    select distinct
        budget_id,
        month_start,
        successor_id
    from new_owners
),

-- A successor works in the budget in that month, and its target is not locked.
able as (
    select
        eligible.budget_id,
        eligible.month_start,
        eligible.rep_id,
        eligible.hire_date
    from successors
    inner join {{ ref('int_planning__eligible_reps') }} as eligible
        on
            successors.budget_id = eligible.budget_id
            and successors.month_start = eligible.month_start
            and successors.successor_id = eligible.rep_id
    left join rep_months
        on
            eligible.budget_id = rep_months.budget_id
            and eligible.month_start = rep_months.month_start
            and eligible.rep_id = rep_months.rep_id
            and rep_months.is_locked
    where rep_months.rep_id is null
),

handed_over as (
    select
        old_customers.budget_id,
        old_customers.rep_id,
        old_customers.month_start,
        coalesce(able.rep_id, 'unassigned') as successor_id,
        able.hire_date,
        count(*) as customers
    from old_customers
    left join new_owners
        on
            old_customers.budget_id = new_owners.budget_id
            and old_customers.rep_id = new_owners.rep_id
            and old_customers.month_start = new_owners.month_start
            and old_customers.customer_id = new_owners.customer_id
    left join able
        on
            new_owners.budget_id = able.budget_id
            and new_owners.month_start = able.month_start
            and new_owners.successor_id = able.rep_id
    group by
        old_customers.budget_id, old_customers.rep_id, old_customers.month_start,
        coalesce(able.rep_id, 'unassigned'), able.hire_date
),

-- A joiner on a ramp takes over part of what the customers stand for; the rest waits unassigned.
ramped as (
    select
        handed_over.*,
        coalesce(
            cast(
                {{ json_list_item(
                    'plans.weight_json',
                    "'ramp'",
                    'coalesce('
                    ~ months_between('handed_over.hire_date', 'handed_over.month_start')
                    ~ ', 9999)',
                ) }} as decimal(18, 10)
            ),
            1
        ) as factor
    from handed_over
    inner join plans on handed_over.budget_id = plans.budget_id
),

successor_weights as (
    select
        budget_id,
        rep_id,
        month_start,
        successor_id,
        customers * factor as weight
    from ramped

    union all

    select
        budget_id,
        rep_id,
        month_start,
        'unassigned' as successor_id,
        customers * (1 - factor) as weight
    from ramped
    where factor < 1

    union all

    -- Also where the leaver had no customers.
    select
        budget_id,
        rep_id,
        month_start,
        'unassigned' as successor_id,
        0 as weight
    from leave_days
),

weights as (
    select
        budget_id,
        rep_id,
        month_start,
        successor_id,
        cast(sum(weight) as decimal(28, 10)) as weight
    from successor_weights
    group by budget_id, rep_id, month_start, successor_id
),

totals as (
    select
        budget_id,
        rep_id,
        month_start,
        sum(weight) as total
    from weights
    group by budget_id, rep_id, month_start
),

pooled as (
    select
        kept.budget_id,
        kept.rep_id,
        kept.month_start,
        kept.target - kept.kept_amount as amount,
        kept.unit,
        case when kept.is_gone then kept.valid_from else kept.works_to end as left_from,
        coalesce(weights.successor_id, 'unassigned') as successor_id,
        coalesce(weights.weight, 0) as weight
    from kept
    left join totals
        on
            kept.budget_id = totals.budget_id
            and kept.rep_id = totals.rep_id
            and kept.month_start = totals.month_start
    left join weights
        on
            kept.budget_id = weights.budget_id
            and kept.rep_id = weights.rep_id
            and kept.month_start = weights.month_start
            and (weights.weight > 0 or (totals.total = 0 and weights.successor_id = 'unassigned'))
),

divided as (
    {{ shared_out(
        'pooled', ['budget_id', 'rep_id', 'month_start'], 'weight desc, successor_id'
    ) }}
)

select
    budget_id,
    month_start,
    rep_id as leaver_id,
    successor_id,
    left_from,
    cast(amount as decimal(28, 4)) as left_amount,
    cast(weight as decimal(28, 10)) as customers,
    share as received
from divided
