with budgets as (
    select * from {{ ref('int_planning__budget_versions') }}
),

faulty as (
    select distinct
        budget_id,
        version
    from {{ ref('int_planning__budget_faults') }}
),

numbered as (
    select
        budgets.*,
        row_number() over (
            partition by budgets.budget_id order by budgets.version
        ) as plan_no
    from budgets
    left join faulty
        on budgets.budget_id = faulty.budget_id and budgets.version = faulty.version
    where faulty.budget_id is null
),

final as (
    select
        *,
        plan_no = 1 as is_plan,
        -- The first version that holds is the plan of the whole period.
        case when plan_no = 1 then period_start else valid_from end as holds_from,
        case
            when allocation_method in ('composite', 'manual') then null
            else allocation_method
        end as only_measure
    from numbered
),

identified as (
    select
        *,
        -- All that the version says of how it is divided: the same id, the same plan.
        {{ hash_key([
            'budget_id', 'version', 'is_plan', 'budget_type_id', 'campaign_id', 'time_shape',
            'measures', 'type_unit', 'is_divided', 'mode', 'period_start', 'period_end',
            'holds_from', 'decided_at', 'has_target', 'own_target', 'target_low',
            'over_assignment', 'allocation_method', 'weight_json', 'unit', 'has_unit',
            'distribution_id', 'scope_json', 'channel', 'expected_renewal_rate',
            'linked_budget_id',
        ]) }} as plan_id
    from final
)

select
    budget_id,
    version,
    is_plan,
    name,
    campaign_id,
    budget_type_id,
    time_shape,
    measures,
    type_unit,
    is_divided,
    direction,
    mode,
    period_start,
    period_end,
    holds_from as valid_from,
    status,
    decided_at,
    settled_at,
    -- What weights are made of is read as it was known when the day of approval began.
    {{ local_midnight_utc(local_date('decided_at')) }} as facts_at,
    has_target,
    own_target,
    target_low,
    over_assignment,
    allocation_method,
    only_measure,
    weight_json,
    unit,
    has_unit,
    distribution_id,
    scope_json,
    channel,
    expected_renewal_rate,
    linked_budget_id,
    plan_id,
    -- The plan and the moment whose people it is read with; budgets that read people at the same
    -- moment; and those that read the same facts.
    {{ hash_key(['plan_id', 'settled_at', 'holds_from', 'period_end']) }} as basis_id,
    {{ hash_key(['settled_at', 'holds_from', 'period_end']) }} as time_basis_id,
    {{ hash_key([local_date('decided_at'), 'holds_from', 'scope_json']) }} as fact_basis_id
from identified
