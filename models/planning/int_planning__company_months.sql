with budgets as (
    select * from {{ ref('int_planning__budgets') }}
    where mode = 'distribute'
),

targets as (
    select
        targets.budget_id,
        targets.version,
        targets.is_plan,
        targets.company_target,
        targets.pool_amount,
        budgets.unit,
        budgets.valid_from
    from {{ ref('int_planning__company_targets') }} as targets
    inner join budgets
        on targets.budget_id = budgets.budget_id and targets.version = budgets.version
    where targets.company_target is not null
),

plans as (
    select
        budget_id,
        version
    from budgets
    where is_plan
),

months as (
    select
        months.budget_id,
        months.month_start,
        months.weight
    from {{ ref('int_planning__budget_months') }} as months
    inner join plans
        on months.budget_id = plans.budget_id and months.version = plans.version
),

-- The plan holds for all its months. A revision adds, or takes off, what it differs by on the
-- months that had not begun, so that those before stay and the sum is that of the revision.
changes as (
    select
        budget_id,
        version,
        unit,
        valid_from,
        company_target - coalesce(
            lag(company_target) over (partition by budget_id order by version), 0
        ) as company_change,
        pool_amount - coalesce(
            lag(pool_amount) over (partition by budget_id order by version), 0
        ) as pool_change
    from targets
),

signed as (
    select
        changes.budget_id,
        changes.version,
        changes.unit,
        months.month_start,
        months.weight,
        kinds.kind,
        case kinds.kind when 'company' then changes.company_change else changes.pool_change end
            as difference
    from changes
    inner join months
        on
            changes.budget_id = months.budget_id
            and {{ add_months('months.month_start', 1) }} > changes.valid_from
    cross join (values ('company'), ('pool')) as kinds (kind)
),

pooled as (
    select
        *,
        abs(difference) as amount
    from signed
),

divided as (
    {{ shared_out('pooled', ['budget_id', 'version', 'kind'], 'weight desc, month_start') }}
)

select
    budget_id,
    version,
    month_start,
    cast(
        sum(case
            when kind = 'company' and difference < 0 then -share when kind = 'company' then share
            else 0
        end) as decimal(28, 4)
    ) as company_change,
    cast(
        sum(case
            when kind = 'pool' and difference < 0 then -share when kind = 'pool' then share
            else 0
        end) as decimal(28, 4)
    ) as pool_change
from divided
group by budget_id, version, month_start
